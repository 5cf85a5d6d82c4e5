"""Group commit: many changes, one transaction, one sync, then the answers.

While one group is being committed the next one gathers; it starts when the last returns. There is
no timer: a lone change is committed at once, and the more wait, the larger the group.

Changes are decided before they come here, one on top of the other. So when a commit fails, the
changes that have gathered meanwhile fail with it: they may rest on what was never made.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from milepost.logs import logger
from milepost.store.base import Corrupt, Overloaded, Position, Unavailable
from milepost.store.sqlite.beside import Beside, Fate
from milepost.store.sqlite.writer import Writer
from milepost.store.sqlite.writing import (
    Batch,
    Bundle,
    Written,
    batch_of,
    kept_of,
    last_position,
    write_bundle,
    write_group,
    write_one,
)

Job = Callable[[sqlite3.Connection], Any]
"""A part of a transaction: reads and writes, neither begins nor ends it."""

Work = Job | Written | Bundle
CHANGES = Written, Bundle
"""What is taken back when a commit before it fails."""
T = TypeVar("T")

LARGEST_GROUP = 256

log = logger(__name__)


class Entry(NamedTuple):
    """What waits for its commit, who waits for it, and how many changes or jobs it is."""

    work: Work
    answer: asyncio.Future[Any]
    size: int = 1


class Committer:
    """Writes groups in a thread of its own, and those of a busy server in a process beside.

    In the event loop, ``done`` is called with each change that is durable, before its answer, and
    ``failed`` when what was decided so far no longer holds.
    """

    def __init__(
        self,
        directory: Path,
        *,
        synchronous: str,
        most_waiting: int,
        beside: Beside | None,
        done: Callable[[Written], None],
        failed: Callable[[], None],
    ) -> None:
        self._most_waiting = most_waiting
        self._done = done
        self._failed = failed
        self._failures = 0
        self._through: Position = 0
        self._turn: asyncio.Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="milepost-commit")
        self._beside = beside
        self._writer = Writer(directory, synchronous)
        self._closed = False
        self._failing = False
        self._waiting: list[Entry] = []
        self._load = 0
        self._drain: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def refuse_more(self) -> None:
        """Raise ``Unavailable`` once closed, and ``Overloaded`` while too much waits."""
        if self._closed:
            raise Unavailable("the store is closed")
        if self._load >= self._most_waiting:
            raise Overloaded(self._load)

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """What the job returned, once it is durable.

        Raises ``Overloaded``, ``Unavailable``, ``Corrupt``, or what the job itself raised.
        """
        self.refuse_more()
        done: T = await self._add(job)
        return done

    def write(self, change: Written) -> asyncio.Future[Written]:
        """Take a change; the future has it as it was written, once it is durable.

        The future may get ``Unavailable`` or ``Corrupt`` instead.
        """
        return self._add(change)

    def write_all(self, bundle: Bundle) -> asyncio.Future[Bundle]:
        """Take changes that are made together; as ``write`` does with one."""
        return self._add(bundle, max(len(bundle.changes), 1))

    async def through(self, position: Position) -> None:
        """Wait until an accepted change is durable. Raises ``Unavailable`` when it fails."""
        failures = self._failures
        while self._through < position:
            if self._turn is None:
                self._turn = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._turn])
            if self._failures != failures:
                raise Unavailable("the commit of what was seen failed")

    async def close(self) -> None:
        """Finish what waits, then close the connection. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        while self._drain is not None:
            await self._drain
        if self._beside is not None:
            await self._beside.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.close)
        self._thread.shutdown()

    def _add(self, work: Work, size: int = 1) -> asyncio.Future[Any]:
        # To ask for the running loop is a system call in Python 3.11, and this is done a lot.
        if self._drain is None or self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._drain = self._loop.create_task(self._commit_groups())
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(Entry(work, answer, size))
        self._load += size
        return answer

    async def _commit_groups(self) -> None:
        try:
            while self._waiting:
                group = self._take()
                self._settle(group, await self._committed([entry.work for entry in group]))
        finally:
            self._drain = None

    async def _committed(self, work: list[Work]) -> list[Any]:
        """Commit a group, in the process beside this one where it can; the outcomes."""
        changes = [change for one in work for change in changes_of(one)]
        batch = batch_of(changes)
        fate = Fate.NOT_BEGUN
        if self._beside is not None and all(isinstance(one, CHANGES) for one in work):
            try:
                size = sum(change.size for change in changes)
                fate = await self._beside.commit(batch, kept_of(work), size)
            except Unavailable as fault:
                self._tell_failing(fault)
                return [Unavailable(str(fault)) for _ in work]
        if fate is Fate.DONE:
            self._tell_working()
            return work
        here = self._complete if fate is Fate.UNKNOWN else self._commit
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, here, work, batch)

    def _take(self) -> list[Entry]:
        """The next group: what waits longest, at least one, and no more than a group holds."""
        if self._load <= LARGEST_GROUP:
            group, self._waiting, self._load = self._waiting, [], 0
            return group
        size = count = 0
        for entry in self._waiting:
            if count and size + entry.size > LARGEST_GROUP:
                break
            size += entry.size
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._load -= size
        return group

    def _settle(self, group: list[Entry], outcomes: list[Any]) -> None:
        """Tell everybody what came of a group."""
        failed = False
        for (work, answer, _), outcome in zip(group, outcomes, strict=True):
            for change in changes_of(outcome):
                self._through = change.position
                self._done(change)
            # A change that was not written as it was decided leaves the later ones in the air.
            failed = failed or (outcome is not work and isinstance(work, CHANGES))
            settle(answer, outcome)
        if failed:
            self._fail()
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.set_result(None)

    def _fail(self) -> None:
        """Give up the changes that wait: they may rest on what was never made."""
        self._failures += 1
        self._failed()
        for work, answer, _ in self._waiting:
            if isinstance(work, CHANGES):
                settle(answer, Unavailable("the commit before it failed"))
        self._waiting = [entry for entry in self._waiting if not isinstance(entry.work, CHANGES)]
        self._load = len(self._waiting)

    def _commit(self, work: list[Work], batch: Batch) -> list[Any]:
        """Commit a group.

        The outcomes: what a job returned, a change as it was written, or an exception to raise.
        """
        try:
            return self._attempt(lambda connection: whole(connection, work, batch))
        except sqlite3.OperationalError as fault:
            self._drop(fault)
            return [Unavailable(str(fault)) for _ in work]
        except Exception:  # noqa: BLE001  each gets its own below
            # One of them is at fault and the transaction is gone: each has a commit of its own.
            return [self._commit_one(one) for one in work]

    def _complete(self, work: list[Work], batch: Batch) -> list[Any]:
        """See whether a group was committed by a process that has gone; if not, commit it."""
        try:
            last = last_position(self._writer.connection())
        except sqlite3.Error as fault:
            self._drop(fault)
            return [Unavailable(str(fault)) for _ in work]
        # Positions are given in order, and only here, so no other group can have this one.
        if batch.events and last >= batch.events[-1][0]:
            return work
        return self._commit(work, batch)

    def _commit_one(self, one: Work) -> Any:
        try:
            return self._attempt(lambda connection: alone(connection, one))
        except sqlite3.OperationalError as fault:
            self._drop(fault)
            return Unavailable(str(fault))
        except Exception as fault:  # noqa: BLE001  it is handed to the one who asked
            return wrapped(fault)

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        done = self._writer.attempt(work)
        self._tell_working()
        return done

    def _drop(self, fault: sqlite3.Error) -> None:
        """A fault of the database itself: drop the connection, the next group opens a new one."""
        self._tell_failing(fault)
        self._writer.disconnect()

    def _tell_failing(self, fault: Exception) -> None:
        if not self._failing:
            log.error("commits fail; changes are refused until they work again", reason=str(fault))
        self._failing = True

    def _tell_working(self) -> None:
        if self._failing:
            log.warning("commits work again")
        self._failing = False


def whole(connection: sqlite3.Connection, work: list[Work], batch: Batch) -> list[Any]:
    """Do the jobs of a group, then write its changes."""
    outcomes = [one if isinstance(one, CHANGES) else one(connection) for one in work]
    write_group(connection, batch, kept_of(work))
    return outcomes


def alone(connection: sqlite3.Connection, one: Work) -> Any:
    """Do one job, or write one change or what is made together."""
    if isinstance(one, Written):
        return write_one(connection, one)
    return write_bundle(connection, one) if isinstance(one, Bundle) else one(connection)


def changes_of(work: object) -> tuple[Written, ...]:
    """The changes in what is to be written, or was."""
    if isinstance(work, Written):
        return (work,)
    return work.changes if isinstance(work, Bundle) else ()


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
