"""An event log in memory, for a feed to follow; the text of an event is its position."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from milepost.feed.feed import Feed, FeedLimits
from milepost.feed.watcher import Watcher
from milepost.rules.finding import TaskFilter
from milepost.rules.task import EventKind, Task
from milepost.rules.values import Status
from milepost.store.base import Event, LogSpan, Origin, Position
from tests.rules.samples import stored

ALL = TaskFilter()
PATIENCE = 30.0
LIMITS = FeedLimits()


def task(number: int, **fields: Any) -> Task:
    return stored(Status.RUNNING, id=f"task-{number:022}", **fields)


def event_of(position: Position, one: Task) -> Event:
    return Event(
        position=position,
        kind=EventKind.UPDATED,
        task=one,
        changes=(),
        at=0,
        origin=Origin("acme"),
    )


def of_tasks(*numbers: int) -> TaskFilter:
    return TaskFilter(ids=frozenset(task(number).id for number in numbers))


class Book:
    """The log. ``kept_after`` is where it begins; ``reads`` counts the pages asked for.

    ``taken_out`` are positions in the middle of it that are no longer there.

    ``before_read`` is awaited in the middle of each read of a page.
    """

    def __init__(self, *numbers: int) -> None:
        self.events: list[Event] = []
        self.kept_after: Position = 0
        self.taken_out: set[Position] = set()
        self.reads = 0
        self.read = asyncio.Event()
        self.fault: Exception | None = None
        self.before_read: Callable[[], Awaitable[None]] | None = None
        for number in numbers:
            self.add(number)

    @property
    def last(self) -> Position:
        return len(self.events)

    def add(self, number: int) -> Position:
        """One more event, of a task."""
        self.events.append(event_of(self.last + 1, task(number)))
        return self.last

    def wanted(self, wanted: TaskFilter, after: Position = 0) -> list[Position]:
        """The positions that a filter wants to hear of."""
        return [each.position for each in self.events[after:] if wanted.matches(each.task)]

    async def read_often(self, times: int) -> None:
        """Wait until so many pages were asked for."""
        while self.reads < times:
            self.read.clear()
            await self.read.wait()

    async def events_after(self, position: Position, limit: int) -> list[Event]:
        self.reads += 1
        self.read.set()
        if self.fault is not None:
            raise self.fault
        begin = max(position, self.kept_after)
        left = [each for each in self.events[begin:] if each.position not in self.taken_out]
        page = left[:limit]
        if self.before_read is not None:
            await self.before_read()
        await asyncio.sleep(0)
        return page

    async def log_span(self) -> LogSpan:
        return LogSpan(self.kept_after, self.last, max(self.taken_out, default=0))

    async def newest_taken_out(self, wanted: TaskFilter, after: Position) -> Position | None:
        missing = [each for each in self.wanted(wanted, after) if each in self.taken_out]
        return max(missing, default=None)


def encode(event: Event) -> bytes:
    return b"%d " % event.position


def positions(data: bytes) -> list[Position]:
    return [int(word) for word in data.split()]


@asynccontextmanager
async def following(
    book: Book, limits: FeedLimits = LIMITS, poll_seconds: float = PATIENCE
) -> AsyncIterator[Feed]:
    """A feed of a book; its poll is so slow that only hints wake it, unless told otherwise."""
    feed = Feed(book, encode, limits, poll_seconds=poll_seconds)
    try:
        yield feed
    finally:
        feed.close()


async def heard(watcher: Watcher, count: int) -> list[Position]:
    """The next events of a watcher, at least so many."""
    found: list[Position] = []
    until = asyncio.get_running_loop().time() + PATIENCE
    while len(found) < count:
        data = await watcher.next(until)
        assert data, f"only {found}"
        found += positions(data)
    return found


async def silent(watcher: Watcher) -> bool:
    """Whether there is nothing to hear now."""
    return await watcher.next(asyncio.get_running_loop().time()) == b""
