"""``find`` gives exactly what the pure filter would, in the order of creation."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Task
from milepost.rules.values import Opaque, Status, Target
from milepost.store.base import MOST_FOUND_BYTES, Store, TooLarge
from tests.contract.samples import (
    EVERYTHING,
    NOON,
    failure,
    made,
    moved,
    text,
    texts,
    unset_or,
)
from tests.contract.stores import Home, Kind, new_home, scenario

SERVICES = [
    "",
    "com.acme",
    "COM.ACME",
    "com.acme%",
    "com_acme",
    "'\"[]{}",
    "🚚",
    "é",
    "e\u0301",
    "7",
]
OPERATIONS = ["backup", "restore", "backup ", '","']
USERS = [None, "", "root", "Root", "null", "None", "\ud7ff\U0010ffff"]
PARENTS = [None, "p" * 22, "P" * 22, "q" * 64]
TARGETS = [
    ("Folder", "group-d1"),
    ("Folder", "7"),
    ("VirtualMachine", "group-d1"),
    ("", ""),
    ("a:b", "c"),
]
ABSENT = "nobody"


class Library(NamedTuple):
    """A store with a fixed set of tasks, in the order of their creation."""

    runner: asyncio.Runner
    store: Store
    tasks: list[Task]

    def find(self, wanted: TaskFilter, limit: int) -> list[Task]:
        return self.runner.run(self.store.find(wanted, limit))


async def shelve(store: Store) -> list[Task]:
    """Tasks whose fields fall together in every way that a filter could confuse."""
    mixed = random.Random(7)  # noqa: S311  a test's dice
    tasks = []
    for number in range(120):
        service, operation = mixed.choice(SERVICES), mixed.choice(OPERATIONS)
        user, target = mixed.choice(USERS), mixed.choice(TARGETS)
        parent = mixed.choice(PARENTS)
        status = mixed.choice(list(Status))
        task = await made(
            store,
            now=NOON - number,  # the clock may go back; the order is that of the store
            service=service,
            operation=operation,
            user=user,
            parent=parent,
            target=Target(*target),
            status=status,
            error=failure("full") if status is Status.FAILED else None,
        )
        if number % 5 == 0:
            task = await moved(store, task, now=NOON + number, description=text("later"))
        tasks.append(task)
    return tasks


@pytest.fixture(scope="module")
def library(kind: Kind) -> Iterator[Library]:
    with new_home(kind) as home, asyncio.Runner() as runner:
        store = runner.run(kind.open(home.place, most_waiting=10))
        yield Library(runner, store, runner.run(shelve(store)))
        runner.run(store.close())


def some_of(pool: list[Any]) -> st.SearchStrategy[Any]:
    members = st.sampled_from([one for one in pool if one is not None])
    return unset_or(st.frozensets(members, max_size=4))


filters = st.builds(
    TaskFilter,
    ids=unset_or(st.sets(st.integers(0, 120), max_size=40)),  # numbers of tasks, see below
    services=some_of([*SERVICES, ABSENT]),
    operations=some_of([*OPERATIONS, ABSENT]),
    status=some_of(list(Status)),
    targets=some_of([*TARGETS, ("Folder", ABSENT), ("group-d1", "Folder")]),
    users=some_of([*USERS, ABSENT]),
    parents=some_of([*PARENTS, ABSENT]),
    visible_service=unset_or(st.sampled_from([*SERVICES, ABSENT])),
)


@settings(max_examples=300)
@given(asked=filters, limit=st.integers(0, 130) | st.just(EVERYTHING))
def test_find_is_the_filter_over_all_tasks(library: Library, asked: Any, limit: int) -> None:
    known = [*(task.id for task in library.tasks), "x" * 22]
    ids = None if asked.ids is None else frozenset(known[number] for number in asked.ids)
    wanted = msgspec.structs.replace(asked, ids=ids)

    expected = [task for task in library.tasks if wanted.matches(task)]

    assert library.find(wanted, limit) == expected[:limit]


def holding(field: str, *members: Any) -> TaskFilter:
    fields: dict[str, Any] = {field: frozenset(members)}
    return TaskFilter(**fields)


SINGLE: list[tuple[str, list[Any]]] = [
    ("services", SERVICES),
    ("operations", OPERATIONS),
    ("status", list(Status)),
    ("targets", TARGETS),
    ("users", [user for user in USERS if user is not None]),
    ("parents", [parent for parent in PARENTS if parent is not None]),
]


@pytest.mark.parametrize(("field", "pool"), SINGLE, ids=[field for field, _ in SINGLE])
def test_each_filter_alone_finds_its_own(library: Library, field: str, pool: list[Any]) -> None:
    for member in pool:
        wanted = holding(field, member)
        expected = [task for task in library.tasks if wanted.matches(task)]
        assert expected
        assert library.find(wanted, EVERYTHING) == expected


def test_an_empty_set_matches_nothing(library: Library) -> None:
    for field in ("ids", *(field for field, _ in SINGLE)):
        assert library.find(holding(field), EVERYTHING) == []


def test_a_thousand_ids_are_found(library: Library) -> None:
    ids = frozenset(task.id for task in library.tasks[::2]) | {f"{n:040}" for n in range(2000)}

    assert library.find(TaskFilter(ids=ids), EVERYTHING) == library.tasks[::2]


def test_the_order_is_that_of_creation_and_an_update_keeps_it(library: Library) -> None:
    assert library.find(TaskFilter(), EVERYTHING) == library.tasks
    for limit in (0, 1, 119, 120, 121):
        assert library.find(TaskFilter(), limit) == library.tasks[:limit]


@given(texts)
def test_any_text_can_be_looked_for(library: Library, words: str) -> None:
    members = frozenset({words})
    for wanted in (
        TaskFilter(services=members),
        TaskFilter(users=members),
        TaskFilter(targets=frozenset({(words, words)})),
    ):
        expected = [task for task in library.tasks if wanted.matches(task)]
        assert library.find(wanted, EVERYTHING) == expected


@scenario
async def test_a_task_leaves_a_filter_that_it_no_longer_matches(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)
        pending = TaskFilter(status=frozenset({Status.PENDING}))
        running = TaskFilter(status=frozenset({Status.RUNNING}))
        assert (await store.find(pending, 9), await store.find(running, 9)) == ([task], [])

        task = await moved(store, task, status=Status.RUNNING)

        assert (await store.find(pending, 9), await store.find(running, 9)) == ([], [task])


LARGE: dict[str, Any] = {
    "status": Status.RUNNING,
    "result": Opaque('"' + "x" * MOST_FOUND_BYTES + '"'),
}


@scenario
async def test_more_text_than_fits_is_refused_and_stays_readable_one_by_one(home: Home) -> None:
    async with home.store() as store:
        small = await made(store)
        task = await moved(store, await made(store), **LARGE)

        with pytest.raises(TooLarge):
            await store.find(TaskFilter(), EVERYTHING)

        assert await store.find(TaskFilter(), 1) == [small]
        assert await store.task(task.id) == task


@scenario
async def test_a_find_that_was_given_up_leaves_no_old_view_behind(home: Home) -> None:
    async with home.store() as store:
        small = await made(store)
        await moved(store, await made(store), **LARGE)
        await made(store)
        with pytest.raises(TooLarge) as kept:
            await store.find(TaskFilter(), EVERYTHING)
        small = await moved(store, small, status=Status.BLOCKED)

        assert await store.find(TaskFilter(), 1) == [small]
        assert kept.value is not None
