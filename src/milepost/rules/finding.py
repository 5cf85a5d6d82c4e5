"""Which tasks someone wants to see."""

from __future__ import annotations

from milepost.rules.task import Task
from milepost.rules.values import Status, Value


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
