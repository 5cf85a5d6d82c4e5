"""The order of work for tasks, over the real store with a written clock and written ids."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from milepost.access.principals import Principal, Role
from milepost.rules import reasons
from milepost.rules.finding import TaskFilter
from milepost.rules.reasons import Reason, Refusal
from milepost.rules.task import (
    DEFAULT_RULES,
    Accepted,
    CreateTask,
    Decision,
    EventKind,
    IfMatch,
    Refused,
    Ruleset,
    Task,
    UpdateTask,
)
from milepost.rules.values import Message, Opaque, Param, Progress, Status
from milepost.service.changes import SOMEWHERE
from milepost.service.repeats import Repeatable
from milepost.service.tasks import MOST_LISTED, TaskService
from milepost.store.base import Position, Store
from milepost.store.sqlite.store import open_store

NOON = 1_420_113_600_000
ROOT = Principal("root", Role.ADMINISTRATOR)
OSCAR = Principal("oscar", Role.OPERATOR)
VERA = Principal("vera", Role.VIEWER)
ACME = Principal("acme-1", Role.EXTENSION, "com.acme")
COLLEAGUE = Principal("acme-2", Role.EXTENSION, "com.acme")
OTHER = Principal("other", Role.EXTENSION, "com.other")
STRICT = Ruleset(spec_validation="strict")
RUN = UpdateTask(status=Status.RUNNING)
GRACE = 60
UNKNOWN = "nosuchtasknosuchtasknosuch"


class House:
    """A task service over a store."""

    def __init__(self, store: Store, rules: Ruleset) -> None:
        self.store = store
        self.now = NOON
        self.woken: list[Position] = []
        numbers = itertools.count()
        self.tasks = TaskService(
            store,
            rules,
            default_extension="com.milepost.local",
            cancel_grace=GRACE,
            clock=lambda: self.now,
            new_id=lambda: f"task-{next(numbers):021}",
            wake=self.woken.append,
        )

    async def create(self, who: Principal = ACME, parent: str | None = None) -> Decision:
        spec = CreateTask(operation="op", cancelable=True, parent=parent)
        return await self.tasks.create(who, spec, "here")

    async def made(self, who: Principal = ACME, *, cancelable: bool = True) -> Task:
        spec = CreateTask(operation="op", cancelable=cancelable)
        return accepted(await self.tasks.create(who, spec, "here"))


Test = Callable[[House], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs an asynchronous test in a house with some rules."""

    async def played(test: Test, rules: Ruleset) -> None:
        store = open_store(tmp_path)
        try:
            await test(House(store, rules))
        finally:
            await store.close()

    def run(test: Test, rules: Ruleset = DEFAULT_RULES) -> None:
        asyncio.run(played(test, rules))

    return run


def accepted(decision: Decision) -> Task:
    assert isinstance(decision, Accepted), decision
    return decision.task


def refused(decision: Decision | Task, reason: Reason, task: Task | None) -> None:
    """A refusal for this reason that carries the task as it stays, where it may be seen."""
    assert isinstance(decision, Refused), decision
    assert decision.refusal.reason is reason
    assert decision.task == task


def test_a_new_task_has_its_service_principal_and_time(play: Play) -> None:
    async def test(house: House) -> None:
        ours = accepted(await house.create(ACME))
        local = accepted(await house.create(ROOT))
        assert (ours.service, ours.principal, ours.user) == ("com.acme", "acme-1", None)
        assert (local.service, local.principal) == ("com.milepost.local", "root")
        assert (ours.id, ours.created_at, ours.revision) == (f"task-{0:021}", NOON, 1)
        assert await house.tasks.get(COLLEAGUE, ours.id) == ours
        (event,) = await house.store.history(ours.id, 10)
        assert (event.origin.principal, event.origin.source) == ("acme-1", "here")

    play(test)


