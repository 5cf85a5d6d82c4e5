"""Fill a data directory as a server would have left it: ``fill(directory, 1_000_000)``.

Rows are made by the store's own code and written without syncs. Of the
tasks 98.5 % have finished within the last 60 days; every 50th is the parent of five behind it, and
one is the parent of very many. Tasks run beside each other, so the events of one are scattered in
the log, each with three or more of them. A few open ones have histories that are too long.
"""

from __future__ import annotations

import argparse
import base64
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from milepost.rules.task import Change, EventKind, Task
from milepost.rules.values import ErrorValue, Message, Opaque, Param, Progress, Status, Target
from milepost.store.base import Origin
from milepost.store.sqlite.connection import connect, migrate
from milepost.store.sqlite.shortening import HistoryBound
from milepost.store.sqlite.writing import Batch, Written, batch_of, write, written

DAY = 86_400_000
DAYS = 60
TOGETHER = 64
OPEN_SHARE = 0.015
FAILED_SHARE = 0.04
FAMILY, CHILDREN = 50, 5
LARGE_FAMILY = 20_000
SERVICES = ("com.acme.backup", "com.acme.copy", "org.example.build", "org.example.deploy",
            "net.sample.scan", "net.sample.patch", "io.rare.audit", "io.rare.move")  # fmt: skip
SERVICE_WEIGHTS = (30, 25, 18, 12, 8, 5, 1.5, 0.5)
VERBS = ("run", "verify", "restore", "prune", "export")
TARGETS, USERS = 5_000, 200
LONG_TASKS, LONG_EVENTS, LONG_BOUND = 20, 10_400, 10_000
BUSY = 2_000
"""Open tasks made last, for a load of updates."""

FAST = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -1048576",
        "PRAGMA locking_mode = EXCLUSIVE")  # fmt: skip


class Filled(NamedTuple):
    """What was made: the ids of open tasks for a load, those with long histories, one parent."""

    busy: list[str]
    long: list[str]
    parent: str


