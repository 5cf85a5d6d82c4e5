"""Cancelling downwards, and children as a caller sees them."""

from __future__ import annotations

import pytest

from milepost.rules import reasons
from milepost.rules.task import CreateTask, Refused, Task, UpdateTask
from milepost.rules.values import Status
from milepost.service import tasks as tasks_module
from tests.service.test_tasks import (
    ACME,
    OSCAR,
    OTHER,
    ROOT,
    House,
    Play,
    accepted,
    play,
    refused,
)

__all__ = ["play"]

DONE = UpdateTask(status=Status.SUCCEEDED)


async def child(house: House, parent: Task, *, cancelable: bool = True) -> Task:
    spec = CreateTask(operation="op", cancelable=cancelable, parent=parent.id)
    return accepted(await house.tasks.create(ACME, spec, ""))


async def asked(house: House, task: Task) -> bool:
    found = await house.store.task(task.id)
    assert found is not None
    return found.cancel_requested is not None


def test_a_cancel_goes_downwards(play: Play) -> None:
    async def test(house: House) -> None:
        parent = await house.made()
        first, firm = await child(house, parent), await child(house, parent, cancelable=False)
        done = await child(house, parent)
        accepted(await house.tasks.update(ACME, done.id, DONE, ""))
        grandchild, below_firm = await child(house, first), await child(house, firm)
        told = accepted(await house.tasks.cancel(OSCAR, parent.id, "desk"))
        assert told.id == parent.id
        for task, wanted in (
            *((parent, True), (first, True), (grandchild, True), (below_firm, True)),
            *((firm, False), (done, False)),
        ):
            assert await asked(house, task) == wanted
        (event, *_) = await house.store.history(grandchild.id, 1)
        assert (event.origin.principal, event.origin.source) == ("oscar", "desk")

    play(test)


def test_a_refused_cancel_reaches_no_child(play: Play) -> None:
    async def test(house: House) -> None:
        firm = await house.made(cancelable=False)
        below = await child(house, firm)
        refused(await house.tasks.cancel(ROOT, firm.id, ""), reasons.NOT_CANCELABLE, firm)
        parent = await house.made()
        under = await child(house, parent)
        ended = accepted(await house.tasks.update(ACME, parent.id, DONE, ""))
        refused(await house.tasks.cancel(ROOT, parent.id, ""), reasons.CANCEL_FINISHED, ended)
        assert isinstance(await house.tasks.cancel(OTHER, parent.id, ""), Refused)
        assert not await asked(house, below)
        assert not await asked(house, under)

    play(test)


def test_a_second_cancel_reaches_new_children(play: Play) -> None:
    async def test(house: House) -> None:
        parent = await house.made()
        first = await child(house, parent)
        told = accepted(await house.tasks.cancel(OSCAR, parent.id, ""))
        later = await child(house, parent)
        assert not await asked(house, later)
        assert accepted(await house.tasks.cancel(OSCAR, parent.id, "")) == told
        assert await asked(house, later)
        assert len(await house.store.history(first.id, 10)) == 2

    play(test)


def test_a_cancel_reaches_more_children_than_one_step_takes(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks_module, "MOST_AT_ONCE", 4)

    async def test(house: House) -> None:
        parent = await house.made()
        children = [await child(house, parent) for _ in range(11)]
        accepted(await house.tasks.cancel(OSCAR, parent.id, ""))
        assert [await asked(house, one) for one in children] == [True] * 11
        assert len(await house.store.history(parent.id, 10)) == 2

    play(test)


def test_an_extension_reaches_and_sees_its_own_only(play: Play) -> None:
    async def test(house: House) -> None:
        parent = await house.made(ACME)
        ours = await child(house, parent)
        spec = CreateTask(operation="op", cancelable=True, parent=parent.id, extension="com.other")
        theirs = accepted(await house.tasks.create(ROOT, spec, ""))
        accepted(await house.tasks.cancel(ACME, parent.id, ""))
        assert await asked(house, ours)
        assert not await asked(house, theirs)
        mine = await house.tasks.children(ACME, parent)
        everyone = await house.tasks.children(ROOT, parent)
        assert mine is not None
        assert everyone is not None
        assert (mine.count, everyone.count) == (1, 2)
        assert await house.tasks.children(ROOT, ours) is None

    play(test)
