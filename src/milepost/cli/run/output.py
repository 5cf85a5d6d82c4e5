"""Looks at what a command puts out, and tells how far it is and what it said last."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NamedTuple

from milepost.cli.run.course import Course
from milepost.cli.run.lines import Lines, parts_of
from milepost.cli.run.readings import HINT, Pattern, Reading, read
from milepost.cli.run.taps import Tap

# How often the output is looked at, at most, and how long the looking may take of all time.
PAUSE = 0.05
BREATH = 0.005
SHARE = 20
SLOW = 0.2
"""Seconds after which a pattern is given up."""
KEEP = 20
"""Last lines that tell why a command failed."""


class Slow(Exception):
    """A pattern takes too long."""


class Seen(NamedTuple):
    """How far the command is, ``completed`` and ``total``, and its last lines."""

    progress: tuple[int, int] | None
    lines: tuple[str, ...]


class Output:
    """All streams of one command. To be looked at from the main thread only.

    ``pattern`` is the user's; with ``recognise`` off nothing is read but the last lines. ``warn``
    is told when the pattern had to be given up.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        warn: Callable[[str], None],
        *,
        pattern: Pattern | None,
        recognise: bool,
    ) -> None:
        self._wake = wake
        self._warn = warn
        self._pattern = pattern
        self._recognise = recognise
        self._course = Course()
        self._streams: list[tuple[Tap, Lines]] = []
        self._spoke: Lines | None = None
        self._told: tuple[int, int] | None = None
        self._not_before = 0.0

    def tap(self) -> Tap:
        """A tap for one more stream."""
        tap = Tap(self._wake, exact=self._counts)
        self._streams.append((tap, Lines(KEEP)))
        return tap

    @property
    def _counts(self) -> bool:
        """Whether lines are counted, so that none may be left out."""
        return self._recognise and self._pattern is not None and self._pattern.counts

    def wait(self) -> float:
        """Seconds until the next look is due."""
        return max(0.0, self._not_before - time.monotonic())

    def look(self) -> bool:
        """Look at what has come; whether anything had."""
        begun = time.monotonic()
        anything = False
        for tap, lines in self._streams:
            gap, chunks = tap.take()
            if gap:
                lines.skip()
            with self._bounded():
                for chunk in filter(None, chunks):
                    anything = True
                    self._spoke = lines
                    self._feed(lines, chunk)
        ended = time.monotonic()
        # Where every line counts the command waits for us, so there is no rest.
        rest = BREATH if self._counts else max(PAUSE, SHARE * (ended - begun))
        self._not_before = ended + rest
        return anything

    def seen(self, count: int) -> Seen:
        """What there is to tell, with as many last lines."""
        with self._bounded():
            self._tell(self._course.would_be(self._unfinished()))
        lines = [] if self._spoke is None else self._spoke.last(count)
        return Seen(self._told, tuple(lines))

    def last_lines(self) -> list[str]:
        """The last lines of all streams: why a command failed is often in one of them only."""
        return [text for _, lines in self._streams for text in lines.last(KEEP)][-KEEP:]

    def _feed(self, lines: Lines, chunk: bytes) -> None:
        for piece in lines.feed(chunk):
            if self._recognise and (reading := self._read(piece)):
                self._course.take(reading)

    def _unfinished(self) -> list[Reading]:
        """What is read from the pieces that have not ended yet, of the newest one last."""
        if not self._recognise or self._counts:
            return []
        streams = sorted((lines for _, lines in self._streams), key=lambda one: one is self._spoke)
        return [found for lines in streams if (found := self._read(lines.unfinished))]

    def _tell(self, progress: tuple[int, int] | None) -> None:
        """What is told does not fall, even if a piece reads otherwise once more of it is there."""
        if progress and (self._told is None or progress[0] >= self._told[0]):
            self._told = progress

    def _read(self, piece: bytes) -> Reading | None:
        if self._pattern is not None:
            reader = self._pattern.read
        elif HINT.search(piece):
            reader = read
        else:
            return None
        # Of a piece that was drawn over by moving the cursor, the last counts.
        readings = deque((found for part in parts_of(piece) if (found := reader(part))), maxlen=1)
        return readings[0] if readings else None

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Give up the user's pattern when it takes too long for what is inside.

        A pattern can take longer than anybody lives, and holds Python's lock all the while. Only
        a signal interrupts it, and only in the main thread.
        """
        if self._pattern is None or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, SLOW)
        try:
            yield
        except Slow:
            self._recognise = False
            self._warn("the pattern takes too long for this output; progress is not read any more")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def give_up(_number: int, _frame: FrameType | None) -> None:
    raise Slow
