"""Children: counted by status and weight, and found downwards."""

from __future__ import annotations

from typing import Any

import pytest

from milepost.rules.task import Task
from milepost.rules.values import Progress, Status
from milepost.store.base import Children, Store
from milepost.store.sqlite import family
from tests.contract.samples import ACME, cancelling, failure, made, moved
from tests.contract.stores import Home, scenario

RUNNING, SUCCEEDED, FAILED = Status.RUNNING, Status.SUCCEEDED, Status.FAILED


async def child(store: Store, parent: Task, **spec: Any) -> Task:
    return await made(store, parent=parent.id, **spec)


@scenario
async def test_children_are_counted_by_status_and_weight(home: Home) -> None:
    async with home.store() as store:
        parent = await made(store)
        assert await store.children(parent.id, None) is None
        await child(store, parent, weight=3.0)
        half = await child(store, parent, status=RUNNING, weight=2.0)
        await moved(store, half, progress=Progress(10, 5))
        await child(store, parent, status=SUCCEEDED, weight=4.0)
        failed = {"status": FAILED, "error": failure("full")}
        await child(store, parent, **failed, progress=Progress(4, 1), weight=1.0)
        found = await store.children(parent.id, None)
        expected = dict.fromkeys(Status, 1) | {Status.BLOCKED: 0}
        assert found == Children(expected, (0 * 3 + 0.5 * 2 + 1 * 4 + 0.25 * 1) / 10)
        assert found.count == 4
        # Only direct children count.
        await child(store, half)
        assert await store.children(parent.id, None) == found
        assert (await store.children(half.id, None)) == Children(
            dict.fromkeys(Status, 0) | {Status.PENDING: 1}, 0.0
        )


@scenario
async def test_only_children_that_may_be_seen_are_counted(home: Home) -> None:
    async with home.store() as store:
        parent = await made(store)
        await child(store, parent, service="com.other", status=SUCCEEDED)
        await child(store, parent)
        ours = await store.children(parent.id, "com.acme")
        assert ours == Children(dict.fromkeys(Status, 0) | {Status.PENDING: 1}, 0.0)
        assert await store.children(parent.id, "com.third") is None
        both = await store.children(parent.id, None)
        assert both is not None
        assert (both.count, both.fraction) == (2, 0.5)


def test_no_more_children_are_looked_at_than_a_bound(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(family, "MOST_COUNTED", 3)

    @scenario
    async def many(home: Home) -> None:
        async with home.store() as store:
            parent = await made(store)
            for _ in range(3):
                await child(store, parent)
            found = await store.children(parent.id, None)
            assert found is not None
            assert (found.count, found.complete) == (3, True)
            for _ in range(2):
                await child(store, parent)
            found = await store.children(parent.id, None)
            assert found is not None
            assert (found.count, found.complete) == (4, False)

    many(home)


@scenario
async def test_what_can_be_cancelled_below(home: Home) -> None:
    async with home.store() as store:
        parent = await made(store)
        assert await store.cancelable_below(parent.id, None, 10) == []
        first = await child(store, parent, status=RUNNING)
        firm = await child(store, parent, cancelable=False)
        done = await child(store, parent, status=SUCCEEDED)
        asked = await child(store, parent)
        await store.change((asked.id,), cancelling(asked.id), ACME)
        # Below those that cannot be cancelled it goes on.
        below = [await child(store, one) for one in (first, firm, done, asked)]
        foreign = await child(store, below[0], service="com.other")
        wanted = {first.id, *(one.id for one in below)}
        assert set(await store.cancelable_below(parent.id, None, 10)) == {*wanted, foreign.id}
        assert set(await store.cancelable_below(parent.id, "com.acme", 10)) == wanted
        assert len(await store.cancelable_below(parent.id, None, 2)) == 2
        assert await store.cancelable_below(first.id, "com.other", 10) == [foreign.id]
        assert await store.cancelable_below("x" * 22, None, 10) == []
