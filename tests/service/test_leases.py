"""Leases with a written clock: when they run out, what renews them, and what does not count."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from milepost.rules.task import (
    DEFAULT_RULES,
    CreateTask,
    EventKind,
    Refused,
    Task,
    UpdateTask,
)
from milepost.rules.values import TERMINAL, Message, Status
from milepost.service import leases
from milepost.service.leases import (
    LONGEST_STEP,
    MOST_AT_ONCE,
    TICK_SECONDS,
    LeaseKeeper,
    Leases,
)
from milepost.service.tasks import TaskService
from milepost.store.base import Outcome, Position, Store, Unavailable
from milepost.store.sqlite.store import open_store
from tests.rules.samples import stored
from tests.service.test_tasks import ACME, COLLEAGUE, NOON, OSCAR, ROOT, RUN, accepted

DONE = UpdateTask(status=Status.SUCCEEDED)


class Clock:
    """Seconds that go on only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watch:
    """Leases, and the ticks that a server would make."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.leases = Leases(self.clock)
        self.woken: list[Position] = []

    def live(self, seconds: float) -> list[str]:
        """What runs out while time goes on as it should."""
        found: list[str] = []
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now = min(self.clock.now + TICK_SECONDS, end)
            found += self.leases.run_out(MOST_AT_ONCE)
        return found


def leased(name: str, seconds: int | None) -> Task:
    return msgspec.structs.replace(stored(Status.RUNNING), id=name, lease_seconds=seconds)


def test_a_lease_runs_out_once() -> None:
    watch = Watch()
    watch.leases.renew(leased("a", 5))
    assert watch.leases.left("a") == 5
    assert watch.live(4.9) == []
    assert not watch.leases.has_run_out("a")
    assert watch.live(0.2) == ["a"]
    assert watch.leases.has_run_out("a")
    assert watch.leases.left("a") == 0
    assert watch.live(100) == []


def test_whoever_is_heard_of_goes_on() -> None:
    watch = Watch()
    for _ in range(20):
        watch.leases.renew(leased("a", 5))
        assert watch.live(4) == []
    assert watch.live(1.1) == ["a"]


def test_a_lease_is_removed() -> None:
    watch = Watch()
    watch.leases.renew(leased("a", 5))
    watch.leases.renew(leased("b", 5))
    watch.leases.renew(leased("a", None))
    watch.leases.drop("b")
    assert (watch.leases.left("a"), watch.leases.left("b")) == (None, None)
    assert watch.live(10) == []
    watch.leases.renew(leased("c", None))
    assert not watch.leases.has_run_out("c")


def test_a_lease_becomes_shorter_and_longer() -> None:
    watch = Watch()
    watch.leases.renew(leased("a", 100))
    watch.leases.renew(leased("a", 2))
    assert watch.live(3) == ["a"]
    watch.leases.renew(leased("b", 2))
    watch.leases.renew(leased("b", 100))
    assert watch.live(50) == []
    assert watch.live(51) == ["b"]


def test_a_pause_of_the_process_does_not_count() -> None:
    """While the service did not run, nobody could be heard of."""
    watch = Watch()
    watch.leases.renew(leased("a", 10))
    watch.clock.now += 3600
    assert watch.leases.run_out(10) == []
    left = watch.leases.left("a")
    assert left is not None
    assert 10 - LONGEST_STEP <= left < 10
    assert watch.live(left - 0.1) == []
    assert watch.live(0.2) == ["a"]


def test_whoever_says_so_lets_long_steps_count() -> None:
    clock = Clock()
    leases = Leases(clock, longest_step=math.inf)
    leases.renew(leased("a", 60))
    clock.now += 59
    assert leases.left("a") == 1
    assert leases.run_out(MOST_AT_ONCE) == []
    clock.now += 1
    assert leases.run_out(MOST_AT_ONCE) == ["a"]


def test_many_run_out_some_at_a_time() -> None:
    watch = Watch()
    names = [f"t{number}" for number in range(10)]
    for name in names:
        watch.leases.renew(leased(name, 1))
    watch.clock.now += 1
    watch.leases.run_out(0)
    first = watch.leases.run_out(4)
    assert len(first) == 4
    assert sorted(first + watch.leases.run_out(100)) == names


def test_the_queue_does_not_grow_with_renewals() -> None:
    watch = Watch()
    dice = random.Random(7)  # noqa: S311  a test's dice
    for _ in range(20_000):
        name = f"t{dice.randrange(100)}"
        watch.leases.renew(leased(name, dice.choice([1, 60, 86_400])))
        if dice.random() < 0.1:
            watch.clock.now += 0.01
            watch.leases.run_out(100)
    assert len(watch.leases._queue) <= 2 * 100 + 1024
    told = watch.live(86_500)
    assert len(told) == len(set(told))


class House:
    """Tasks, their leases and the one who ends them, over a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON
        self.clock = Clock()
        self.leases = Leases(self.clock)
        self.woken: list[Position] = []
        numbers = iter(range(10_000))
        self.tasks = TaskService(
            store,
            DEFAULT_RULES,
            default_extension="com.milepost.local",
            clock=lambda: self.now,
            new_id=lambda: f"task-{next(numbers):021}",
            wake=self.woken.append,
            leases=self.leases,
        )
        self.keeper = LeaseKeeper(store, self.leases, lambda: self.now, self.woken.append)

    async def made(self, lease: int | None = 60) -> Task:
        spec = CreateTask(
            operation="op", cancelable=True, status=Status.RUNNING, lease_seconds=lease
        )
        return accepted(await self.tasks.create(ACME, spec, ""))

    async def live(self, seconds: float) -> int:
        """Let time go on and end what must end; how many that were."""
        count, end = 0, self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now += TICK_SECONDS
            while ended := self.leases.run_out(MOST_AT_ONCE):
                await self.keeper.end(ended)
                count += len(ended)
        return count

    async def task(self, task: Task) -> Task:
        found = await self.store.task(task.id)
        assert found is not None
        return found


