"""Several changes as one step, and requests that are made once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from milepost.rules import machine, reasons
from milepost.rules.reasons import Refusal
from milepost.rules.task import Accepted, Decision, Refused, Task, UpdateTask
from milepost.rules.values import Message, Status
from milepost.store.base import KEPT_MILLISECONDS, Corrupt, Kept, Once, Overloaded, Store, Tasks
from tests.contract.samples import (
    ACME,
    EVERYTHING,
    NOON,
    creating,
    keeping,
    made,
    new_id,
    story,
    updating,
    whole_log,
)
from tests.contract.stores import Home, scenario

DIGEST = "d" * 64
NO = Refused(Refusal(reasons.TASK_UNKNOWN, ("x",)))


def once(key: str = "key", at: int = NOON, scope: str = "ann create") -> Once:
    return Once(scope, key, DIGEST, at, note_of)


def note_of(decisions: Sequence[Decision]) -> str | None:
    ids = [one.task.id for one in decisions if isinstance(one, Accepted)]
    return ",".join(ids) or None


def task_of(decision: Decision) -> Task:
    assert isinstance(decision, Accepted), decision
    return decision.task


@scenario
async def test_all_that_is_accepted_is_one_step(home: Home) -> None:
    async with home.store() as store:
        first, second = await made(store), await made(store)

        def decide(tasks: Tasks) -> list[Decision]:
            run = machine.update(tasks[first.id], UpdateTask(status=Status.RUNNING), now=NOON)
            done = machine.update(task_of(run), UpdateTask(status=Status.SUCCEEDED), now=NOON)
            asked = machine.request_cancel(tasks[second.id], now=NOON)
            return [run, NO, done, asked, creating(new_id())(tasks)]

        decisions = await store.change_all((first.id, second.id), decide, ACME)
        assert isinstance(decisions, list)
        _, refused, done, asked, create = decisions
        assert refused == NO
        assert await store.task(first.id) == task_of(done)
        assert await store.task(second.id) == task_of(asked)
        assert await store.task(task_of(create).id) == task_of(create)
        log = await whole_log(store)
        assert [event.position for event in log] == list(range(1, 7))
        assert [event.task.revision for event in log] == [1, 1, 2, 3, 2, 1]
        assert [event.task.revision for event in await story(store, first.id)] == [1, 2, 3]
        assert {event.origin for event in log} == {ACME}


@scenario
async def test_a_step_is_there_when_the_store_is_opened_again(home: Home) -> None:
    ids = [new_id() for _ in range(700)]
    async with home.store() as store:
        await store.change_all((), lambda tasks: [creating(one)(tasks) for one in ids], ACME)
        log = await whole_log(store)
        assert [event.task.id for event in log] == ids
    async with home.store() as store:
        assert await whole_log(store) == log
        assert [(await store.task(one)) is not None for one in ids] == [True] * 700


@scenario
async def test_a_step_that_raises_changes_nothing(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)

        def decide(tasks: Tasks) -> list[Decision]:
            machine.request_cancel(tasks[task.id], now=NOON)
            raise LookupError("no")

        with pytest.raises(LookupError):
            await store.change_all((task.id,), decide, ACME, once())
        assert await store.task(task.id) == task
        # It was not kept, and nobody waits for it.
        made_now = await store.change_all(
            (), lambda tasks: [creating(new_id())(tasks)], ACME, once()
        )
        assert not isinstance(made_now, Kept)


@scenario
async def test_a_step_that_changes_nothing_is_told_once_it_is_seen(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        change = asyncio.ensure_future(
            store.change((task.id,), updating(task.id, description=Message("", "new")), ACME)
        )
        await asyncio.sleep(0)
        seen: list[Task] = []

        def look(tasks: Tasks) -> list[Decision]:
            seen.append(tasks[task.id])
            return [Accepted(tasks[task.id])]

        await store.change_all((task.id,), look, ACME)
        assert await store.task(task.id) == seen[0]
        assert seen[0].revision == 2
        await change
        assert len(await whole_log(store)) == 2


@scenario
async def test_steps_and_single_changes_are_in_one_order(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)

        def twice(tasks: Tasks) -> list[Decision]:
            first = machine.update(
                tasks[task.id], UpdateTask(description=Message("", "a")), now=NOON
            )
            return [
                first,
                machine.update(task_of(first), UpdateTask(description=Message("", "b")), now=NOON),
            ]

        await asyncio.gather(
            *(
                store.change_all((task.id,), twice, ACME)
                if number % 2
                else store.change(
                    (task.id,), updating(task.id, description=Message("", str(number))), ACME
                )
                for number in range(40)
            )
        )
        history = await story(store, task.id)
        assert [event.task.revision for event in history] == list(range(1, 62))
        assert (await store.task(task.id)) == history[-1].task


async def create_once(store: Store, key: str = "key", at: int = NOON) -> Sequence[Decision] | Kept:
    def decide(tasks: Tasks) -> list[Decision]:
        return [creating(new_id())(tasks)]

    return await store.change_all((), decide, ACME, once(key, at))


@scenario
async def test_a_request_is_made_once(home: Home) -> None:
    async with home.store() as store:
        decisions = await create_once(store)
        assert not isinstance(decisions, Kept)
        (create,) = decisions
        expected = Kept(DIGEST, task_of(create).id)
        for at in (NOON, NOON + KEPT_MILLISECONDS - 1, NOON - 1):
            assert await create_once(store, at=at) == expected
        assert len(await whole_log(store)) == 1
    async with home.store() as store:
        assert await create_once(store) == expected
        assert not isinstance(await create_once(store, "other"), Kept)
        assert len(await whole_log(store)) == 2


@scenario
async def test_of_100_at_once_one_is_made_and_the_others_wait(home: Home) -> None:
    async with home.store() as store:
        outcomes = await asyncio.gather(*(create_once(store) for _ in range(100)))
        kept = [one for one in outcomes if isinstance(one, Kept)]
        assert len(kept) == 99
        (event,) = await whole_log(store)
        assert {one.note for one in kept} == {event.task.id}


@scenario
async def test_a_refusal_is_not_kept(home: Home) -> None:
    async with home.store() as store:
        asked = [store.change_all((), lambda _tasks: [NO], ACME, once()) for _ in range(5)]
        assert await asyncio.gather(*asked) == [[NO]] * 5
        assert not isinstance(await create_once(store), Kept)
        assert isinstance(await create_once(store), Kept)


@scenario
async def test_a_step_with_a_row_that_cannot_be_stored_fails_whole_and_alone(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        bad = msgspec.structs.replace(task, id="short", revision=1)

        def decide(tasks: Tasks) -> list[Decision]:
            good = machine.request_cancel(tasks[task.id], now=NOON)
            return [good, keeping(None, bad)(tasks)]

        broken = asyncio.ensure_future(store.change_all((task.id,), decide, ACME, once()))
        other = asyncio.ensure_future(made(store))
        again = asyncio.ensure_future(create_once(store))
        with pytest.raises(Corrupt):
            await broken
        found = await asyncio.gather(other, again, return_exceptions=True)
        assert await store.task(task.id) == task
        assert len(await whole_log(store)) == 1 + sum(
            not isinstance(one, BaseException | Kept) for one in found
        )
        # What failed was not kept.
        assert not isinstance(found[1], Kept)


@scenario
async def test_whoever_goes_away_leaves_the_request_on_its_way(home: Home) -> None:
    async with home.store() as store:
        first = asyncio.ensure_future(create_once(store))
        await asyncio.sleep(0)
        first.cancel()
        second = await create_once(store)
        assert isinstance(second, Kept)
        (event,) = await whole_log(store)
        assert second.note == event.task.id


@scenario
async def test_a_request_is_forgotten_after_its_time(home: Home) -> None:
    async with home.store() as store:
        for number in range(5):
            await create_once(store, str(number), NOON + number)
        later = NOON + KEPT_MILLISECONDS
        assert not isinstance(await create_once(store, "0", later), Kept)
        assert isinstance(await create_once(store, "0", later), Kept)
        assert await store.forget_kept(NOON + 4, 2) == 2
        assert await store.forget_kept(NOON + 4, 2) == 1
        assert await store.forget_kept(NOON + 4, 2) == 0
        assert isinstance(await create_once(store, "4", NOON), Kept)
        assert isinstance(await create_once(store, "0", later), Kept)
        assert not isinstance(await create_once(store, "1", NOON), Kept)


def test_a_step_counts_as_many_as_its_changes(home: Home) -> None:
    @scenario
    async def test(home: Home) -> None:
        async with home.store(most_waiting=50) as store:
            ids = [new_id() for _ in range(60)]
            step = asyncio.ensure_future(
                store.change_all((), lambda tasks: [creating(one)(tasks) for one in ids], ACME)
            )
            await asyncio.sleep(0)
            with pytest.raises(Overloaded):
                await made(store)
            await step
            await made(store)
            assert len(await store.events_after(0, EVERYTHING)) == 61

    test(home)
