"""Many at once: one order for each task, nothing lost, nothing seen before it is there."""

from __future__ import annotations

import asyncio
import random

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Refused
from milepost.rules.values import Status
from milepost.store.base import Event, Outcome, Position, Store
from tests.contract.linear import Clock, Op, fault_in
from tests.contract.samples import (
    ACME,
    NOON,
    changed,
    counting,
    creating,
    made,
    new_id,
    story,
    updating,
    whole_log,
)
from tests.contract.stores import Home, scenario

WORKERS = 16
ROUNDS = 25


async def count_up(store: Store, task_id: str, clock: Clock, history: list[Op]) -> None:
    """Change the task again and again, and write down when and to which revision."""
    for _ in range(ROUNDS):
        called = clock()
        after = changed(await store.change((task_id,), counting(task_id), ACME)).after
        history.append(Op("write", called, clock(), after.revision))


async def look_on(store: Store, task_id: str, clock: Clock, history: list[Op]) -> None:
    """Read the task in every way there is, until it has reached its last revision."""
    version, rounds = 0, 0
    while version < WORKERS * ROUNDS + 1:
        called = clock()
        match rounds % 3:
            case 0:
                task = await store.task(task_id)
            case 1:
                (task,) = await store.find(TaskFilter(ids=frozenset({task_id})), 1)
            case _:
                refused = updating(task_id, status=Status.FAILED)
                decision = (await store.change((task_id,), refused, ACME)).decision
                assert isinstance(decision, Refused)
                task = decision.task
        assert task is not None
        version = task.revision
        history.append(Op("read", called, clock(), version))
        rounds += 1
        await asyncio.sleep(0)


@scenario
async def test_changes_of_one_task_are_linearizable(home: Home) -> None:
    async with home.store() as store:
        clock, history = Clock(), [Op("write", -2, -1, 1)]
        task = await made(store)
        await asyncio.gather(
            *(count_up(store, task.id, clock, history) for _ in range(WORKERS)),
            *(look_on(store, task.id, clock, history) for _ in range(3)),
        )

        changes = WORKERS * ROUNDS
        after = await store.task(task.id)
        assert after is not None
        assert (after.revision, after.progress.completed) == (changes + 1, changes)
        assert fault_in(history) is None
        events = await story(store, task.id)
        assert [event.task.revision for event in events] == list(range(1, changes + 2))
        assert [event.task.progress.completed for event in events] == list(range(changes + 1))


@scenario
async def test_changes_asked_for_in_a_row_happen_in_that_order(home: Home) -> None:
    """What one caller sends without waiting, such as a batch, is not mixed up."""
    async with home.store() as store:
        task = await made(store)
        ids = [task.id] * 50
        outcomes = await asyncio.gather(*(store.change((i,), counting(i), ACME) for i in ids))

        assert [changed(outcome).after.revision for outcome in outcomes] == list(range(2, 52))
        assert [outcome.position for outcome in outcomes] == list(range(2, 52))


@scenario
async def test_many_tasks_at_once_lose_nothing(home: Home) -> None:
    async with home.store() as store:
        ids = [new_id() for _ in range(60)]

        async def live(task_id: str) -> list[Outcome]:
            outcomes = [await store.change((), creating(task_id), ACME)]
            outcomes += [await store.change((task_id,), counting(task_id), ACME) for _ in range(5)]
            return outcomes

        lives = await asyncio.gather(*map(live, ids))

        log = {event.position: event for event in await whole_log(store)}
        told = {
            outcome.position: (i, changed(outcome).after.revision)
            for i, outcomes in zip(ids, lives, strict=True)
            for outcome in outcomes
        }
        assert told == {p: (event.task.id, event.task.revision) for p, event in log.items()}
        for task_id, outcomes in zip(ids, lives, strict=True):
            assert await store.task(task_id) == changed(outcomes[-1]).after
            positions = [outcome.position or 0 for outcome in outcomes]
            assert positions == sorted(positions)


@scenario
async def test_positions_have_no_gaps_whatever_else_happens(home: Home) -> None:
    async with home.store() as store:
        task = await made(store)

        async def ask(number: int) -> None:
            match number % 4:
                case 0:
                    await made(store)
                case 1:
                    await store.change((task.id,), counting(task.id), ACME)
                case 2:
                    await store.change((task.id,), updating(task.id, status=Status.FAILED), ACME)
                case _:
                    gone = store.change((task.id,), updating("not there"), ACME)
                    (fault,) = await asyncio.gather(gone, return_exceptions=True)
                    assert isinstance(fault, KeyError)

        await asyncio.gather(*(ask(number) for number in range(100)))

        positions = [event.position for event in await whole_log(store)]
        assert positions == list(range(1, 52))


@scenario
async def test_a_follower_sees_each_event_once_and_in_order(home: Home) -> None:
    """A smaller position never appears behind one that was seen."""
    async with home.store() as store:
        task, total = await made(store), 401
        seen: list[Event] = []

        async def follow(limit: int) -> list[Event]:
            seen: list[Event] = []
            while len(seen) < total:
                seen += await store.events_after(seen[-1].position if seen else 0, limit)
                await asyncio.sleep(0)
            return seen

        async def write(rounds: int, dice: random.Random) -> None:
            for _ in range(rounds):
                if dice.random() < 0.5:
                    await made(store)
                else:
                    await store.change((task.id,), counting(task.id), ACME)

        followers = [asyncio.ensure_future(follow(limit)) for limit in (1, 7, 1000)]
        await asyncio.gather(*(write(20, random.Random(seed)) for seed in range(20)))  # noqa: S311  a test's dice
        seen = await whole_log(store)

        assert len(seen) == total
        assert [await follower for follower in followers] == [seen] * 3


@scenario
async def test_an_acknowledged_change_is_seen_by_every_read_at_once(home: Home) -> None:
    async with home.store() as store:

        async def write_and_read(number: int) -> None:
            task = await made(store, service=f"com.acme.{number}")
            for done in range(1, 8):
                outcome = await store.change((task.id,), counting(task.id), ACME)
                task = changed(outcome).after
                position = outcome.position
                assert position is not None
                await seen_everywhere(store, position)
                assert await store.task(task.id) == task
                assert await store.find(TaskFilter(services=frozenset({task.service})), 9) == [task]
                history = await story(store, task.id)
                assert [event.task.revision for event in history] == list(range(1, done + 2))
                assert task.updated_at == NOON + done

        await asyncio.gather(*map(write_and_read, range(20)))


async def seen_everywhere(store: Store, position: Position) -> None:
    (event,) = await store.events_after(position - 1, 1)
    assert event.position == position
