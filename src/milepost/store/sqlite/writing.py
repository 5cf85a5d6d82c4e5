"""One transaction: the tasks as they will be, and what must be written to make them so.

Changes of a group are first made in memory and then written together: a task that changes many
times in one group is written once, its events one by one. What a later change of the group reads
is what an earlier one has made.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from milepost.rules.task import Change, Task
from milepost.rules.values import Opaque
from milepost.store.base import Corrupt, Origin, Position
from milepost.store.changes import field_changes
from milepost.store.sqlite import rows

MOST_REMEMBERED = 4096
LARGEST_REMEMBERED = 8 * 1024

SELECT_TASK = f"SELECT {rows.NAMES} FROM tasks WHERE id = ?"  # noqa: S608  own names only
SELECT_LAST_POSITION = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"


class Remembered:
    """Tasks as last committed, so that those at work are not read again for each change.

    Only this process writes tasks, under the lock of the directory. At most 4,096 tasks of at
    most 8 KiB of text each; the longest unused go first.
    """

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, Task] = OrderedDict()

    def get(self, task_id: str) -> Task | None:
        """A task, when it is remembered."""
        return self._tasks.get(task_id)

    def update(self, tasks: Iterable[tuple[Task, int]]) -> None:
        """Remember tasks after their commit, each with the size of its text."""
        for task, size in tasks:
            if size <= LARGEST_REMEMBERED:
                self._tasks[task.id] = task
                self._tasks.move_to_end(task.id)
            else:
                self._tasks.pop(task.id, None)
        while len(self._tasks) > MOST_REMEMBERED:
            self._tasks.popitem(last=False)

    def forget(self) -> None:
        """Forget everything, after a commit that failed."""
        self._tasks.clear()


class Writing:
    """A transaction that has begun. ``connection`` is for what has nothing to do with tasks."""

    def __init__(self, connection: sqlite3.Connection, remembered: Remembered) -> None:
        self.connection = connection
        self._remembered = remembered
        self._before: dict[str, Task | None] = {}
        self._now: dict[str, Task] = {}
        self._sizes: dict[str, int] = {}
        self._events: list[rows.Row] = []
        self._position: Position | None = None

    def tasks(self, ids: Iterable[str]) -> Mapping[str, Task]:
        """The tasks with these ids, as the changes so far have made them."""
        found = ((task_id, self._task(task_id)) for task_id in ids)
        return {task_id: task for task_id, task in found if task is not None}

    def accept(self, change: Change, origin: Origin) -> Position:
        """Take a change; the answer is the position its event will have."""
        after = change.after
        self._before.setdefault(after.id, change.before)
        self._now[after.id] = after
        position = self._next_position()
        event = rows.event_row(change.kind, after, field_changes(change), origin)
        self._events.append((position, *event))
        self._sizes[after.id] = len(event[-1]) + size_of(after.result)
        return position

    def flush(self) -> None:
        """Write what was taken. Raises ``Corrupt`` when a row is not at its old revision."""
        if not self._events:
            return
        made = [task for task in self._now.values() if self._before[task.id] is None]
        self.connection.executemany(rows.INSERT_TASK, map(rows.task_row, made))
        updates: dict[str, list[rows.Row]] = {}
        for task_id, before in self._before.items():
            if before is not None:
                statement, values = rows.task_update(before, self._now[task_id])
                updates.setdefault(statement, []).append(values)
        for statement, many in updates.items():
            if self.connection.executemany(statement, many).rowcount != len(many):
                # The last two values of an update are the id and the revision it starts from.
                names = ", ".join(f"{row[-2]} at revision {row[-1]}" for row in many)
                raise Corrupt(f"what is stored is not {names}")
        self.connection.executemany(rows.INSERT_EVENT, self._events)

    def remember(self) -> None:
        """Keep the tasks for the next transactions; to be called after the commit."""
        self._remembered.update(zip(self._now.values(), self._sizes.values(), strict=True))

    def _task(self, task_id: str) -> Task | None:
        known = self._now.get(task_id) or self._remembered.get(task_id)
        if known is not None:
            return known
        row = self.connection.execute(SELECT_TASK, (task_id,)).fetchone()
        return None if row is None else rows.read_task(row)

    def _next_position(self) -> Position:
        if self._position is None:
            row = self.connection.execute(SELECT_LAST_POSITION).fetchone()
            self._position = 0 if row is None else row[0]
        self._position += 1
        return self._position


def size_of(result: Opaque | None) -> int:
    """Characters of a result, in both of its forms."""
    return 0 if result is None else len(result.plain) + len(result.typed or "")
