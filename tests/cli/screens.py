"""Commands in a terminal of some size, and what stands on its screen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping

import pyte

from tests.serving import COMMAND, DEADLINE


class Terminal:
    """A command in a terminal. ``raw`` is all that it has written, ``text`` what one sees."""

    def __init__(
        self, *words: str, environment: Mapping[str, str], columns: int = 80, rows: int = 24
    ) -> None:
        self.raw = b""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._process = subprocess.Popen(
            [COMMAND, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509  no thread of ours runs here
        )
        os.close(slave)

    @property
    def lines(self) -> list[str]:
        """The lines of the screen, without blanks at their ends."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip("\n")

    def until(self, says: str, holds: Callable[[Terminal], bool]) -> None:
        """Read until something holds; fails when it does not come."""
        end = time.monotonic() + DEADLINE
        while not holds(self):
            assert time.monotonic() < end, f"it never came true: {says}\n{self.text}"
            self._read()

    def shows(self, text: str) -> None:
        """Wait until a text is on the screen."""
        self.until(f"the screen shows {text!r}", lambda terminal: text in terminal.text)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.press("\x03")

    def ended(self) -> int:
        """The exit code, once the command has ended."""
        end = time.monotonic() + DEADLINE
        while self._process.poll() is None:
            assert time.monotonic() < end, f"it does not end\n{self.text}"
            self._read()
        while self._read():
            pass
        return self._process.returncode

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(DEADLINE)
        os.close(self._master)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 0.05)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False  # the other side is closed
        self.raw += data
        self._stream.feed(data)
        return bool(data)


def take_terminal() -> None:
    """Make the terminal the one that Ctrl-C is typed into."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def terminal(
    *words: str, environment: Mapping[str, str], columns: int = 80, rows: int = 24
) -> Iterator[Terminal]:
    """A command in a terminal for the time of a block."""
    running = Terminal(*words, environment=environment, columns=columns, rows=rows)
    try:
        yield running
    finally:
        running.close()
