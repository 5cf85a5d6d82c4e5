"""Removing finished tasks, and then their events bit by bit.

A removal is decided like a change, in the event loop: from then on nothing is decided over the
task, and what was decided before is in the file by then. The events of a removed task are a chain
that nothing points to but a note of where it begins.

Rows that are removed lie all over the file, so how long one takes is not known before; each step is
bounded by time, and changes that wait are committed with it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from milepost.rules.task import Task
from milepost.rules.values import TERMINAL, Instant
from milepost.store.base import Position

TakeStep = Callable[[sqlite3.Connection, int], int]
"""Does some of a work, at most so much of it; how much was done."""

STEP_SECONDS = 0.002
"""What changes may wait for one step; each step does something."""
ROWS_AT_ONCE = 16
"""Rows between two looks at the time."""

OPEN_OR_KEPT = "finished_at IS NOT NULL AND pinned = 0"
HAS_CHILDREN = "EXISTS (SELECT 1 FROM tasks AS child WHERE child.parent = tasks.id)"
# One look at the index a service, however many tasks it has.
SERVICES = f"""
WITH RECURSIVE found (service) AS (
    SELECT min(service) FROM tasks WHERE {OPEN_OR_KEPT}
    UNION ALL
    SELECT (SELECT min(service) FROM tasks WHERE {OPEN_OR_KEPT} AND service > found.service)
    FROM found WHERE service IS NOT NULL)
SELECT service FROM found WHERE service IS NOT NULL
"""  # noqa: S608  own names only
COUNT = (
    "SELECT coalesce(sum(count), 0) FROM tallies"
    " WHERE service = ? AND status IN ('SUCCEEDED', 'FAILED') AND pinned = 0"
)
REMOVABLE = f"""
SELECT id FROM tasks WHERE service = ? AND {OPEN_OR_KEPT} AND finished_at < ?
AND NOT {HAS_CHILDREN} ORDER BY finished_at LIMIT ?
"""  # noqa: S608  own names only
OLDEST = f"""
SELECT id FROM tasks WHERE service = ? AND {OPEN_OR_KEPT}
AND NOT {HAS_CHILDREN} ORDER BY finished_at LIMIT ?
"""  # noqa: S608  own names only
REMOVE = f"""
DELETE FROM tasks WHERE id = ? AND {OPEN_OR_KEPT} AND NOT {HAS_CHILDREN}
RETURNING service, last_position
"""  # noqa: S608  own names only
CHAIN = """
WITH RECURSIVE chain (position, previous) AS (
    SELECT position, previous FROM events WHERE position = ?
    UNION ALL SELECT events.position, events.previous
    FROM chain JOIN events ON events.position = chain.previous LIMIT ?)
SELECT position, previous FROM chain
"""
COMPACTED = """
INSERT INTO compaction VALUES (1, ?)
ON CONFLICT (only) DO UPDATE SET through = max(through, excluded.through)
"""
SELECT_TOMBSTONE = "SELECT service FROM tombstones WHERE id = ?"
FORGET_TOMBSTONES = (
    "DELETE FROM tombstones WHERE id IN (SELECT id FROM tombstones WHERE removed_at < ? LIMIT ?)"
)


class Removed(NamedTuple):
    """How many of some tasks a step has looked at, and how many of these it has removed."""

    looked_at: int
    removed: int


class Step:
    """The time of one step within a commit that others may wait for."""

    def __init__(self) -> None:
        self._until = time.monotonic() + STEP_SECONDS

    @property
    def is_over(self) -> bool:
        """Whether the commit is to go on without it."""
        return time.monotonic() >= self._until


def may_be_removed(task: Task) -> bool:
    """Whether a task is one of those that are removed at all."""
    return task.status in TERMINAL and not task.pinned


def read_removable(
    connection: sqlite3.Connection, service: str, finished_before: Instant, keep: int, limit: int
) -> list[str]:
    """Tasks of a service that are kept no longer, by age and then by number."""
    old = connection.execute(REMOVABLE, (service, finished_before, limit)).fetchall()
    if not old:
        (count,) = connection.execute(COUNT, (service,)).fetchone()
        old = connection.execute(OLDEST, (service, min(max(count - keep, 0), limit))).fetchall()
    return [task_id for (task_id,) in old]


def remove(connection: sqlite3.Connection, ids: Sequence[str], now: Instant) -> Removed:
    """Remove tasks and leave their tombstones, as many of them as a step has time for."""
    count, removed, step = 0, 0, Step()
    for task_id in ids:
        removed += remove_one(connection, task_id, now)
        count += 1
        if step.is_over:
            break
    return Removed(count, removed)


def remove_one(connection: sqlite3.Connection, task_id: str, now: Instant) -> bool:
    """Remove a task; whether it was there to be removed."""
    row = connection.execute(REMOVE, (task_id,)).fetchone()
    if row is None:
        return False
    service, position = row
    connection.execute(
        "INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?)", (task_id, service, now)
    )
    connection.execute("INSERT INTO discarded VALUES (?)", (position,))
    forget_shortening(connection, task_id)
    return True


def forget_shortening(connection: sqlite3.Connection, task_id: str) -> None:
    """Let the log as a whole tell what was missing of the history of a removed task."""
    connection.execute("DELETE FROM overlong WHERE task_id = ?", (task_id,))
    row = connection.execute(
        "DELETE FROM shortened WHERE task_id = ? RETURNING through", (task_id,)
    ).fetchone()
    if row is not None:
        connection.execute(COMPACTED, row)


def compact(connection: sqlite3.Connection, most: int) -> int:
    """Remove events along the chains of removed tasks, as many as a step has time for."""
    removed, step = 0, Step()
    while removed < most:
        head = connection.execute("SELECT position FROM discarded LIMIT 1").fetchone()
        if head is None:
            break
        at_once = min(most - removed, ROWS_AT_ONCE)
        chain = connection.execute(CHAIN, (*head, at_once)).fetchall()
        discard(connection, head[0], chain)
        removed += len(chain)
        if removed and step.is_over:
            break
    return removed


def forget(connection: sqlite3.Connection, most: int, statement: str, before: Instant) -> int:
    """Delete rows that are older than an instant, as many as a step has time for; how many.

    ``statement`` takes the instant and a number of rows.
    """
    forgotten, step = 0, Step()
    while forgotten < most:
        at_once = min(most - forgotten, ROWS_AT_ONCE)
        count = connection.execute(statement, (before, at_once)).rowcount
        forgotten += count
        if count < at_once or step.is_over:
            break
    return forgotten


def take(step: TakeStep, most: int, connection: sqlite3.Connection) -> int:
    """Take a step, of which is known how much it may do; how much was done."""
    return step(connection, most)


def discard(
    connection: sqlite3.Connection,
    head: Position,
    chain: Sequence[tuple[Position, Position | None]],
) -> None:
    """Remove a part of a chain and note where the rest begins."""
    connection.execute("DELETE FROM discarded WHERE position = ?", (head,))
    if not chain:
        return
    positions = [position for position, _ in chain]
    connection.execute(
        "DELETE FROM events WHERE position IN (SELECT value FROM json_each(?))",
        (json.dumps(positions),),
    )
    connection.execute(COMPACTED, (max(positions),))
    rest = chain[-1][1]
    if rest is not None:
        connection.execute("INSERT INTO discarded VALUES (?)", (rest,))
