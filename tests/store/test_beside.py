"""Commits in a process beside the server's: the same answers, also when that process goes."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from milepost.rules.finding import TaskFilter
from milepost.rules.values import Message
from milepost.store.base import Corrupt, Locked, Outcome, Unavailable
from milepost.store.sqlite import beside, committer, connection
from milepost.store.sqlite.beside import CommitProcess
from milepost.store.sqlite.committer import Work
from milepost.store.sqlite.connection import DATABASE, commit_lock
from milepost.store.sqlite.store import SqliteStore, open_store
from milepost.store.sqlite.writing import Batch
from tests.contract.samples import (
    ACME,
    EVERYTHING,
    changed,
    counting,
    creating,
    made,
    new_id,
    whole_log,
)

BADLY = Path(__file__).with_name("badly.py")
ROUNDS = 5


@asynccontextmanager
async def opened(directory: Path, how: CommitProcess = "always") -> AsyncIterator[SqliteStore]:
    store = open_store(directory, commit_process=how)
    try:
        yield store
    finally:
        await store.close()


def badly(patch: pytest.MonkeyPatch, way: str) -> None:
    """Let committing processes do one thing badly."""
    patch.setattr(beside, "COMMAND", (sys.executable, str(BADLY), way))
    patch.setattr(beside, "START_AGAIN_SECONDS", 0.0)


def process_of(store: SqliteStore) -> subprocess.Popen[bytes] | None:
    """The committing process of a store, if there is one."""
    its = store._committer._beside
    return None if its is None or its._channel is None else its._channel._process


async def group(store: SqliteStore, size: int) -> list[Outcome]:
    """Some tasks, made at once."""
    return await asyncio.gather(*(store.change((), creating(new_id()), ACME) for _ in range(size)))


async def all_there(store: SqliteStore, outcomes: list[Outcome]) -> None:
    """Each change is told once by the log, in order, and is what is read."""
    log = await whole_log(store)
    assert [event.task for event in log] == [changed(one).after for one in outcomes]
    assert [event.position for event in log] == list(range(1, len(log) + 1))
    found = await store.find(TaskFilter(), EVERYTHING)
    assert sorted(task.id for task in found) == sorted(changed(one).after.id for one in outcomes)


def test_a_quiet_store_has_none_and_a_busy_one_has(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path, "auto") as store:
            outcomes = await group(store, beside.BUSY - 1)
            its = store._committer._beside
            assert its is not None
            assert (its._channel, its._starting) == (None, None)
            outcomes += await group(store, beside.BUSY)
            assert its._starting is not None, "nobody waited for it"
            await its._starting
            process = process_of(store)
            assert process is not None
            outcomes += await group(store, 1)
            await all_there(store, outcomes)
        assert process.returncode == 0
        async with opened(tmp_path, "never") as store:
            assert store._committer._beside is None
            outcomes += await group(store, beside.BUSY)
            await all_there(store, outcomes)

    asyncio.run(run())


def test_its_groups_are_not_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            outcomes = await group(store, 1)
            monkeypatch.setattr(store._committer, "_commit", None)
            outcomes += await group(store, 300)
            ids = [changed(one).after.id for one in outcomes]
            await asyncio.gather(*(store.change((i,), counting(i), ACME) for i in ids))
            assert len(await whole_log(store)) == 2 * 301

    asyncio.run(run())


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_is_killed_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: signal.Signals
) -> None:
    monkeypatch.setattr(beside, "START_AGAIN_SECONDS", 0.0)

    async def run() -> None:
        async with opened(tmp_path) as store:
            outcomes = await group(store, 3)
            seen = set()
            for _ in range(ROUNDS):
                process = process_of(store)
                assert process is not None
                seen.add(process.pid)
                # One that was stopped is killed with a group in hand.
                os.kill(process.pid, kill)
                waiting = asyncio.create_task(group(store, 3))
                await asyncio.sleep(0.01)
                process.kill()
                outcomes += await waiting
                outcomes += await group(store, 1)
            assert len(seen) == ROUNDS
            await all_there(store, outcomes)

    asyncio.run(run())


@pytest.mark.parametrize("way", ["gone_before", "gone_after", "half_a_reply"])
def test_a_group_is_made_once_whenever_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    badly(monkeypatch, way)

    async def run() -> None:
        async with opened(tmp_path) as store:
            outcomes = []
            for size in (1, 20, 3):
                outcomes += await group(store, size)
                assert process_of(store) is None
            await all_there(store, outcomes)

    asyncio.run(run())


@pytest.mark.parametrize("fault", [sqlite3.OperationalError, sqlite3.DatabaseError])
def test_when_it_goes_and_nobody_can_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: type[sqlite3.Error]
) -> None:
    """The group is answered as one that may not be there, and work goes on."""
    badly(monkeypatch, "gone_before")

    def spoiled(_connection: sqlite3.Connection) -> int:
        raise fault("disk I/O error")

    async def run() -> None:
        async with opened(tmp_path) as store:
            with monkeypatch.context() as patch:
                patch.setattr(committer, "last_position", spoiled)
                with pytest.raises(Unavailable):
                    await made(store)
            await all_there(store, await group(store, 3))

    asyncio.run(run())


@pytest.mark.parametrize("way", ["never", "silent", "chatty"])
def test_one_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    badly(monkeypatch, way)
    monkeypatch.setattr(beside, "START_SECONDS", 0.2)

    async def run() -> None:
        async with opened(tmp_path) as store:
            outcomes = await group(store, 20) + await group(store, 20)
            await all_there(store, outcomes)

    asyncio.run(run())


def test_a_program_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "COMMAND", (str(tmp_path / "none"),))
    calls = []
    real = beside.started

    async def counted(directory: Path, synchronous: str) -> beside.Channel:
        calls.append(directory)
        return await real(directory, synchronous)

    monkeypatch.setattr(beside, "started", counted)

    async def run() -> None:
        async with opened(tmp_path) as store:
            outcomes = await group(store, 20) + await group(store, 20)
            await all_there(store, outcomes)

    asyncio.run(run())
    assert calls == [tmp_path], "it is not tried again at once"


def test_a_lock_held_by_someone_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    badly(monkeypatch, "impatient")

    async def run() -> None:
        async with opened(tmp_path) as store:
            outcomes = await group(store, 2)
            process = process_of(store)
            other = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            answers = await asyncio.gather(
                *(store.change((), creating(new_id()), ACME) for _ in range(4)),
                return_exceptions=True,
            )
            assert [type(answer) for answer in answers] == [Unavailable] * 4
            other.execute("ROLLBACK")
            other.close()
            outcomes += await group(store, 2)
            assert process_of(store) is process
            await all_there(store, outcomes)

    asyncio.run(run())


def test_one_bad_row_fails_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            known = await made(store)
            wishes = [creating(new_id()), creating(known.id), creating(new_id())]
            answers = await asyncio.gather(
                *(store.change((), wish, ACME) for wish in wishes), return_exceptions=True
            )
            assert isinstance(answers[1], Corrupt)
            assert len(await whole_log(store)) == 3
            assert process_of(store) is not None

    asyncio.run(run())


def test_what_is_very_large_stays_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To hand it over would hold up everybody else; what the socket does not take at once goes."""
    monkeypatch.setattr(beside, "LARGEST_SENT", 900_000)

    async def run() -> None:
        async with opened(tmp_path) as store:
            await made(store)
            here: list[int] = []
            inner = store._committer._commit

            def noted(work: list[Work], batch: Batch) -> list[Any]:
                here.append(len(work))
                return inner(work, batch)

            monkeypatch.setattr(store._committer, "_commit", noted)
            await made(store, description=Message("", "x" * 800_000))
            assert here == []
            await made(store, description=Message("", "x" * 1_000_000))
            assert here == [1]
            assert len(await whole_log(store)) == 3

    asyncio.run(run())


def test_a_text_that_no_database_takes(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as store:
            await made(store)
            answers = await asyncio.gather(
                made(store), made(store, user="\ud800"), made(store), return_exceptions=True
            )
            assert isinstance(answers[1], UnicodeEncodeError)
            assert len(await whole_log(store)) == 3

    asyncio.run(run())


def test_signals_do_not_end_it(tmp_path: Path) -> None:
    """A terminal and a supervisor send them to all processes."""

    async def run() -> None:
        async with opened(tmp_path) as store:
            outcomes = await group(store, 2)
            process = process_of(store)
            assert process is not None
            for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                process.send_signal(name)
            outcomes += await group(store, 2)
            assert process_of(store) is process
            await all_there(store, outcomes)

    asyncio.run(run())


def test_a_store_waits_for_the_process_of_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server was killed, and its committing process still has a group in hand."""
    monkeypatch.setattr(connection, "COMMIT_LOCK_SECONDS", 0.1)
    tmp_path.mkdir(exist_ok=True)
    with commit_lock(tmp_path), pytest.raises(Locked, match="still written by a server"):
        open_store(tmp_path)
    asyncio.run(open_store(tmp_path).close())
