"""What outlives the store: opening again, closing while much is under way, too much at once."""

from __future__ import annotations

import asyncio

import pytest

from milepost.rules.finding import TaskFilter
from milepost.rules.values import Status
from milepost.store.base import Overloaded, Session, Store, StoreError, User
from tests.contract.samples import (
    ACME,
    EVERYTHING,
    NOON,
    changed,
    counting,
    creating,
    made,
    moved,
    new_id,
    story,
    whole_log,
)
from tests.contract.stores import MOST_WAITING, Home, scenario

ROOT = User(name="root", role="administrator", password="$argon2id$", disabled=True)
LOGIN = Session(token="a" * 64, user="root", created_at=NOON, used_at=NOON + 1)


async def everything(store: Store) -> tuple[object, ...]:
    """All that a store holds."""
    tasks = await store.find(TaskFilter(), EVERYTHING)
    return (
        tasks,
        await whole_log(store),
        [await story(store, task.id) for task in tasks],
        await store.user("root"),
        await store.session(LOGIN.token),
    )


@scenario
async def test_opening_again_finds_everything(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_session(LOGIN)
        for number in range(20):
            task = await made(store, user=f"user {number}")
            await moved(store, task, status=Status.RUNNING)
        before = await everything(store)

    for _ in range(3):
        async with home.store() as store:
            assert await everything(store) == before
            assert await store.ready()

    async with home.store() as store:
        outcome = await store.change((task.id,), counting(task.id), ACME)
        assert outcome.position == 41
        assert changed(outcome).after.revision == 3


@scenario
async def test_closing_finishes_what_was_taken(home: Home) -> None:
    store = await home.kind.open(home.place, most_waiting=MOST_WAITING)
    ids = [new_id() for _ in range(1000)]
    waiting = [asyncio.ensure_future(store.change((), creating(i), ACME)) for i in ids]
    await asyncio.sleep(0)

    await store.close()

    assert all(answer.done() for answer in waiting)
    answers = [changed(answer.result()).after for answer in waiting]
    async with home.store() as store:
        assert await store.find(TaskFilter(), EVERYTHING) == answers


@scenario
async def test_a_change_after_the_close_is_not_taken_and_nobody_waits(home: Home) -> None:
    async with home.store() as store:
        pass
    with pytest.raises(StoreError):
        async with asyncio.timeout(20):
            await store.change((), creating(new_id()), ACME)

    async with home.store() as store:
        assert await whole_log(store) == []


@scenario
async def test_too_many_at_once_are_turned_away_untouched(home: Home) -> None:
    async with home.store(most_waiting=4) as store:
        ids = [new_id() for _ in range(50)]
        wishes = (store.change((), creating(task_id), ACME) for task_id in ids)
        answers = await asyncio.gather(*wishes, return_exceptions=True)

        turned_away = [answer for answer in answers if isinstance(answer, Overloaded)]
        taken = [i for i, a in zip(ids, answers, strict=True) if not isinstance(a, BaseException)]
        assert len(turned_away) + len(taken) == len(ids)
        assert turned_away
        assert taken
        assert {answer.waiting for answer in turned_away} == {4}
        assert [task.id for task in await store.find(TaskFilter(), EVERYTHING)] == taken
        assert [event.task.id for event in await whole_log(store)] == taken
        await made(store)


@scenario
async def test_ready_says_whether_a_change_would_be_taken(home: Home) -> None:
    async with home.store(most_waiting=2) as store:
        assert await store.ready()
        waiting = [asyncio.ensure_future(made(store)) for _ in range(2)]
        await asyncio.sleep(0)
        assert not await store.ready()
        await asyncio.gather(*waiting)
        assert await store.ready()
        assert len(await whole_log(store)) == 2
