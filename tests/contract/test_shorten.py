"""Histories that are too long: what is taken out of them, what stays, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Task
from milepost.rules.values import Message, Progress, Status
from milepost.store.base import Store
from tests.contract.samples import ACME, NOON, changed, counting, made, moved, story, whole_log
from tests.contract.stores import Home, scenario

LIMIT = 10
LATE = NOON + 1_000_000
MANY = 1_000


async def begun(store: Store, **spec: str) -> Task:
    """A task under way, so that what it reports from now on is progress and nothing else."""
    return await made(store, status=Status.RUNNING, **spec)


async def counted(store: Store, task: Task, times: int) -> Task:
    """A task that reports progress so many times more."""
    for _ in range(times):
        task = changed(await store.change((task.id,), counting(task.id), ACME)).after
    return task


async def shorten(store: Store, task: Task, at_once: int = MANY) -> list[int]:
    """How many events each step took out of a history."""
    return [taken async for taken in store.shorten(task.id, at_once)]


async def shortened(store: Store) -> int:
    """How many events were taken out of all histories that are too long."""
    return sum(
        [
            taken
            for task_id in await store.overlong(MANY)
            async for taken in store.shorten(task_id, MANY)
        ]
    )


def revisions(tasks: Sequence[Task]) -> list[int]:
    return [task.revision for task in tasks]


async def kept(store: Store, task: Task) -> list[int]:
    """The revisions that a history has, oldest first."""
    return revisions([event.task for event in await story(store, task.id)])


def of(task: Task) -> TaskFilter:
    return TaskFilter(ids=frozenset({task.id}))


@scenario
async def test_a_history_within_its_limit_is_left_alone(home: Home) -> None:
    async with home.store(history_limit=LIMIT) as store:
        task = await counted(store, await begun(store), LIMIT - 1)
        assert await store.overlong(MANY) == []
        assert await shorten(store, task) == [1], "asked for, it makes room for the next"
        assert await kept(store, task) == [1, *range(3, 11)]


@scenario
async def test_the_oldest_reports_of_progress_go_first(home: Home) -> None:
    async with home.store(history_limit=LIMIT) as store:
        task = await counted(store, await begun(store), 4)
        task = await moved(store, task, description=Message("", "half of it"))
        task = await moved(store, task, progress=Progress(9, 9, Message("", "9 of 9")))
        task = await moved(store, task, progress=Progress(9, 9), description=Message("", "all"))
        await counted(store, task, 1)
        assert await store.overlong(MANY) == []
        task = await counted(store, task, 3)
        assert await store.overlong(MANY) == [task.id]

        assert await shortened(store) == 3
        assert await kept(store, task) == [1, 5, 6, 7, 8, 9, 10, 11, 12]
        assert await store.overlong(MANY) == []
        assert await shortened(store) == 0
        # What is left is as it was, and the task goes on.
        assert (await story(store, task.id))[-1].task == task
        later = await moved(store, task, status=Status.SUCCEEDED)
        assert (await kept(store, task))[-1] == later.revision == 13
    async with home.store(history_limit=LIMIT) as store:
        assert await kept(store, task) == [1, 5, 6, 7, 8, 9, 10, 11, 12, 13]
        assert await whole_log(store) == await story(store, task.id)


@scenario
async def test_without_reports_of_progress_the_oldest_others_go(home: Home) -> None:
    async with home.store(history_limit=LIMIT) as store:
        task = await made(store)
        for number in range(13):
            task = await moved(store, task, description=Message("", str(number)))
        assert await shortened(store) == 5
        assert await kept(store, task) == [1, *range(7, 15)]


@scenario
async def test_a_long_history_is_shortened_in_small_steps(home: Home) -> None:
    async with home.store(history_limit=LIMIT) as store:
        task = await counted(store, await begun(store), 40)
        steps = store.shorten(task.id, 7)
        assert await anext(steps) == 7
        assert await kept(store, task) == [1, *range(9, 42)]
        assert await store.overlong(MANY) == [task.id]
    async with home.store(history_limit=LIMIT) as store:
        assert await store.overlong(MANY) == [task.id]
        assert await shorten(store, task, 7) == [7, 7, 7, 4]
        assert await kept(store, task) == [1, *range(34, 42)]
        assert await store.overlong(MANY) == []


@scenario
async def test_a_page_of_the_history_goes_on_behind_what_was_taken_out(home: Home) -> None:
    """Who pages through a history holds the position of an event that goes meanwhile."""
    async with home.store(history_limit=LIMIT) as store:
        other = await made(store)
        task = await counted(store, await begun(store), 14)
        page = await store.history(task.id, 9)
        assert revisions([event.task for event in page]) == [15, 14, 13, 12, 11, 10, 9, 8, 7]
        await counted(store, other, 3)
        await shortened(store)
        rest = await store.history(task.id, 9, before=page[-1].position)
        assert revisions([event.task for event in rest]) == [1]
        assert await store.history(task.id, 9, before=rest[-1].position) == []


@scenario
async def test_the_log_says_what_was_taken_out_and_of_which_tasks(home: Home) -> None:
    async with home.store(history_limit=LIMIT) as store:
        first = await counted(store, await begun(store, user="ann"), 11)
        other = await made(store, service="com.other", operation="restore")
        whole = await store.log_span()
        assert whole.shortened == 0
        assert await store.newest_taken_out(TaskFilter(), 0) is None

        assert await shortened(store) == 3
        span = await store.log_span()
        # Revisions 2, 3 and 4, and each had the position of its number.
        assert (span.after, span.last, span.shortened) == (whole.after, whole.last, 4)
        for wanted in (
            TaskFilter(),
            of(first),
            TaskFilter(services=frozenset({"com.acme"})),
            TaskFilter(visible_service="com.acme"),
            TaskFilter(operations=frozenset({"backup"}), users=frozenset({"ann"})),
        ):
            assert await store.newest_taken_out(wanted, 0) == 4
            assert await store.newest_taken_out(wanted, 3) == 4
            assert await store.newest_taken_out(wanted, 4) is None
        for wanted in (
            of(other),
            TaskFilter(visible_service="com.other"),
            TaskFilter(parents=frozenset({first.id})),
            TaskFilter(users=frozenset({"bea"})),
        ):
            assert await store.newest_taken_out(wanted, 0) is None

        second = await counted(store, await begun(store), 11)
        assert await shortened(store) == 3
        newest = (await store.log_span()).shortened
        assert await store.newest_taken_out(TaskFilter(), 0) == newest
        assert await store.newest_taken_out(of(second), 0) == newest
        assert await store.newest_taken_out(of(first), 0) == 4


@scenario
async def test_a_removed_task_takes_the_rest_of_its_history_along(home: Home) -> None:
    async with home.store(history_limit=LIMIT) as store:
        other = await made(store)
        task = await counted(store, await begun(store), 11)
        await shortened(store)
        task = await counted(store, task, 5)
        task = await moved(store, task, status=Status.SUCCEEDED)
        taken_out = (await store.log_span()).shortened
        assert await store.remove([task.id], LATE) == 1
        span = await store.log_span()
        assert (span.after, span.shortened) == (taken_out, 0), "missed by all, whoever asks"
        assert await shorten(store, task) == [0]
        assert await store.overlong(MANY) == []
        while await store.compact(3):
            pass
        assert [event.task.id for event in await whole_log(store)] == [other.id]


@scenario
async def test_what_is_decided_meanwhile_is_not_harmed(home: Home) -> None:
    """Shortening goes beside changes of the same task."""
    async with home.store(history_limit=LIMIT) as store:
        task = await counted(store, await begun(store), 11)
        for _ in range(5):
            await asyncio.gather(
                shorten(store, task),
                *(store.change((task.id,), counting(task.id), ACME) for _ in range(3)),
            )
        newest = 12 + 15
        history = await kept(store, task)
        assert history[0] == 1
        assert history[-3:] == [newest - 2, newest - 1, newest]
        await shortened(store)
        assert await kept(store, task) == [1, *range(newest - 7, newest + 1)]
