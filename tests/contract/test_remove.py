"""Removing finished tasks: which may go, what is left of them, and what happens meanwhile."""

from __future__ import annotations

import asyncio

from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.rules.task import Refused, Task
from milepost.rules.values import Message, Status
from milepost.store.base import Store
from tests.contract.samples import (
    ACME,
    NOON,
    creating,
    failure,
    made,
    moved,
    new_id,
    story,
    updating,
    whole_log,
)
from tests.contract.stores import Home, scenario

NOTHING = Refusal(reasons.TASK_UNKNOWN, ("x",))
LATE = NOON + 1_000_000
EVERY = 1_000_000


async def finished(store: Store, now: int = NOON, **spec: object) -> Task:
    fields = {"status": Status.SUCCEEDED, **spec}
    return await made(store, now=now, **fields)  # type: ignore[arg-type]


async def removable(store: Store, before: int = LATE, keep: int = EVERY) -> list[str]:
    return await store.removable("com.acme", before, keep, 100)


async def compacted(store: Store, most: int = 100) -> int:
    count = 0
    while removed := await store.compact(most):
        assert removed <= most
        count += removed
    return count


@scenario
async def test_which_tasks_may_go_by_age(home: Home) -> None:
    async with home.store() as store:
        third = await finished(store, NOON + 3)
        first = await finished(store, NOON + 1)
        failed = await made(store, now=NOON + 2, status=Status.FAILED, error=failure("full"))
        await made(store, status=Status.RUNNING)
        await finished(store, pinned=True)
        await finished(store, service="com.other")
        parent = await finished(store)
        child = await finished(store, NOON + 4, parent=parent.id)
        open_parent = await finished(store)
        await made(store, parent=open_parent.id)

        assert await removable(store) == [first.id, failed.id, third.id, child.id]
        assert await removable(store, NOON + 3) == [first.id, failed.id]
        assert await store.removable("com.acme", LATE, EVERY, 2) == [first.id, failed.id]
        assert await store.services_with_finished() == ["com.acme", "com.other"]
        await store.remove([child.id], LATE)
        assert parent.id in await removable(store)


@scenario
async def test_which_tasks_may_go_by_number(home: Home) -> None:
    async with home.store() as store:
        tasks = [await finished(store, NOON + number) for number in range(5)]
        await finished(store, pinned=True)
        ids = [task.id for task in tasks]
        for keep, expected in ((5, []), (3, ids[:2]), (0, ids)):
            assert await removable(store, NOON, keep) == expected
        assert await store.removable("com.acme", NOON, 0, 2) == ids[:2]


@scenario
async def test_a_removed_task_is_gone_and_leaves_a_tombstone(home: Home) -> None:
    async with home.store() as store:
        task, other = await finished(store), await finished(store)
        later = await moved(store, task, description=Message("", "corrected"))
        assert await store.task(task.id) == later
        assert await store.remove([task.id], LATE) == 1
        assert await store.task(task.id) is None
        assert await store.tombstone(task.id) == "com.acme"
        assert await store.tombstone(other.id) is None
        assert await store.history(task.id, 10) == []
        outcome = await store.change(
            (task.id,), lambda tasks: creating(new_id())(tasks) if tasks else Refused(NOTHING), ACME
        )
        assert isinstance(outcome.decision, Refused)
        # The events go bit by bit; those of others stay.
        assert len(await whole_log(store)) == 3
        assert await compacted(store) == 2
        assert [event.task.id for event in await whole_log(store)] == [other.id]
        assert await store.remove([task.id], LATE) == 0
    async with home.store() as store:
        assert await store.task(task.id) is None
        assert await store.tombstone(task.id) == "com.acme"


