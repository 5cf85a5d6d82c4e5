"""Changes as rows, and a group of them written with a few statements.

A statement gives up Python's lock while it runs and needs it again at its end. With one statement
a row the writing thread would wait for the busy event loop at every row; so many rows go into one
statement, in blocks of 64, 16, 4 and 1.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from milepost.rules.task import Change, moved
from milepost.store.base import Corrupt, Origin, Position
from milepost.store.changes import formers
from milepost.store.sqlite import rows
from milepost.store.sqlite.rows import Row
from milepost.store.sqlite.shortening import HistoryBound

BLOCKS = (64, 16, 4, 1)
SELECT_LAST_POSITION = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
MARK = (
    "INSERT INTO overlong VALUES (?, ?)"
    " ON CONFLICT (task_id) DO UPDATE SET revision = max(revision, excluded.revision)"
)
SELECT_NEWEST = "SELECT last_position FROM tasks WHERE id = ?"


class Written(NamedTuple):
    """A change as it will be written, and the row of its event.

    ``overlong`` is whether the task is to be marked as one whose history is too long.
    """

    change: Change
    event: Row
    overlong: bool = False

    @property
    def position(self) -> Position:
        """The position of its event."""
        return int(self.event[0])

    @property
    def size(self) -> int:
        """Characters of the task without its result."""
        return len(self.event[-1])


class Bundle(NamedTuple):
    """Changes that are made together, and a row that is kept with them."""

    changes: tuple[Written, ...]
    kept: Row | None = None


class Batch(NamedTuple):
    """The rows of a group: new tasks, updates by their statement's columns, events, and marks."""

    made: list[Row]
    updates: dict[tuple[str, ...], list[Row]]
    events: list[Row]
    overlong: list[Row]


def written(
    change: Change,
    origin: Origin,
    position: Position,
    previous: Position | None,
    bound: HistoryBound,
) -> Written:
    """A change as the event at a position; ``previous`` is the position of the task's last one."""
    event = rows.event_row(change, formers(change), origin)
    overlong = bound.is_reached(change.after.revision)
    return Written(change, (position, previous, *event), overlong)


def batch_of(changes: Iterable[Written]) -> Batch:
    """The rows of some changes. A task that changes many times is written once."""
    first: dict[str, Written] = {}
    last: dict[str, Written] = {}
    events = []
    overlong: list[Row] = []
    for one in changes:
        after = one.change.after
        first.setdefault(after.id, one)
        last[after.id] = one
        events.append(one.event)
        if one.overlong:
            overlong.append((after.id, after.revision))
    made: list[Row] = []
    updates: dict[tuple[str, ...], list[Row]] = {}
    for task_id, begin in first.items():
        end = last[task_id]
        before, after = begin.change.before, end.change.after
        if before is None:
            made.append((*rows.task_row(after), end.position))
        else:
            fields = end.change.moved if end is begin else moved(before, after)
            names, values = rows.task_update(before, after, fields, end.position)
            updates.setdefault(names, []).append(values)
    return Batch(made, updates, events, overlong)


def write(connection: sqlite3.Connection, batch: Batch) -> None:
    """Write a group. Raises ``Corrupt`` when a row is not at its old revision."""
    in_blocks(connection, insert_tasks, batch.made)
    for names, updates in batch.updates.items():
        count = in_blocks(connection, partial(update_tasks, names), updates)
        if count != len(updates):
            # The last two values of an update are the id and the revision it starts from.
            told = ", ".join(f"{row[-2]} at revision {row[-1]}" for row in updates)
            raise Corrupt(f"what is stored is not {told}")
    in_blocks(connection, insert_events, batch.events)
    for mark in batch.overlong:
        connection.execute(MARK, mark)


def write_one(connection: sqlite3.Connection, one: Written) -> Written:
    """Write a change alone, at the position that comes next; the answer is it as written."""
    row = connection.execute(SELECT_NEWEST, (one.change.after.id,)).fetchone()
    event = (last_position(connection) + 1, None if row is None else row[0], *one.event[2:])
    one = one._replace(event=event)
    write(connection, batch_of([one]))
    return one


def write_bundle(connection: sqlite3.Connection, bundle: Bundle) -> Bundle:
    """Write changes that are made together alone; the answer is they as written."""
    written_so = tuple(write_one(connection, one) for one in bundle.changes)
    keep(connection, bundle)
    return bundle if written_so == bundle.changes else Bundle(written_so, bundle.kept)


def keep(connection: sqlite3.Connection, bundle: Bundle) -> None:
    """Write the row that is kept with a bundle, if there is one."""
    if bundle.kept is not None:
        connection.execute(rows.PUT_KEPT, bundle.kept)


def last_position(connection: sqlite3.Connection) -> Position:
    """The position given last, also when its event is no longer there."""
    row = connection.execute(SELECT_LAST_POSITION).fetchone()
    return 0 if row is None else int(row[0])


def in_blocks(
    connection: sqlite3.Connection, statement: Callable[[int], str], many: Sequence[Row]
) -> int:
    """Run a statement over all rows, a block of them at a time; the count of rows it changed."""
    count = 0
    for block in blocks(many):
        values = [value for row in block for value in row]
        count += connection.execute(statement(len(block)), values).rowcount
    return count


def blocks(many: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows in blocks of a few sizes, so that there are few statements to prepare."""
    begin = 0
    for size in BLOCKS:
        while len(many) - begin >= size:
            yield many[begin : begin + size]
            begin += size


def marks(columns: int, size: int) -> str:
    """Place holders for some rows."""
    row = f"({', '.join('?' * columns)})"
    return ", ".join([row] * size)


@lru_cache(maxsize=len(BLOCKS))
def insert_tasks(size: int) -> str:
    return f"{rows.INSERT_TASK} VALUES {marks(rows.TASK_WIDTH, size)}"


@lru_cache(maxsize=len(BLOCKS))
def insert_events(size: int) -> str:
    return f"{rows.INSERT_EVENT} VALUES {marks(rows.EVENT_WIDTH, size)}"


@lru_cache(maxsize=256)
def update_tasks(names: tuple[str, ...], size: int) -> str:
    width = len(names) + 2
    settings = ", ".join(f"{name} = new.column{place}" for place, name in enumerate(names, start=1))
    return (
        f"UPDATE tasks SET {settings} FROM (VALUES {marks(width, size)}) AS new"  # noqa: S608  own names only
        f" WHERE tasks.id = new.column{width - 1} AND tasks.revision = new.column{width}"
    )
