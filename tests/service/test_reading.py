"""Pages for a caller: tokens that are for one caller and one question, and nobody else's tasks."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from milepost.access.principals import Principal, Role
from milepost.rules import reasons
from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.reasons import Refusal
from milepost.rules.task import DEFAULT_RULES, Refused, Task, UpdateTask
from milepost.rules.values import Message, Status
from milepost.service.reading import EventsRead, Reading, TasksRead
from milepost.store.sqlite.store import open_store
from tests.service.test_tasks import ACME, COLLEAGUE, OTHER, ROOT, UNKNOWN, VERA, House

ALL = Selection()
BOB = Principal("bob", Role.VIEWER)


class Library:
    """A house whose tasks are read page by page."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.reading = Reading(house.store, house.tasks)

    async def page(
        self, who: Principal, selection: Selection = ALL, size: int = 2, token: str | None = None
    ) -> TasksRead:
        found = await self.reading.page(who, selection, size, token)
        assert isinstance(found, TasksRead), found
        return found


Test = Callable[[Library], Awaitable[None]]
Play = Callable[[Test], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    async def played(test: Test) -> None:
        store = open_store(tmp_path)
        try:
            await test(Library(House(store, DEFAULT_RULES)))
        finally:
            await store.close()

    return lambda test: asyncio.run(played(test))


def test_a_page_shows_what_may_be_seen(play: Play) -> None:
    async def test(library: Library) -> None:
        ours = [await library.house.made(ACME) for _ in range(3)]
        theirs = await library.house.made(OTHER)
        first = await library.page(ACME)
        assert first.tasks == (ours[2], ours[1])
        assert first.token is not None
        last = await library.page(ACME, token=first.token)
        assert last == TasksRead((ours[0],), None)
        assert (await library.page(VERA, size=9)).tasks == (theirs, *ours[::-1])
        sneaky = Selection(wanted=TaskFilter(visible_service="com.other"))
        assert theirs not in (await library.page(ACME, sneaky, size=9)).tasks
        counts = await library.reading.counts(ACME, sneaky)
        assert (counts.by_status[Status.PENDING], counts.complete) == (3, True)
        assert (await library.reading.counts(VERA, ALL)).by_status[Status.PENDING] == 4

    play(test)


def test_a_token_is_for_one_caller_and_one_question(play: Play) -> None:
    async def test(library: Library) -> None:
        for _ in range(5):
            await library.house.made(ACME)
        token = (await library.page(VERA)).token
        assert token is not None
        assert (await library.page(VERA, size=1, token=token)).tasks  # the size may differ
        bad = Refusal(reasons.BAD_PAGE_TOKEN, (token,))
        assert await library.reading.page(BOB, ALL, 2, token) == bad
        assert await library.reading.page(ACME, ALL, 2, token) == bad
        for other in (
            Selection(newest_first=False),
            Selection(text="o"),
            Selection(wanted=TaskFilter(users=frozenset({"ann"}))),
        ):
            assert await library.reading.page(VERA, other, 2, token) == bad

    play(test)


def test_a_token_cannot_be_made_up(play: Play) -> None:
    async def test(library: Library) -> None:
        for _ in range(5):
            await library.house.made(ACME)
        token = (await library.page(VERA)).token
        assert token is not None
        raw = base64.urlsafe_b64decode(token)
        made_up = [
            base64.urlsafe_b64encode(bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]]))
            for place in range(len(raw))
        ]
        others = ("", "A", "AAAA", "é", token + "A", token[:-4], token + "=", "/" * 32, raw.hex())
        for text in (*(one.decode() for one in made_up), *others):
            found = await library.reading.page(VERA, ALL, 2, text)
            assert isinstance(found, Refusal), text
            assert found.reason is reasons.BAD_PAGE_TOKEN

    play(test)


def test_a_token_outlives_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        store = open_store(tmp_path)
        library = Library(House(store, DEFAULT_RULES))
        tasks = [await library.house.made(ACME) for _ in range(3)]
        token = (await library.page(VERA)).token
        await store.close()
        store = open_store(tmp_path)
        again = Library(House(store, DEFAULT_RULES))
        assert (await again.page(VERA, token=token)).tasks == (tasks[0],)
        await store.close()

    asyncio.run(test())


def test_a_history_page_by_page(play: Play) -> None:
    async def test(library: Library) -> None:
        task = await library.house.made(ACME)
        for word in ("one", "two"):
            spec = UpdateTask(description=Message("", word))
            await library.house.tasks.update(COLLEAGUE, task.id, spec, "there")
        now = await library.house.tasks.get(ROOT, task.id)
        assert isinstance(now, Task)
        first = await library.reading.history(VERA, task.id, 2, None)
        assert isinstance(first, EventsRead)
        assert [event.task.revision for event in first.events] == [3, 2]
        assert first.task == now
        last = await library.reading.history(VERA, task.id, 2, first.token)
        assert isinstance(last, EventsRead)
        assert ([event.task.revision for event in last.events], last.token) == ([1], None)

        other = await library.house.made(ACME)
        refusal = Refusal(reasons.BAD_PAGE_TOKEN, (first.token or "",))
        assert await library.reading.history(VERA, other.id, 2, first.token) == Refused(
            refusal, other
        )
        for who, task_id in ((OTHER, task.id), (ROOT, UNKNOWN)):
            refused = await library.reading.history(who, task_id, 2, None)
            assert isinstance(refused, Refused)
            assert (refused.refusal.reason, refused.task) == (reasons.TASK_UNKNOWN, None)

    play(test)