@pytest.mark.parametrize("who", [OSCAR, VERA], ids=lambda who: str(who.role))
def test_readers_create_nothing(play: Play, who: Principal) -> None:
    async def test(house: House) -> None:
        refused(await house.create(who), reasons.CREATE_NOT_ALLOWED, None)
        assert await house.store.find(TaskFilter(), 10) == []

    play(test)


def test_a_parent_must_be_visible(play: Play) -> None:
    async def test(house: House) -> None:
        parent = (await house.made(OTHER)).id
        assert accepted(await house.create(OTHER, parent)).parent == parent
        assert accepted(await house.create(ROOT, parent)).parent == parent
        refused(await house.create(ACME, parent), reasons.PARENT_UNKNOWN, None)
        refused(await house.create(ACME, UNKNOWN), reasons.PARENT_UNKNOWN, None)
        assert len(await house.store.find(TaskFilter(), 10)) == 3

    play(test)


def test_a_refused_create_leaves_nothing(play: Play) -> None:
    async def test(house: House) -> None:
        spec = CreateTask(operation="op", cancelable=True, status=Status.FAILED)
        refused(await house.tasks.create(ACME, spec, ""), reasons.ERROR_MISSING, None)
        assert await house.store.find(TaskFilter(), 10) == []

    play(test)


def test_closed_operations(play: Play) -> None:
    rules = Ruleset(operations_closed=True, operations={"com.acme": frozenset({"op"})})

    async def test(house: House) -> None:
        assert accepted(await house.create(ACME)).revision == 1
        refused(await house.create(OTHER), reasons.OPERATION_CLOSED, None)

    play(test, rules)


