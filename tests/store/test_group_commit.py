"""Group commit: one transaction for all that waits, and no answer before its end."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Decision, Task
from milepost.store.base import Corrupt, Outcome
from milepost.store.sqlite import committer
from milepost.store.sqlite.connection import DATABASE
from milepost.store.sqlite.store import SqliteStore, open_store
from tests.contract.samples import ACME, EVERYTHING, changed, creating, made, new_id, whole_log
from tests.store.writer import PATIENCE, Writer

Waiting = list[asyncio.Future[Outcome]]


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    writer = Writer()
    writer.watch(monkeypatch)
    return writer


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[SqliteStore]:
    store = open_store(directory)
    try:
        yield store
    finally:
        await store.close()


def begun(store: SqliteStore, count: int) -> Waiting:
    return [asyncio.ensure_future(store.change((), creating(new_id()), ACME)) for _ in range(count)]


async def stop(writer: Writer) -> None:
    """Wait until the writer stands before the statement it was to stop at."""
    stopped = asyncio.get_running_loop().run_in_executor(None, writer.stopped.wait, PATIENCE)
    assert await stopped


def failing(fault: Exception) -> Decision:
    raise fault


def seen_from_outside(directory: Path) -> int:
    other = sqlite3.connect(directory / DATABASE)
    try:
        (count,) = other.execute("SELECT count(*) FROM events").fetchone()
        return int(count)
    finally:
        other.close()


def test_changes_asked_for_at_once_are_one_transaction(tmp_path: Path, writer: Writer) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            await asyncio.gather(*begun(store, 50))

            assert (writer.count("BEGIN"), writer.count("COMMIT")) == (1, 1)
            assert writer.count("INSERT OR ROLLBACK INTO tasks") == 5, (
                "three blocks of 16 and two of 1"
            )

    asyncio.run(run())


def test_what_gathers_during_a_commit_is_the_next_one(tmp_path: Path, writer: Writer) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            writer.stop_at("COMMIT")
            first = begun(store, 3)
            await stop(writer)
            later: Waiting = []
            for _ in range(20):
                later += begun(store, 2)
                await asyncio.sleep(0)
            assert writer.count("BEGIN") == 1
            writer.go_on()
            await asyncio.gather(*first, *later)

            assert (writer.count("BEGIN"), writer.count("COMMIT")) == (2, 2)
            assert writer.count("ROLLBACK") == 0
            assert writer.count("INSERT OR ROLLBACK INTO tasks") == 3 + 4, (
                "3, then 40 in blocks of 16 and 4"
            )
            log = await whole_log(store)
            answers = [changed(answer.result()).after.id for answer in (*first, *later)]
            assert [event.task.id for event in log] == answers

    asyncio.run(run())


def test_nothing_is_answered_before_its_commit(tmp_path: Path, writer: Writer) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            writer.stop_at("COMMIT")
            waiting = begun(store, 5)
            await stop(writer)
            for _ in range(10):
                await asyncio.sleep(0.001)
                assert not any(answer.done() for answer in waiting)
            assert await whole_log(store) == []
            assert await store.find(TaskFilter(), EVERYTHING) == []
            writer.go_on()
            for answer in asyncio.as_completed(waiting):
                task = changed(await answer).after
                assert await store.task(task.id) == task
                assert seen_from_outside(tmp_path) == 5

    asyncio.run(run())


def test_a_lone_change_does_not_wait_for_others(tmp_path: Path, writer: Writer) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            for number in range(1, 6):
                await made(store)
                assert writer.count("COMMIT") == number

    asyncio.run(run())


def test_a_group_has_a_largest_size(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "LARGEST_GROUP", 8)

    async def run() -> None:
        async with opened(tmp_path) as store:
            answers = await asyncio.gather(*begun(store, 30))

            assert writer.count("COMMIT") == 4
            assert [answer.position for answer in answers] == list(range(1, 31))

    asyncio.run(run())


class Wrong(Exception):
    """What a faulty decision raises."""


def test_one_bad_job_fails_alone_and_the_others_are_committed(
    tmp_path: Path, writer: Writer
) -> None:
    """One decision raises, one row is refused by the database; both in the middle of a group."""

    async def run() -> None:
        async with opened(tmp_path) as store:
            known = await made(store)
            writer.statements.clear()
            waiting = begun(store, 4)
            spoiled = [
                asyncio.ensure_future(store.change((), wish, ACME))
                for wish in (lambda _: failing(Wrong()), creating(known.id))
            ]
            waiting += begun(store, 4)
            answers = await asyncio.gather(*spoiled, return_exceptions=True)

            assert [type(answer) for answer in answers] == [Wrong, Corrupt]
            tasks = [changed(await answer).after for answer in waiting]
            found = await store.find(TaskFilter(), EVERYTHING)
            assert ordered(found) == ordered([known, *tasks])
            log = await whole_log(store)
            assert [event.position for event in log] == list(range(1, 10))
            assert writer.opened == 1

    asyncio.run(run())


def ordered(tasks: list[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: task.id)


def test_a_group_after_a_bad_one_is_whole_again(tmp_path: Path, writer: Writer) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            await asyncio.gather(
                *begun(store, 3),
                store.change((), lambda _: failing(Wrong()), ACME),
                return_exceptions=True,
            )
            writer.statements.clear()
            await asyncio.gather(*begun(store, 10))

            assert (writer.count("BEGIN"), writer.count("COMMIT")) == (1, 1)

    asyncio.run(run())
