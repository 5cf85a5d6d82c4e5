"""What an overview counts is what the tasks say, for whoever looks."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from milepost.rules.task import Task
from milepost.rules.values import Status
from milepost.store.base import Store
from milepost.store.sqlite import figures
from tests.contract.samples import NOON, failure, made, moved
from tests.contract.stores import Home, Kind

HOUR = 60 * 60 * 1000
SERVICES = ["com.acme", "com.other", "com_acme"]
TERMINAL = (Status.SUCCEEDED, Status.FAILED)


async def shelve(store: Store) -> list[Task]:
    """Tasks of some services that ended now and then, some still open, some pinned."""
    mixed = random.Random(11)  # noqa: S311  a test's dice
    tasks = []
    for number in range(80):
        began = NOON + mixed.randrange(30) * HOUR // 2
        task = await made(
            store, now=began, service=mixed.choice(SERVICES), status=Status.RUNNING,
            pinned=number % 9 == 0,
        )  # fmt: skip
        end = mixed.choice([*Status, *TERMINAL])
        if end not in (Status.PENDING, Status.RUNNING):
            more: dict[str, Any] = {"error": failure("full")} if end is Status.FAILED else {}
            took = mixed.randrange(HOUR)
            task = await moved(store, task, now=began + took, status=end, **more)
        tasks.append(task)
    return tasks


def seen(tasks: list[Task], visible: str | None) -> list[Task]:
    return [task for task in tasks if visible in (None, task.service)]


@pytest.mark.parametrize("visible", [None, "com.acme", "com.nobody"])
def test_open_tasks_are_counted(home: Home, visible: str | None) -> None:
    async def play() -> None:
        async with home.store() as store:
            assert (await store.open_tasks(visible)).by_service == {}
            tasks = await shelve(store)
            found = await store.open_tasks(visible)
        expected: dict[str, dict[Status, int]] = {}
        for task in seen(tasks, visible):
            if task.status not in TERMINAL:
                empty = {Status.PENDING: 0, Status.RUNNING: 0, Status.BLOCKED: 0}
                expected.setdefault(task.service, empty)[task.status] += 1
        assert found.by_service == expected
        assert found.complete

    asyncio.run(play())


@pytest.mark.parametrize("visible", [None, "com.acme", "com.nobody"])
def test_what_has_ended_is_told_by_the_hour(home: Home, visible: str | None) -> None:
    since = NOON + 3 * HOUR

    async def play() -> None:
        async with home.store() as store:
            assert (await store.ended(since, visible)).hours == ()
            tasks = await shelve(store)
            found = await store.ended(since, visible)
        expected: dict[tuple[str, int, Status], list[int]] = {}
        for task in seen(tasks, visible):
            if task.finished_at is None or task.finished_at < since or task.pinned:
                continue
            assert task.end_time is not None
            assert task.start_time is not None
            key = task.service, (task.finished_at - since) // HOUR, task.status
            expected.setdefault(key, []).append(task.end_time - task.start_time)
        assert {(one.service, one.hour, one.status): sorted(one.took) for one in found.hours} == {
            key: sorted(took) for key, took in expected.items()
        }
        assert (found.complete_since, found.complete) == (since, True)

    asyncio.run(play())


def test_what_is_too_much_is_said(home: Home, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest count, and it is told since when all of them do."""
    if not kind.name.startswith("sqlite"):
        pytest.skip("the bound of another store")
    monkeypatch.setattr(figures, "MOST_ENDED", 5)
    monkeypatch.setattr(figures, "FEWEST_ENDED", 5)

    async def play() -> None:
        async with home.store() as store:
            tasks = await shelve(store)
            found = await store.ended(NOON, None)
        counted = sum(len(one.took) for one in found.hours)
        assert counted == 5 * len(SERVICES)
        ends: dict[str, list[int]] = {}
        for task in tasks:
            if task.finished_at is not None and not task.pinned:
                ends.setdefault(task.service, []).append(task.finished_at)
        assert found.complete_since == max(sorted(of)[-5] for of in ends.values())

    asyncio.run(play())
