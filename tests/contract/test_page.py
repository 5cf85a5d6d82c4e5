"""Pages give what the pure selection would, each task once, however they are cut."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.task import Task
from milepost.rules.values import Opaque, Status, Target
from milepost.store.base import Store
from milepost.store.sqlite import paging, walking
from tests.contract.samples import NOON, failure, made, moved, text
from tests.contract.stores import Home, Kind, new_home, scenario

SERVICES = ["com.acme", "com.other", "com.third", "com_acme"]
OPERATIONS = ["backup", "restore"]
USERS = [None, "root", "Root", "é"]
TARGETS = [("Folder", "group-d1"), ("VirtualMachine", "group-d1"), ("a:b", "c")]
WORDS = ["Backup of web-01", "RESTORE 50%", "Ünwrap_it", ""]


class Library(NamedTuple):
    """A store with a fixed set of tasks, in the order of their creation."""

    runner: asyncio.Runner
    store: Store
    tasks: list[Task]

    def __repr__(self) -> str:
        """Short: hypothesis writes down what a test is given, and this holds hundreds of tasks."""
        return f"Library of {len(self.tasks)} tasks"

    def pages(self, selection: Selection, size: int) -> list[tuple[Task, ...]]:
        """All pages of a selection."""
        found, mark = [], None
        while True:
            page = self.runner.run(self.store.page(selection, size, mark))
            found.append(page.tasks)
            assert len(found) <= 2 * len(self.tasks) + 2, "the pages never end"
            if page.next is None:
                return found
            mark = page.next


async def shelve(store: Store) -> list[Task]:
    mixed = random.Random(7)  # noqa: S311  a test's dice
    tasks: list[Task] = []
    for number in range(90):
        status = mixed.choice(list(Status))
        parents = [None, *(task.id for task in tasks[:3])]
        task = await made(
            store,
            now=NOON - number * 1000,  # the clock may go back; the order is that of the store
            service=mixed.choice(SERVICES),
            operation=mixed.choice(OPERATIONS),
            user=mixed.choice(USERS),
            target=Target(*mixed.choice(TARGETS)),
            description=text(mixed.choice(WORDS)),
            parent=mixed.choice(parents),
            status=status,
            error=failure("full") if status is Status.FAILED else None,
        )
        if number % 5 == 0:
            task = await moved(store, task, now=NOON + number, description=text("later"))
        tasks.append(task)
    return tasks


@pytest.fixture(scope="module")
def library(kind: Kind) -> Iterator[Library]:
    with (
        new_home(kind) as home,
        asyncio.Runner() as runner,
        pytest.MonkeyPatch.context() as patch,
    ):
        if kind.name == "sqlite-small-groups":
            # So little that most pages are cut short and most filters are looked at one by one.
            patch.setattr(walking, "MOST_EXAMINED", 7)
            patch.setattr(paging, "MOST_WALKS", 2)
        store = runner.run(kind.open(home.place, most_waiting=10))
        yield Library(runner, store, runner.run(shelve(store)))
        runner.run(store.close())


def some_of(pool: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.frozensets(st.sampled_from(pool), max_size=4)


instants = st.none() | st.integers(NOON - 90_000, NOON + 90)
selections = st.builds(
    Selection,
    wanted=st.builds(
        TaskFilter,
        ids=st.none() | st.frozensets(st.integers(0, 90), max_size=20),
        services=some_of([*SERVICES, "nobody"]),
        operations=some_of(OPERATIONS),
        status=some_of(list(Status)),
        targets=some_of(TARGETS),
        users=some_of(["root", "Root", "é", ""]),
        parents=st.none() | st.frozensets(st.integers(0, 3), max_size=4),
        visible_service=st.none() | st.sampled_from(SERVICES),
    ),
    text=st.none() | st.sampled_from(["backup", "BACK", "50%", "_", "é", "Ü", "ü", "group", "'"]),
    created_after=instants,
    created_before=instants,
    updated_after=instants,
    finished_after=instants,
    finished_before=instants,
    newest_first=st.booleans(),
)


def named(library: Library, asked: Selection) -> Selection:
    """A selection with the ids of tasks for their numbers."""
    known = [*(task.id for task in library.tasks), "x" * 22]
    wanted = msgspec.structs.replace(
        asked.wanted,
        **{
            member: None if numbers is None else frozenset(known[number] for number in numbers)
            for member in ("ids", "parents")
            for numbers in [getattr(asked.wanted, member)]
        },
    )
    return msgspec.structs.replace(asked, wanted=wanted)


@settings(max_examples=200)
@given(asked=selections, size=st.integers(1, 100))
def test_the_pages_are_the_selection(library: Library, asked: Selection, size: int) -> None:
    selection = named(library, asked)
    expected = [task for task in library.tasks if selection.matches(task)]
    pages = library.pages(selection, size)
    assert all(len(page) <= size for page in pages)
    found = [task for page in pages for task in page]
    assert found == (expected[::-1] if selection.newest_first else expected)


@settings(max_examples=100)
@given(asked=selections)
def test_the_counts_are_those_of_the_selection(library: Library, asked: Selection) -> None:
    selection = named(library, asked)
    free = msgspec.structs.replace(
        selection, wanted=msgspec.structs.replace(selection.wanted, status=None)
    )
    expected = dict.fromkeys(Status, 0)
    for task in library.tasks:
        if free.matches(task):
            expected[task.status] += 1
    counts = library.runner.run(library.store.counts(selection))
    if counts.complete:
        assert counts.by_status == expected
    else:
        assert all(counts.by_status[status] <= expected[status] for status in Status)


def test_a_page_that_is_cut_short_says_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MOST_EXAMINED", 3)

    @scenario
    async def cut(home: Home) -> None:
        async with home.store() as store:
            wanted = await made(store, user="ann", description=text("wanted"))
            for _ in range(4):
                await made(store)
            page = await store.page(Selection(text="wanted"), 10)
            assert page.tasks == ()
            assert page.next is not None
            page = await store.page(Selection(text="wanted"), 10, page.next)
            assert (page.tasks, page.next) == ((wanted,), None)
            counts = await store.counts(Selection(text="wanted"))
            assert (sum(counts.by_status.values()), counts.complete) == (0, False)

    cut(home)


def test_a_page_holds_no_more_than_some_bytes(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LARGEST_PAGE", 10_000)

    @scenario
    async def large(home: Home) -> None:
        async with home.store() as store:
            result = Opaque('"' + "x" * 6_000 + '"')
            tasks = [await made(store, status=Status.RUNNING, result=result) for _ in range(5)]
            found: list[Task] = []
            sizes: list[int] = []
            mark = None
            while not sizes or mark is not None:
                page = await store.page(Selection(newest_first=False), 10, mark)
                found += page.tasks
                sizes.append(len(page.tasks))
                mark = page.next
            assert found == tasks
            assert sizes == [2, 2, 1]

    large(home)


@scenario
async def test_a_key_is_made_once_and_kept(home: Home) -> None:
    async with home.store() as store:
        first = await store.key("pages")
        assert await store.key("pages") == first
        assert await store.key("other") != first
        assert len(first) >= 43
    async with home.store() as store:
        assert await store.key("pages") == first


@scenario
async def test_a_history_is_read_page_by_page(home: Home) -> None:
    async with home.store() as store:
        task = await made(store, status=Status.RUNNING)
        other = await made(store)
        for number in range(6):
            task = await moved(store, task, description=text(str(number)))
            other = await moved(store, other, description=text(str(number)))
        whole = await store.history(task.id, 100)
        assert [event.task.revision for event in whole] == [7, 6, 5, 4, 3, 2, 1]
        second = await store.history(task.id, 3, before=whole[2].position)
        assert second == whole[3:6]
        assert await store.history(task.id, 3, before=whole[-1].position) == []
        # Another position stands between two of them, as that of an event that was taken out does.
        foreign = (await store.history(other.id, 4))[-1].position
        older = [event for event in whole if event.position < foreign]
        assert await store.history(task.id, 3, before=foreign) == older[:3]
        assert await store.history(task.id, 3, before=10_000) == whole[:3]
