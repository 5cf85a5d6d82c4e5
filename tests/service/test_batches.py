"""Batches over the real store: one step, an answer each."""

from __future__ import annotations

import asyncio

from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.rules.task import CreateTask, IfMatch, TaskUpdate, UpdateTask
from milepost.rules.values import Message, Status
from milepost.service.batches import MOST_REQUESTS, Batches, Done, Wanted
from milepost.service.repeats import Repeatable
from tests.service.test_tasks import (
    ACME,
    OTHER,
    RUN,
    STRICT,
    UNKNOWN,
    VERA,
    House,
    Play,
    accepted,
    play,
)

__all__ = ["play"]

SPEC = CreateTask(operation="op", cancelable=True)
ONCE = Repeatable("POST /v1/tasks:batch", "key")
BACK = UpdateTask(status=Status.PENDING)
UNREAD = Refusal(reasons.ONE_OF, ("requests[0]", "create and update"))


async def run(
    house: House, *wanted: Wanted, who: object = ACME, once: Repeatable | None = None
) -> list[Done]:
    batches = Batches(house.store, house.tasks, lambda: house.now, house.woken.append)
    done = await batches.run(who, wanted, "here", once)  # type: ignore[arg-type]
    assert isinstance(done, list)
    return done


def reason(done: Done) -> str | None:
    return None if done.refusal is None else done.refusal.reason.id.removeprefix("milepost.")


def test_each_part_has_its_answer(play: Play) -> None:
    async def test(house: House) -> None:
        mine, theirs = await house.made(ACME), await house.made(OTHER)
        done = await run(
            house,
            SPEC,
            UNREAD,
            TaskUpdate(mine.id, RUN),
            TaskUpdate(theirs.id, RUN),
            TaskUpdate(UNKNOWN, RUN),
            TaskUpdate(mine.id, BACK),
            TaskUpdate(mine.id, RUN, IfMatch(frozenset({1}), "1")),
            TaskUpdate(mine.id, RUN, IfMatch(frozenset({2}), "2")),
            CreateTask(operation="op", cancelable=True, parent=UNKNOWN),
            CreateTask(operation="op", cancelable=True, parent=mine.id),
        )
        assert [reason(one) for one in done] == [
            None,
            "value.one_of",
            None,
            "task.unknown",
            "task.unknown",
            "task.back_to_pending",
            "task.revision_mismatch",
            None,
            "task.parent_unknown",
            None,
        ]
        assert [one.created for one in done] == [
            *(True, False, False, False, False, False, False, False, True, True)
        ]
        # Each sees what those before it have made.
        after = await house.store.task(mine.id)
        assert after is not None
        assert (after.status, after.revision) == (Status.RUNNING, 2)
        assert done[2].task == done[5].task == done[7].task == after
        assert done[0].task is not None
        assert await house.store.task(done[0].task.id) == done[0].task
        assert await house.store.task(theirs.id) == theirs
        (event, *_) = await house.store.history(mine.id, 1)
        assert (event.origin.principal, event.origin.source) == ("acme-1", "here")

    play(test)


def test_many_changes_of_one_task(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        specs = [UpdateTask(description=Message("", str(number))) for number in range(100)]
        done = await run(house, *(TaskUpdate(task.id, spec) for spec in specs))
        assert [one.task.revision for one in done if one.task] == list(range(2, 102))
        assert len(await house.store.history(task.id, 1000)) == 101

    play(test)


def test_1000_creates_are_one_step(play: Play) -> None:
    async def test(house: House) -> None:
        done = await run(house, *[SPEC] * MOST_REQUESTS)
        assert len({one.task.id for one in done if one.task}) == MOST_REQUESTS
        log = await house.store.events_after(0, 2000)
        assert [event.task for event in log] == [one.task for one in done]

    play(test)


def test_who_may_nothing_gets_nothing(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        done = await run(house, SPEC, TaskUpdate(task.id, RUN), who=VERA)
        assert [reason(one) for one in done] == [
            "access.create_not_allowed",
            "access.not_allowed",
        ]
        assert len(await house.store.events_after(0, 10)) == 1

    play(test)


def test_the_strict_check_counts_for_each(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        bad = UpdateTask(start_time=house.now)
        done = await run(house, TaskUpdate(task.id, bad), TaskUpdate(task.id, RUN))
        assert [reason(one) for one in done] == ["spec.field_needs_status", None]

    play(test, STRICT)


def test_a_batch_with_a_key_is_made_once(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        batch: list[Wanted] = [SPEC, UNREAD, TaskUpdate(task.id, RUN), TaskUpdate(UNKNOWN, RUN)]
        first = await run(house, *batch, once=ONCE)
        made = first[0].task
        assert made is not None
        later = accepted(await house.tasks.update(ACME, made.id, RUN, ""))
        again = await run(house, *batch, once=ONCE)
        assert [(one.created, reason(one)) for one in again] == [
            (one.created, reason(one)) for one in first
        ]
        assert again[0].task == later
        assert again[2].task == first[2].task
        assert [one.refusal for one in again] == [one.refusal for one in first]
        assert len(await house.store.events_after(0, 100)) == 4
        batches = Batches(house.store, house.tasks, lambda: house.now, house.woken.append)
        other = await batches.run(ACME, batch[:1], "", ONCE)
        assert other == Refusal(reasons.KEY_USED, ("key",))

    play(test)


def test_of_100_batches_at_once_one_is_made(play: Play) -> None:
    async def test(house: House) -> None:
        outcomes = await asyncio.gather(*(run(house, SPEC, SPEC, once=ONCE) for _ in range(100)))
        assert outcomes == [outcomes[0]] * 100
        assert len(await house.store.events_after(0, 1000)) == 2

    play(test)


def test_a_batch_of_which_nothing_came_is_not_kept(play: Play) -> None:
    async def test(house: House) -> None:
        for _ in range(2):
            (done,) = await run(house, TaskUpdate(UNKNOWN, RUN), once=ONCE)
            assert reason(done) == "task.unknown"
        (done,) = await run(house, SPEC, once=ONCE)
        assert done.task is not None
        # What it made is not told to who does not see it any more.
        moved = OTHER.__class__(ACME.name, OTHER.role, "com.other")
        (lost,) = await run(house, SPEC, who=moved, once=ONCE)
        assert (lost.task, reason(lost)) == (None, "task.unknown")

    play(test)
