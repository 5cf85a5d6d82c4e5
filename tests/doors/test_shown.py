"""Answers about tasks that are kept while the tasks stay what they are."""

from __future__ import annotations

import msgspec
import pytest

from milepost.doors import shown
from milepost.doors.messages import Answer
from milepost.doors.shown import ShownTasks
from milepost.rules.task import Task
from milepost.rules.values import Status
from tests.rules.samples import stored


class Made:
    """Makes answers, and counts them."""

    def __init__(self, size: int = 1) -> None:
        self.count = 0
        self.size = size

    def __call__(self) -> Answer:
        self.count += 1
        return Answer(200, b"x" * self.size)


def task(number: int = 0) -> Task:
    return stored(Status.RUNNING, id=f"task-{number:022}")


def test_an_answer_is_made_once_for_a_task_and_a_form() -> None:
    answers, one, made = ShownTasks(), task(), Made()
    first = answers.answer(one, form := True, made)
    assert answers.answer(one, form, made) is first
    assert made.count == 1
    assert answers.answer(one, not form, made) is not first
    assert made.count == 2


def test_a_task_that_was_replaced_is_answered_anew_even_when_it_is_equal() -> None:
    answers, one, made = ShownTasks(), task(), Made()
    later = msgspec.structs.replace(one, revision=one.revision + 1)
    for each in (one, later, task()):
        answers.answer(each, None, made)
    assert made.count == 3
    answers.answer(one, None, made)
    assert made.count == 4, "only the one shown last is kept"


def test_large_answers_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "LARGEST_KEPT", 9)
    answers, one = ShownTasks(), task()
    small, large = Made(9), Made(10)
    answers.answer(one, None, small)
    answers.answer(one, None, small)
    assert small.count == 1
    other = msgspec.structs.replace(one)
    for _ in range(2):
        answers.answer(other, None, large)
    assert large.count == 2
    assert not answers._answers


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "MOST_KEPT", 3)
    answers, tasks, made = ShownTasks(), [task(number) for number in range(5)], Made()
    for one in tasks:
        answers.answer(one, None, made)
    for one in tasks[2:]:
        answers.answer(one, None, made)
    assert made.count == 5
    answers.answer(tasks[0], None, made)
    assert made.count == 6
