"""The clock of a server under test: it goes on like any other until the test writes it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from milepost.rules.values import Instant


class Reading(NamedTuple):
    """The two times at a moment, and that moment; a clock that stands still has none."""

    wall: float
    monotonic: float
    since: float | None


class Clock:
    """What a server takes for the time: of its tasks, leases, sessions, and of what it keeps.

    ``caught_up`` is called after each jump, for what is due by then: leases that have run out are
    ended and finished tasks removed when ``advance`` and ``set`` return. May be used from any
    thread but the server's own.
    """

    def __init__(self, caught_up: Callable[[], None]) -> None:
        self._caught_up = caught_up
        self._lock = threading.Lock()
        self._reading = Reading(time.time(), 0.0, time.monotonic())

    def __repr__(self) -> str:
        state = "stands still at" if self._reading.since is None else "goes on from"
        return f"<Clock {state} {self.now().isoformat()}>"

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self._read().wall, UTC)

    def advance(self, seconds: float) -> None:
        """Let so much time have passed, all at once. Raises ``ValueError`` below 0."""
        if not seconds >= 0:
            raise ValueError(f"time does not go back: advance({seconds!r})")
        self._write(
            lambda at: at._replace(wall=at.wall + seconds, monotonic=at.monotonic + seconds)
        )
        self._caught_up()

    def set(self, when: datetime) -> None:
        """Set the time, with its zone.

        Forward, that much time has passed. Back, only the time of day is another, as when an
        administrator sets a clock that was wrong: leases go on as before.
        """
        if when.tzinfo is None:
            raise ValueError(f"a time needs a zone, such as datetime.UTC: set({when!r})")
        wall = when.timestamp()
        self._write(
            lambda at: at._replace(wall=wall, monotonic=at.monotonic + max(wall - at.wall, 0.0))
        )
        self._caught_up()

    def stop(self) -> None:
        """Stand still; from now on time passes only when the test says so."""
        self._write(lambda at: at._replace(since=None))

    def start(self) -> None:
        """Go on by itself again."""
        self._write(lambda at: at._replace(since=time.monotonic()))

    # What the server reads.

    def instant(self) -> Instant:
        """Milliseconds since 1970."""
        return int(self._read().wall * 1000)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._read().monotonic

    def _read(self) -> Reading:
        at = self._reading
        if at.since is None:
            return at
        passed = time.monotonic() - at.since
        return Reading(at.wall + passed, at.monotonic + passed, at.since + passed)

    def _write(self, change: Callable[[Reading], Reading]) -> None:
        with self._lock:
            self._reading = change(self._read())
