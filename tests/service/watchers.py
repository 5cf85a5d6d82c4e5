"""A house with tasks and those who watch them, over the real store."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

from milepost.access.passwords import PasswordChecker
from milepost.access.principals import Principal, Role
from milepost.access.sessions import Login, SessionLimits, Sessions
from milepost.feed.feed import Feed, FeedLimits
from milepost.rules.finding import TaskFilter
from milepost.rules.task import DEFAULT_RULES, Accepted, CreateTask, Refused, Task, UpdateTask
from milepost.rules.values import Status
from milepost.rules.waiting import Wait
from milepost.service.tasks import TaskService
from milepost.service.vigil import Vigil
from milepost.service.watching import Watch, WatchService
from milepost.store.base import Event, Session, Store
from milepost.store.sqlite.store import open_store

NOON = 1_420_113_600_000
PATIENCE = 20.0
ALL = TaskFilter()


def login_of(name: str, role: Role, extension: str | None = None) -> Login:
    return Login(
        Session(token=name, user=name, created_at=NOON, used_at=NOON),
        Principal(name, role, extension),
    )


ROOT = login_of("root", Role.ADMINISTRATOR)
VERA = login_of("vera", Role.VIEWER)
OSCAR = login_of("oscar", Role.OPERATOR)
ACME = login_of("acme", Role.EXTENSION, "com.acme")
OTHER = login_of("other", Role.EXTENSION, "com.other")


def encode(event: Event) -> bytes:
    return f"{event.task.service}/{event.task.revision} ".encode()


class House:
    """Tasks and those who watch them; nobody looks after the sessions."""

    def __init__(self, store: Store, passwords: PasswordChecker, limits: FeedLimits) -> None:
        numbers = itertools.count()
        self.store = store
        self.feed = Feed(store, encode, limits, poll_seconds=PATIENCE)
        self.vigil = Vigil(
            Sessions(store, passwords, SessionLimits()), lambda: NOON, look_seconds=PATIENCE
        )
        self.tasks = TaskService(
            store,
            DEFAULT_RULES,
            default_extension="com.milepost.local",
            clock=lambda: NOON,
            new_id=lambda: f"task-{next(numbers):021}",
            wake=self.feed.wake,
        )
        self.watching = WatchService(self.feed, self.tasks, self.vigil)

    async def made(self, login: Login = ACME) -> Task:
        spec = CreateTask(operation="op", cancelable=True)
        return task_of(await self.tasks.create(login.principal, spec, "here"))

    async def moved(self, task: Task, status: Status) -> Task:
        spec = UpdateTask(status=status)
        return task_of(await self.tasks.update(ROOT.principal, task.id, spec, "here"))

    async def watch(
        self, login: Login, wanted: TaskFilter = ALL, after: int | None = None
    ) -> Watch:
        watch = await self.watching.watch(login, wanted, after)
        assert isinstance(watch, Watch), watch
        return watch

    def wait(self, login: Login, task: Task, wait: Wait) -> asyncio.Task[Task | Refused]:
        """Begin to wait; ``hurry`` has what makes it come back."""
        self.hurry: list[Callable[[], None]] = []
        return asyncio.ensure_future(self.watching.wait(login, task.id, wait, self.hurry.append))


def task_of(decision: object) -> Task:
    assert isinstance(decision, Accepted), decision
    return decision.task


async def heard(watch: Watch, count: int) -> str:
    found = b""
    until = asyncio.get_running_loop().time() + PATIENCE
    while found.count(b" ") < count:
        data = await watch.next(until)
        assert data, (found, watch.ended)
        found += data
    return found.decode().strip()


async def until(condition: Callable[[], bool]) -> None:
    """Let the others go on until something is so."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came true")


Test = Callable[[House], Awaitable[None]]


def play(folder: Path, test: Test, limits: FeedLimits | None = None) -> None:
    """A test in a house over a store in a folder."""

    async def played() -> None:
        store, passwords = open_store(folder), PasswordChecker()
        house = House(store, passwords, limits or FeedLimits())
        try:
            await test(house)
        finally:
            house.vigil.close()
            house.feed.close()
            passwords.close()
            await store.close()

    asyncio.run(played())


def scenario(test: Test) -> Callable[[Path], None]:
    @functools.wraps(test)
    def run(tmp_path: Path) -> None:
        play(tmp_path, test)

    del run.__wrapped__
    return run
