"""The output of the command on its way through, and what is left of it for a look.

A pump is a thread that passes on what comes, byte for byte and at once, and leaves a copy in its
tap. It never waits for whoever looks: what is too much is left out, and the tap knows of the gap.
"""

from __future__ import annotations

import os
import selectors
import threading
from collections import deque
from collections.abc import Callable

CHUNK = 65_536
# What is held for a look. More is looked at in part, so that the looking costs a flood little.
HELD = 131_072
# What a pipe may hold at most; when the command has ended there is no more to come from it.
LEFT = 1_048_576
QUIET = 0.05
"""Seconds without anything, after which an ended command has no more in a terminal's buffers."""


class Tap:
    """Copies of what came, for one that looks from time to time.

    ``wake`` is called when something is there again. With ``exact`` nothing is left out: whoever
    puts too much waits for the look.
    """

    def __init__(self, wake: Callable[[], None], *, exact: bool = False) -> None:
        self._wake = wake
        self._exact = exact
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._gap = False
        self._room = threading.Condition()

    def put(self, chunk: bytes) -> None:
        with self._room:
            if self._size + len(chunk) > HELD and self._chunks:
                if self._exact:
                    self._room.wait_for(lambda: not self._chunks)
                else:
                    self._gap = True
                    self._chunks.clear()
                    self._size = 0
            first = not self._chunks
            self._chunks.append(chunk)
            self._size += len(chunk)
        if first:
            self._wake()

    def take(self) -> tuple[bool, list[bytes]]:
        """What came since the last time, and whether something before it was left out."""
        with self._room:
            found = self._gap, list(self._chunks)
            self._gap = False
            self._chunks.clear()
            self._size = 0
            self._room.notify()
        return found


class Pump(threading.Thread):
    """Passes on what comes from ``source`` to ``target``, until there is no more.

    ``ended`` becomes readable when the command has ended: what is left of its output is passed on
    then, but not what programs that it leaves behind may still write.
    """

    def __init__(
        self, source: int, target: int, tap: Tap, ended: int, wake: Callable[[], None]
    ) -> None:
        super().__init__(name="milepost-run-output", daemon=True)
        self._source = source
        self._target = target
        self._tap = tap
        self._ended = ended
        self._wake = wake
        self.done = False

    def run(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._source, selectors.EVENT_READ)
            waiting.register(self._ended, selectors.EVENT_READ)
            while self._source in {key.fd for key, _ in waiting.select()}:
                if not self._pass_on():
                    break
            else:
                waiting.unregister(self._ended)
                left = LEFT
                while left > 0 and waiting.select(QUIET) and (passed := self._pass_on()):
                    left -= passed
        # A command that goes on writing is told by a signal that nobody reads any more.
        os.close(self._source)
        self.done = True
        self._wake()

    def _pass_on(self) -> int:
        """The number of bytes that were passed on; 0 at the end of either side."""
        try:
            chunk = os.read(self._source, CHUNK)
            write(self._target, chunk)
        except OSError:  # a terminal ends with EIO, a target that is gone with EPIPE
            return 0
        if chunk:
            self._tap.put(chunk)
        return len(chunk)


def write(target: int, chunk: bytes) -> None:
    """Write all of it, also where whoever started us left a target that does not wait."""
    rest = memoryview(chunk)
    while rest:
        try:
            rest = rest[os.write(target, rest) :]
        except BlockingIOError:
            with selectors.DefaultSelector() as waiting:
                waiting.register(target, selectors.EVENT_WRITE)
                waiting.select()
