"""The servers a measurement talks to, each a process of its own on a free port."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from milepost import Client

HERE = Path(__file__).parent
PASSWORD = "measuring"  # noqa: S105  it protects nothing


class Target(NamedTuple):
    """Where a load goes: the server, a session of it, and a file with task ids."""

    url: str
    token: str
    ids: Path
    data: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def process(*command: str, port: int) -> Iterator[None]:
    """Run a server until the measurement is over."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield
    finally:
        running.terminate()
        running.wait(30)


def wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


@contextlib.contextmanager
def echo(ids: Path) -> Iterator[Target]:
    """The echo: the same stack with no service behind it."""
    port = free_port()
    with process(sys.executable, str(HERE / "echo.py"), str(port), port=port):
        yield Target(f"http://127.0.0.1:{port}", "none", ids, ids.parent)


@contextlib.contextmanager
def milepost(tasks: int) -> Iterator[Target]:
    """The service as it is installed, with running tasks in a new store."""
    with tempfile.TemporaryDirectory() as folder:
        data, password, ids = (Path(folder) / name for name in ("data", "password", "ids"))
        password.write_text(PASSWORD)
        port = free_port()
        command = [str(Path(sys.executable).parent / "milepost"), "serve"]
        options = ["--data", str(data), "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
        options += ["--admin-password-file", str(password)]
        with process(*command, *options, port=port):
            url = f"http://127.0.0.1:{port}"
            with Client(url, user="administrator", password=PASSWORD) as client:
                made = (
                    client.create("com.acme.backup", cancelable=True, status="RUNNING")
                    for _ in range(tasks)
                )
                ids.write_text("".join(f"{task.id}\n" for task in made))
                yield Target(url, client.log_in(), ids, data)
