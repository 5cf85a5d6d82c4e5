"""One watcher: where it is in the log, and what comes next for it.

It begins by reading the log in pages until it is where the hub is, or beyond, and from then on
takes from the hub what lies behind its position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from milepost.feed.hub import Hub
from milepost.feed.views import View
from milepost.rules.finding import TaskFilter
from milepost.store.base import Event, LogSpan, Position

PAGE = 64
"""Events of the log that are read at once."""
REST_AFTER_READING = 30e-6
"""Seconds of rest for each event read, so that catching up leaves the event loop to the changes."""


class Gone(Exception):
    """The log no longer has all that comes behind the position of a watcher."""

    def __init__(self, after: Position) -> None:
        super().__init__(f"the log begins behind {after}")
        self.after = after


class Log(Protocol):
    """The log, as far as a watcher reads it."""

    async def events_after(self, position: Position, limit: int) -> list[Event]:
        """The next events behind a position."""

    async def log_span(self) -> LogSpan:
        """Where the log begins and ends."""

    async def newest_taken_out(self, wanted: TaskFilter, after: Position) -> Position | None:
        """The newest event behind a position that was taken out of a wanted history."""


async def refuse_gap(log: Log, span: LogSpan, wanted: TaskFilter, position: Position) -> None:
    """Raise ``Gone`` when something that is wanted is missing behind a position."""
    if position < span.after:
        raise Gone(span.after)
    if position < span.shortened:
        # A task may have had another status when it was missed.
        whole = msgspec.structs.replace(wanted, status=None)
        missing = await log.newest_taken_out(whole, position)
        if missing is not None:
            raise Gone(missing)


class Watcher:
    """A reader of the events of one filter.

    ``position`` is how far it has come: everything wanted up to there was given.
    """

    __slots__ = (
        "_hub", "_leave", "_log", "_loop", "_reading", "_roused", "_view", "_waiting", "_wanted",
        "position",
    )  # fmt: skip

    def __init__(
        self,
        hub: Hub,
        log: Log,
        *,
        reading: asyncio.Semaphore,
        wanted: TaskFilter,
        after: Position,
        leave: Callable[[], None],
    ) -> None:
        self.position = after
        self._hub = hub
        self._log = log
        self._reading = reading
        self._leave: Callable[[], None] | None = leave
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._view: View | None = None
        self._waiting: asyncio.Future[bool] | None = None
        self._roused = False

    async def next(self, until: float) -> bytes:
        """The texts of the next events, joined; empty at an instant of the loop's time, or roused.

        Raises ``FellBehind``, ``Gone``, and what the store raises.
        """
        while not self._roused:
            data = self._take() if self._is_live() else await self._read()
            if data:
                return data
            if self._loop.time() >= until or (self._is_live() and not await self._more(until)):
                break
        return b""

    def rouse(self) -> None:
        """Let ``next`` return now, and ever after, without waiting."""
        self._roused = True
        self._settle(more=False)

    def wake(self, position: Position) -> None:
        """There is something behind a position, and nothing wanted up to there."""
        self.position = max(self.position, position)
        self._settle(more=True)

    def close(self) -> None:
        """Nothing more is wanted. Closing again does nothing."""
        self.rouse()
        view, self._view = self._view, None
        if view is not None:
            view.waiting.discard(self)
            self._hub.views.leave(view)
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def _is_live(self) -> bool:
        """Whether it takes from the hub; from where the hub is it always does."""
        if self._view is None and self.position >= self._hub.position and not self._roused:
            self._view = self._hub.views.enter(self._wanted)
        return self._view is not None

    def _take(self) -> bytes:
        assert self._view is not None  # noqa: S101  only called when live
        if self.position >= self._hub.position:
            return b""
        data, through = self._hub.take(self._view, self.position)
        self.position = max(self.position, through)
        return data

    async def _more(self, until: float) -> bool:
        """Wait; the answer is whether there is something to take."""
        assert self._view is not None  # noqa: S101  only called when live
        if self.position < self._hub.position:
            return True
        self._waiting = self._loop.create_future()
        self._view.waiting.add(self)
        timer = self._loop.call_at(until, self._time_out)
        try:
            return await self._waiting
        finally:
            timer.cancel()
            self._waiting = None
            if self._view is not None:
                self._view.waiting.discard(self)

    def _time_out(self) -> None:
        # Who was not woken wanted nothing of what has been told.
        if self._settle(more=False):
            self.position = max(self.position, self._hub.position)

    def _settle(self, *, more: bool) -> bool:
        if self._waiting is None or self._waiting.done():
            return False
        self._waiting.set_result(more)
        return True

    async def _read(self) -> bytes:
        """What is wanted of the next page of the log; it may end beyond where the hub is."""
        async with self._reading:
            told = self._hub.position
            events = await self._log.events_after(self.position, PAGE)
            span = await self._log.log_span()
            await asyncio.sleep(len(events) * REST_AFTER_READING)
        await refuse_gap(self._log, span, self._wanted, self.position)
        # With none left up to where the hub was, there never will be one.
        self.position = events[-1].position if events else told
        return b"".join(
            self._hub.encode(event) for event in events if self._wanted.matches(event.task)
        )
