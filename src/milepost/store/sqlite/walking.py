"""Walks along an index in the order of creation, and how far they go at once.

A walk is given up when it has looked at its share of ``MOST_EXAMINED`` tasks, or when its share of
``PAGE_SECONDS`` is over; it always gets somewhere. A reading thread needs Python's lock for each
statement, so the parts of a walk are few: each is twice as long as the one before.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

MOST_EXAMINED = 10_000
PAGE_SECONDS = 0.004
FIRST_SLICE = 128

Clause = tuple[str, list[Any]]


class Budget:
    """How much may still be looked at; shared by the walks that are left."""

    def __init__(self, walks: int) -> None:
        self._walks = walks
        self._tasks = MOST_EXAMINED
        self._until = time.monotonic() + PAGE_SECONDS

    def share(self) -> Share:
        """What the next walk may look at."""
        now, walks = time.monotonic(), self._walks
        self._walks -= 1
        tasks = max(self._tasks // walks, 1)
        self._tasks -= tasks
        return Share(tasks, now + max(self._until - now, 0.0) / walks)


class Share:
    """How much one walk may still look at: so many tasks, until an instant of the clock."""

    def __init__(self, tasks: int, until: float) -> None:
        self._tasks = tasks
        self._until = until
        self._slice = FIRST_SLICE

    def sizes(self) -> Iterator[int]:
        """Numbers of tasks to look at, one after the other; there is at least one."""
        begun = time.monotonic()
        while self._tasks > 0:
            size = min(self._slice, self._tasks)
            self._tasks -= size
            self._slice *= 2
            yield size
            # The next one takes about as long as all before it.
            now = time.monotonic()
            if now + (now - begun) > self._until:
                return


class Way(NamedTuple):
    """The direction of a page, in the words of SQL."""

    order: str
    beyond: str
    within: str

    @classmethod
    def of(cls, *, newest_first: bool) -> Way:
        return cls("DESC", "<", ">=") if newest_first else cls("ASC", ">", "<=")


def behind(walk: Clause, way: Way, after: int | None) -> Clause:
    """What of a walk lies behind a mark."""
    where, values = walk
    return walk if after is None else (f"{where} AND number {way.beyond} ?", [*values, after])


def within(walk: Clause, first: int | None, last: int | None) -> Clause:
    """What of a walk lies between two numbers, both included."""
    where, values = walk
    for end, sign in ((first, ">="), (last, "<=")):
        if end is not None:
            where, values = f"{where} AND number {sign} ?", [*values, end]
    return where, values


class Wanted(NamedTuple):
    """What is read along a walk: the conditions on each task there, and how many at most."""

    walk: Clause
    rest: Clause
    most: int


class Part(NamedTuple):
    """A part of a walk, and the task it ends at; none where the walk ends."""

    walk: Clause
    end: int | None


def read_walk(
    connection: sqlite3.Connection, wanted: Wanted, way: Way, share: Share
) -> tuple[list[int], int | None]:
    """The numbers along one walk, and where it was given up, if it was."""
    (walk, rest, most), part = wanted, Part(wanted.walk, None)
    if not rest[0]:
        return read_numbers(connection, walk, way, most), None
    found: list[int] = []
    for part in parts(connection, walk, way, share):
        found += read_numbers(connection, narrowed(part.walk, rest), way, most - len(found))
        if len(found) == most:
            return found, None
    return found, part.end


def parts(connection: sqlite3.Connection, walk: Clause, way: Way, share: Share) -> Iterator[Part]:
    """A walk in parts, as far as it may be looked at."""
    end: int | None = None
    for size in share.sizes():
        ahead = behind(walk, way, end)
        end = walked(connection, ahead, way, size)
        yield Part(ahead if end is None else till(ahead, way, end), end)
        if end is None:
            return


def narrowed(walk: Clause, rest: Clause) -> Clause:
    """What of a walk meets further conditions, if there are any."""
    return (f"{walk[0]} AND {rest[0]}", [*walk[1], *rest[1]]) if rest[0] else walk


def read_numbers(connection: sqlite3.Connection, walk: Clause, way: Way, most: int) -> list[int]:
    where, values = walk
    found = connection.execute(
        f"SELECT number FROM tasks WHERE {where} ORDER BY number {way.order} LIMIT ?",  # noqa: S608  own names only
        (*values, most),
    ).fetchall()
    return [number for (number,) in found]


def till(walk: Clause, way: Way, end: int) -> Clause:
    """What of a walk does not lie behind a task."""
    where, values = walk
    return f"{where} AND number {way.within} ?", [*values, end]


def walked(connection: sqlite3.Connection, walk: Clause, way: Way, most: int) -> int | None:
    """The last task that is looked at on a walk, or ``None`` when the walk ends before."""
    where, values = walk
    row = connection.execute(
        f"SELECT number FROM tasks WHERE {where} ORDER BY number {way.order} LIMIT 1 OFFSET ?",  # noqa: S608  own names only
        (*values, most - 1),
    ).fetchone()
    return None if row is None else int(row[0])


@contextmanager
def one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """Several reads of the same moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
