"""The feed: whoever watches is told what has become durable.

Truth is the event log of the store; ``wake`` is a hint that it has grown. While somebody watches,
the tail follows the log; while nobody does, a hint costs a look at one number.
"""

from __future__ import annotations

import asyncio

from milepost.feed.hub import Encode, Hub
from milepost.feed.tail import POLL_SECONDS, Tail
from milepost.feed.watcher import Log, Watcher, refuse_gap
from milepost.rules.finding import TaskFilter
from milepost.rules.values import Value
from milepost.store.base import Position

READ_AT_ONCE = 1
"""Watchers that read the log at the same time to catch up; the others wait for their turn."""


class FeedLimits(Value, frozen=True, kw_only=True):
    """Bounds: how many may watch, and how many bytes of events are held for them."""

    watchers: int = 20_000
    held_bytes: int = 8 * 1024 * 1024


class Ahead(Exception):
    """A position that the log has not reached; ``last`` is where it ends."""

    def __init__(self, last: Position) -> None:
        super().__init__(f"the log ends at {last}")
        self.last = last


class TooManyWatchers(Exception):
    """As many watch already as may; ``most`` says how many."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} watchers")
        self.most = most


class Feed:
    """Watchers of the event log. ``encode`` gives the text of an event; it is asked once for all.

    ``members`` is how many watch.
    """

    def __init__(
        self, log: Log, encode: Encode, limits: FeedLimits, *, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self.members = 0
        self._log = log
        self._limits = limits
        self._hub = Hub(encode, most_held=limits.held_bytes)
        self._tail = Tail(log, self._hub, poll_seconds=poll_seconds)
        self._reading = asyncio.Semaphore(READ_AT_ONCE)

    def wake(self, position: Position) -> None:
        """The log has grown to a position, durably. Called after the commit, and nowhere else."""
        if self.members and position > self._hub.position:
            self._tail.wake()

    async def watch(self, wanted: TaskFilter, after: Position | None) -> Watcher:
        """Watch the events behind a position, or those from now on; the watcher must be closed.

        Raises ``Gone`` when the log no longer has all of them, ``Ahead`` when it has not come to
        that position, ``TooManyWatchers``, and what the store raises.
        """
        span = await self._log.log_span()
        position = span.last if after is None else after
        if position > span.last:
            raise Ahead(span.last)
        await refuse_gap(self._log, span, wanted, position)
        # Nothing is waited for from here on, so the bound holds.
        if self.members >= self._limits.watchers:
            raise TooManyWatchers(self._limits.watchers)
        if not self.members:
            self._hub.begin(span.last)
            self._tail.start()
        self.members += 1
        return Watcher(
            self._hub,
            self._log,
            reading=self._reading,
            wanted=wanted,
            after=position,
            leave=self._leave,
        )

    def close(self) -> None:
        """Follow the log no longer."""
        self._tail.stop()

    def _leave(self) -> None:
        self.members -= 1
        if not self.members:
            self._tail.stop()
