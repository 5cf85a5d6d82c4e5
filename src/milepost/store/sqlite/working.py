"""The tasks at work, in memory: as they are durable, and as accepted changes will make them.

Only this process writes tasks, under the lock of the directory, so what is remembered here is
what the file holds. Readers are shown durable tasks only; decisions are made over what is ahead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from milepost.rules.task import Task
from milepost.rules.values import Opaque
from milepost.store.base import Position

MOST_REMEMBERED = 16 * 1024
LARGEST_REMEMBERED = 8 * 1024


class Stored(NamedTuple):
    """A task and the position of its newest event."""

    task: Task
    position: Position


class Working:
    """Tasks as they are durable, and every task with a change on its way.

    At most 16,384 durable ones are remembered, of at most 8 KiB of text each; those not changed
    for the longest time go first.
    """

    def __init__(self) -> None:
        self._durable: OrderedDict[str, Stored] = OrderedDict()
        self._ahead: dict[str, Stored] = {}
        self._leaving: set[str] = set()

    @property
    def is_ahead(self) -> bool:
        """Whether any change is on its way."""
        return bool(self._ahead)

    def durable(self, task_id: str) -> Stored | None:
        """A task as it is durable, when it is remembered."""
        return self._durable.get(task_id)

    def ahead(self, task_id: str) -> Stored | None:
        """A task as the changes on their way will make it, when there are any."""
        return self._ahead.get(task_id)

    def is_leaving(self, task_id: str) -> bool:
        """Whether the removal of a task is on its way: nothing is decided over it any more."""
        return task_id in self._leaving

    def parents_ahead(self) -> set[str | None]:
        """The parents of all tasks with a change on its way."""
        return {stored.task.parent for stored in self._ahead.values()}

    def leave(self, task_ids: Iterable[str]) -> None:
        """Tasks are about to be removed."""
        self._leaving.update(task_ids)

    def left(self, task_ids: Iterable[str], *, removed: bool) -> None:
        """Tasks were removed, or stay after all."""
        for task_id in task_ids:
            self._leaving.discard(task_id)
            if removed:
                self._durable.pop(task_id, None)

    def read(self, stored: Stored, size: int) -> None:
        """Remember a task as it was read. With a change on its way it may be newer than told."""
        if stored.task.id not in self._ahead:
            self._remember(stored, size)

    def change(self, stored: Stored) -> None:
        """Note what an accepted change will make of a task."""
        self._ahead[stored.task.id] = stored

    def commit(self, stored: Stored, size: int) -> None:
        """A change is durable now."""
        ahead = self._ahead.get(stored.task.id)
        if ahead is not None and ahead.position == stored.position:
            del self._ahead[stored.task.id]
        self._remember(stored, size)

    def forget(self) -> None:
        """Forget everything, after a commit that failed."""
        self._durable.clear()
        self._ahead.clear()
        self._leaving.clear()

    def _remember(self, stored: Stored, size: int) -> None:
        task_id = stored.task.id
        if size > LARGEST_REMEMBERED:
            self._durable.pop(task_id, None)
            return
        self._durable[task_id] = stored
        self._durable.move_to_end(task_id)
        if len(self._durable) > MOST_REMEMBERED:
            self._durable.popitem(last=False)


def size_of(result: Opaque | None) -> int:
    """Characters of a result, in both of its forms."""
    return 0 if result is None else len(result.plain) + len(result.typed or "")