Test = Callable[[House], Awaitable[None]]
Play = Callable[[Test], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    async def played(test: Test) -> None:
        store = open_store(tmp_path)
        try:
            await test(House(store))
        finally:
            await store.close()

    return lambda test: asyncio.run(played(test))


def test_a_task_nobody_works_on_ends(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        house.now += 60_000
        assert await house.live(59) == 0
        assert await house.live(2) == 1
        ended = await house.task(task)
        assert (ended.status, ended.finished_at, ended.lease_seconds) == (
            Status.FAILED,
            house.now,
            None,
        )
        assert ended.error is not None
        assert ended.error.type == "com.vmware.vapi.std.errors.timed_out"
        event = (await house.store.history(task.id, 1))[0]
        assert event.kind is EventKind.LEASE_EXPIRED
        assert (event.origin.principal, event.origin.source) == ("system", "lease")
        assert await house.live(1000) == 0
        assert house.tasks.lease_left(ended) is None

    play(test)


def test_what_renews_a_lease(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        said = UpdateTask(description=Message("", "still here"))

        async def change() -> object:
            return await house.tasks.update(COLLEAGUE, task.id, said, "")

        async def repeat() -> object:  # it changes nothing, and is accepted
            return await house.tasks.update(ACME, task.id, RUN, "")

        async def beat() -> object:
            return await house.tasks.heartbeat(ACME, task.id)

        for heard in (change, repeat, beat):
            await house.live(59)
            assert not isinstance(await heard(), Refused)
            assert house.tasks.lease_left(task) == 60
        assert len(await house.store.history(task.id, 10)) == 2
        assert await house.live(61) == 1

    play(test)


def test_what_does_not_renew_a_lease(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        await house.live(59)
        back = UpdateTask(status=Status.PENDING)
        assert isinstance(await house.tasks.update(ACME, task.id, back, ""), Refused)
        assert isinstance(await house.tasks.update(OSCAR, task.id, RUN, ""), Refused)
        assert isinstance(await house.tasks.heartbeat(OSCAR, task.id), Refused)
        await house.tasks.get(ACME, task.id)
        accepted(await house.tasks.cancel(OSCAR, task.id, ""))
        assert await house.live(2) == 1
        assert (await house.task(task)).status is Status.FAILED

    play(test)


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING, Status.BLOCKED])
def test_a_lease_runs_in_every_open_status(play: Play, status: Status) -> None:
    async def test(house: House) -> None:
        spec = CreateTask(operation="op", cancelable=True, status=status, lease_seconds=5)
        task = accepted(await house.tasks.create(ACME, spec, ""))
        assert await house.live(6) == 1
        assert (await house.task(task)).status is Status.FAILED

    play(test)


def test_a_finished_task_stays_as_it_is(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        await house.live(59.5)
        # The end is decided, and its lease runs out before it is written.
        ending = asyncio.ensure_future(house.tasks.update(ACME, task.id, DONE, ""))
        await asyncio.sleep(0)
        house.clock.now += 1
        await house.keeper.end([task.id])
        done = accepted(await ending)
        assert await house.task(task) == done
        assert done.status is Status.SUCCEEDED
        assert await house.live(100) == 0

    play(test)


def test_of_an_update_and_the_end_of_the_lease_one_is_first(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        await house.live(59.5)
        said = UpdateTask(description=Message("", "just in time"))
        update = asyncio.ensure_future(house.tasks.update(ACME, task.id, said, ""))
        await asyncio.sleep(0)
        house.clock.now += 1
        await house.keeper.end([task.id])
        assert (await house.task(task)).status is Status.RUNNING
        accepted(await update)

        await house.live(59.5)
        house.clock.now += 1
        end = asyncio.ensure_future(house.keeper.end([task.id]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        late = await house.tasks.update(ACME, task.id, RUN, "")
        await end
        assert isinstance(late, Refused)
        assert (await house.task(task)).status is Status.FAILED

    play(test)


def test_1000_abandoned_tasks_end_once_each(play: Play) -> None:
    async def test(house: House) -> None:
        tasks = await asyncio.gather(*(house.made(5) for _ in range(1000)))
        kept = await house.made(None)
        assert await house.live(4) == 0
        assert await house.live(1.5) == 1000
        for task in tasks:
            assert (await house.task(task)).revision == 2
        assert await house.task(kept) == kept
        log = await house.store.events_after(0, 5000)
        ended = [event.task.id for event in log if event.kind is EventKind.LEASE_EXPIRED]
        assert len(ended) == len(set(ended)) == 1000

    play(test)


def test_a_restart_grants_a_full_lease(tmp_path: Path) -> None:
    async def test() -> None:
        store = open_store(tmp_path)
        house = House(store)
        task, silent = await house.made(), await house.made(None)
        done = accepted(await house.tasks.update(ACME, (await house.made()).id, DONE, ""))
        await house.live(59)
        await store.close()

        store = open_store(tmp_path)
        assert await store.leased() == [(task.id, 60)]
        later = House(store)
        later.now += 3_600_000
        await later.keeper.start()
        later.keeper.stop()
        assert later.tasks.lease_left(task) == 60
        assert await later.live(59.5) == 0
        assert await later.live(1) == 1
        assert await later.task(silent) == silent
        assert await later.task(done) == done
        await store.close()

    asyncio.run(test())


@pytest.mark.parametrize("hours", [-1000, 1000])
def test_a_clock_on_the_wall_that_jumps_does_no_harm(play: Play, hours: int) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        house.now += hours * 3_600_000
        assert await house.live(59.5) == 0
        assert await house.live(1) == 1
        ended = await house.task(task)
        assert ended.start_time is not None
        assert ended.end_time is not None
        assert ended.end_time >= ended.start_time

    play(test)


class Failing:
    """A store that takes no change for a while."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.fails = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def change(self, *arguments: object) -> Outcome:
        if self.fails:
            raise Unavailable("the disk is full")
        return await self._store.change(*arguments)  # type: ignore[arg-type]

    async def task(self, task_id: str) -> Task | None:
        if self.fails:
            raise Unavailable("the disk is gone")
        return await self._store.task(task_id)


def test_a_store_that_takes_no_changes_ends_nothing(play: Play) -> None:
    """Whoever works could not be heard of either, so the lease begins anew."""

    async def test(house: House) -> None:
        task = await house.made()
        failing = Failing(house.store)
        house.keeper = LeaseKeeper(
            failing,  # type: ignore[arg-type]
            house.leases,
            lambda: house.now,
            house.woken.append,
        )
        assert await house.live(61) > 0
        assert await house.task(task) == task
        failing.fails = False
        failing.change = lambda *_: refuse()  # type: ignore[method-assign]
        assert await house.live(2) > 0
        assert house.tasks.lease_left(task) == pytest.approx(60, abs=2)
        assert await house.task(task) == task

    async def refuse() -> Outcome:
        raise Unavailable("the disk is still full")

    play(test)


def test_a_fault_of_the_program_is_not_hidden(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        monkeypatch.setattr(house.keeper, "_deciding", lambda _task_id: broken)
        with pytest.raises(LookupError):
            await house.keeper.end([task.id])

    def broken(_tasks: object) -> None:
        raise LookupError("no")

    play(test)


def test_the_watch_goes_on_after_a_fault(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "TICK_SECONDS", 0)

    async def test(house: House) -> None:
        await house.made(1)
        calls: list[list[str]] = []
        failed, seen = asyncio.Event(), asyncio.Event()

        async def end(task_ids: list[str]) -> None:
            calls.append(task_ids)
            if len(calls) == 1:
                failed.set()
                raise LookupError("no")
            seen.set()

        monkeypatch.setattr(house.keeper, "end", end)
        await house.keeper.start()
        house.clock.now += 1
        await asyncio.wait_for(failed.wait(), 30)
        await house.made(1)
        house.clock.now += 1
        await asyncio.wait_for(seen.wait(), 30)
        house.keeper.stop()
        assert len(calls) == 2

    play(test)


def test_what_has_no_lease_any_more_is_not_ended(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        without = accepted(await house.tasks.update(ACME, task.id, UpdateTask(lease_seconds=0), ""))
        house.leases.grant(task.id, 1)  # as if it had been forgotten
        house.leases.grant("x" * 22, 1)
        await house.live(2)
        assert await house.task(task) == without
        assert house.leases.left(task.id) is None
        assert await house.tasks.get(ROOT, task.id) == without
        assert without.status not in TERMINAL

    play(test)
