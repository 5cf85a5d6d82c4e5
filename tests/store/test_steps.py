"""What the server removes by itself goes in short steps, and changes are committed between them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from milepost.rules.task import Task
from milepost.rules.values import Message, Status
from milepost.store.sqlite import removal
from milepost.store.sqlite.connection import DATABASE
from milepost.store.sqlite.store import open_store
from tests.contract.samples import NOON, made, moved
from tests.store.writer import Writer

MANY = 10
LATE = NOON + 1_000_000


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    writer = Writer()
    writer.watch(monkeypatch)
    return writer


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step whose time is over as soon as it has done something."""
    monkeypatch.setattr(removal, "STEP_SECONDS", 0.0)


def transactions(writer: Writer) -> Iterator[list[str]]:
    """The statements of each transaction."""
    statements: list[str] = []
    for statement in writer.statements:
        if statement.startswith("BEGIN"):
            statements = []
        statements.append(statement)
        if statement == "COMMIT":
            yield statements


def most_in_one(writer: Writer, word: str) -> int:
    """How many statements with a word the largest transaction has."""
    return max(sum(word in one for one in statements) for statements in transactions(writer))


async def finished(store: object) -> list[Task]:
    return [
        await made(store, status=Status.SUCCEEDED)  # type: ignore[arg-type]
        for _ in range(MANY)
    ]


@pytest.mark.usefixtures("no_time")
def test_a_removal_takes_as_many_commits_as_it_needs(tmp_path: Path, writer: Writer) -> None:
    async def test() -> None:
        store = open_store(tmp_path)
        tasks = await finished(store)
        assert await store.remove([task.id for task in tasks], LATE) == MANY
        assert most_in_one(writer, "DELETE FROM tasks") == 1
        await store.close()

    asyncio.run(test())


def test_what_there_is_time_for_goes_in_one(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "STEP_SECONDS", 3600.0)

    async def test() -> None:
        store = open_store(tmp_path)
        tasks = await finished(store)
        assert await store.remove([task.id for task in tasks], LATE) == MANY
        assert most_in_one(writer, "DELETE FROM tasks") == MANY
        await store.close()

    asyncio.run(test())


@pytest.mark.usefixtures("no_time")
def test_a_change_does_not_wait_for_the_whole_removal(tmp_path: Path) -> None:
    async def test() -> None:
        store = open_store(tmp_path)
        tasks, other = await finished(store), await made(store)
        removing = asyncio.ensure_future(store.remove([task.id for task in tasks], LATE))
        await asyncio.sleep(0)
        await moved(store, other, description=Message("", "meanwhile"))
        assert not removing.done()
        assert await removing == MANY
        await store.close()

    asyncio.run(test())


@pytest.mark.usefixtures("no_time")
def test_events_go_a_few_at_a_time(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "ROWS_AT_ONCE", 3)

    async def test() -> None:
        store = open_store(tmp_path)
        task = await made(store, status=Status.RUNNING)
        for number in range(20):
            task = await moved(store, task, description=Message("", str(number)))
        await moved(store, task, status=Status.SUCCEEDED)
        await store.remove([task.id], LATE)
        assert await store.compact(1000) == 22
        assert await store.compact(1000) == 0
        sizes = [
            sum(one.count(",") + 1 for one in statements if "DELETE FROM events" in one)
            for statements in transactions(writer)
        ]
        assert max(sizes) == 3
        assert sum(sizes) == 22
        await store.close()

    asyncio.run(test())


@pytest.mark.usefixtures("no_time")
def test_what_is_forgotten_goes_a_few_at_a_time(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "ROWS_AT_ONCE", 3)

    async def test() -> None:
        store = open_store(tmp_path)
        tasks = await finished(store)
        await store.remove([task.id for task in tasks], NOON)
        assert await store.forget_tombstones(NOON + 1, 7) == 7
        assert await store.forget_tombstones(NOON + 1, 100) == MANY - 7
        assert most_in_one(writer, "DELETE FROM tombstones") == 1
        await store.close()

    asyncio.run(test())


@pytest.mark.parametrize("column", ["progress_completed", "progress_message", "updated_at"])
def test_a_report_of_progress_writes_the_row_of_its_task_alone(tmp_path: Path, column: str) -> None:
    """No index and no counter has a column that moves with it."""
    asyncio.run(open_store(tmp_path).close())
    update = f"UPDATE tasks SET last_position = ?, revision = ?, {column} = ? WHERE id = ?"  # noqa: S608  a column's name
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        program = database.execute(f"EXPLAIN {update}", (1, 2, 3, "x")).fetchall()
    does = [step[1] for step in program]
    assert does.count("Insert") == 1, "the row"
    assert not {"IdxInsert", "IdxDelete"} & set(does), "an index is written"
    assert "Program" not in does, "a trigger fires"
