"""Answers about single tasks, kept while their tasks stay what they are.

Whoever waits for a task asks for it again and again, and most of the time nothing has changed. A
task is a value that a change replaces, so the answer holds for as long as the store gives the same
one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from milepost.doors.messages import Answer
from milepost.rules.task import Task

MOST_KEPT = 4 * 1024
LARGEST_KEPT = 4 * 1024


class ShownTasks:
    """At most 4,096 answers, of at most 4 KiB each; those asked for first go first."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[Task, Answer]] = OrderedDict()

    def answer(self, task: Task, form: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer about a task in some form, made when it is not at hand."""
        key = task.id, form
        kept = self._answers.get(key)
        if kept is not None and kept[0] is task:
            return kept[1]
        answer = make()
        self._keep(key, task, answer)
        return answer

    def _keep(self, key: Hashable, task: Task, answer: Answer) -> None:
        if len(answer.body) > LARGEST_KEPT:
            self._answers.pop(key, None)
            return
        self._answers[key] = task, answer
        if len(self._answers) > MOST_KEPT:
            self._answers.popitem(last=False)