def test_an_update_is_decided_at_the_time_of_the_clock(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        house.now += 5_000
        after = accepted(await house.tasks.update(COLLEAGUE, task.id, RUN, "there"))
        assert (after.start_time, after.updated_at, after.revision) == (NOON + 5_000,) * 2 + (2,)
        assert await house.tasks.get(ACME, task.id) == after
        events = await house.store.history(task.id, 10)
        assert [(event.origin.principal, event.origin.source) for event in events] == [
            ("acme-2", "there"),
            ("acme-1", "here"),
        ]

    play(test)


def test_a_refusal_carries_the_task_and_changes_nothing(play: Play) -> None:
    spec = UpdateTask(progress=Progress(2, 1))

    async def test(house: House) -> None:
        task = await house.made()
        reason = reasons.PROGRESS_NOT_RUNNING
        refused(await house.tasks.update(ACME, task.id, spec, ""), reason, task)
        assert await house.tasks.get(ACME, task.id) == task
        assert len(await house.store.history(task.id, 10)) == 1

    play(test)


@pytest.mark.parametrize(
    ("who", "reason", "seen"),
    [
        (OSCAR, reasons.NOT_YOURS, True),
        (VERA, reasons.NOT_YOURS, True),
        (OTHER, reasons.TASK_UNKNOWN, False),
    ],
    ids=["operator", "viewer", "other-extension"],
)
def test_who_may_not_update(play: Play, who: Principal, reason: Reason, *, seen: bool) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        refused(await house.tasks.update(who, task.id, RUN, ""), reason, task if seen else None)
        assert await house.tasks.visible(who, task.id) == (task if seen else None)
        assert await house.tasks.get(ROOT, task.id) == task

    play(test)


def test_the_strict_check_comes_first(play: Play) -> None:
    spec = UpdateTask(result=Opaque("1"))
    create = CreateTask(operation="op", cancelable=True, result=Opaque("1"))
    reason = reasons.FIELD_NEEDS_STATUS

    async def test(house: House) -> None:
        task = await house.made()
        for who, shown in ((ACME, task), (VERA, task), (OTHER, None)):
            refused(await house.tasks.update(who, task.id, spec, ""), reason, shown)
        refused(await house.tasks.update(ACME, UNKNOWN, spec, ""), reason, None)
        refused(await house.tasks.create(VERA, create, ""), reason, None)

    play(test, STRICT)


def test_cancel(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        refused(await house.tasks.cancel(VERA, task.id, ""), reasons.NOT_YOURS, task)
        refused(await house.tasks.cancel(OTHER, task.id, ""), reasons.TASK_UNKNOWN, None)
        refused(await house.tasks.cancel(ROOT, UNKNOWN, ""), reasons.TASK_UNKNOWN, None)
        house.now += 1
        asked = accepted(await house.tasks.cancel(OSCAR, task.id, ""))
        assert (asked.cancel_requested, asked.revision) == (NOON + 1, 2)
        house.now += 1
        assert accepted(await house.tasks.cancel(ROOT, task.id, "")) == asked
        firm = await house.made(cancelable=False)
        refused(await house.tasks.cancel(ACME, firm.id, ""), reasons.NOT_CANCELABLE, firm)
        done = UpdateTask(status=Status.SUCCEEDED)
        ended = accepted(await house.tasks.update(ACME, firm.id, done, ""))
        refused(await house.tasks.cancel(ACME, firm.id, ""), reasons.CANCEL_FINISHED, ended)

    play(test)


def test_get_of_what_is_not_there(play: Play) -> None:
    async def test(house: House) -> None:
        refused(await house.tasks.get(ROOT, UNKNOWN), reasons.TASK_UNKNOWN, None)
        assert await house.tasks.visible(ROOT, UNKNOWN) is None

    play(test)


def test_a_list_shows_what_may_be_seen(play: Play) -> None:
    async def test(house: House) -> None:
        ours, theirs = await house.made(ACME), await house.made(OTHER)
        wanted = TaskFilter(ids=frozenset({ours.id, theirs.id, UNKNOWN}))
        assert await house.tasks.list(VERA, wanted) == [ours, theirs]
        assert await house.tasks.list(COLLEAGUE, wanted) == [ours]
        asked = TaskFilter(services=frozenset({"com.other"}))
        assert await house.tasks.list(ACME, asked) == []
        assert await house.tasks.list(OTHER, asked) == [theirs]
        sneaky = TaskFilter(services=frozenset({"com.other"}), visible_service="com.other")
        assert await house.tasks.list(ACME, sneaky) == []

    play(test)


def test_a_list_needs_tasks_or_services(play: Play) -> None:
    async def test(house: House) -> None:
        wanted = TaskFilter(status=frozenset({Status.PENDING}))
        assert await house.tasks.list(ROOT, wanted) == Refusal(reasons.FILTER_EMPTY)

    play(test)


def test_a_list_has_its_limit(play: Play) -> None:
    async def test(house: House) -> None:
        wanted = TaskFilter(services=frozenset({"com.acme"}))
        await asyncio.gather(*(house.made() for _ in range(MOST_LISTED)))
        assert len(as_list(await house.tasks.list(ACME, wanted))) == MOST_LISTED
        await house.made()
        refusal = Refusal(reasons.TOO_MANY_MATCHES, (str(MOST_LISTED),))
        assert await house.tasks.list(ACME, wanted) == refusal

    play(test)


def as_list(found: list[Task] | Refusal) -> list[Task]:
    assert isinstance(found, list)
    return found


def test_who_watches_is_told_of_what_changed_and_of_nothing_else(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        assert house.woken == [1]
        await house.tasks.update(ACME, task.id, RUN, "here")
        await house.tasks.update(ACME, task.id, RUN, "here")
        await house.tasks.update(OTHER, task.id, RUN, "here")
        await house.tasks.update(VERA, task.id, RUN, "here")
        await house.tasks.cancel(ROOT, UNKNOWN, "here")
        assert house.woken == [1, 2]
        await house.tasks.cancel(ROOT, task.id, "here")
        assert house.woken == [1, 2, SOMEWHERE]

    play(test)


def at(*revisions: int) -> IfMatch:
    return IfMatch(frozenset(revisions), "those")


def test_an_update_for_another_revision(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        mismatch, update = reasons.REVISION_MISMATCH, house.tasks.update
        refused(await update(ACME, task.id, RUN, "", if_match=at(2)), mismatch, task)
        refused(await update(ACME, task.id, RUN, "", if_match=at()), mismatch, task)
        after = accepted(await update(ACME, task.id, RUN, "", if_match=at(1, 7)))
        assert after.revision == 2
        # Who may not change it is told that first, and what the rules say comes later.
        refused(await update(VERA, task.id, RUN, "", if_match=at(1)), reasons.NOT_YOURS, after)
        refused(await update(OTHER, task.id, RUN, "", if_match=at(1)), reasons.TASK_UNKNOWN, None)
        back = UpdateTask(status=Status.PENDING)
        refused(await update(ACME, task.id, back, "", if_match=at(1)), mismatch, after)
        refused(
            await update(ACME, task.id, back, "", if_match=at(2)), reasons.BACK_TO_PENDING, after
        )

    play(test)


def test_of_two_updates_for_one_revision_one_wins(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        specs = [UpdateTask(description=Message("", str(number))) for number in range(20)]
        decisions = await asyncio.gather(
            *(house.tasks.update(ACME, task.id, spec, "", if_match=at(1)) for spec in specs)
        )
        assert sum(isinstance(decision, Accepted) for decision in decisions) == 1
        assert {
            decision.refusal.args[0] for decision in decisions if isinstance(decision, Refused)
        } == {"2"}

    play(test)


def test_an_administrator_says_whose_a_task_is(play: Play) -> None:
    async def test(house: House) -> None:
        spec = CreateTask(operation="op", cancelable=True, extension="com.other", pinned=True)
        task = accepted(await house.tasks.create(ROOT, spec, ""))
        assert (task.service, task.principal, task.pinned) == ("com.other", "root", True)
        assert await house.tasks.get(OTHER, task.id) == task
        bad = CreateTask(operation="op", cancelable=True, extension="a b")
        refused(await house.tasks.create(ROOT, bad, ""), reasons.BAD_EXTENSION_KEY, None)
        refused(await house.tasks.create(OTHER, spec, ""), reasons.EXTENSION_NOT_ALLOWED, None)
        unpin = UpdateTask(pinned=False)
        refused(await house.tasks.update(OTHER, task.id, unpin, ""), reasons.PIN_NOT_ALLOWED, task)
        assert not accepted(await house.tasks.update(ROOT, task.id, unpin, "")).pinned

    play(test)


def test_closing_by_force(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        close = house.tasks.force_close
        refused(await close(ACME, task.id, ""), reasons.NOT_YOURS, task)
        refused(await close(OTHER, task.id, ""), reasons.TASK_UNKNOWN, None)
        refused(await close(OSCAR, task.id, ""), reasons.NO_CANCEL_TO_FORCE, task)
        asked = accepted(await house.tasks.cancel(OSCAR, task.id, ""))
        house.now += GRACE * 1000 - 1
        refused(await close(OSCAR, task.id, ""), reasons.NOT_LATE_ENOUGH, asked)
        house.now += 1
        ended = accepted(await close(OSCAR, task.id, "desk"))
        assert (ended.status, ended.finished_at) == (Status.FAILED, house.now)
        event = (await house.store.history(task.id, 1))[0]
        assert (event.kind, event.origin.principal) == (EventKind.FORCE_CLOSED, "oscar")
        refused(await close(OSCAR, task.id, ""), reasons.FORCE_FINISHED, ended)

    play(test)


def test_a_heartbeat_changes_nothing(play: Play) -> None:
    async def test(house: House) -> None:
        task = await house.made()
        assert await house.tasks.heartbeat(COLLEAGUE, task.id) == task
        refused(await house.tasks.heartbeat(VERA, task.id), reasons.NOT_YOURS, task)
        refused(await house.tasks.heartbeat(OTHER, task.id), reasons.TASK_UNKNOWN, None)
        done = UpdateTask(status=Status.SUCCEEDED)
        ended = accepted(await house.tasks.update(ACME, task.id, done, ""))
        refused(await house.tasks.heartbeat(ACME, task.id), reasons.HEARTBEAT_FINISHED, ended)
        assert len(await house.store.history(task.id, 10)) == 2

    play(test)


ONCE = Repeatable("POST /v1/tasks", "key-1")
SPEC = CreateTask(operation="op", cancelable=True)


def test_a_create_with_a_key_is_made_once(play: Play) -> None:
    async def test(house: House) -> None:
        create = house.tasks.create
        first = accepted(await create(ACME, SPEC, "", ONCE))
        later = accepted(await house.tasks.update(ACME, first.id, RUN, ""))
        for _ in range(3):
            assert await create(ACME, SPEC, "", ONCE) == Accepted(later)
        # The key is the caller's own, at that route.
        others = [
            await create(COLLEAGUE, SPEC, "", ONCE),
            await create(ACME, SPEC, "", Repeatable("POST /v1/tasks", "key-2")),
            await create(ACME, SPEC, "", Repeatable("POST /v1/other", "key-1")),
            await create(ACME, SPEC, ""),
        ]
        assert len({accepted(one).id for one in others} | {first.id}) == 5

    play(test)


def test_a_key_is_for_one_body(play: Play) -> None:
    async def test(house: House) -> None:
        await house.tasks.create(ACME, SPEC, "", ONCE)
        for other in (
            CreateTask(operation="op", cancelable=False),
            CreateTask(operation="op", cancelable=True, user=""),
            CreateTask(operation="op", cancelable=True, lease_seconds=5),
        ):
            decision = await house.tasks.create(ACME, other, "", ONCE)
            refused(decision, reasons.KEY_USED, None)
            assert isinstance(decision, Refused)
            assert decision.refusal.args == ("key-1",)

    play(test)


def test_the_order_of_params_is_no_other_body(play: Play) -> None:
    one, two = Param(s="1"), Param(s="2")
    specs = [
        CreateTask(operation="op", cancelable=True, description=Message("m", "d", (), params))
        for params in ({"a": one, "b": two}, {"b": two, "a": one})
    ]

    async def test(house: House) -> None:
        first, second = [accepted(await house.tasks.create(ACME, spec, "", ONCE)) for spec in specs]
        assert first == second

    play(test)


def test_a_refused_create_is_not_kept(play: Play) -> None:
    async def test(house: House) -> None:
        orphan = CreateTask(operation="op", cancelable=True, parent=UNKNOWN)
        for _ in range(2):
            decision = await house.tasks.create(ACME, orphan, "", ONCE)
            refused(decision, reasons.PARENT_UNKNOWN, None)
        accepted(await house.tasks.create(ACME, SPEC, "", ONCE))

    play(test)


def test_a_key_gives_no_right(play: Play) -> None:
    """Who no longer sees the task is not told of it by its key."""

    async def test(house: House) -> None:
        first = accepted(await house.tasks.create(ACME, SPEC, "", ONCE))
        moved = Principal(ACME.name, Role.EXTENSION, "com.other")
        refused(await house.tasks.create(moved, SPEC, "", ONCE), reasons.TASK_UNKNOWN, None)
        assert await house.tasks.create(ACME, SPEC, "", ONCE) == Accepted(first)

    play(test)


def test_100_creates_at_once_make_one_task(play: Play) -> None:
    async def test(house: House) -> None:
        creates = [house.tasks.create(ACME, SPEC, "", ONCE) for _ in range(100)]
        tasks = [accepted(decision) for decision in await asyncio.gather(*creates)]
        assert tasks == [tasks[0]] * 100
        assert len(await house.store.events_after(0, 1000)) == 1

    play(test)
