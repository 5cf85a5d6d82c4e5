"""The store beside a model in memory: whatever is asked of them, they stay equal."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, NamedTuple

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from milepost.rules import machine
from milepost.rules.finding import TaskFilter
from milepost.rules.task import Accepted, CreateTask, Decision, Refused, Task, UpdateTask
from milepost.rules.values import Instant, Progress, Status, Target
from milepost.store.base import Decide, Event, Origin, Outcome, Position, Tasks
from tests.contract.samples import (
    EVERYTHING,
    NOON,
    errors,
    messages,
    new_id,
    opaques,
    story,
    told,
    understood,
    unset_or,
    whole_log,
)
from tests.contract.stores import MOST_WAITING, Kind, new_home

Model = dict[str, Task]

moments = st.sampled_from([NOON - 1, NOON, NOON + 1])
small = st.integers(0, 4)
progress = st.builds(Progress, total=small.map(lambda n: n + 2), completed=small, message=messages)
spec_fields: dict[str, st.SearchStrategy[Any]] = {
    "progress": unset_or(progress),
    "description": unset_or(messages),
    "result": unset_or(opaques),
    "start_time": unset_or(moments),
    "end_time": unset_or(moments),
}
statuses = unset_or(st.sampled_from(Status))
updates = st.one_of(
    st.builds(UpdateTask, status=statuses, error=unset_or(errors), **spec_fields),
    st.builds(UpdateTask, status=st.just(Status.RUNNING), progress=progress),
    st.builds(UpdateTask, status=st.just(Status.BLOCKED), result=unset_or(opaques)),
    st.builds(UpdateTask, status=st.just(Status.FAILED), error=errors),
    st.builds(UpdateTask, description=messages),
)
creates = st.builds(
    CreateTask,
    operation=st.sampled_from(["backup", "restore"]),
    cancelable=st.booleans(),
    target=st.builds(Target, type=st.just("Folder"), id=st.sampled_from(["a", "b"])),
    status=unset_or(st.sampled_from([Status.PENDING, Status.RUNNING])),
    description=unset_or(messages),
)


class Command(NamedTuple):
    """Something asked of one task, named by its number; a create makes a new one."""

    number: int
    spec: UpdateTask | None
    now: Instant


class Asked(NamedTuple):
    """A command as the store gets it."""

    ids: tuple[str, ...]
    decide: Decide


commands = st.builds(Command, st.integers(0, 99), updates | creates | st.none(), moments)


def birth(task_id: str, spec: CreateTask, now: Instant) -> Decide:
    return lambda _tasks: machine.create(
        spec, task_id=task_id, service="com.acme", principal="acme", now=now
    )


def step(task_id: str, spec: UpdateTask | None, now: Instant) -> Decide:
    def decide(tasks: Tasks) -> Decision:
        if spec is None:
            return machine.request_cancel(tasks[task_id], now=now)
        return machine.update(tasks[task_id], spec, now=now)

    return decide


def replayed(model: Model, asked: list[Asked], outcomes: list[Outcome]) -> None:
    """Apply what was asked at once to the model, in the order that the positions tell.

    What moved something must be what the same decision does to the model at that point. What
    moved nothing must fit at some point in between.
    """
    pairs = list(zip(asked, outcomes, strict=True))
    states = [dict(model)]
    moved = sorted((o.position, a, o) for a, o in pairs if o.position is not None)
    for _, wish, outcome in moved:
        assert wish.decide(model) == outcome.decision
        assert isinstance(outcome.decision, Accepted)
        model[outcome.decision.task.id] = outcome.decision.task
        states.append(dict(model))
    for wish, outcome in pairs:
        if outcome.position is None:
            assert any(same_answer(wish.decide, state, outcome.decision) for state in states)


def same_answer(decide: Decide, state: Model, answer: Decision) -> bool:
    try:
        return decide(state) == answer
    except KeyError:
        return False


SETTLED = {"start_given", "finished_at"}  # follow from the others; no event tells them


def folded(log: list[Event]) -> Model:
    """The tasks that a log of events adds up to, each event standing on the one before it."""
    tasks: Model = {}
    for event in log:
        task = event.task
        old = tasks.get(task.id)
        moves = understood(event.changes)
        moves.pop("result", None)
        if old is None:
            assert task.revision == 1
            assert {field: getattr(task, field) for field in moves} == {
                field: after for field, (_, after) in moves.items()
            }
        else:
            assert {field: getattr(old, field) for field in moves} == {
                field: before for field, (before, _) in moves.items()
            }
            moved = {field: after for field, (_, after) in moves.items()}
            settled = {field: getattr(task, field) for field in SETTLED}
            moved |= {"revision": old.revision + 1, "updated_at": event.at} | settled
            assert msgspec.structs.replace(old, **moved) == task
        tasks[task.id] = task
    return tasks


class StoreBesideModel(RuleBasedStateMachine):
    """One life of a store: commands one by one and at once, and openings in between."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.kind = kind
        self.model: Model = {}
        self.refusals = 0
        self.last: Position = 0
        self.ending = contextlib.ExitStack()
        self.home = self.ending.enter_context(new_home(kind))
        self.runner = self.ending.enter_context(asyncio.Runner())

    @initialize()
    def open(self) -> None:
        opening = self.kind.open(self.home.place, most_waiting=MOST_WAITING)
        self.store = self.runner.run(opening)

    def teardown(self) -> None:
        try:
            log = self.runner.run(whole_log(self.store))
            assert [event.position for event in log] == list(range(1, self.last + 1))
            assert folded(log) == {i: told(task) for i, task in self.model.items()}
        finally:
            self.runner.run(self.store.close())
            self.ending.close()

    def asked(self, command: Command) -> Asked:
        """A create, or a command to the task whose number it names."""
        if isinstance(command.spec, CreateTask) or not self.model:
            spec = command.spec
            if not isinstance(spec, CreateTask):
                spec = CreateTask(operation="backup", cancelable=True)
            return Asked((), birth(new_id(), spec, command.now))
        known = list(self.model)
        task_id = known[command.number % len(known)]
        return Asked((task_id,), step(task_id, command.spec, command.now))

    def ask(self, *commands: Command) -> None:
        asked = [self.asked(command) for command in commands]

        async def together() -> list[Outcome]:
            wishes = (self.store.change(a.ids, a.decide, Origin("acme")) for a in asked)
            return await asyncio.gather(*wishes)

        outcomes = self.runner.run(together())
        replayed(self.model, asked, outcomes)
        self.refusals += sum(isinstance(outcome.decision, Refused) for outcome in outcomes)

    @rule(spec=creates, now=moments)
    def create(self, spec: CreateTask, now: Instant) -> None:
        self.ask(Command(0, spec, now))

    @precondition(lambda self: self.model)
    @rule(number=st.integers(0, 99), spec=updates, now=moments)
    def update(self, number: int, spec: UpdateTask, now: Instant) -> None:
        self.ask(Command(number, spec, now))

    @precondition(lambda self: self.model)
    @rule(number=st.integers(0, 99), now=moments)
    def cancel(self, number: int, now: Instant) -> None:
        self.ask(Command(number, None, now))

    @rule(batch=st.lists(commands, min_size=2, max_size=12))
    def many_at_once(self, batch: list[Command]) -> None:
        self.ask(*batch)

    @rule()
    def open_again(self) -> None:
        self.runner.run(self.store.close())
        self.open()

    @invariant()
    def rows_equal_the_model(self) -> None:
        if hasattr(self, "store"):
            tasks = self.runner.run(self.store.find(TaskFilter(), EVERYTHING))
            assert tasks == list(self.model.values())

    @invariant()
    def each_revision_has_one_event(self) -> None:
        if hasattr(self, "store"):
            events = self.runner.run(self.store.events_after(self.last, EVERYTHING))
            self.last = events[-1].position if events else self.last
            assert self.last == sum(task.revision for task in self.model.values())
            for task_id in {event.task.id for event in events}:
                history = self.runner.run(story(self.store, task_id))
                revisions = [event.task.revision for event in history]
                assert revisions == list(range(1, self.model[task_id].revision + 1))
                assert history[-1].task == told(self.model[task_id])


def test_the_store_stays_equal_to_a_model(kind: Kind) -> None:
    class Here(StoreBesideModel):
        def __init__(self) -> None:
            super().__init__(kind)

    run_state_machine_as_test(Here, settings=settings(max_examples=20, stateful_step_count=15))
