"""``change``: what it stores, what it answers, and what it leaves alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Accepted, Decision, EventKind, Refused
from milepost.rules.values import Opaque, Progress, Status
from milepost.store.base import Origin, Outcome, Store, StoreError, Tasks
from tests.contract.samples import (
    ACME,
    EVERYTHING,
    NOON,
    cancelling,
    changed,
    creating,
    failure,
    keeping,
    made,
    moved,
    new_id,
    text,
    updating,
    whole_log,
)
from tests.contract.stores import Home, scenario


class Wrong(Exception):
    """What a faulty decision raises."""


def failing(fault: Exception) -> Decision:
    raise fault


async def nothing_stored(store: Store, *known: str) -> None:
    assert [task.id for task in await store.find(TaskFilter(), EVERYTHING)] == list(known)
    assert [event.task.id for event in await whole_log(store)] == list(known)


@scenario
async def test_a_create_is_stored_with_its_event(home: Home) -> None:
    async with home.store() as store:
        task_id = new_id()
        outcome = await store.change((), creating(task_id, user="root"), Origin("acme", "::1"))

        task = changed(outcome).after
        assert outcome == Outcome(outcome.decision, 1)
        assert (task.id, task.revision, task.user) == (task_id, 1, "root")
        assert await store.task(task_id) == task
        (event,) = await whole_log(store)
        assert (event.position, event.kind, event.task) == (1, EventKind.CREATED, task)
        assert (event.at, event.origin) == (NOON, Origin("acme", "::1"))


@scenario
async def test_an_update_is_the_next_revision_and_one_more_event(home: Home) -> None:
    async with home.store() as store:
        first = await made(store)
        asked = updating(first.id, NOON + 5, status=Status.RUNNING, result=Opaque("[1]"))
        outcome = await store.change((first.id,), asked, Origin("other"))

        second = changed(outcome).after
        assert outcome.position == 2
        assert (second.revision, second.status, second.result) == (2, "RUNNING", Opaque("[1]"))
        assert await store.task(first.id) == second
        assert await store.find(TaskFilter(), EVERYTHING) == [second]
        event = (await whole_log(store))[1]
        assert (event.position, event.kind, event.at) == (2, EventKind.UPDATED, NOON + 5)
        assert event.origin == Origin("other", "")


@scenario
async def test_each_field_an_update_can_move_is_moved(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        specs: list[dict[str, Any]] = [
            {"description": text("Copying")},
            {"status": Status.RUNNING, "start_time": NOON - 9},
            {"progress": Progress(10, 3, text("3 of 10"))},
            {"result": Opaque("{}")},
            {"result": Opaque("[]")},
            {"status": Status.FAILED, "error": failure("full"), "end_time": NOON + 9},
            {"error": failure("really full")},
            {"end_time": NOON + 10},
        ]
        for spec in specs:
            task = await moved(store, task, **spec)
            assert await store.task(task.id) == task
        assert task.revision == len(specs) + 1


@scenario
async def test_a_request_to_cancel_is_stored(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        outcome = await store.change((task.id,), cancelling(task.id, NOON + 1), ACME)

        after = changed(outcome).after
        assert after.cancel_requested == NOON + 1
        assert await store.task(task.id) == after
        assert (await whole_log(store))[1].kind is EventKind.CANCEL_REQUESTED


@scenario
async def test_a_refusal_writes_nothing(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        refused = updating(task.id, description=text("lost"), status=Status.FAILED)
        outcome = await store.change((task.id,), refused, ACME)

        assert isinstance(outcome.decision, Refused)
        assert outcome.decision.task == task
        assert outcome.position is None
        assert await store.task(task.id) == task
        await nothing_stored(store, task.id)


@scenario
async def test_what_changes_nothing_writes_nothing(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        outcome = await store.change((task.id,), updating(task.id, NOON + 1), ACME)

        assert outcome == Outcome(Accepted(task), None)
        assert await store.task(task.id) == task
        await nothing_stored(store, task.id)


@scenario
async def test_an_outcome_without_a_change_uses_up_no_position(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        await store.change((task.id,), updating(task.id), ACME)
        await store.change((task.id,), updating(task.id, status=Status.FAILED), ACME)
        with pytest.raises(Wrong):
            await store.change((task.id,), lambda _: failing(Wrong()), ACME)

        outcome = await store.change((task.id,), cancelling(task.id), ACME)

        assert outcome.position == 2


@scenario
async def test_a_decision_sees_the_tasks_it_asked_for_and_no_other(home: Home) -> None:
    async with home.store() as store:
        one, two, three = [await made(store) for _ in range(3)]
        two = await moved(store, two, status=Status.RUNNING, result=Opaque("2"))
        seen: list[Tasks] = []

        def decide(tasks: Tasks) -> Decision:
            seen.append(dict(tasks))
            return Accepted(one)

        await store.change((two.id, one.id), decide, ACME)
        await store.change((one.id, "x" * 22, one.id), decide, ACME)
        await store.change(("x" * 22,), decide, ACME)
        await store.change((), decide, ACME)

        assert three.id not in seen[0]
        assert seen == [{one.id: one, two.id: two}, {one.id: one}, {}, {}]


@scenario
async def test_a_decision_over_one_task_may_change_another(home: Home) -> None:
    """A create that depends on its parent."""
    async with home.store() as store:
        parent, child = await made(store), new_id()

        def decide(tasks: Tasks) -> Decision:
            return creating(child, parent=tasks[parent.id].id)(tasks)

        task = changed(await store.change((parent.id,), decide, ACME)).after

        assert task.parent == parent.id
        assert await store.task(child) == task
        assert await store.task(parent.id) == parent


@scenario
async def test_what_a_decision_raises_comes_back_and_nothing_is_stored(home: Home) -> None:
    async with home.store() as store:
        task, fault = await made(store), Wrong("so")
        with pytest.raises(Wrong) as caught:
            await store.change((task.id,), lambda _: failing(fault), ACME)

        assert caught.value is fault
        await nothing_stored(store, task.id)
        await moved(store, task, status=Status.RUNNING)


@scenario
async def test_a_decision_that_raises_spoils_no_other(home: Home) -> None:
    async with home.store() as store:
        ids = [new_id() for _ in range(40)]
        faults = {number: Wrong(str(number)) for number in (0, 7, 8, 39)}
        wishes = [
            (lambda _, number=number: failing(faults[number]))
            if number in faults
            else creating(task_id)
            for number, task_id in enumerate(ids)
        ]
        answers = await asyncio.gather(
            *(store.change((), wish, ACME) for wish in wishes), return_exceptions=True
        )

        for number, answer in enumerate(answers):
            if number in faults:
                assert answer is faults[number]
            else:
                assert isinstance(answer, Outcome)
                assert changed(answer).after == await store.task(ids[number])
        assert len(await whole_log(store)) == len(ids) - len(faults)


@scenario
async def test_a_decision_that_runs_out_of_an_iterator_leaves_nobody_waiting(home: Home) -> None:
    """``StopIteration`` is the one exception that no coroutine can raise as it is."""
    async with home.store() as store:
        task_id = new_id()
        wishes = [lambda _: failing(StopIteration()), creating(task_id)]
        async with asyncio.timeout(20):
            answers = await asyncio.gather(
                *(store.change((), wish, ACME) for wish in wishes), return_exceptions=True
            )

        assert isinstance(answers[0], Exception)
        assert isinstance(answers[1], Outcome)
        assert await store.task(task_id) == changed(answers[1]).after


@scenario
async def test_an_id_is_given_once(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        with pytest.raises(StoreError):
            await store.change((), creating(task.id, NOON + 1), ACME)

        assert await store.task(task.id) == task
        await nothing_stored(store, task.id)


@scenario
async def test_a_decision_over_what_is_no_longer_stored_is_not_made(home: Home) -> None:
    """The fence behind the promise that no update is lost."""
    async with home.store() as store:
        old = await made(store)
        new = await moved(store, old, description=text("kept"))
        stale = changed(
            Outcome(updating(old.id, status=Status.RUNNING)({old.id: old}), position=1)
        ).after
        with pytest.raises(StoreError):
            await store.change((old.id,), keeping(old, stale), ACME)

        assert await store.task(old.id) == new
        assert len(await whole_log(store)) == 2


@scenario
async def test_an_update_of_a_task_that_is_not_there_is_not_made(home: Home) -> None:
    async with home.store() as store:
        task_id = new_id()
        before = changed(Outcome(creating(task_id)({}), position=1)).after
        after = changed(Outcome(cancelling(task_id)({task_id: before}), position=1)).after
        with pytest.raises(StoreError):
            await store.change((task_id,), keeping(before, after), ACME)

        await nothing_stored(store)


@scenario
async def test_a_task_that_is_not_there(home: Home) -> None:
    async with home.store() as store:
        await made(store)

        assert await store.task("x" * 22) is None
        assert await store.task("") is None
        assert await store.history("x" * 22, 10) == []


@scenario
async def test_a_caller_that_goes_away_takes_nothing_with_it(home: Home) -> None:
    async with home.store() as store:
        ids = [new_id() for _ in range(30)]
        waiting = [asyncio.ensure_future(store.change((), creating(i), ACME)) for i in ids]
        await asyncio.sleep(0)
        for gone in waiting[::3]:
            gone.cancel()
        answers = await asyncio.gather(*waiting, return_exceptions=True)

        stayed = {i for number, i in enumerate(ids) if number % 3}
        assert [isinstance(answer, Outcome) for answer in answers] == [
            bool(n % 3) for n in range(30)
        ]
        assert stayed <= {task.id for task in await store.find(TaskFilter(), EVERYTHING)}
        logged = [event.task.id for event in await whole_log(store)]
        assert logged == [task.id for task in await store.find(TaskFilter(), EVERYTHING)]
        await made(store)
