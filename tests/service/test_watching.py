"""Watching with rights and sessions, and waiting for a task, over the real store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest import mock

import pytest

from milepost.feed.feed import FeedLimits
from milepost.rules import reasons
from milepost.rules.finding import TaskFilter
from milepost.rules.reasons import Refusal
from milepost.rules.task import Refused, Task, UpdateTask
from milepost.rules.values import Opaque, Status
from milepost.rules.waiting import Wait
from milepost.store.base import Event, LogSpan, Unavailable
from tests.service.watchers import (
    ACME,
    ALL,
    OSCAR,
    OTHER,
    PATIENCE,
    ROOT,
    VERA,
    House,
    heard,
    play,
    scenario,
    task_of,
    until,
)


@scenario
async def test_a_change_is_told_once_it_is_answered(house: House) -> None:
    watch = await house.watch(ACME)
    task = await house.moved(await house.made(), Status.RUNNING)
    assert await heard(watch, 2) == "com.acme/1 com.acme/2"
    refused = await house.tasks.update(
        ACME.principal, task.id, UpdateTask(status=Status.PENDING), "here"
    )
    assert isinstance(refused, Refused)
    await house.moved(task, Status.RUNNING)
    await house.moved(task, Status.BLOCKED)
    assert await heard(watch, 1) == "com.acme/3"
    watch.close()


@scenario
async def test_nobody_is_told_what_they_may_not_see(house: House) -> None:
    everybody = [await house.watch(who) for who in (ROOT, OSCAR, VERA, ACME, OTHER)]
    for who in (ACME, OTHER, ROOT, OTHER):
        await house.made(who)
    everything = "com.acme/1 com.other/1 com.milepost.local/1 com.other/1"
    told = [everything, everything, everything, "com.acme/1", "com.other/1 com.other/1"]
    assert [
        await heard(watch, words.count(" ") + 1)
        for watch, words in zip(everybody, told, strict=True)
    ] == told
    asked = await house.watch(ACME, TaskFilter(services=frozenset({"com.other"})), 0)
    nothing = await asked.next(asyncio.get_running_loop().time() + 0.05)
    assert (nothing, asked.position) == (b"", 4)
    for watch in (*everybody, asked):
        watch.close()


@scenario
async def test_a_position_that_is_not_there(house: House) -> None:
    await house.made()
    ahead = await house.watching.watch(ROOT, ALL, 7)
    assert ahead == Refusal(reasons.POSITION_AHEAD, ("7", "1"))


def test_no_more_watch_than_may(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        watch = await house.watch(ROOT)
        refusal = Refusal(reasons.TOO_MANY_WATCHERS, ("1",))
        assert await house.watching.watch(ROOT, ALL, None) == refusal
        task = await house.made()
        assert await house.wait(ROOT, task, Wait(seconds=PATIENCE)) == Refused(refusal)
        watch.close()
        (await house.watch(ROOT)).close()
        assert (house.feed.members, house.vigil._bound) == (0, {})

    play(tmp_path, test, FeedLimits(watchers=1))


def test_a_watch_that_is_too_slow_ends_and_tells_where_to_go_on(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        slow, quick = await house.watch(ROOT), await house.watch(ROOT)
        assert await slow.next(0) == b""
        for _ in range(5):
            await house.made()
            await heard(quick, 1)
        assert await slow.next(0) == b""
        assert slow.ended == Refusal(reasons.WATCHER_TOO_SLOW)
        assert slow.position == 0
        assert await slow.next(asyncio.get_running_loop().time() + PATIENCE) == b""
        slow.close()
        again = await house.watch(ROOT, ALL, slow.position)
        assert await heard(again, 5) == " ".join(["com.acme/1"] * 5)
        again.close()
        quick.close()

    play(tmp_path, test, FeedLimits(held_bytes=20))


@scenario
async def test_a_store_that_fails_ends_a_watch_that_reads_it(house: House) -> None:
    async def fails(_position: int, _limit: int) -> list[Event]:
        raise Unavailable("the disk is on fire")

    await house.made()
    watch = await house.watch(ROOT, ALL, 0)
    with mock.patch.object(house.store, "events_after", fails):
        assert await watch.next(0) == b""
    assert watch.ended == Refusal(reasons.STORE_UNAVAILABLE)
    watch.close()


@scenario
async def test_a_fault_of_the_program_is_no_refusal(house: House) -> None:
    async def fails(_position: int, _limit: int) -> list[Event]:
        raise ValueError("a mistake")

    await house.made()
    watch = await house.watch(ROOT, ALL, 0)
    with (
        mock.patch.object(house.store, "events_after", fails),
        pytest.raises(ValueError, match="a mistake"),
    ):
        await watch.next(0)
    watch.close()


@scenario
async def test_the_first_reason_to_end_counts_and_nothing_follows(house: House) -> None:
    await house.made()
    watch = await house.watch(ROOT, ALL, 0)
    waiting = asyncio.ensure_future(watch.next(asyncio.get_running_loop().time() + PATIENCE))
    watch.end_with_session()
    watch.end_with_server()
    assert await waiting == b""
    assert watch.ended == Refusal(reasons.SESSION_UNKNOWN)
    # What was read meanwhile was not told, so it counts as not seen.
    assert watch.position == 0
    watch.close()


# Waiting for one task.


@scenario
async def test_a_wait_for_what_is_so_already_comes_back_at_once(house: House) -> None:
    task = await house.made()
    ended = await house.moved(await house.made(), Status.SUCCEEDED)
    for one, wait in (
        (task, Wait(seconds=PATIENCE, known=frozenset({7}))),
        (ended, Wait(seconds=PATIENCE)),
        (task, Wait(seconds=0)),
        (task, Wait(seconds=0, known=frozenset({1}))),
    ):
        assert await house.wait(ROOT, one, wait) == one
        assert house.hurry == []


@scenario
async def test_a_wait_for_a_change(house: House) -> None:
    task, other = await house.made(), await house.made()
    waiting = house.wait(ROOT, task, Wait(seconds=PATIENCE, known=frozenset({1})))
    await asyncio.sleep(0.01)
    await house.moved(other, Status.RUNNING)
    await asyncio.sleep(0.02)
    assert not waiting.done()
    moved = await house.moved(task, Status.RUNNING)
    assert await asyncio.wait_for(waiting, PATIENCE) == moved
    assert (house.feed.members, house.vigil._bound) == (0, {})


@scenario
async def test_a_wait_for_the_end_lasts_through_other_changes(house: House) -> None:
    task = await house.made()
    waiting = house.wait(ACME, task, Wait(seconds=PATIENCE))
    for status in (Status.RUNNING, Status.BLOCKED):
        await asyncio.sleep(0.01)
        await house.moved(task, status)
    await asyncio.sleep(0.02)
    assert not waiting.done()
    ended = await house.moved(task, Status.SUCCEEDED)
    assert await asyncio.wait_for(waiting, PATIENCE) == ended


@scenario
async def test_a_wait_in_vain_gives_the_task_as_it_is(house: House) -> None:
    task = await house.made()
    for wait in (Wait(seconds=0.05), Wait(seconds=0.05, known=frozenset({1}))):
        assert await house.wait(ROOT, task, wait) == task
    assert house.feed.members == 0


@scenario
async def test_a_wait_that_is_hurried_gives_the_task_as_it_is(house: House) -> None:
    task = await house.made()
    waiting = house.wait(ROOT, task, Wait(seconds=PATIENCE))
    await until(lambda: bool(house.hurry))
    house.hurry[0]()
    assert await asyncio.wait_for(waiting, PATIENCE) == task


@scenario
async def test_a_wait_for_a_task_that_is_not_there_or_not_seen(house: House) -> None:
    task = await house.made()
    found = await house.wait(OTHER, task, Wait(seconds=PATIENCE))
    assert found == Refused(Refusal(reasons.TASK_UNKNOWN, (task.id,)))


@scenario
async def test_a_change_between_the_look_and_the_wait_is_not_missed(house: House) -> None:
    task = await house.made()
    span = house.store.log_span

    async def changed_before() -> LogSpan:
        await house.moved(task, Status.RUNNING)
        return await span()

    wait = Wait(seconds=PATIENCE, known=frozenset({1}))
    with mock.patch.object(house.store, "log_span", changed_before):
        found = await asyncio.wait_for(house.wait(ROOT, task, wait), PATIENCE)
    assert isinstance(found, Task)
    assert found.revision == 2


@scenario
async def test_a_wait_ends_with_its_session(house: House) -> None:
    task = await house.made()
    waiting = house.wait(ROOT, task, Wait(seconds=PATIENCE))
    await until(lambda: bool(house.vigil._bound))
    # The session of this login is in no store.
    await house.vigil._look_at_all()
    found = await asyncio.wait_for(waiting, PATIENCE)
    assert found == Refused(Refusal(reasons.SESSION_UNKNOWN))


@scenario
async def test_a_wait_that_is_cancelled_leaves_nothing_behind(house: House) -> None:
    task = await house.made()
    waiting = house.wait(ROOT, task, Wait(seconds=PATIENCE))
    await until(lambda: bool(house.hurry))
    waiting.cancel()
    await asyncio.wait([waiting])
    assert (house.feed.members, house.vigil._bound) == (0, {})


@scenario
async def test_the_result_of_a_change_is_told_by_the_task_and_not_by_the_event(
    house: House,
) -> None:
    task = await house.moved(await house.made(), Status.RUNNING)
    waiting = house.wait(ROOT, task, Wait(seconds=PATIENCE, known=frozenset({2})))
    await asyncio.sleep(0.01)
    spec = UpdateTask(result=Opaque("[1]"))
    changed = task_of(await house.tasks.update(ROOT.principal, task.id, spec, "here"))
    assert changed.result == Opaque("[1]")
    assert await asyncio.wait_for(waiting, PATIENCE) == changed
