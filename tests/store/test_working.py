"""What is remembered of the tasks at work."""

from __future__ import annotations

import pytest

from milepost.rules.task import Accepted, Task
from milepost.rules.values import Opaque
from milepost.store.sqlite import working
from milepost.store.sqlite.working import Stored, Working, size_of
from tests.contract.samples import creating, new_id


def a_task(task_id: str | None = None) -> Task:
    decision = creating(task_id or new_id())({})
    assert isinstance(decision, Accepted)
    return decision.task


def test_only_small_tasks_are_remembered_and_not_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(working, "MOST_REMEMBERED", 3)
    remembered = Working()
    tasks = [a_task() for _ in range(5)]
    for task in tasks:
        remembered.read(Stored(task, 1), 100)
    remembered.read(Stored(tasks[4], 1), 9000)
    kept = [task.id for task in tasks if remembered.durable(task.id) is not None]
    assert kept == [tasks[2].id, tasks[3].id]
    remembered.forget()
    assert remembered.durable(tasks[3].id) is None


def test_what_is_ahead_is_not_durable_before_its_commit() -> None:
    remembered, task = Working(), a_task()
    remembered.change(Stored(task, 1))
    assert remembered.durable(task.id) is None
    # Read from the file, it may already be what nobody was told of.
    remembered.read(Stored(task, 1), 100)
    assert remembered.durable(task.id) is None
    assert remembered.ahead(task.id) == Stored(task, 1)
    remembered.commit(Stored(task, 1), 100)
    assert remembered.ahead(task.id) is None
    assert remembered.durable(task.id) == Stored(task, 1)


def test_a_commit_leaves_what_is_further_ahead() -> None:
    remembered, task = Working(), a_task()
    remembered.change(Stored(task, 1))
    remembered.change(Stored(task, 2))
    remembered.commit(Stored(task, 1), 100)
    assert remembered.durable(task.id) == Stored(task, 1)
    assert remembered.ahead(task.id) == Stored(task, 2)


def test_both_forms_of_a_result_count() -> None:
    assert size_of(None) == 0
    assert size_of(Opaque("12")) == 2
    assert size_of(Opaque("12", "345")) == 5
