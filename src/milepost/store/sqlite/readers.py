"""How the database is read and written beside the groups of changes.

Single rows are read in the caller's thread (they cost microseconds); lists are read in a thread of
their own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from milepost.store.base import Unavailable
from milepost.store.sqlite import rows
from milepost.store.sqlite.committer import Committer
from milepost.store.sqlite.connection import open_reader

T = TypeVar("T")


class Readers:
    """The connections of a store: two that read, and the committer with the one that writes."""

    def __init__(self, directory: Path, committer: Committer) -> None:
        self._committer = committer
        self._near = open_reader(directory)
        self._far = open_reader(directory)
        self._lists = ThreadPoolExecutor(1, thread_name_prefix="milepost-lists")

    async def disconnect(self) -> None:
        """Finish what was taken, then let go of all connections."""
        await self._committer.close()
        self._lists.shutdown()
        self._near.close()
        self._far.close()

    async def _write(self, statement: str, *values: object) -> None:
        def job(connection: sqlite3.Connection) -> None:
            connection.execute(statement, values)

        await self._committer.run(job)

    def _one(self, statement: str, *values: object) -> rows.Row | None:
        row: rows.Row | None = reading(lambda: self._near.execute(statement, values).fetchone())
        return row

    async def _all(self, statement: str, *values: object) -> list[rows.Row]:
        return await self._far_away(lambda: self._far.execute(statement, values).fetchall())

    async def _far_away(self, read: Callable[[], T]) -> T:
        """Run a longer read in the thread for lists."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lists, reading, read)


def reading(read: Callable[[], T]) -> T:
    """Run a read; a fault of the driver leaves as ours."""
    try:
        return read()
    except sqlite3.Error as fault:
        raise Unavailable(str(fault)) from fault
