"""Faults of the database itself: the whole group hears of it, nothing is stored, work goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from milepost.rules.finding import TaskFilter
from milepost.rules.values import Message, Opaque, Status
from milepost.store.base import Corrupt, StoreError, Unavailable, User
from milepost.store.sqlite import connection
from milepost.store.sqlite.connection import DATABASE
from milepost.store.sqlite.store import SqliteStore, open_store
from tests.contract.samples import (
    ACME,
    EVERYTHING,
    changed,
    creating,
    made,
    moved,
    new_id,
    updating,
    whole_log,
)
from tests.store.writer import Faulty, break_first

BULKY = Message(id="", default_message="x" * 100_000)


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[SqliteStore]:
    store = open_store(directory)
    try:
        yield store
    finally:
        await store.close()


async def all_unavailable(store: SqliteStore, count: int = 5) -> None:
    """A whole group hears that it was not acknowledged, each waiter with a fault of its own."""
    wishes = (store.change((), creating(new_id(), description=BULKY), ACME) for _ in range(count))
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * count
    assert len({id(answer) for answer in answers}) == count


async def nothing_stored(store: SqliteStore) -> None:
    assert await store.find(TaskFilter(), EVERYTHING) == []
    assert await whole_log(store) == []


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(writing: sqlite3.Connection) -> None:
        (pages,) = writing.execute("PRAGMA page_count").fetchone()
        writing.execute(f"PRAGMA max_page_count = {pages + 60}")

    connections = break_first(monkeypatch, fill)

    async def run() -> None:
        async with opened(tmp_path) as store:
            await all_unavailable(store)
            await nothing_stored(store)

            task = await made(store, description=BULKY)

            assert await store.task(task.id) == task
            assert [event.position for event in await whole_log(store)] == [1]
            assert len(connections) == 2
            with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                connections[0].execute("SELECT 1")

    asyncio.run(run())


def test_a_disk_that_stays_full_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small changes may still fit; each is either answered and stored, or neither."""
    whole = connection.open_writer
    room = [60]

    def open_small(directory: Path, synchronous: str) -> sqlite3.Connection:
        writing = whole(directory, synchronous)
        if room[0]:
            writing.execute(f"PRAGMA max_page_count = {room[0]}")
        return writing

    monkeypatch.setattr("milepost.store.sqlite.writer.open_writer", open_small)

    async def run() -> None:
        async with opened(tmp_path) as store:
            stored = []
            for number in range(30):
                size = 100_000 if number % 3 == 0 else 100
                try:
                    stored.append(await made(store, description=Message("", "x" * size)))
                except Unavailable:
                    room[0] = 0 if number > 20 else room[0]
            assert 0 < len(stored) < 30
            assert await store.find(TaskFilter(), EVERYTHING) == stored
            assert [event.task for event in await whole_log(store)] == stored
            room[0] = 0
            assert await store.ready()

    asyncio.run(run())


def test_a_lock_held_by_someone_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = (*connection.WRITER_SETTINGS, "PRAGMA busy_timeout = 20")
    monkeypatch.setattr(connection, "WRITER_SETTINGS", impatient)

    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await made(store)
            other = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            await all_unavailable(store)
            with pytest.raises(Unavailable):
                await store.put_user(User(name="root", role="viewer", password="p"))
            assert not await store.ready()
            assert await store.task(task.id) == task
            other.execute("ROLLBACK")
            other.close()

            assert await store.ready()
            task = await moved(store, task, status=Status.RUNNING)
            assert await store.find(TaskFilter(), EVERYTHING) == [task]
            assert [event.position for event in await whole_log(store)] == [1, 2]

    asyncio.run(run())


STATEMENTS = ["BEGIN", "INSERT OR ROLLBACK INTO tasks", "INSERT OR ROLLBACK INTO events", "COMMIT"]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_fault_at_any_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    connections = break_first(monkeypatch, lambda writing: Faulty(writing, statement, after=False))

    async def run() -> None:
        async with opened(tmp_path) as store:
            await all_unavailable(store)
            await nothing_stored(store)
            task = await made(store)
            assert await store.find(TaskFilter(), EVERYTHING) == [task]
            assert len(connections) == 2

    asyncio.run(run())


def test_a_commit_whose_outcome_is_unknown_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit was made, but the answer was lost: the same update again changes nothing."""

    async def prepare() -> str:
        async with opened(tmp_path) as store:
            return (await made(store)).id

    task_id = asyncio.run(prepare())
    break_first(monkeypatch, lambda writing: Faulty(writing, "COMMIT", after=True))

    async def run() -> None:
        async with opened(tmp_path) as store:
            asked = updating(task_id, status=Status.RUNNING, result=Opaque("1"))
            with pytest.raises(Unavailable):
                await store.change((task_id,), asked, ACME)
            outcome = await store.change((task_id,), asked, ACME)

            assert outcome.position is None
            log = await whole_log(store)
            assert [event.task.revision for event in log] == [1, 2]
            task = await store.task(task_id)
            assert task is not None
            assert (task.revision, task.status) == (2, Status.RUNNING)

    asyncio.run(run())


SPOILED = [
    ("UPDATE tasks SET description = '{'", "task"),
    ("UPDATE tasks SET description = '[]'", "task"),
    ("UPDATE tasks SET progress_message = '{\"id\":1}'", "task"),
    ("UPDATE events SET kind = 'exploded'", "event"),
    ("UPDATE events SET task = 'null'", "event"),
    ("UPDATE events SET changes = '{}'", "event"),
]


@pytest.mark.parametrize(("statement", "what"), SPOILED)
def test_a_row_nobody_can_have_written_is_corrupt(
    tmp_path: Path, statement: str, what: str
) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await made(store)
            await store._committer.run(lambda writing: writing.execute(statement))
            # What is remembered of a task is not read again; another process would find the row.
            store._working.forget()
            reads = {
                "task": (
                    lambda: store.task(task.id),
                    lambda: store.find(TaskFilter(), 9),
                    lambda: store.change((task.id,), updating(task.id), ACME),
                ),
                "event": (lambda: whole_log(store), lambda: store.history(task.id, 9)),
            }[what]
            for read in reads:
                with pytest.raises(Corrupt, match=what):
                    await read()
            other = await made(store)
            assert await store.task(other.id) == other

    asyncio.run(run())


def test_a_read_that_fails_is_unavailable(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            await store._committer.run(lambda writing: writing.execute("DROP TABLE events"))
            await store._committer.run(lambda writing: writing.execute("DROP TABLE tasks"))
            for read in (store.task("x" * 22), whole_log(store), store.find(TaskFilter(), 1)):
                with pytest.raises(Unavailable):
                    await read

    asyncio.run(run())


def test_a_change_of_what_is_no_longer_stored_is_rolled_back_with_its_event(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            old = await made(store)
            new = await moved(store, old, status=Status.RUNNING)
            decide = updating(old.id, description=BULKY)
            with pytest.raises(StoreError, match="revision 1"):
                await store.change((), lambda _: decide({old.id: old}), ACME)

            assert await store.task(old.id) == new
            assert len(await whole_log(store)) == 2
            again = await store.change((old.id,), decide, ACME)
            assert changed(again).after.revision == 3

    asyncio.run(run())


def test_a_task_that_is_remembered_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    break_first(monkeypatch, lambda writing: writing.set_trace_callback(seen.append))

    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await moved(store, await made(store), status=Status.RUNNING)
            assert await store.task(task.id) == task

    asyncio.run(run())
    assert not [statement for statement in seen if statement.startswith("SELECT id, revision")]
