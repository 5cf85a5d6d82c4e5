"""The embedded store: one SQLite file, one writer, group commit."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Container, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import filelock

from milepost.rules.extensions import ExtensionOutcome, Registration
from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.task import Accepted, Decision, Task
from milepost.rules.values import Instant
from milepost.store.base import (
    HISTORY_LIMIT,
    Corrupt,
    Decide,
    DecideAll,
    DecideExtension,
    Event,
    Kept,
    LogSpan,
    Once,
    Origin,
    Outcome,
    Overloaded,
    Page,
    Position,
    Store,
    StoreError,
    Unavailable,
)
from milepost.store.sqlite import (
    extensions,
    paging,
    queries,
    removal,
    rows,
    shortening,
    tokens,
)
from milepost.store.sqlite.accounts import AccountWriter
from milepost.store.sqlite.beside import Beside, CommitProcess, beside_of
from milepost.store.sqlite.committer import Committer
from milepost.store.sqlite.connection import (
    await_commits,
    directory_lock,
    prepare,
    take,
    write_nothing_new,
)
from milepost.store.sqlite.reader import reading
from milepost.store.sqlite.shortening import HistoryBound
from milepost.store.sqlite.together import Together
from milepost.store.sqlite.working import Stored, Working
from milepost.store.sqlite.writing import Written, last_position, written

T = TypeVar("T")


class SqliteStore(tokens.Tokens, AccountWriter, Store):
    """Tasks, events, users, sessions and extensions in ``milepost.db`` of a data directory.

    Single rows are read in the caller's thread (they cost microseconds); lists are read in a
    thread of their own.
    """

    def __init__(
        self,
        directory: Path,
        lock: filelock.FileLock,
        *,
        synchronous: str,
        most_waiting: int,
        history_limit: int,
        beside: Beside | None,
    ) -> None:
        super().__init__(directory)
        self._lock = lock
        self._bound = HistoryBound(history_limit)
        self._working = Working()
        self._position: Position | None = None
        self._committer = Committer(
            directory,
            synchronous=synchronous,
            most_waiting=most_waiting,
            beside=beside,
            done=self._keep,
            failed=self._forget,
        )
        self._together = Together(
            self._committer,
            self._working,
            self._near,
            newest=self._newest,
            next_position=self._next_position,
            seen=self._durably_seen,
            bound=self._bound,
        )

    async def change(self, ids: Sequence[str], decide: Decide, origin: Origin) -> Outcome:
        self._committer.refuse_more()
        found: dict[str, Stored] = {}
        tasks: dict[str, Task] = {}
        for task_id in ids:
            stored = self._newest(task_id)
            if stored is not None:
                found[task_id], tasks[task_id] = stored, stored.task
        decision = decide(tasks)
        if not isinstance(decision, Accepted) or decision.change is None:
            await self._durably_seen(ids)
            return Outcome(decision)
        after = decision.change.after
        before = found.get(after.id) or self._newest(after.id)
        previous = None if before is None else before.position
        one = written(decision.change, origin, self._next_position(), previous, self._bound)
        self._working.change(Stored(after, one.position))
        done = await self._committer.write(one)
        return Outcome(decision, done.position)

    async def change_all(
        self, ids: Sequence[str], decide: DecideAll, origin: Origin, once: Once | None = None
    ) -> Sequence[Decision] | Kept:
        return await self._together.change(ids, decide, origin, once)

    async def forget_kept(self, before: Instant, limit: int) -> int:
        forget = partial(removal.forget, statement=queries.FORGET_KEPT, before=before)
        return await self._in_steps(forget, limit)

    async def remove(self, ids: Sequence[str], now: Instant) -> int:
        self._committer.refuse_more()
        parents = self._working.parents_ahead()
        leaving = [task_id for task_id in ids if self._may_leave(task_id, parents)]
        self._working.leave(leaving)
        # It is seen to its end, whoever goes away: what is remembered must follow the file.
        return await asyncio.shield(asyncio.ensure_future(self._remove(leaving, now)))

    async def _remove(self, leaving: list[str], now: Instant) -> int:
        count = gone = 0
        try:
            while gone < len(leaving):
                step = partial(removal.remove, ids=leaving[gone:], now=now)
                removed = await self._committer.run(step)
                gone += removed.looked_at
                count += removed.removed
        finally:
            self._working.left(leaving[:gone], removed=True)
            self._working.left(leaving[gone:], removed=False)
        return count

    def _may_leave(self, task_id: str, parents: Container[str | None]) -> bool:
        """Whether a task may go and nothing that is on its way needs it."""
        stored = self._newest(task_id)
        if stored is None or not removal.may_be_removed(stored.task):
            return False
        return self._working.ahead(task_id) is None and task_id not in parents

    async def _in_steps(self, step: removal.TakeStep, most: int) -> int:
        """Take steps, each in a commit of its own, until ``most`` is done or nothing is left."""
        done = 0
        while done < most:
            count = await self._committer.run(partial(removal.take, step, most - done))
            if not count:
                break
            done += count
        return done

    async def compact(self, most: int) -> int:
        return await self._in_steps(removal.compact, most)

    async def shorten(self, task_id: str, at_once: int) -> AsyncIterator[int]:
        # Read beside the writing thread: to walk a long chain would hold up a commit.
        history, cuts = await self._aside(
            lambda connection: shortening.read_cuts(connection, task_id, self._bound.kept, at_once)
        )
        for cut in cuts:
            yield await self._committer.run(partial(shortening.take_out, history=history, cut=cut))

    async def forget_tombstones(self, before: Instant, limit: int) -> int:
        forget = partial(removal.forget, statement=removal.FORGET_TOMBSTONES, before=before)
        return await self._in_steps(forget, limit)

    async def task(self, task_id: str) -> Task | None:
        stored = self._durable(task_id)
        return None if stored is None else stored.task

    async def find(self, wanted: TaskFilter, limit: int) -> list[Task]:
        where, values = queries.conditions(wanted)
        statement = f"SELECT {rows.NAMES} FROM tasks{where} ORDER BY number LIMIT ?"  # noqa: S608  own names only

        def read(connection: sqlite3.Connection) -> list[Task]:
            # Closed whatever happens: an open cursor would keep its old view of the database.
            with contextlib.closing(connection.execute(statement, (*values, limit))) as found:
                return queries.bounded_tasks(found)

        # A list that may not be cut short may take long: pages do not wait for it.
        tasks = await self._aside(read)
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
        after, last, cut = reading(lambda: self._near.execute(queries.SELECT_SPAN).fetchone())
        await self._told_through(last)
        return LogSpan(after, last, cut)

    async def page(self, selection: Selection, size: int, after: int | None = None) -> Page:
        page = await self._far_away(lambda: paging.read_page(self._far, selection, size, after))
        await self._told_before(page.tasks)
        return page

    async def key(self, name: str) -> str:
        return await self._committer.run(lambda connection: queries.made_key(connection, name))

    async def change_extension(self, key: str, decide: DecideExtension) -> ExtensionOutcome:
        return await self._committer.run(partial(extensions.change, key=key, decide=decide))

    async def extension(self, key: str) -> Registration | None:
        found = await self._all(extensions.SELECT_ONE, key)
        return extensions.read(key, found[0]) if found else None

    async def extension_versions(self) -> dict[str, int]:
        return dict(await self._all(extensions.SELECT_VERSIONS))

    async def ready(self) -> bool:
        # It costs a sync, but all who ask at once, and all changes beside them, share one.
        try:
            await self._committer.run(write_nothing_new)
        except (Unavailable, Overloaded):
            return False
        return True

    async def close(self) -> None:
        await self._committer.close()
        self._close_readers()
        self._lock.release()

    def _newest(self, task_id: str) -> Stored | None:
        """A task as the changes accepted so far will make it."""
        if self._working.is_leaving(task_id):
            return None
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
        self._working.commit(Stored(after, one.position), one.size)

    def _forget(self) -> None:
        """A commit failed: what was decided on top of it never was."""
        self._working.forget()
        self._position = None


def open_store(
    directory: Path,
    *,
    synchronous: str = "FULL",
    most_waiting: int = 4000,
    history_limit: int = HISTORY_LIMIT,
    exclusive: bool = True,
    commit_process: CommitProcess = "never",
) -> SqliteStore:
    """Open (or make) the store in a data directory.

    A server opens it ``exclusive`` and holds its lock; a command that only touches users may open
    it beside a running server. ``commit_process`` says when groups are committed in a process of
    their own: never, when the server is busy, or always.

    Raises:
        Unavailable: the directory or the file cannot be used; the message names it.
        Locked: another server holds the directory.
        Corrupt: the file is no database of this program, or of a later version.
    """
    lock = directory_lock(directory)
    try:
        take(lock, directory, needed=exclusive)
        if exclusive:
            await_commits(directory)
        prepare(directory, synchronous, may_migrate=lock.is_locked)
        if not exclusive:
            lock.release()
        return SqliteStore(
            directory,
            lock,
            synchronous=synchronous,
            most_waiting=most_waiting,
            history_limit=history_limit,
            beside=beside_of(directory, synchronous, commit_process),
        )
    except sqlite3.OperationalError as fault:
        lock.release()
        raise Unavailable(f"the data directory {directory} cannot be used: {fault}") from fault
    except sqlite3.DatabaseError as fault:
        lock.release()
        raise Corrupt(f"the data directory {directory}: {fault}") from fault
    except StoreError:
        lock.release()
        raise
