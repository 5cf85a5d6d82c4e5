"""Changes as rows, and a group of them written with a few statements.

A statement gives up Python's lock while it runs and needs it again at its end. With one statement
a row the writing thread would wait for the busy event loop at every row; so many rows go into one
statement, in blocks of 64, 16, 4 and 1.

``OR ROLLBACK`` saves SQLite from writing down what each page held before a statement, so as to take
back that statement alone; beyond 64 KiB it makes a file for that. Here all is taken back anyway.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import NamedTuple

from milepost.rules.task import Change, step
from milepost.store.base import Corrupt, Origin, Position
from milepost.store.changes import formers
from milepost.store.sqlite import rows
from milepost.store.sqlite.rows import Row
from milepost.store.sqlite.shortening import HistoryBound
from milepost.store.sqlite.working import size_of

BLOCKS = (64, 16, 4, 1)
SELECT_LAST_POSITION = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
MARK = (
    "INSERT INTO overlong VALUES (?, ?)"
    " ON CONFLICT (task_id) DO UPDATE SET revision = max(revision, excluded.revision)"
)
SELECT_NEWEST = "SELECT last_position FROM tasks WHERE id = ?"


class Written(NamedTuple):
    """A change as it will be written, the position of its event, and the event's row.

    ``overlong`` is whether the task is to be marked as one whose history is too long.
    """

    change: Change
    position: Position
    event: Row
    overlong: bool = False

    @property
    def size(self) -> int:
        """Characters of the task, about."""
        return len(self.event[-1]) + size_of(self.change.after.result)


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
    return Written(change, position, (position, previous, *event), overlong)


def batch_of(changes: Iterable[Written]) -> Batch:
    """The rows of some changes. A task that changes many times is written once."""
    batch = Batch([], {}, [], [])
    steps: dict[str, Written] = {}
    for one in changes:
        task_id = one.change.after.id
        before = steps.get(task_id)
        steps[task_id] = one if before is None else both(before, one)
        batch.events.append(one.event)
        if one.overlong:
            batch.overlong.append((task_id, one.change.after.revision))
    for change, position, *_ in steps.values():
        if change.before is None:
            batch.made.append((*rows.task_row(change.after), position))
        else:
            names, values = rows.task_update(change.before, change.after, change.moved, position)
            batch.updates.setdefault(names, []).append(values)
    return batch


def both(first: Written, second: Written) -> Written:
    """Two changes of a task as one step, for the row of the task."""
    change = step(second.change.kind, first.change.before, second.change.after)
    return second._replace(change=change)


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


def write_group(connection: sqlite3.Connection, batch: Batch, kept: Iterable[Row]) -> None:
    """Write a group, and the rows that are kept with its bundles. Raises ``Corrupt``."""
    write(connection, batch)
    keep_rows(connection, kept)


def write_one(connection: sqlite3.Connection, one: Written) -> Written:
    """Write a change alone, at the position that comes next; the answer is it as written."""
    row = connection.execute(SELECT_NEWEST, (one.change.after.id,)).fetchone()
    position = last_position(connection) + 1
    event = (position, None if row is None else row[0], *one.event[2:])
    one = one._replace(position=position, event=event)
    write(connection, batch_of([one]))
    return one


def write_bundle(connection: sqlite3.Connection, bundle: Bundle) -> Bundle:
    """Write changes that are made together alone; the answer is they as written."""
    written_so = tuple(write_one(connection, one) for one in bundle.changes)
    keep_rows(connection, kept_of([bundle]))
    return bundle if written_so == bundle.changes else Bundle(written_so, bundle.kept)


def kept_of(work: Iterable[object]) -> list[Row]:
    """The rows that are kept with the bundles of a group."""
    return [one.kept for one in work if isinstance(one, Bundle) and one.kept is not None]


def keep_rows(connection: sqlite3.Connection, kept: Iterable[Row]) -> None:
    """Write rows that are kept with bundles."""
    for row in kept:
        connection.execute(rows.PUT_KEPT, row)


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
        values = list(chain.from_iterable(block))
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
        f"UPDATE OR ROLLBACK tasks SET {settings} FROM (VALUES {marks(width, size)}) AS new"  # noqa: S608  own names only
        f" WHERE tasks.id = new.column{width - 1} AND tasks.revision = new.column{width}"
    )
