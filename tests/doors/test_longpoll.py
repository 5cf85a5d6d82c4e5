"""The long poll, as the handler of a task uses it."""

from __future__ import annotations

import asyncio

import pytest

from milepost.doors.longpoll import Waited, waited
from milepost.doors.messages import Head, Request
from milepost.doors.refusals import Refuse, RefusedWith
from milepost.rules import reasons
from milepost.rules.task import Task
from milepost.rules.values import Status
from milepost.wire.queries import BadQuery, Query, parse_query
from tests.service.watchers import ACME, OTHER, PATIENCE, House, scenario, until


class Asked:
    """A request for a task, with a query and perhaps ``If-None-Match``."""

    def __init__(self, house: House, query: str, held: str | None = None) -> None:
        pairs = [] if held is None else [(b"if-none-match", held.encode())]
        self.house = house
        self.request = Request(Head("GET", b"/", pairs, "1.0"), 0)
        self.request.login = ACME
        self.query: Query = parse_query(query.encode())

    async def about(self, task: Task) -> Waited | None:
        found = waited(self.house.watching, self.request, task.id, self.query)
        return await asyncio.wait_for(found, PATIENCE)


@scenario
async def test_a_request_that_does_not_ask_to_wait(house: House) -> None:
    task = await house.made()
    asked = Asked(house, "exclude_result=true", '"1"')
    assert await asked.about(task) is None
    assert asked.query == {"exclude_result": ["true"]}
    assert asked.request.hurry is None


@pytest.mark.parametrize(
    ("query", "held", "is_news"),
    [
        ("wait=0s", '"1"', False),
        ("wait=0.05s", '"1"', False),
        ("wait=0.05s", '"3", W/"1"', False),
        ("wait=0.05s&after_revision=1", None, False),
        ("wait=60s", '"2"', True),
        ("wait=60s", '"another"', True),
        ("wait=60s&after_revision=0", '"1"', True),
        ("wait=0.05s&for=terminal", None, True),
        ("wait=0.05s&for=terminal", '"1"', True),
    ],
)
def test_what_comes_of_a_wait(
    tmp_path_factory: pytest.TempPathFactory, query: str, held: str | None, *, is_news: bool
) -> None:
    @scenario
    async def test(house: House) -> None:
        task = await house.made()
        asked = Asked(house, f"{query}&exclude_result=true", held)
        assert await asked.about(task) == Waited(task, is_news)
        assert asked.query == {"exclude_result": ["true"]}

    test(tmp_path_factory.mktemp("wait"))


@scenario
async def test_a_change_ends_a_wait(house: House) -> None:
    task = await house.made()
    asked = Asked(house, "wait=60s", '"1"')
    waiting = asyncio.ensure_future(asked.about(task))
    await until(lambda: asked.request.hurry is not None)
    moved = await house.moved(task, Status.RUNNING)
    assert await waiting == Waited(moved, is_news=True)


@scenario
async def test_a_server_that_stops_ends_a_wait_as_the_time_does(house: House) -> None:
    task = await house.made()
    for query, is_news in (("wait=60s&after_revision=1", False), ("wait=60s&for=terminal", True)):
        asked = Asked(house, query)
        waiting = asyncio.ensure_future(asked.about(task))
        await until(lambda: asked.request.hurry is not None)  # noqa: B023  used within its turn
        assert asked.request.hurry is not None
        asked.request.hurry()
        assert await waiting == Waited(task, is_news)


@scenario
async def test_what_is_refused(house: House) -> None:
    task = await house.made()
    foreign = await house.made(OTHER)
    with pytest.raises(RefusedWith) as refused:
        await Asked(house, "wait=60s&after_revision=1").about(foreign)
    assert refused.value.refusal.reason is reasons.TASK_UNKNOWN
    with pytest.raises(BadQuery) as bad:
        await Asked(house, "wait=60s").about(task)
    assert bad.value.refusal.reason is reasons.MISSING_PARAMETER
    with pytest.raises(BadQuery):
        await Asked(house, "wait=60s", "*").about(task)
    with pytest.raises(Refuse) as refuse:
        await Asked(house, "wait=60s", "1").about(task)
    assert refuse.value.refusal.reason is reasons.BAD_ETAG
