"""Which tasks someone wants to see.

``TaskFilter`` is what all doors have, ``Selection`` what the pages of ``/v1`` add to it.
"""

from __future__ import annotations

from milepost.rules.task import Task
from milepost.rules.values import Instant, Status, Value


class TaskFilter(Value, frozen=True, kw_only=True):
    """A task matches when every member that is set holds what the task has.

    ``None`` matches every task. ``targets`` holds pairs of type and id; ``visible_service`` is
    the one service the caller may see, on top of what it asked for.
    """

    ids: frozenset[str] | None = None
    services: frozenset[str] | None = None
    operations: frozenset[str] | None = None
    status: frozenset[Status] | None = None
    targets: frozenset[tuple[str, str]] | None = None
    users: frozenset[str] | None = None
    parents: frozenset[str] | None = None
    visible_service: str | None = None

    def matches(self, task: Task) -> bool:
        """Whether a task is wanted."""
        wanted = (
            (self.ids, task.id),
            (self.services, task.service),
            (self.operations, task.operation),
            (self.status, task.status),
            (self.targets, (task.target.type, task.target.id)),
            (self.users, task.user),
            (self.parents, task.parent),
        )
        seen = self.visible_service in (None, task.service)
        return seen and all(members is None or value in members for members, value in wanted)


UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
SMALL = str.maketrans(UPPER, LOWER)


class Selection(Value, frozen=True, kw_only=True):
    """The tasks that someone pages through, and whether the newest come first.

    ``text`` is in the description, the operation, the id of the target or the user; A to Z count
    as a to z. An ``_after`` takes in its own instant, a ``_before`` does not. A task that has no
    end lies neither after nor before an instant.
    """

    wanted: TaskFilter = TaskFilter()
    text: str | None = None
    created_after: Instant | None = None
    created_before: Instant | None = None
    updated_after: Instant | None = None
    updated_before: Instant | None = None
    finished_after: Instant | None = None
    finished_before: Instant | None = None
    newest_first: bool = True

    def matches(self, task: Task) -> bool:
        """Whether a task is wanted."""
        times = (
            (self.created_after, self.created_before, task.created_at),
            (self.updated_after, self.updated_before, task.updated_at),
            (self.finished_after, self.finished_before, task.finished_at),
        )
        return (
            self.wanted.matches(task)
            and (self.text is None or has_text(task, self.text))
            and all(between(after, before, at) for after, before, at in times)
        )


def has_text(task: Task, text: str) -> bool:
    """Whether a text is in what people look for a task by."""
    found = (task.description.default_message, task.operation, task.target.id, task.user or "")
    return any(small(text) in small(one) for one in found)


def small(text: str) -> str:
    """A text with its A to Z as a to z; every store can do that alike."""
    return text.translate(SMALL)


def between(after: Instant | None, before: Instant | None, at: Instant | None) -> bool:
    if after is None and before is None:
        return True
    if at is None:
        return False
    return (after is None or after <= at) and (before is None or at < before)
