"""The write-ahead log is kept short without holding up the commits.

What is in the log must reach the database file some time, and only a log that was copied whole is
begun anew. To copy it between two groups would hold up everybody who waits; beside the groups the
copy never quite reaches the end of a log that grows. So most of it is copied beside them, by a
thread and a connection of its own, and the writing connection copies the little that is left.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from milepost.logs import logger
from milepost.store.sqlite.connection import BUSY_MILLISECONDS, DATABASE, open_copier

ROWS = 1_000
"""Rows that are written between two copies; a change writes two."""
MOST_COPIES = 4
FEW_PAGES = 256
"""Pages of the log that a commit may have to copy at the most, if the copies keep up."""
LARGE_WAL = 8 * 1024 * 1024
"""Bytes of the log's file from which on it is copied however few rows made it so.

The file keeps ``WAL_KEPT_BYTES`` when the log begins anew, so it is more than these.
"""
LARGEST_WAL = 32 * 1024 * 1024
RESTART_MILLISECONDS = 50
RESTART_AGAIN_SECONDS = 1.0

log = logger(__name__)


class Checkpoints:
    """Copies what is in the log, and sees to it that the log begins anew.

    ``after_commit`` and ``finish`` are called in the writing thread, ``close`` behind the last.
    """

    def __init__(self, directory: Path, synchronous: str) -> None:
        self._directory = directory
        self._synchronous = synchronous
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="milepost-checkpoint")
        self._copier: sqlite3.Connection | None = None
        self._copying: Future[None] | None = None
        self._rows_copied = 0
        self._next_restart = 0.0

    def after_commit(self, connection: sqlite3.Connection) -> None:
        """Take the next step, if it is time for one. Whatever fails here, the commit stands."""
        try:
            if self._copying is not None:
                if self._copying.done():
                    self._finish(connection)
            elif self._is_due(connection):
                self._begin_to_copy()
            self._restart_when_stuck(connection)
        except Exception as fault:  # noqa: BLE001  a commit that stands may not seem to have failed
            # A later group tries again.
            log.warning("wal not reset", reason=str(fault))
            self._next_restart = time.monotonic() + RESTART_AGAIN_SECONDS

    def close(self) -> None:
        """Copy no more."""
        self._thread.submit(self._disconnect)
        self._thread.shutdown()

    def _is_due(self, connection: sqlite3.Connection) -> bool:
        rows = connection.total_changes
        # A connection that was opened anew counts from nothing.
        self._rows_copied = min(self._rows_copied, rows)
        return rows - self._rows_copied >= ROWS or self._size() >= LARGE_WAL

    def _begin_to_copy(self) -> None:
        self._copying = self._thread.submit(self._copy)

    def _copy(self) -> None:
        """Copy what is in the log by now, beside the commits."""
        try:
            if self._copier is None:
                self._copier = open_copier(self._directory, self._synchronous)
            copy_nearly_all(self._copier)
        except Exception as fault:  # noqa: BLE001  the commits go on, and a later copy may do
            log.warning("wal not copied", reason=str(fault))
            self._disconnect()

    def _finish(self, connection: sqlite3.Connection) -> None:
        """Copy what has come since, so that the next group begins the log anew."""
        self._copying = None
        self._rows_copied = connection.total_changes
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _restart_when_stuck(self, connection: sqlite3.Connection) -> None:
        """Start the log over when steady readers have kept it from being begun anew.

        A reader that does not let go (a backup, a shell) is waited for briefly, and not again
        for a while: the answers come first, and the log grows until it does let go.
        """
        if time.monotonic() < self._next_restart or self._size() <= LARGEST_WAL:
            return
        if not restarted(connection):
            self._next_restart = time.monotonic() + RESTART_AGAIN_SECONDS

    def _size(self) -> int:
        return (self._directory / f"{DATABASE}-wal").stat().st_size

    def _disconnect(self) -> None:
        copier, self._copier = self._copier, None
        if copier is not None:
            with contextlib.suppress(sqlite3.Error):
                copier.close()


def copy_nearly_all(connection: sqlite3.Connection) -> None:
    """Copy what is in the log, then what has come meanwhile, until that is little."""
    before = 0
    for _ in range(MOST_COPIES):
        _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages - before <= FEW_PAGES:
            break
        before = pages


def restarted(connection: sqlite3.Connection) -> bool:
    """Whether the log could be started over; readers are waited for only briefly."""
    connection.execute(f"PRAGMA busy_timeout = {RESTART_MILLISECONDS}")
    try:
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        return not busy
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
