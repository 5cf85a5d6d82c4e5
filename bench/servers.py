"""The servers a measurement talks to, each a process of its own on a free port."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from connection import Connection

from milepost import Client

HERE = Path(__file__).parent
PEERS = HERE / "peers"
PASSWORD = "measuring"  # noqa: S105  it protects nothing
# The peer's packages are not ours, so they have an environment of their own.
BENCH_PYTHON = HERE.parent / ".venv" / "bench" / "bin" / "python"
LONGEST_START = 60
LOOK_AGAIN = 0.005
LONGEST_END = 120


class Target(NamedTuple):
    """Where a load goes: the server, a session of it, and a file with task ids.

    ``ready`` is the seconds from the start of its process to its first answer.
    """

    url: str
    token: str
    ids: Path
    data: Path
    pid: int
    ready: float

    def connect(self) -> Connection:
        return Connection(self.url, self.token)


class Started(NamedTuple):
    """A process that listens, and how long that has taken, in seconds."""

    pid: int
    ready: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def process(*command: str, port: int, path: str | None = None) -> Iterator[Started]:
    """Run a server until the measurement is over.

    With a path it has started when that is answered with 200, and otherwise when it listens.
    """
    begun = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not is_up(port, path):
            if time.perf_counter() - begun > LONGEST_START or running.poll() is not None:
                sys.exit(f"{' '.join(command)} does not serve on port {port}")
            time.sleep(LOOK_AGAIN)
        yield Started(running.pid, time.perf_counter() - begun)
    finally:
        running.terminate()
        running.wait(LONGEST_END)


def is_up(port: int, path: str | None) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_START)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.connect()
        if path is None:
            return True
        connection.request("GET", path)
        return connection.getresponse().status == 200
    return False


@contextlib.contextmanager
def script(path: Path, *arguments: object, ids: Path, python: object) -> Iterator[Target]:
    """A server that is one file and takes its port first."""
    port = free_port()
    command = [str(python), str(path), str(port), *map(str, arguments)]
    with process(*command, port=port) as started:
        yield Target(f"http://127.0.0.1:{port}", "none", ids, ids.parent, *started)


def echo(ids: Path) -> contextlib.AbstractContextManager[Target]:
    """The echo: the general server stack with no service behind it."""
    return script(HERE / "echo.py", ids=ids, python=sys.executable)


def provider(ids: Path) -> contextlib.AbstractContextManager[Target]:
    """The official provider stack, with the same tasks."""
    return script(PEERS / "vapi_provider.py", ids, ids=ids, python=sys.executable)


@contextlib.contextmanager
def fastapi(ids: Path) -> Iterator[Target]:
    """FastAPI with SQLAlchemy on SQLite, with the same tasks."""
    if not BENCH_PYTHON.exists():
        sys.exit("the peer has no environment: make .venv/bench/.locked")
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "tasks.db"
        path = PEERS / "fastapi_sqlalchemy.py"
        with script(path, ids, database, ids=ids, python=BENCH_PYTHON) as target:
            yield target


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Target]:
    """The service as it is installed, on a folder that may have been served before."""
    password = folder / "password"
    password.write_text(PASSWORD)
    port = free_port()
    data, url = folder / "data", f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).parent / "milepost"), "serve"]
    options = ["--data", str(data), "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    options += ["--admin-password-file", str(password)]
    with (
        process(*command, *options, port=port, path="/readyz") as started,
        Client(url, user="administrator", password=PASSWORD) as client,
    ):
        yield Target(url, client.log_in(), folder / "ids", data, *started)


@contextlib.contextmanager
def milepost(tasks: int) -> Iterator[Target]:
    """The service as it is installed, with running tasks in a new store."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as target:
        add_running(target, tasks)
        yield target


def add_running(target: Target, tasks: int) -> None:
    """Create running tasks, and write their ids into the file of the target."""
    made = target.connect().create(running("com.acme.backup") for _ in range(tasks))
    target.ids.write_text("".join(f"{task}\n" for task in made))


def running(operation: str) -> dict[str, Any]:
    """The spec of a task that runs from the start."""
    return {"operation_id": operation, "cancelable": True, "status": "RUNNING"}
