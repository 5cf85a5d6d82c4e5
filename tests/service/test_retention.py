"""How long finished tasks are kept, by a written clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from milepost.access.principals import Principal
from milepost.rules import reasons
from milepost.rules.extensions import Retention
from milepost.rules.task import (
    DEFAULT_RULES,
    CreateTask,
    Refused,
    Task,
    TaskUpdate,
    UpdateTask,
)
from milepost.rules.values import Status
from milepost.service import retention
from milepost.service.batches import Batches
from milepost.service.reading import Reading
from milepost.service.repeats import Repeatable
from milepost.service.retention import TOMBSTONE_MILLISECONDS, Keeping, Sweeper
from milepost.store.sqlite.store import open_store
from tests.service.test_tasks import (
    ACME,
    NOON,
    OSCAR,
    OTHER,
    ROOT,
    RUN,
    VERA,
    House,
    accepted,
)

DAY = 86_400_000
DONE = UpdateTask(status=Status.SUCCEEDED)


class Archive:
    """A house whose finished tasks are kept for a day, at most 5 of each extension."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.own: dict[str, Retention] = {}
        self.sweeper = Sweeper(
            house.store,
            Keeping(age_seconds=86_400, count=5),
            retention_of=lambda service: self.own.get(service, Retention()),
            clock=lambda: house.now,
        )

    async def done(self, who: Principal = ACME) -> Task:
        task = await self.house.made(who)
        self.house.now += 1
        return accepted(await self.house.tasks.update(who, task.id, DONE, ""))

    async def there(self, *tasks: Task) -> list[bool]:
        return [await self.house.store.task(task.id) is not None for task in tasks]


Test = Callable[[Archive], Awaitable[None]]
Play = Callable[[Test], None]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0)

    async def played(test: Test) -> None:
        store = open_store(tmp_path)
        try:
            await test(Archive(House(store, DEFAULT_RULES)))
        finally:
            await store.close()

    return lambda test: asyncio.run(played(test))


def test_finished_tasks_go_at_their_age(play: Play) -> None:
    async def test(archive: Archive) -> None:
        first, running = await archive.done(), await archive.house.made()
        archive.house.now += DAY // 2
        second = await archive.done()
        archive.house.now = (first.finished_at or 0) + DAY
        assert await archive.sweeper.sweep() == 0
        archive.house.now += 1
        assert await archive.sweeper.sweep() == 1
        assert await archive.there(first, second, running) == [False, True, True]
        archive.house.now += 10 * DAY
        await archive.sweeper.sweep()
        assert await archive.there(second, running) == [False, True]

    play(test)


def test_the_age_is_that_of_the_services_clock(play: Play) -> None:
    """A client may say that it ended long ago; that makes it go no sooner."""

    async def test(archive: Archive) -> None:
        task = await archive.house.made()
        long_ago = UpdateTask(
            status=Status.SUCCEEDED, start_time=NOON - 90 * DAY, end_time=NOON - 80 * DAY
        )
        accepted(await archive.house.tasks.update(ACME, task.id, long_ago, ""))
        assert await archive.sweeper.sweep() == 0

    play(test)


def test_no_more_than_a_number_is_kept_of_each_extension(play: Play) -> None:
    async def test(archive: Archive) -> None:
        tasks = [await archive.done() for _ in range(8)]
        others = [await archive.done(OTHER) for _ in range(5)]
        assert await archive.sweeper.sweep() == 3
        assert await archive.there(*tasks) == [False] * 3 + [True] * 5
        assert await archive.there(*others) == [True] * 5
        # Their events went with them.
        log = await archive.house.store.events_after(0, 1000)
        assert {event.task.id for event in log} == {task.id for task in (*tasks[3:], *others)}

    play(test)


def test_more_go_than_one_step_takes(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "TASKS_AT_ONCE", 3)
    monkeypatch.setattr(retention, "EVENTS_AT_ONCE", 2)

    async def test(archive: Archive) -> None:
        for _ in range(20):
            await archive.done()
        assert await archive.sweeper.sweep() == 15
        assert len(await archive.house.store.events_after(0, 1000)) == 10

    play(test)


def test_an_extension_may_say_otherwise(play: Play) -> None:
    async def test(archive: Archive) -> None:
        archive.own["com.acme"] = Retention(count=1)
        archive.own["com.other"] = Retention(age_seconds=0)
        ours = [await archive.done() for _ in range(3)]
        theirs = await archive.done(OTHER)
        archive.house.now += 1
        assert await archive.sweeper.sweep() == 3
        assert await archive.there(*ours, theirs) == [False, False, True, False]

    play(test)


def test_pinned_tasks_and_parents_stay(play: Play) -> None:
    async def test(archive: Archive) -> None:
        house = archive.house
        pinned, parent = await archive.done(), await house.made()
        accepted(await house.tasks.update(ROOT, pinned.id, UpdateTask(pinned=True), ""))
        spec = CreateTask(operation="op", cancelable=True, parent=parent.id)
        child = accepted(await house.tasks.create(ACME, spec, ""))
        accepted(await house.tasks.update(ACME, parent.id, DONE, ""))
        house.now += 2 * DAY
        assert await archive.sweeper.sweep() == 0
        accepted(await house.tasks.update(ACME, child.id, DONE, ""))
        house.now += 2 * DAY
        # First the child, and then the parent.
        assert await archive.sweeper.sweep() == 2
        assert await archive.there(pinned, parent, child) == [True, False, False]
        accepted(await house.tasks.update(ROOT, pinned.id, UpdateTask(pinned=False), ""))
        assert await archive.sweeper.sweep() == 1

    play(test)


def test_whoever_asks_for_a_removed_task_is_told_so(play: Play) -> None:
    async def test(archive: Archive) -> None:
        house = archive.house
        once = Repeatable("POST /v1/tasks", "key")
        spec = CreateTask(operation="op", cancelable=True, status=Status.SUCCEEDED)
        task = accepted(await house.tasks.create(ACME, spec, "", once))
        house.now += DAY + 1
        assert await archive.sweeper.sweep() == 1
        reading = Reading(house.store, house.tasks)
        batches = Batches(house.store, house.tasks, lambda: house.now, lambda _position: None)
        house.now = NOON
        for who, reason in (
            *((one, reasons.TASK_EXPIRED) for one in (ACME, OSCAR, VERA, ROOT)),
            (OTHER, reasons.TASK_UNKNOWN),
        ):
            for told in (
                await house.tasks.get(who, task.id),
                await house.tasks.update(who, task.id, RUN, ""),
                await house.tasks.cancel(who, task.id, ""),
                await house.tasks.force_close(who, task.id, ""),
                await house.tasks.heartbeat(who, task.id),
                await reading.history(who, task.id, 10, None),
            ):
                assert isinstance(told, Refused)
                assert (told.refusal.reason, told.refusal.args) == (reason, (task.id,))
                assert told.task is None
            done = await batches.run(who, [TaskUpdate(task.id, RUN)], "")
            assert isinstance(done, list)
            assert done[0].refusal is not None
            assert done[0].refusal.reason is reason
        # The same create again makes no second task.
        again = await house.tasks.create(ACME, spec, "", once)
        assert isinstance(again, Refused)
        assert again.refusal.reason is reasons.TASK_EXPIRED

        house.now += TOMBSTONE_MILLISECONDS + 2 * DAY
        await archive.sweeper.sweep()
        told = await house.tasks.get(ROOT, task.id)
        assert isinstance(told, Refused)
        assert told.refusal.reason is reasons.TASK_UNKNOWN

    play(test)
