"""The write-ahead log stays bounded, although readers never leave it alone."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import threading
from pathlib import Path
from typing import Self

import pytest

from milepost.store.sqlite import checkpoints, connection
from milepost.store.sqlite.checkpoints import Checkpoints
from milepost.store.sqlite.connection import DATABASE
from milepost.store.sqlite.store import SqliteStore, open_store
from tests.contract.samples import ACME, counting, creating, made, new_id, text
from tests.store.writer import Faulty, break_first

LARGEST = 1024 * 1024
# One group, what is written until the log can start over, and the log's own slack.
BOUND = 4 * LARGEST
TASKS = 200
ROUNDS = 120


class Readers:
    """Short snapshots that overlap, so that the log is never without a reader."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / DATABASE
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.snapshots = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _read(self) -> None:
        readers = [sqlite3.connect(self._file, isolation_level=None) for _ in range(2)]
        for reader, other in itertools.cycle([readers, readers[::-1]]):
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM users").fetchone()
            self.snapshots += 1
            if other.in_transaction:
                other.execute("COMMIT")
            if self._done.wait(0.002):
                break
        for reader in readers:
            reader.close()


def small_log(patch: pytest.MonkeyPatch) -> None:
    kept = f"PRAGMA journal_size_limit = {LARGEST // 2}"
    patch.setattr(connection, "WRITER_SETTINGS", (*connection.WRITER_SETTINGS, kept))
    patch.setattr(checkpoints, "LARGEST_WAL", LARGEST)
    # A reader thread that a busy machine holds up must not let the log grow for a second.
    patch.setattr(checkpoints, "RESTART_AGAIN_SECONDS", 0.0)


async def write_among_readers(directory: Path, enough: int) -> int:
    """The largest size of the log while many changes are made; stops early above ``enough``."""
    log = directory / f"{DATABASE}-wal"
    store = open_store(directory, synchronous="OFF")
    ids = [new_id() for _ in range(TASKS)]
    await asyncio.gather(*(store.change((), creating(task_id), ACME) for task_id in ids))
    largest = 0
    with Readers(directory) as readers:
        for _ in range(ROUNDS):
            await asyncio.gather(*(store.change((i,), counting(i), ACME) for i in ids))
            largest = max(largest, log.stat().st_size)
            if largest > enough:
                break
    await store.close()
    assert readers.snapshots > 2
    return largest


def test_the_log_stays_bounded_under_steady_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_log(monkeypatch)

    largest = asyncio.run(write_among_readers(tmp_path, enough=100 * BOUND))

    assert LARGEST < largest < BOUND


def test_without_the_bounding_it_would_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same load, and the check above can fail."""
    small_log(monkeypatch)
    without(monkeypatch, "_restart_when_stuck", "_finish")

    assert asyncio.run(write_among_readers(tmp_path, enough=BOUND)) > BOUND


async def copied(store: SqliteStore) -> None:
    """Wait for a copy that is under way: on a busy machine it may last as long as a test."""
    copying = store._committer._writer._checkpoints._copying
    if copying is not None:
        await asyncio.wrap_future(copying)


async def write(directory: Path, rounds: int) -> int:
    """The largest size of the log while many changes are made and nobody reads."""
    log = directory / f"{DATABASE}-wal"
    store = open_store(directory, synchronous="OFF")
    ids = [new_id() for _ in range(TASKS)]
    await asyncio.gather(*(store.change((), creating(task_id), ACME) for task_id in ids))
    largest = 0
    for _ in range(rounds):
        await asyncio.gather(*(store.change((i,), counting(i), ACME) for i in ids))
        largest = max(largest, log.stat().st_size)
        await copied(store)
    await store.close()
    return largest


def without(patch: pytest.MonkeyPatch, *methods: str) -> None:
    """Take away ways in which the log is kept short, SQLite's own among them."""
    never = "PRAGMA wal_autocheckpoint = 0"
    patch.setattr(connection, "WRITER_SETTINGS", (*connection.WRITER_SETTINGS, never))
    for method in methods:
        patch.setattr(Checkpoints, method, lambda *_: None)


def test_the_log_is_copied_beside_the_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "_restart_when_stuck")

    assert asyncio.run(write(tmp_path, ROUNDS)) < 16 * LARGEST


def test_copies_beside_the_commits_alone_would_let_it_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: they never come to the end of a log that grows."""
    without(monkeypatch, "_restart_when_stuck", "_finish")

    assert asyncio.run(write(tmp_path, ROUNDS)) > 16 * LARGEST


@pytest.mark.parametrize("is_seen", [True, False], ids=["copied", "control"])
def test_a_few_large_rows_are_copied_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_seen: bool
) -> None:
    """They are too few to be copied for their number; the control does not look at the size."""
    without(monkeypatch, "_restart_when_stuck")
    if not is_seen:
        monkeypatch.setattr(checkpoints, "LARGE_WAL", 2**62)
    log = tmp_path / f"{DATABASE}-wal"

    async def run() -> int:
        store = open_store(tmp_path, synchronous="OFF")
        largest = 0
        for _ in range(120):
            await made(store, description=text("x" * LARGEST))
            largest = max(largest, log.stat().st_size)
            await copied(store)
        await store.close()
        return largest

    assert (asyncio.run(run()) < 120 * LARGEST) is is_seen


@pytest.mark.parametrize("fault", [sqlite3.OperationalError("disk I/O error"), RuntimeError("no")])
def test_a_copy_that_fails_spoils_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(checkpoints, "ROWS", 1)
    opened: list[Path] = []

    def fail(directory: Path, _synchronous: str) -> sqlite3.Connection:
        opened.append(directory)
        raise fault

    monkeypatch.setattr(checkpoints, "open_copier", fail)

    async def run() -> None:
        store = open_store(tmp_path)
        for _ in range(20):
            task = await made(store)
            assert await store.task(task.id) == task
        await store.close()

    asyncio.run(run())
    assert len(opened) > 1


def test_a_thread_that_cannot_be_had_spoils_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "ROWS", 1)

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(checkpoints.Checkpoints, "_begin_to_copy", refuse)

    async def run() -> None:
        store = open_store(tmp_path)
        for _ in range(3):
            task = await made(store)
            assert await store.task(task.id) == task
        await store.close()

    asyncio.run(run())


def test_a_log_that_cannot_be_started_over_spoils_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LARGEST_WAL", 0)
    connections = break_first(
        monkeypatch, lambda writing: Faulty(writing, "PRAGMA wal_checkpoint", after=False)
    )

    async def run() -> None:
        store = open_store(tmp_path)
        for _ in range(3):
            task = await made(store)
            assert await store.task(task.id) == task
        await store.close()

    asyncio.run(run())
    assert len(connections) == 1


def test_a_reader_that_never_lets_go_does_not_hold_up_the_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup, or a shell that someone left open. The time-out only ends a test that hangs."""
    monkeypatch.setattr(checkpoints, "LARGEST_WAL", 0)

    async def run() -> None:
        store = open_store(tmp_path, synchronous="OFF")
        await made(store)
        reader = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM tasks").fetchone()
        try:
            async with asyncio.timeout(30):
                for _ in range(20):
                    await made(store)
        finally:
            reader.close()
            await store.close()

    asyncio.run(run())
