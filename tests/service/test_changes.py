"""Who watches is told of every change that is durable, whichever way it was made."""

from __future__ import annotations

from milepost.rules.reasons import TASK_UNKNOWN, Refusal
from milepost.rules.task import CreateTask, Refused, TaskUpdate, UpdateTask
from milepost.service.batches import Batches
from milepost.service.changes import SOMEWHERE
from tests.service.test_leases import House, Play, play
from tests.service.test_tasks import ACME, RUN

__all__ = ["play"]


def test_the_end_of_a_lease_is_told(play: Play) -> None:
    async def test(house: House) -> None:
        await house.made()
        assert house.woken == [1]
        await house.live(61)
        assert house.woken == [1, 2]

    play(test)


def test_a_batch_is_told_when_something_changed(play: Play) -> None:
    async def test(house: House) -> None:
        batches = Batches(house.store, house.tasks, lambda: house.now, house.woken.append)
        create = CreateTask(operation="op", cancelable=True)
        await batches.run(ACME, [create, create], "")
        assert house.woken == [SOMEWHERE]
        await batches.run(ACME, [TaskUpdate("nosuchtask", RUN)], "")
        assert house.woken == [SOMEWHERE]

    play(test)


def test_what_changes_nothing_is_not_told(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        house.woken.clear()
        decision = await house.tasks.update(ACME, task.id, UpdateTask(), "")
        assert not isinstance(decision, Refused)
        refused = await house.tasks.update(ACME, "nosuchtask", UpdateTask(), "")
        assert isinstance(refused, Refused)
        assert refused.refusal == Refusal(TASK_UNKNOWN, ("nosuchtask",))
        assert house.woken == []

    play(test)
