"""``milepost run`` as a process, with pipes or in a terminal, with or without a service."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from tests.serving import COMMAND, DEADLINE, PASSWORD, Server, environment, eventually

# Nobody listens there.
NOWHERE = "http://127.0.0.1:9"
ROWS, COLUMNS = 33, 411


class Done(NamedTuple):
    """How a run ended."""

    code: int
    out: bytes
    err: bytes


def surroundings(server: Server | None = None) -> dict[str, str]:
    """The environment of someone who uses a server, or who has none."""
    if server is None:
        return environment(url=NOWHERE, user="ada", password_file="/dev/null")
    password = server.data.with_name(f"{server.data.name}.client-password")
    password.write_text(PASSWORD)
    given = {"url": server.url, "user": "administrator", "password_file": str(password)}
    if server.ca_file is not None:
        given["ca_file"] = str(server.ca_file)
    return environment(**given)


class Running(subprocess.Popen[bytes]):
    """A run under way; a block that fails does not leave it behind."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(2)
            self.kill()
        super().__exit__(kind, fault, trace)


def started(
    *words: str,
    flags: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    **streams: int,
) -> Running:
    """A run that has begun."""
    given: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    command: list[str | Path] = [COMMAND, "run", *flags, "--", *words]
    return Running(
        command, env=surroundings() if env is None else env, text=False, **given | streams
    )


def finished(process: subprocess.Popen[bytes], typed: bytes | None = None) -> Done:
    out, err = process.communicate(typed, timeout=DEADLINE)
    return Done(process.returncode, out, err)


def run(
    *words: str,
    flags: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    typed: bytes | None = None,
) -> Done:
    """A run from its beginning to its end."""
    given = {} if typed is None else {"stdin": subprocess.PIPE}
    return finished(started(*words, flags=flags, env=env, **given), typed)


def python(text: str) -> tuple[str, ...]:
    """The command that runs a program in Python."""
    return (sys.executable, "-c", text)


class Screen:
    """A terminal with a process in it, whose own it is; ``seen`` is what it has put out so far."""

    def __init__(self, *words: str, env: Mapping[str, str] | None = None) -> None:
        self.master, self.slave = os.openpty()
        termios.tcsetwinsize(self.slave, (ROWS, COLUMNS))
        self.seen = b""
        self._code: int | None = None
        path = os.ttyname(self.slave)
        self.pid = os.posix_spawnp(
            words[0],
            words,
            {**(surroundings() if env is None else env), "PS1": "ready> ", "TERM": "dumb"},
            # A session without a terminal makes the first that it opens its own.
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, path, os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
            ],
            setsid=True,
        )

    def read(self, seconds: float = 0.05) -> bytes:
        """All that was put out, after a wait for more."""
        if select.select([self.master], [], [], seconds)[0]:
            self.seen += os.read(self.master, 65_536)
        return self.seen

    def wait_for(self, text: bytes, times: int = 1) -> None:
        for _ in eventually(f"{text!r} is on the screen"):
            if self.read().count(text) >= times:
                return

    def type(self, text: bytes) -> None:
        os.write(self.master, text)

    def resize(self, rows: int, columns: int) -> None:
        termios.tcsetwinsize(self.master, (rows, columns))

    def modes(self) -> list[object]:
        found: list[object] = termios.tcgetattr(self.slave)
        return found

    def tell(self, number: int) -> None:
        os.kill(self.pid, number)

    def end(self) -> int:
        """The exit code; all that was put out is read."""
        for _ in eventually("the process in the terminal ends"):
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
                while len(self.seen) != len(self.read()):
                    pass
                return self._code
        raise AssertionError

    def close(self) -> None:
        if self._code is None:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)


@contextlib.contextmanager
def screen(*words: str, env: Mapping[str, str] | None = None) -> Iterator[Screen]:
    """A terminal with a process in it, for the time of a block."""
    found = Screen(*words, env=env)
    try:
        yield found
    finally:
        found.close()
