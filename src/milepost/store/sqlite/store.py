"""The embedded store: one SQLite file, one writer, group commit."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import filelock

from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.task import Accepted, Task
from milepost.store.base import (
    Corrupt,
    Counts,
    Decide,
    Event,
    LogSpan,
    Origin,
    Outcome,
    Overloaded,
    Page,
    Position,
    Store,
    StoreError,
    Unavailable,
)
from milepost.store.sqlite import paging, queries, rows
from milepost.store.sqlite.accounts import AccountTables
from milepost.store.sqlite.committer import Committer
from milepost.store.sqlite.connection import (
    directory_lock,
    migrate,
    open_writer,
    refuse_other_schema,
    take,
)
from milepost.store.sqlite.readers import reading
from milepost.store.sqlite.working import Stored, Working, size_of
from milepost.store.sqlite.writing import Written, last_position, written

T = TypeVar("T")


class SqliteStore(AccountTables, Store):
    """Tasks, events, users, sessions and extensions in ``milepost.db`` of a data directory.

    What is here are the tasks and their events.
    """

    def __init__(
        self, directory: Path, lock: filelock.FileLock, *, synchronous: str, most_waiting: int
    ) -> None:
        self._lock = lock
        self._working = Working()
        self._position: Position | None = None
        committer = Committer(
            directory,
            synchronous=synchronous,
            most_waiting=most_waiting,
            done=self._keep,
            failed=self._forget,
        )
        super().__init__(directory, committer)

    async def change(self, ids: Sequence[str], decide: Decide, origin: Origin) -> Outcome:
        self._committer.refuse_more()
        found = {task_id: stored for task_id in ids if (stored := self._newest(task_id))}
        decision = decide({task_id: stored.task for task_id, stored in found.items()})
        if not isinstance(decision, Accepted) or decision.change is None:
            await self._durably_seen(ids)
            return Outcome(decision)
        after = decision.change.after
        before = found.get(after.id) or self._newest(after.id)
        previous = None if before is None else before.position
        one = written(decision.change, origin, self._next_position(), previous)
        self._working.change(Stored(after, one.position))
        done = await self._committer.write(one)
        return Outcome(decision, done.position)

    async def task(self, task_id: str) -> Task | None:
        stored = self._durable(task_id)
        return None if stored is None else stored.task

    async def find(self, wanted: TaskFilter, limit: int) -> list[Task]:
        where, values = queries.conditions(wanted)
        statement = f"SELECT {rows.NAMES} FROM tasks{where} ORDER BY number LIMIT ?"  # noqa: S608  own names only

        def read() -> list[Task]:
            # Closed whatever happens: an open cursor would keep its old view of the database.
            with contextlib.closing(self._far.execute(statement, (*values, limit))) as found:
                return queries.bounded_tasks(found)

        tasks = await self._far_away(read)
        await self._told_before(tasks)
        return tasks

    async def events_after(self, position: Position, limit: int) -> list[Event]:
        # Understood here and not beside, where it would stop again and again.
        ((text,),) = await self._all(queries.SELECT_LOG_PAGE, position, limit)
        if text is None:
            return []
        events = rows.read_log_page(text)
        await self._told_through(events[-1].position)
        return events

    async def log_span(self) -> LogSpan:
        after, last = reading(lambda: self._near.execute(queries.SELECT_SPAN).fetchone())
        await self._told_through(last)
        return LogSpan(after, last)

    async def history(
        self, task_id: str, limit: int, *, before: Position | None = None
    ) -> list[Event]:
        newest = queries.SELECT_HISTORY, (task_id, limit)
        older = queries.SELECT_HISTORY_BEFORE, (task_id, before, limit)
        statement, values = newest if before is None else older

        def read() -> list[Event]:
            with contextlib.closing(self._far.execute(statement, values)) as found:
                return queries.bounded_events(found)

        return await self._far_away(read)

    async def page(self, selection: Selection, size: int, after: int | None = None) -> Page:
        page = await self._far_away(lambda: paging.read_page(self._far, selection, size, after))
        await self._told_before(page.tasks)
        return page

    async def counts(self, selection: Selection) -> Counts:
        return await self._far_away(lambda: paging.read_counts(self._far, selection))

    async def ready(self) -> bool:
        # It costs a sync, but all who ask at once, and all changes beside them, share one.
        try:
            await self._committer.run(write_nothing_new)
        except (Unavailable, Overloaded):
            return False
        return True

    async def close(self) -> None:
        await self.disconnect()
        self._lock.release()

    def _newest(self, task_id: str) -> Stored | None:
        """A task as the changes accepted so far will make it."""
        ahead = self._working.ahead(task_id)
        return self._durable(task_id) if ahead is None else ahead

    def _durable(self, task_id: str) -> Stored | None:
        """A task as it is durable."""
        known = self._working.durable(task_id)
        if known is not None:
            return known
        row = self._one(queries.SELECT_TASK, task_id)
        if row is None:
            return None
        stored = Stored(rows.read_task(row), row[-1])
        self._working.read(stored, sum(len(value) for value in row if isinstance(value, str)))
        return stored

    async def _durably_seen(self, ids: Sequence[str]) -> None:
        """Wait until what a decision saw is durable, for its answer tells of it."""
        for task_id in ids:
            ahead = self._working.ahead(task_id)
            if ahead is not None:
                await self._committer.through(ahead.position)

    async def _told_before(self, tasks: Iterable[Task]) -> None:
        """Wait until changes that a list shows are told by single reads too."""
        for task in tasks:
            ahead = self._working.ahead(task.id)
            if ahead is not None and task.revision >= ahead.task.revision:
                await self._committer.through(ahead.position)

    async def _told_through(self, position: Position) -> None:
        """Wait until what the log tells up to a position is told by single reads too."""
        if self._working.is_ahead:
            await self._committer.through(position)

    def _next_position(self) -> Position:
        if self._position is None:
            self._position = reading(lambda: last_position(self._near))
        self._position += 1
        return self._position

    def _keep(self, one: Written) -> None:
        """A change is durable."""
        after = one.change.after
        self._working.commit(Stored(after, one.position), one.size + size_of(after.result))

    def _forget(self) -> None:
        """A commit failed: what was decided on top of it never was."""
        self._working.forget()
        self._position = None


def open_store(
    directory: Path,
    *,
    synchronous: str = "FULL",
    most_waiting: int = 10_000,
    exclusive: bool = True,
) -> SqliteStore:
    """Open (or make) the store in a data directory.

    A server opens it ``exclusive`` and holds its lock; a command that only touches users may open
    it beside a running server.

    Raises:
        Unavailable: the directory or the file cannot be used; the message names it.
        Locked: another server holds the directory.
        Corrupt: the file is no database of this program, or of a later version.
    """
    lock = directory_lock(directory)
    try:
        take(lock, directory, needed=exclusive)
        prepare(directory, synchronous, may_migrate=lock.is_locked)
        if not exclusive:
            lock.release()
        return SqliteStore(directory, lock, synchronous=synchronous, most_waiting=most_waiting)
    except sqlite3.OperationalError as fault:
        lock.release()
        raise Unavailable(f"the data directory {directory} cannot be used: {fault}") from fault
    except sqlite3.DatabaseError as fault:
        lock.release()
        raise Corrupt(f"the data directory {directory}: {fault}") from fault
    except StoreError:
        lock.release()
        raise


def prepare(directory: Path, synchronous: str, *, may_migrate: bool) -> None:
    connection = open_writer(directory, synchronous)
    try:
        if may_migrate:
            migrate(connection)
        else:
            refuse_other_schema(connection)
    finally:
        connection.close()


def write_nothing_new(connection: sqlite3.Connection) -> None:
    """Write a page as it is, so that the commit has to write and sync."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {version}")
