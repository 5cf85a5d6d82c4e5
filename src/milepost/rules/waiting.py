"""Waiting for a task: what for, and how long."""

from __future__ import annotations

from milepost.rules.task import Task
from milepost.rules.values import TERMINAL, Value

LONGEST_WAIT = 60.0


class Wait(Value, frozen=True, kw_only=True):
    """A wait of at most ``seconds``, until the task has ended or has changed.

    It has changed when its revision is none of those that are ``known``; with ``known`` unset it
    must have ended.
    """

    seconds: float
    known: frozenset[int] | None = None

    def is_over(self, task: Task) -> bool:
        """Whether the task is what was waited for."""
        return task.status in TERMINAL if self.known is None else task.revision not in self.known
