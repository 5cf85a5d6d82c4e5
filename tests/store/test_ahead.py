"""Changes are decided one on top of the other while a commit is under way; nobody is told early."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Task
from milepost.rules.values import Status
from milepost.store.base import Outcome, Unavailable
from milepost.store.sqlite.committer import Committer
from milepost.store.sqlite.store import SqliteStore, open_store
from tests.contract.samples import ACME, changed, made, moved, updating, whole_log
from tests.store.writer import PATIENCE, Writer, break_first


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[SqliteStore]:
    store = open_store(directory)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def held(store: SqliteStore, writer: Writer, task: Task) -> AsyncIterator[None]:
    """A change of the task that stands right before its commit, for the time of a block."""
    writer.stop_at("COMMIT")
    begun = asked(store, task)
    assert await asyncio.get_running_loop().run_in_executor(None, writer.stopped.wait, PATIENCE)
    try:
        yield
    finally:
        writer.go_on()
        await begun


def asked(store: SqliteStore, task: Task) -> asyncio.Future[Outcome]:
    wish = updating(task.id, status=Status.RUNNING)
    return asyncio.ensure_future(store.change((task.id,), wish, ACME))


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    writer = Writer()
    writer.watch(monkeypatch)
    return writer


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_read_shows_what_is_durable(tmp_path: Path, writer: Writer) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await made(store)
            async with held(store, writer, task):
                assert await store.task(task.id) == task
                assert await store.find(TaskFilter(), 9) == [task]
            after = await store.task(task.id)
            assert after is not None
            assert after.status is Status.RUNNING

    asyncio.run(run())


def test_a_repeat_is_not_answered_before_what_it_repeats(tmp_path: Path, writer: Writer) -> None:
    """It changes nothing, but its answer tells of a change that is not durable yet."""

    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await made(store)
            async with held(store, writer, task):
                repeated = asked(store, task)
                await turns()
                assert not repeated.done()
            assert (await repeated).position is None
            assert len(await whole_log(store)) == 2

    asyncio.run(run())


def test_what_is_decided_on_top_of_a_commit_follows_it(tmp_path: Path, writer: Writer) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await made(store)
            async with held(store, writer, task):
                wish = updating(task.id, status=Status.SUCCEEDED)
                later = asyncio.ensure_future(store.change((task.id,), wish, ACME))
                await turns()
                assert not later.done()
            assert changed(await later).after.revision == 3
            assert [event.task.revision for event in await store.history(task.id, 9)] == [3, 2, 1]

    asyncio.run(run())


class Failing:
    """A connection whose second commit fails, once the test has let it."""

    def __init__(self, inner: sqlite3.Connection, wait: Callable[[], object]) -> None:
        self._inner = inner
        self._wait = wait
        self._commits = 0

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        if statement == "COMMIT":
            self._commits += 1
            if self._commits > 1:
                self._wait()
                raise sqlite3.OperationalError("disk I/O error")
        return self._inner.execute(statement, values)

    def close(self) -> None:
        self._inner.close()


def test_what_rests_on_a_failed_commit_fails_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Writer
) -> None:
    """The change on top, the repeat and the change of another task alike; then all is well."""
    failing = writer.stopped

    def hold() -> None:
        failing.set()
        assert writer.let_on.wait(PATIENCE)

    break_first(monkeypatch, lambda inner: cast("sqlite3.Connection", Failing(inner, hold)))

    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await made(store)
            first = asked(store, task)
            assert await asyncio.get_running_loop().run_in_executor(None, failing.wait, PATIENCE)
            wish = updating(task.id, status=Status.SUCCEEDED)
            top = asyncio.ensure_future(store.change((task.id,), wish, ACME))
            await turns()
            repeated = asyncio.ensure_future(store.change((task.id,), wish, ACME))
            other = asyncio.ensure_future(made(store))
            await turns()
            writer.go_on()
            answers = await asyncio.gather(first, top, repeated, other, return_exceptions=True)

            assert [type(answer) for answer in answers] == [Unavailable] * 4
            assert await store.task(task.id) == task
            after = await moved(store, task, status=Status.RUNNING)
            assert after.revision == 2
            assert [event.position for event in await whole_log(store)] == [1, 2]

    asyncio.run(run())


def test_what_the_log_tells_is_told_by_single_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change is in the file before the event loop hears of its commit."""
    committed, go_on = threading.Event(), threading.Event()
    commit = Committer._commit

    def slow_to_tell(self: Committer, *work: Any) -> list[Any]:
        outcomes = commit(self, *work)
        committed.set()
        assert go_on.wait(PATIENCE)
        return outcomes

    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await made(store)
            monkeypatch.setattr(Committer, "_commit", slow_to_tell)
            changing = asked(store, task)
            loop = asyncio.get_running_loop()
            assert await loop.run_in_executor(None, committed.wait, PATIENCE)
            assert await store.task(task.id) == task
            page = asyncio.ensure_future(store.events_after(1, 9))
            span = asyncio.ensure_future(store.log_span())
            # The page is read by then: nothing else keeps it.
            await loop.run_in_executor(store._lists, bool)
            await turns()
            assert (page.done(), span.done()) == (False, False)
            go_on.set()
            (event,) = await page
            assert (await span).last == event.position == 2
            assert await store.task(task.id) == event.task
            await changing

    asyncio.run(run())


def test_the_log_is_read_while_the_first_change_of_a_server_is_under_way(
    tmp_path: Path, writer: Writer
) -> None:
    """It was written before this server knew of any commit."""

    async def run() -> None:
        async with opened(tmp_path) as store:
            task = await made(store)
        async with opened(tmp_path) as store:
            async with held(store, writer, task):
                page = asyncio.ensure_future(store.events_after(0, 9))
                await turns()
            assert [event.task for event in await page] == [task]
            assert (await store.log_span()).last == 2

    asyncio.run(run())
