"""What is read from the file alone, whatever changes are on their way."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.values import Instant
from milepost.store.base import (
    Children,
    Counts,
    Ended,
    Event,
    OpenTasks,
    Position,
    Session,
    Unavailable,
    User,
)
from milepost.store.sqlite import counting, family, figures, queries, removal, rows, shortening
from milepost.store.sqlite.connection import open_reader

T = TypeVar("T")

SESSION_WIDTH = 4


class Reader:
    """The connections that read.

    One is for single rows, in the caller's thread; one for lists, and one for what may take longer
    than a list is to wait for, each in a thread of its own.
    """

    def __init__(self, directory: Path) -> None:
        self._near = open_reader(directory)
        self._far = open_reader(directory)
        self._long = open_reader(directory)
        self._lists = ThreadPoolExecutor(1, thread_name_prefix="milepost-lists")
        self._long_reads = ThreadPoolExecutor(1, thread_name_prefix="milepost-aside")

    async def history(
        self, task_id: str, limit: int, *, before: Position | None = None
    ) -> list[Event]:
        values = {"id": task_id, "before": before, "limit": limit}
        statement = queries.SELECT_HISTORY if before is None else queries.SELECT_HISTORY_BEFORE

        def read() -> list[Event]:
            with contextlib.closing(self._far.execute(statement, values)) as found:
                return queries.bounded_events(found)

        return await self._far_away(read)

    async def overlong(self, limit: int) -> list[str]:
        return [row[0] for row in await self._all(shortening.SELECT_OVERLONG, limit)]

    async def newest_taken_out(self, wanted: TaskFilter, after: Position) -> Position | None:
        return await self._far_away(lambda: shortening.newest_taken_out(self._far, wanted, after))

    async def leased(self) -> list[tuple[str, int]]:
        return await self._all(queries.SELECT_LEASED)

    async def children(self, task_id: str, visible_service: str | None) -> Children | None:
        if not self._one(family.HAS_CHILDREN, task_id):
            return None
        return await self._far_away(
            lambda: family.read_children(self._far, task_id, visible_service)
        )

    async def cancelable_below(
        self, task_id: str, visible_service: str | None, most: int
    ) -> list[str]:
        if not self._one(family.HAS_CHILDREN, task_id):
            return []
        values = task_id, visible_service, most
        found = await self._aside(
            lambda connection: connection.execute(family.CANCELABLE_BELOW, values).fetchall()
        )
        return [row[0] for row in found]

    async def services_with_finished(self) -> list[str]:
        found = await self._aside(
            lambda connection: connection.execute(removal.SERVICES).fetchall()
        )
        return [row[0] for row in found]

    async def removable(
        self, service: str, finished_before: Instant, keep: int, limit: int
    ) -> list[str]:
        return await self._aside(
            lambda connection: removal.read_removable(
                connection, service, finished_before, keep, limit
            )
        )

    async def tombstone(self, task_id: str) -> str | None:
        row = self._one(removal.SELECT_TOMBSTONE, task_id)
        return None if row is None else str(row[0])

    async def counts(self, selection: Selection) -> Counts:
        return await self._far_away(lambda: counting.read_counts(self._far, selection))

    async def open_tasks(self, visible_service: str | None) -> OpenTasks:
        return await self._aside(lambda connection: figures.read_open(connection, visible_service))

    async def ended(self, since: Instant, visible_service: str | None) -> Ended:
        seen = await self.services_with_finished() if visible_service is None else [visible_service]
        return await self._aside(lambda connection: figures.read_ended(connection, since, seen))

    async def user(self, name: str) -> User | None:
        row = self._one(f"SELECT {rows.USER_NAMES} FROM users WHERE name = ?", name)  # noqa: S608  own names only
        return None if row is None else rows.read_user(row)

    async def users(self) -> list[User]:
        statement = f"SELECT {rows.USER_NAMES} FROM users ORDER BY name"  # noqa: S608  own names only
        return [rows.read_user(row) for row in await self._all(statement)]

    async def session(self, token: str) -> tuple[Session, User] | None:
        row = self._one(queries.SELECT_SESSION, token)
        if row is None:
            return None
        return rows.read_session(row[:SESSION_WIDTH]), rows.read_user(row[SESSION_WIDTH:])

    def _one(self, statement: str, *values: object) -> rows.Row | None:
        row: rows.Row | None = reading(lambda: self._near.execute(statement, values).fetchone())
        return row

    async def _all(self, statement: str, *values: object) -> list[rows.Row]:
        return await self._far_away(lambda: self._far.execute(statement, values).fetchall())

    async def _far_away(self, read: Callable[[], T]) -> T:
        """Run a longer read in the thread for lists."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lists, reading, read)

    async def _aside(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Run a read that may take long in the thread for these."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._long_reads, reading, lambda: read(self._long))

    def _close_readers(self) -> None:
        self._lists.shutdown()
        self._long_reads.shutdown()
        self._long.close()
        self._near.close()
        self._far.close()


def reading(read: Callable[[], T]) -> T:
    """Run a read; a fault of the driver leaves as ours."""
    try:
        return read()
    except sqlite3.Error as fault:
        raise Unavailable(str(fault)) from fault
