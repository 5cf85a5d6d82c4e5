"""What has happened lately, held once for all watchers.

The tail tells events in the order of the log, some at a time: a round. Each one that somebody
wants is encoded once, kept for a while, and those who wait for it are woken. A watcher takes what
it has not yet seen when it is ready to; who is so slow that it is no longer kept has fallen behind
and must read the log again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from milepost.feed.views import View, Views
from milepost.rules.task import Task
from milepost.store.base import Event, Position

MOST_AT_ONCE = 64 * 1024
"""Bytes that a watcher takes at once, if there are more than one event."""

Encode = Callable[[Event], bytes]


class FellBehind(Exception):
    """A watcher was so slow that what it has not seen is no longer held for it."""


class Entry(NamedTuple):
    """An event that somebody wanted: its position, the task as it was then, and its text."""

    position: Position
    task: Task
    data: bytes


class Taken(NamedTuple):
    """The texts of some events, joined, and the position up to which nothing is missing."""

    data: bytes
    through: Position


class Hub:
    """The events that watchers have not all seen, at most ``most_held`` bytes of them.

    ``position`` is the newest that has been told.
    """

    def __init__(self, encode: Encode, *, most_held: int) -> None:
        self.encode = encode
        self.position: Position = 0
        self.views = Views()
        self._most_held = most_held
        self._held: deque[Entry] = deque()
        self._held_bytes = 0
        self._dropped_through: Position = 0
        self._round_after: Position = 0
        self._round: dict[View, list[Entry]] = {}
        self._joined: dict[View, Taken] = {}
        self._joined_bytes = 0

    def begin(self, position: Position) -> None:
        """Begin anew behind a position, with nobody there."""
        self.position = self._dropped_through = position
        self._held.clear()
        self._held_bytes = 0
        self._begin_round()

    def tell(self, events: Iterable[Event]) -> int:
        """Take the next events of the log; the answer is how many watchers were woken by it."""
        self._begin_round()
        for event in events:
            self._take_in(event)
            self.position = event.position
        woken = 0
        for view in self._round:
            woken += len(view.waiting)
            for watcher in view.waiting:
                watcher.wake(self._round_after)
            view.waiting.clear()
        return woken

    def take(self, view: View, after: Position) -> Taken:
        """What of a view comes behind a position. Raises ``FellBehind``."""
        if after != self._round_after:
            return joined(self._entries(view, after), self.position)
        # Those who were woken by a round all take the same.
        taken = self._joined.get(view)
        if taken is None:
            taken = joined(self._entries(view, after), self.position)
            if view.members > 1 and self._joined_bytes < self._most_held:
                self._joined[view] = taken
                self._joined_bytes += len(taken.data)
        return taken

    def _begin_round(self) -> None:
        self._round_after = self.position
        self._round, self._joined, self._joined_bytes = {}, {}, 0

    def _take_in(self, event: Event) -> None:
        views = list(self.views.matching(event.task))
        if not views:
            return
        entry = Entry(event.position, event.task, self.encode(event))
        for view in views:
            self._round.setdefault(view, []).append(entry)
        self._held.append(entry)
        self._held_bytes += len(entry.data)
        # The newest is held whatever its size.
        while self._held_bytes > self._most_held and len(self._held) > 1:
            oldest = self._held.popleft()
            self._held_bytes -= len(oldest.data)
            self._dropped_through = oldest.position

    def _entries(self, view: View, after: Position) -> Iterable[Entry]:
        if after >= self._round_after:
            return (entry for entry in self._round.get(view, ()) if entry.position > after)
        if after < self._dropped_through:
            raise FellBehind
        return (
            entry
            for entry in self._held
            if entry.position > after and view.wanted.matches(entry.task)
        )


def joined(entries: Iterable[Entry], through: Position) -> Taken:
    """Some events as one text of bounded size; a first one that is larger goes alone."""
    parts: list[bytes] = []
    size = 0
    last: Position = 0
    for entry in entries:
        if parts and size + len(entry.data) > MOST_AT_ONCE:
            return Taken(one_of(parts), last)
        parts.append(entry.data)
        size += len(entry.data)
        last = entry.position
    return Taken(one_of(parts), through)


def one_of(parts: Sequence[bytes]) -> bytes:
    """The parts as one; a single one is not copied."""
    return parts[0] if len(parts) == 1 else b"".join(parts)
