"""The embedded store: one SQLite file, one writer, group commit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import filelock

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Accepted, Task
from milepost.rules.values import Instant
from milepost.store.base import (
    MOST_FOUND_BYTES,
    Corrupt,
    Decide,
    Event,
    Origin,
    Outcome,
    Overloaded,
    Position,
    Session,
    Store,
    StoreError,
    TooLarge,
    Unavailable,
    User,
)
from milepost.store.sqlite import rows
from milepost.store.sqlite.committer import Committer
from milepost.store.sqlite.connection import (
    directory_lock,
    migrate,
    open_reader,
    open_writer,
    refuse_other_schema,
    take,
)
from milepost.store.sqlite.writing import SELECT_TASK, Writing

T = TypeVar("T")

SELECT_EVENTS = f"SELECT {rows.EVENT_NAMES} FROM events"  # noqa: S608  own names only
SELECT_SESSION = (
    "SELECT sessions.token, sessions.user, sessions.created_at, sessions.used_at,"
    " users.name, users.role, users.extension, users.password, users.disabled"
    " FROM sessions JOIN users ON users.name = sessions.user WHERE sessions.token = ?"
)
SESSION_WIDTH = 4


class SqliteStore(Store):
    """Tasks, events, users and sessions in ``milepost.db`` of a data directory.

    Single rows are read in the caller's thread (they cost microseconds); lists are read in a
    thread of their own.
    """

    def __init__(self, directory: Path, lock: filelock.FileLock, committer: Committer) -> None:
        self._directory = directory
        self._lock = lock
        self._committer = committer
        self._near = open_reader(directory)
        self._far = open_reader(directory)
        self._lists = ThreadPoolExecutor(1, thread_name_prefix="milepost-lists")

    async def change(self, ids: Sequence[str], decide: Decide, origin: Origin) -> Outcome:
        def job(writing: Writing) -> Outcome:
            decision = decide(writing.tasks(ids))
            if not isinstance(decision, Accepted) or decision.change is None:
                return Outcome(decision)
            return Outcome(decision, writing.accept(decision.change, origin))

        return await self._committer.run(job)

    async def task(self, task_id: str) -> Task | None:
        row = self._one(SELECT_TASK, task_id)
        return None if row is None else rows.read_task(row)

    async def find(self, wanted: TaskFilter, limit: int) -> list[Task]:
        where, values = conditions(wanted)
        statement = f"SELECT {rows.NAMES} FROM tasks{where} ORDER BY number LIMIT ?"  # noqa: S608  own names only

        def read() -> list[Task]:
            # Closed whatever happens: an open cursor would keep its old view of the database.
            with contextlib.closing(self._far.execute(statement, (*values, limit))) as found:
                return bounded_tasks(found)

        return await self._far_away(read)

    async def events_after(self, position: Position, limit: int) -> list[Event]:
        statement = f"{SELECT_EVENTS} WHERE position > ? ORDER BY position LIMIT ?"
        return [rows.read_event(row) for row in await self._all(statement, position, limit)]

    async def history(self, task_id: str, limit: int) -> list[Event]:
        statement = f"{SELECT_EVENTS} WHERE task_id = ? ORDER BY revision LIMIT ?"
        return [rows.read_event(row) for row in await self._all(statement, task_id, limit)]

    async def user(self, name: str) -> User | None:
        row = self._one(f"SELECT {rows.USER_NAMES} FROM users WHERE name = ?", name)  # noqa: S608  own names only
        return None if row is None else rows.read_user(row)

    async def users(self) -> list[User]:
        statement = f"SELECT {rows.USER_NAMES} FROM users ORDER BY name"  # noqa: S608  own names only
        return [rows.read_user(row) for row in await self._all(statement)]

    async def add_user(self, user: User) -> bool:
        def job(writing: Writing) -> bool:
            return writing.connection.execute(rows.ADD_USER, rows.user_row(user)).rowcount == 1

        return await self._committer.run(job)

    async def put_user(self, user: User, *, end_sessions: bool = False) -> None:
        def job(writing: Writing) -> None:
            writing.connection.execute(rows.PUT_USER, rows.user_row(user))
            if end_sessions:
                writing.connection.execute("DELETE FROM sessions WHERE user = ?", (user.name,))

        await self._committer.run(job)

    async def session(self, token: str) -> tuple[Session, User] | None:
        row = self._one(SELECT_SESSION, token)
        if row is None:
            return None
        return rows.read_session(row[:SESSION_WIDTH]), rows.read_user(row[SESSION_WIDTH:])

    async def put_session(self, session: Session) -> None:
        values = (session.token, session.user, session.created_at, session.used_at)
        await self._write(
            f"INSERT INTO sessions ({rows.SESSION_NAMES}) VALUES (?, ?, ?, ?)",  # noqa: S608  own names only
            *values,
        )

    async def touch_session(self, token: str, used_at: Instant) -> None:
        statement = "UPDATE sessions SET used_at = max(used_at, ?) WHERE token = ?"
        await self._write(statement, used_at, token)

    async def delete_session(self, token: str) -> None:
        await self._write("DELETE FROM sessions WHERE token = ?", token)

    async def delete_sessions(self, *, created_before: Instant, used_before: Instant) -> None:
        statement = "DELETE FROM sessions WHERE created_at < ? OR used_at < ?"
        await self._write(statement, created_before, used_before)

    async def ready(self) -> bool:
        # It costs a sync, but all who ask at once, and all changes beside them, share one.
        try:
            await self._committer.run(write_nothing_new)
        except (Unavailable, Overloaded):
            return False
        return True

    async def close(self) -> None:
        await self._committer.close()
        self._lists.shutdown()
        self._near.close()
        self._far.close()
        self._lock.release()

    async def _write(self, statement: str, *values: object) -> None:
        def job(writing: Writing) -> None:
            writing.connection.execute(statement, values)

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
        committer = Committer(directory, synchronous=synchronous, most_waiting=most_waiting)
        return SqliteStore(directory, lock, committer)
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


def reading(read: Callable[[], T]) -> T:
    """Run a read; a fault of the driver leaves as ours."""
    try:
        return read()
    except sqlite3.Error as fault:
        raise Unavailable(str(fault)) from fault


def write_nothing_new(writing: Writing) -> None:
    """Write a page as it is, so that the commit has to write and sync."""
    (version,) = writing.connection.execute("PRAGMA user_version").fetchone()
    writing.connection.execute(f"PRAGMA user_version = {version}")


def bounded_tasks(found: Iterable[rows.Row]) -> list[Task]:
    """The tasks of some rows, read one by one and given up when they are too much together."""
    tasks, size = [], 0
    for row in found:
        size += sum(len(value) for value in row if isinstance(value, str))
        if size > MOST_FOUND_BYTES:
            raise TooLarge(MOST_FOUND_BYTES)
        tasks.append(rows.read_task(row))
    return tasks


def conditions(wanted: TaskFilter) -> tuple[str, list[Any]]:
    """The WHERE clause of a filter and its values; sets go in as one JSON value each."""
    sets = {
        "id": wanted.ids,
        "service": wanted.services,
        "operation": wanted.operations,
        "status": wanted.status,
        "user": wanted.users,
    }
    clauses, values = [], []
    for name, members in sets.items():
        if members is not None:
            clauses.append(f"{name} IN (SELECT value FROM json_each(?))")  # noqa: S608  own names only
            values.append(json.dumps(sorted(members)))
    if wanted.targets is not None:
        clauses.append(
            "(target_type, target_id) IN"
            " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
        )
        values.append(json.dumps(sorted(wanted.targets)))
    if wanted.visible_service is not None:
        clauses.append("service = ?")
        values.append(wanted.visible_service)
    return (" WHERE " + " AND ".join(clauses) if clauses else ""), values
