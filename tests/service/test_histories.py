"""Histories that grow too long are shortened while a server is up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from milepost.rules.task import DEFAULT_RULES, UpdateTask
from milepost.rules.values import Progress, Status
from milepost.service import histories
from milepost.service.histories import HistoryKeeper
from milepost.store.sqlite.store import open_store
from tests.service.test_tasks import ACME, House, accepted

LIMIT = 100
MANY = 1_000


def test_all_that_are_too_long_are_shortened_in_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(histories, "RESTS_FOR_WORK", 0)
    monkeypatch.setattr(histories, "EVENTS_AT_ONCE", 7)

    async def test() -> None:
        store = open_store(tmp_path, synchronous="OFF", history_limit=LIMIT)
        house = House(store, DEFAULT_RULES)
        short, *long = [await house.made() for _ in range(3)]
        for task in (short, *long):
            for count in range(LIMIT - 1 if task is short else LIMIT + 20):
                spec = UpdateTask(status=Status.RUNNING, progress=Progress(MANY, count))
                accepted(await house.tasks.update(ACME, task.id, spec, ""))

        keeper = HistoryKeeper(store)
        assert await keeper.shorten() == len(long)
        assert await keeper.shorten() == 0
        assert len(await store.history(short.id, MANY)) == LIMIT
        for task in long:
            left = [event.task.revision for event in await store.history(task.id, MANY)]
            # The first two are the create and the start.
            assert left == [*range(LIMIT + 21, 24, -1), 2, 1]
        await store.close()

    asyncio.run(test())
