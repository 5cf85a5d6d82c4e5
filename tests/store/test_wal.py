"""The write-ahead log stays bounded, although readers never leave it alone."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import threading
from pathlib import Path
from typing import Self

import pytest

from milepost.store.sqlite import committer, connection
from milepost.store.sqlite.committer import Committer
from milepost.store.sqlite.connection import DATABASE
from milepost.store.sqlite.store import open_store
from tests.contract.samples import ACME, counting, creating, made, new_id
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
    patch.setattr(committer, "LARGEST_WAL", LARGEST)
    # A reader thread that a busy machine holds up must not let the log grow for a second.
    patch.setattr(committer, "RESTART_AGAIN_SECONDS", 0.0)


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
    monkeypatch.setattr(Committer, "_bound_wal", lambda *_: None)

    assert asyncio.run(write_among_readers(tmp_path, enough=BOUND)) > BOUND


def test_a_log_that_cannot_be_started_over_spoils_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "LARGEST_WAL", 0)
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
    monkeypatch.setattr(committer, "LARGEST_WAL", 0)

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
