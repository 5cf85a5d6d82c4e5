"""The log of what has happened, and the history of one task."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from milepost.rules.task import EventKind, Task
from milepost.rules.values import Opaque, Progress, Status
from milepost.store.base import MOST_PAGE_BYTES, Event, LogSpan, Store
from tests.contract.samples import (
    ACME,
    EVERYTHING,
    NOON,
    cancelling,
    changed,
    failure,
    made,
    moved,
    story,
    text,
    told,
    understood,
    whole_log,
)
from tests.contract.stores import Home, scenario

RESULT = Opaque('{"disk":"a secret"}')


def moves(event: Event) -> dict[str, tuple[Any, Any]]:
    return understood(event.changes)


async def busy(store: Store) -> list[Task]:
    """Every revision of three tasks whose changes are mixed."""
    tasks = [await made(store) for _ in range(3)]
    revisions = list(tasks)
    for done in range(1, 6):
        for number, task in enumerate(tasks):
            spec = {"status": Status.RUNNING, "progress": Progress(9, done)}
            tasks[number] = await moved(store, task, **spec)
            revisions.append(tasks[number])
    return revisions


@scenario
async def test_an_empty_log(home: Home) -> None:
    async with home.store() as store:
        assert await whole_log(store) == []
        assert await store.events_after(7, 10) == []


@scenario
async def test_an_event_tells_which_fields_moved_from_what_to_what(home: Home) -> None:
    async with home.store() as store:
        first = await made(store, description=text("Backup"))
        second = await moved(store, first, status=Status.RUNNING, progress=Progress(9, 1))
        third = changed(await store.change((first.id,), cancelling(first.id), ACME)).after
        error = failure("full")
        fourth = await moved(store, third, status=Status.FAILED, error=error, end_time=NOON + 1)

        log = await whole_log(store)
        assert [moves(event) for event in log] == [
            {
                "status": (None, "PENDING"),
                "description": (None, first.description),
                "progress": (None, first.progress),
            },
            {
                "status": ("PENDING", "RUNNING"),
                "progress": (first.progress, second.progress),
                "start_time": (None, NOON),
            },
            {"cancel_requested": (None, NOON)},
            {
                "status": ("RUNNING", "FAILED"),
                "error": (None, error),
                "end_time": (None, NOON + 1),
            },
        ]
        assert [event.task for event in log] == [first, second, third, fourth]
        kinds = [EventKind.CREATED, EventKind.UPDATED, EventKind.CANCEL_REQUESTED]
        assert [event.kind for event in log] == [*kinds, EventKind.UPDATED]


@scenario
async def test_an_event_names_the_result_and_never_shows_it(home: Home) -> None:
    async with home.store() as store:
        first = await made(store, status=Status.RUNNING, result=RESULT)
        second = await moved(store, first, result=Opaque("2"))
        third = await moved(store, second, description=text("done"))

        assert third.result == Opaque("2")
        log = await whole_log(store)
        assert [moves(event).get("result") for event in log] == [(None, None), (None, None), None]
        assert set(moves(log[1])) == {"result"}
        assert [event.task for event in log] == [told(task) for task in (first, second, third)]
        assert log == await story(store, first.id)
        assert "secret" not in msgspec.json.encode(log).decode()
        assert await store.task(first.id) == third


@pytest.mark.parametrize("limit", [1, 2, 5, 17, 18, 19, EVERYTHING])
def test_paging_gives_the_whole_log(home: Home, limit: int) -> None:
    @scenario
    async def page(home: Home) -> None:
        async with home.store() as store:
            revisions = await busy(store)
            log: list[Event] = []
            while events := await store.events_after(log[-1].position if log else 0, limit):
                assert len(events) <= limit
                log += events
                assert len(log) <= len(revisions)

            assert [event.task for event in log] == revisions
            assert log == await whole_log(store)
            assert [event.position for event in log] == list(range(1, 19))

    page(home)


@scenario
async def test_any_position_can_be_resumed_from(home: Home) -> None:
    async with home.store() as store:
        await busy(store)
        log = await whole_log(store)
        for seen in range(len(log) + 2):
            assert await store.events_after(seen, 4) == log[seen : seen + 4]


@scenario
async def test_a_history_holds_one_task_and_all_of_it(home: Home) -> None:
    async with home.store() as store:
        revisions = await busy(store)
        log = await whole_log(store)
        for task_id in {task.id for task in revisions}:
            history = await story(store, task_id)
            assert history == [event for event in log if event.task.id == task_id]
            assert [event.task.revision for event in history] == [1, 2, 3, 4, 5, 6]
            assert await store.history(task_id, 4) == history[:1:-1]


@scenario
async def test_where_the_log_begins_and_ends(home: Home) -> None:
    async with home.store() as store:
        assert await store.log_span() == LogSpan(0, 0)
        await busy(store)
        assert await store.log_span() == LogSpan(0, 18)
    async with home.store() as store:
        assert await store.log_span() == LogSpan(0, 18)
        await made(store)
        assert await store.log_span() == LogSpan(0, 19)


@scenario
async def test_a_page_holds_no_more_than_it_may_and_at_least_one(home: Home) -> None:
    """Three events of two thirds of a page, one larger than a page, and a small one."""
    async with home.store() as store:
        most, whole = (text("x" * (MOST_PAGE_BYTES * part // 3)) for part in (2, 3))
        for description in (most, most, most, whole):
            await made(store, description=description)
        small = await made(store)

        pages: list[list[int]] = []
        position = 0
        while events := await store.events_after(position, EVERYTHING):
            position = events[-1].position
            pages.append([event.position for event in events])
        assert pages == [[1], [2], [3], [4], [5]]
        assert [event.task for event in await store.events_after(4, 9)] == [small]