class Maker:
    """Makes the tasks, the same ones for the same seed."""

    def __init__(self, count: int, *, now: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._count = count
        self._begin = now - DAYS * DAY
        self._step = DAYS * DAY / max(count, 1)
        self._parents: dict[int, str] = {}
        self.large_parent = self.new_id()

    def new_id(self) -> str:
        return base64.b32encode(self._random.randbytes(16)).decode().rstrip("=").lower()

    def first(self, number: int, service: str | None = None) -> Task:
        """A task at its first revision; tasks are numbered from 0, the oldest first."""
        pick = self._random
        service = service or pick.choices(SERVICES, SERVICE_WEIGHTS)[0]
        machine = f"vm-{pick.randrange(TARGETS)}"
        at = int(self._begin + number * self._step)
        return Task(
            id=self._id_of(number),
            revision=1,
            service=service,
            operation=f"{service}.{pick.choice(VERBS)}",
            cancelable=True,
            target=Target("VirtualMachine", machine),
            principal=f"{service}-worker",
            # Few users have most of the tasks.
            user=f"user-{int(USERS * pick.random() ** 3)}",
            parent=self._parent_of(number),
            created_at=at,
            updated_at=at,
            description=Message("com.acme.job", f"Work on {machine}", (machine,)),
            lease_seconds=3600 if number % 3 == 0 else None,
        )

    def _id_of(self, number: int) -> str:
        if number == self._large_begin:
            return self.large_parent
        made = self.new_id()
        if number % FAMILY == 0:
            self._parents[number] = made
            self._parents.pop(number - 10 * FAMILY, None)
        return made

    @property
    def _large_begin(self) -> int:
        return self._count // 2 + 1

    def _parent_of(self, number: int) -> str | None:
        large = self._large_begin
        if large < number <= large + min(LARGE_FAMILY, self._count // 50):
            return self.large_parent
        place = number % FAMILY
        return self._parents.get(number - place) if 1 <= place <= CHILDREN else None

    def story(self, number: int) -> list[Change]:
        """The changes of a task, from the first to the last."""
        first, pick = self.first(number), self._random
        changes = [Change(EventKind.CREATED, None, first)]
        age = self._count - number
        is_open = age < self._count * OPEN_SHARE * 0.8 or pick.random() < OPEN_SHARE * 0.2
        took = int(pick.expovariate(1 / 60_000)) + 50
        running = followed(first, first.created_at + 5, status=Status.RUNNING, progress=part(1))
        changes.append(Change(EventKind.UPDATED, first, running))
        if is_open:
            return changes if age % 4 else changes[:1]
        end = running.created_at + took
        fields: dict[str, Any] = {"status": Status.SUCCEEDED, "progress": part(100)}
        if pick.random() < FAILED_SHARE:
            error = ErrorValue("com.vmware.vapi.std.errors.error", (Message("x", "It broke."),))
            fields |= {"status": Status.FAILED, "error": error, "progress": part(60)}
        else:
            fields |= {"result": Opaque(f'{{"bytes":{pick.randrange(10**9)}}}')}
        last = followed(running, end, **fields, end_time=end, finished_at=end, lease_seconds=None)
        return [*changes, Change(EventKind.UPDATED, running, last)]


def part(done: int) -> Progress:
    params = {"done": Param(i=done), "machine": Param(s="web-01")}
    said = f"{done} MiB of web-01 copied to the archive, two more disks are waiting"
    return Progress(100, done, Message("com.acme.copied", said, (str(done), "web-01"), params))


def followed(task: Task, at: int, **fields: Any) -> Task:
    """The next revision of a task."""
    start = at if task.start_time is None else task.start_time
    return msgspec.structs.replace(
        task, revision=task.revision + 1, updated_at=at, start_time=start, **fields
    )


class Filler:
    """Writes changes into a database as groups of events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._position = 0
        self._bound = HistoryBound(LONG_BOUND)
        self._newest: dict[str, int] = {}

    def put(self, changes: list[Change], *, keep: bool = False) -> None:
        """Write some changes in their order; ``keep`` when more of the same tasks will come."""
        made: list[Written] = []
        for change in changes:
            self._position += 1
            task_id, origin = change.after.id, Origin(change.after.principal, "10.0.0.1")
            previous = self._newest.get(task_id)
            made.append(written(change, origin, self._position, previous, self._bound))
            self._newest[task_id] = self._position
        batch: Batch = batch_of(made)
        write(self._connection, batch)
        if not keep:
            self._newest.clear()


def groups(maker: Maker, count: int) -> Iterator[list[Change]]:
    """The changes of tasks that run beside each other."""
    for begin in range(0, count, TOGETHER):
        stories = [maker.story(number) for number in range(begin, min(begin + TOGETHER, count))]
        turns = max(len(story) for story in stories)
        yield [story[turn] for turn in range(turns) for story in stories if turn < len(story)]


def busy_tasks(maker: Maker, filler: Filler, count: int, many: int) -> list[str]:
    """Running tasks without a lease, for a load."""
    made = []
    for number in range(many):
        first = msgspec.structs.replace(maker.first(count + number * 2 + 1), lease_seconds=None)
        first = msgspec.structs.replace(first, parent=None)
        running = followed(first, first.created_at + 1, status=Status.RUNNING)
        filler.put(
            [Change(EventKind.CREATED, None, first), Change(EventKind.UPDATED, first, running)]
        )
        made.append(first.id)
    return made


def long_histories(maker: Maker, filler: Filler, count: int, many: int) -> list[str]:
    """Open tasks that have reported very often, all of them by turns."""
    tasks = [
        msgspec.structs.replace(maker.first(count), parent=None, lease_seconds=None)
        for _ in range(many)
    ]
    filler.put([Change(EventKind.CREATED, None, task) for task in tasks], keep=True)
    for done in range(1, LONG_EVENTS):
        changes = []
        for place, task in enumerate(tasks):
            fields: dict[str, Any] = {"progress": Progress(10**9, done, part(1).message)}
            if done == 1:
                fields["status"] = Status.RUNNING
            tasks[place] = followed(task, task.updated_at + 1, **fields)
            changes.append(Change(EventKind.UPDATED, task, tasks[place]))
        filler.put(changes, keep=True)
    return [task.id for task in tasks]


def fill(directory: Path, count: int, *, now: int | None = None, long: int = LONG_TASKS) -> Filled:
    """Make a data directory with so many tasks, and some more that are open; it must be new.

    ``now`` is in milliseconds; ``long`` is how many tasks with a long history there are.
    """
    directory.mkdir(parents=True, mode=0o700)
    connection = connect(directory)
    migrate(connection)
    for setting in FAST:
        connection.execute(setting)
    maker = Maker(count, now=int(time.time() * 1000) if now is None else now)
    filler = Filler(connection)
    connection.execute("BEGIN")
    for changes in groups(maker, count):
        filler.put(changes)
    found = long_histories(maker, filler, count, long)
    busy = busy_tasks(maker, filler, count, BUSY)
    connection.execute("COMMIT")
    connection.close()
    return Filled(busy, found, maker.large_parent)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill a new data directory with tasks.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--long", type=int, default=LONG_TASKS)
    options = parser.parse_args()
    begun = time.monotonic()
    filled = fill(options.directory / "data", options.tasks, long=options.long)
    (options.directory / "filled.json").write_bytes(msgspec.json.encode(filled))
    print(f"{options.tasks} tasks in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