@scenario
async def test_a_long_history_goes_in_small_steps(home: Home) -> None:
    async with home.store() as store:
        task = await made(store, status=Status.RUNNING)
        other = await made(store)
        for number in range(20):
            task = await moved(store, task, description=Message("", str(number)))
            other = await moved(store, other, description=Message("", str(number)))
        await moved(store, task, status=Status.SUCCEEDED)
        await store.remove([task.id], LATE)
        assert await store.compact(5) == 5
    async with home.store() as store:
        assert await compacted(store, 5) == 17
        assert await whole_log(store) == await story(store, other.id)
        assert len(await story(store, other.id)) == 21
        # Positions are never given again.
        last = (await whole_log(store))[-1].position
        await made(store)
        assert (await whole_log(store))[-1].position > last


@scenario
async def test_the_log_says_from_where_on_it_is_whole(home: Home) -> None:
    """Events are missing in the middle of it; who has not read so far has missed them."""
    async with home.store() as store:
        before, task, after = await made(store), await finished(store), await made(store)
        whole = await store.log_span()
        await store.remove([task.id], LATE)
        assert await store.log_span() == whole
        await compacted(store)
        span = await store.log_span()
        log = await whole_log(store)
        assert [event.task.id for event in log] == [before.id, after.id]
        assert (span.after, span.last) == (2, 3)
    async with home.store() as store:
        assert await store.log_span() == span


@scenario
async def test_what_may_not_go_stays(home: Home) -> None:
    async with home.store() as store:
        running = await made(store, status=Status.RUNNING)
        pinned = await finished(store, pinned=True)
        parent = await finished(store)
        child = await made(store, parent=parent.id)
        ids = [running.id, pinned.id, parent.id, "x" * 22]
        assert await store.remove(ids, LATE) == 0
        for task in (running, pinned, parent, child):
            assert await store.task(task.id) == task
            assert await store.tombstone(task.id) is None
        # They can be changed as before.
        await moved(store, parent, description=Message("", "still here"))


@scenario
async def test_what_is_being_changed_stays(home: Home) -> None:
    async with home.store() as store:
        task, parent = await finished(store), await finished(store)
        change = asyncio.ensure_future(
            store.change((task.id,), updating(task.id, description=Message("", "a")), ACME)
        )
        birth = asyncio.ensure_future(
            store.change((parent.id,), creating(new_id(), parent=parent.id), ACME)
        )
        await asyncio.sleep(0)
        assert await store.remove([task.id, parent.id], LATE) == 0
        await asyncio.gather(change, birth)
        assert await store.task(task.id) is not None
        assert await store.task(parent.id) is not None


@scenario
async def test_what_is_asked_while_a_task_goes_finds_none(home: Home) -> None:
    async with home.store() as store:
        task = await finished(store)
        removing = asyncio.ensure_future(store.remove([task.id], LATE))
        await asyncio.sleep(0)
        seen: list[int] = []

        def look(tasks: object) -> Refused:
            seen.append(len(tasks))  # type: ignore[arg-type]
            return Refused(NOTHING)

        await asyncio.gather(*(store.change((task.id,), look, ACME) for _ in range(20)))
        assert await removing == 1
        assert set(seen) == {0}


@scenario
async def test_whoever_gives_up_a_removal_leaves_it_on_its_way(home: Home) -> None:
    async with home.store() as store:
        task = await finished(store)
        removing = asyncio.ensure_future(store.remove([task.id], LATE))
        await asyncio.sleep(0)
        removing.cancel()
        for _ in range(3):  # it is among the next that are committed
            other = await made(store)
        assert await store.tombstone(task.id) == "com.acme"
        assert await store.task(task.id) is None
        assert await store.task(other.id) == other


@scenario
async def test_tombstones_are_forgotten_after_their_time(home: Home) -> None:
    async with home.store() as store:
        tasks = [await finished(store) for _ in range(5)]
        for number, task in enumerate(tasks):
            await store.remove([task.id], NOON + number)
        assert await store.forget_tombstones(NOON + 4, 3) == 3
        assert await store.forget_tombstones(NOON + 4, 3) == 1
        assert await store.forget_tombstones(NOON + 4, 3) == 0
        told = [await store.tombstone(task.id) for task in tasks]
        assert told == [None] * 4 + ["com.acme"]
