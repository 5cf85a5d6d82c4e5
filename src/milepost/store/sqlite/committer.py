"""Group commit: many changes, one transaction, one sync, then the answers.

While one group is being committed the next one gathers; it starts when the last returns. There is
no timer: a lone change is committed at once, and the more wait, the larger the group.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from milepost.logs import logger
from milepost.store.base import Corrupt, Overloaded, Unavailable
from milepost.store.sqlite.connection import BUSY_MILLISECONDS, DATABASE, open_writer
from milepost.store.sqlite.writing import Remembered, Writing

Job = Callable[[Writing], Any]
"""A part of a transaction: reads and writes, neither begins nor ends it."""

T = TypeVar("T")

LARGEST_GROUP = 256
LARGEST_WAL = 32 * 1024 * 1024
RESTART_MILLISECONDS = 50
RESTART_AGAIN_SECONDS = 1.0

log = logger(__name__)


class Committer:
    """Runs jobs in groups on the one writing connection, in a thread of its own."""

    def __init__(self, directory: Path, *, synchronous: str, most_waiting: int) -> None:
        self._directory = directory
        self._synchronous = synchronous
        self._most_waiting = most_waiting
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="milepost-commit")
        self._connection: sqlite3.Connection | None = None
        self._next_restart = 0.0
        self._closed = False
        self._failing = False
        self._remembered = Remembered()
        self._waiting: list[tuple[Job, asyncio.Future[Any]]] = []
        self._drain: asyncio.Task[None] | None = None

    async def run(self, job: Callable[[Writing], T]) -> T:
        """What the job returned, once it is durable.

        Raises ``Overloaded``, ``Unavailable``, ``Corrupt``, or what the job itself raised.
        """
        if self._closed:
            raise Unavailable("the store is closed")
        if len(self._waiting) >= self._most_waiting:
            raise Overloaded(len(self._waiting))
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append((job, answer))
        if self._drain is None:
            self._drain = loop.create_task(self._commit_groups())
        return await answer

    async def close(self) -> None:
        """Finish what waits, then close the connection. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        while self._drain is not None:
            await self._drain
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _commit_groups(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                group, self._waiting = (
                    self._waiting[:LARGEST_GROUP],
                    self._waiting[LARGEST_GROUP:],
                )
                jobs = [job for job, _ in group]
                outcomes = await loop.run_in_executor(self._thread, self._commit, jobs)
                for (_, answer), outcome in zip(group, outcomes, strict=True):
                    settle(answer, outcome)
        finally:
            self._drain = None

    def _commit(self, jobs: list[Job]) -> list[Any]:
        """Commit a group; each outcome is what the job returned or the exception to raise."""
        try:
            return self._attempt(jobs)
        except sqlite3.OperationalError as fault:
            self._drop(fault)
            return [Unavailable(str(fault)) for _ in jobs]
        except Exception as fault:  # noqa: BLE001  it is handed to the one who asked
            if len(jobs) == 1:
                return [wrapped(fault)]
            # One job is at fault and the transaction is gone: each has a commit of its own now.
            return [outcome for job in jobs for outcome in self._commit([job])]

    def _attempt(self, jobs: list[Job]) -> list[Any]:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        try:
            writing = Writing(connection, self._remembered)
            outcomes = [job(writing) for job in jobs]
            writing.flush()
            connection.execute("COMMIT")
        except BaseException:
            self._remembered.forget()
            self._roll_back(connection)
            raise
        writing.remember()
        if self._failing:
            log.warning("commits work again")
        self._failing = False
        self._bound_wal(connection)
        return outcomes

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _bound_wal(self, connection: sqlite3.Connection) -> None:
        """Start the log over when steady readers have kept it from being reset.

        A reader that does not let go (a backup, a shell) is waited for briefly, and not again
        for a while: the answers come first, and the log grows until it does let go.
        """
        if time.monotonic() < self._next_restart:
            return
        wal = self._directory / f"{DATABASE}-wal"
        try:
            if wal.stat().st_size > LARGEST_WAL and not restarted(connection):
                self._next_restart = time.monotonic() + RESTART_AGAIN_SECONDS
        except (OSError, sqlite3.Error) as fault:
            # The commit before it stands; a later group tries again.
            log.warning("wal not reset", reason=str(fault))
            self._next_restart = time.monotonic() + RESTART_AGAIN_SECONDS

    def _drop(self, fault: sqlite3.Error) -> None:
        """A fault of the database itself: drop the connection, the next group opens a new one."""
        if not self._failing:
            log.error("commits fail; changes are refused until they work again", reason=str(fault))
        self._failing = True
        self._disconnect()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_writer(self._directory, self._synchronous)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def restarted(connection: sqlite3.Connection) -> bool:
    """Whether the log could be started over; readers are waited for only briefly."""
    connection.execute(f"PRAGMA busy_timeout = {RESTART_MILLISECONDS}")
    try:
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        return not busy
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")


def wrapped(fault: Exception) -> Exception:
    """A driver's complaint about the data as ours; anything else as it is."""
    if isinstance(fault, sqlite3.Error):
        return Corrupt(f"the database refused a row: {fault}")
    if isinstance(fault, StopIteration):
        # A future does not take this one; left alone it would strand the whole group.
        return RuntimeError(f"a job raised StopIteration: {fault}")
    return fault


def settle(answer: asyncio.Future[Any], outcome: Any) -> None:
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
