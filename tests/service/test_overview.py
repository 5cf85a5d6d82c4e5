"""The overview: hours, percentiles, and figures that are counted once for all who look."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from milepost.rules.task import DEFAULT_RULES, UpdateTask
from milepost.rules.values import Status
from milepost.service import overview
from milepost.service.overview import HOUR, Overview, hours_of, percentiles
from milepost.store.base import Ended, EndedHour
from milepost.store.sqlite.store import open_store
from tests.service.test_tasks import ACME, OTHER, ROOT, House


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], ()),
        ([7], (7, 7, 7)),
        ([1, 2], (1, 2, 2)),
        (list(range(1, 101)), (50, 90, 99)),
        (list(range(200, 0, -1)), (100, 180, 198)),
    ],
)
def test_percentiles_are_values_that_were_there(values: list[int], found: tuple[int, ...]) -> None:
    assert percentiles(values) == found


def test_hours_add_up_over_services() -> None:
    def ended(service: str, hour: int, status: Status, *took: int) -> EndedHour:
        return EndedHour(service=service, hour=hour, status=status, took=took)

    given = Ended(
        (
            ended("a", 0, Status.SUCCEEDED, 1, 2),
            ended("b", 0, Status.SUCCEEDED, 3),
            ended("b", 0, Status.FAILED, 4),
            ended("a", 23, Status.FAILED, 5),
            # The clock has gone back since.
            ended("a", 24, Status.FAILED, 6),
        ),
        0,
    )
    hours = hours_of(given, 1000)
    assert [one.begins for one in hours] == [1000 + number * HOUR for number in range(24)]
    assert (hours[0].succeeded, hours[0].failed, hours[0].took) == (3, 1, (2, 4, 4))
    assert (hours[23].succeeded, hours[23].failed) == (0, 1)
    assert sum(one.succeeded + one.failed for one in hours) == 5
    assert hours[1].took == ()


def test_each_is_told_of_what_he_may_see_and_figures_are_kept_a_while(tmp_path: Path) -> None:
    async def play() -> None:
        store = open_store(tmp_path)
        try:
            house = House(store, DEFAULT_RULES)
            shown = Overview(store, lambda: house.now)
            ours = await house.made(ACME)
            await house.made(OTHER)
            assert set((await shown.figures(ROOT)).open.by_service) == {
                ACME.extension,
                OTHER.extension,
            }
            assert set((await shown.figures(ACME)).open.by_service) == {ACME.extension}
            for status in (Status.RUNNING, Status.SUCCEEDED):
                await house.tasks.update(ACME, ours.id, UpdateTask(status=status), "")
            assert (await shown.figures(ROOT)).ended == {}
            house.now += overview.FRESH
            figures = await shown.figures(ROOT)
            assert figures.ended == {ACME.extension: {Status.SUCCEEDED: 1, Status.FAILED: 0}}
            assert figures.hours[-1].succeeded == 1
            assert figures.complete
        finally:
            await store.close()

    asyncio.run(play())


def test_not_more_callers_are_remembered_than_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_REMEMBERED", 1)

    async def play() -> None:
        store = open_store(tmp_path)
        try:
            house = House(store, DEFAULT_RULES)
            shown = Overview(store, lambda: house.now)
            for who in (ROOT, ACME, OTHER):
                await shown.figures(who)
            assert list(shown._known) == [OTHER.extension]
        finally:
            await store.close()

    asyncio.run(play())


def test_what_took_long_to_count_is_told_for_longer(tmp_path: Path) -> None:
    async def play() -> None:
        store = open_store(tmp_path)
        now = 0

        def slow_clock() -> int:
            nonlocal now
            now += 1_000
            return now

        try:
            shown = Overview(store, slow_clock)
            first = await shown.figures(ROOT)
            # It took a second by this clock, and is told for twenty.
            assert first.at == 1_000
            for _ in range(18):
                assert await shown.figures(ROOT) is first
            assert await shown.figures(ROOT) is not first
        finally:
            await store.close()

    asyncio.run(play())
