"""What the suite stores: decisions through the rules, and values of every shape."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from milepost.rules import machine
from milepost.rules.task import (
    Accepted,
    Change,
    CreateTask,
    Decision,
    EventKind,
    Task,
    UpdateTask,
    step,
)
from milepost.rules.values import (
    DateTimeFormat,
    ErrorValue,
    Instant,
    Message,
    NestedMessage,
    Opaque,
    Param,
    Progress,
    Status,
    Target,
)
from milepost.store.base import Decide, Event, FieldChange, Origin, Outcome, Store, Tasks

NOON = 1_420_113_600_000  # 2015-01-01T12:00:00.000Z
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
EVERYTHING = 1_000_000
ACME = Origin("acme", "192.0.2.7")

numbers = itertools.count(1)


def new_id() -> str:
    return f"task-{next(numbers):020}"


def text(words: str) -> Message:
    return Message(id="com.acme.msg", default_message=words)


def failure(words: str) -> ErrorValue:
    return ErrorValue("com.vmware.vapi.std.errors.error", (text(words),))


def creating(
    task_id: str, now: Instant = NOON, *, service: str = "com.acme", **spec: Any
) -> Decide:
    """A decision that makes a task, by the rules."""
    fields: dict[str, Any] = {"operation": "backup", "cancelable": True} | spec
    asked = CreateTask(**fields)
    return lambda _tasks: machine.create(
        asked, task_id=task_id, service=service, principal="acme", now=now
    )


def updating(task_id: str, now: Instant = NOON, **spec: Any) -> Decide:
    """A decision that updates a task, by the rules; the task must be there."""
    return lambda tasks: machine.update(tasks[task_id], UpdateTask(**spec), now=now)


def cancelling(task_id: str, now: Instant = NOON) -> Decide:
    return lambda tasks: machine.request_cancel(tasks[task_id], now=now)


def counting(task_id: str) -> Decide:
    """A decision that adds one to what is completed: it depends on what is stored."""

    def decide(tasks: Tasks) -> Decision:
        done = tasks[task_id].progress.completed + 1
        spec = UpdateTask(status=Status.RUNNING, progress=Progress(INT64_MAX, done))
        return machine.update(tasks[task_id], spec, now=NOON + done)

    return decide


def keeping(before: Task | None, after: Task) -> Decide:
    """A decision that stores a task as it is given, whatever the rules say of it."""
    kind = EventKind.CREATED if before is None else EventKind.UPDATED
    return lambda _tasks: Accepted(after, step(kind, before, after))


async def made(store: Store, task_id: str | None = None, **spec: Any) -> Task:
    """A new task, stored."""
    outcome = await store.change((), creating(task_id or new_id(), **spec), ACME)
    return changed(outcome).after


async def moved(store: Store, task: Task, **spec: Any) -> Task:
    """A stored task, updated."""
    return changed(await store.change((task.id,), updating(task.id, **spec), ACME)).after


def changed(outcome: Outcome) -> Change:
    """The change of an outcome that has one; it has the position of its event as well."""
    decision = outcome.decision
    assert isinstance(decision, Accepted), decision
    assert decision.change is not None
    assert decision.change.after == decision.task
    assert outcome.position is not None
    return decision.change


async def whole_log(store: Store) -> list[Event]:
    return await store.events_after(0, EVERYTHING)


async def story(store: Store, task_id: str) -> list[Event]:
    """All events of a task, oldest first."""
    return (await store.history(task_id, EVERYTHING))[::-1]


TYPES: dict[str, Any] = {
    "result": None,  # named, never shown
    "status": Status | None,
    "description": Message | None,
    "progress": Progress | None,
    "error": ErrorValue | None,
    "start_time": Instant | None,
    "end_time": Instant | None,
    "cancel_requested": Instant | None,
    "cancel_acknowledged": Instant | None,
    "lease_seconds": int | None,
    "pinned": bool | None,
}


def understood(changes: Sequence[FieldChange]) -> dict[str, tuple[Any, Any]]:
    """What changes say, as values: a store may give them as values or as plain JSON types."""
    known: dict[str, tuple[Any, Any]] = {}
    for change in changes:
        assert change.field not in known
        plain = (msgspec.to_builtins(change.before), msgspec.to_builtins(change.after))
        before, after = (msgspec.convert(value, TYPES[change.field]) for value in plain)
        known[change.field] = (before, after)
    return known


def told(task: Task) -> Task:
    """A task as its event shows it."""
    return msgspec.structs.replace(task, result=None)


# Texts as the doors let them through: no NUL, no lone surrogates. Some break careless quoting.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
texts |= st.sampled_from(
    ["'; DROP TABLE tasks; --", '"\\', "%_", "null", "\x7f\u2028", "🚚🏁", "é"]
)
longs = st.integers(INT64_MIN, INT64_MAX) | st.sampled_from([INT64_MIN, -1, 0, 1, INT64_MAX])
naturals = st.integers(0, INT64_MAX) | st.sampled_from([0, 1, INT64_MAX])
instants = st.integers(-62_135_596_800_000, 253_402_300_799_999)
doubles = st.floats(allow_nan=False, allow_infinity=False)


def unset_or(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def params_of(nested: st.SearchStrategy[NestedMessage]) -> st.SearchStrategy[Param]:
    return st.builds(
        Param,
        s=unset_or(texts),
        dt=unset_or(instants),
        i=unset_or(longs),
        d=unset_or(doubles),
        l=unset_or(nested),
        format=unset_or(st.sampled_from(DateTimeFormat)),
        precision=unset_or(st.integers(0, 20)),
    )


def maps_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return unset_or(st.dictionaries(texts, values, max_size=3))


nested = st.recursive(
    st.builds(NestedMessage, id=texts),
    lambda inner: st.builds(NestedMessage, id=texts, params=maps_of(params_of(inner))),
    max_leaves=4,
)
params = params_of(nested)
messages = st.builds(
    Message,
    id=texts,
    default_message=texts,
    args=st.lists(texts, max_size=3).map(tuple),
    params=maps_of(params),
    localized=unset_or(texts),
)
json_values = st.recursive(
    st.none() | st.booleans() | longs | doubles | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
opaque_texts = json_values.map(lambda value: msgspec.json.encode(value).decode())
opaques = st.builds(Opaque, opaque_texts, st.none() | opaque_texts)
opaques |= st.sampled_from(["1", "1.0", "true", '{"a":1,"a":2}', "1e400", "[" * 64 + "]" * 64]).map(
    Opaque
)
errors = st.builds(
    ErrorValue,
    type=texts,
    messages=st.lists(messages, max_size=2).map(tuple),
    fields=st.dictionaries(texts, opaques, max_size=3),
)


@st.composite
def progresses(draw: st.DrawFn) -> Progress:
    completed, total = sorted([draw(naturals), draw(naturals)])
    return Progress(total, completed, draw(messages))


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """A task the rules could have made, as far as one row can tell; at revision 1."""
    status = draw(st.sampled_from(Status))
    pending, finished = status is Status.PENDING, status in (Status.SUCCEEDED, Status.FAILED)
    start, end = sorted([draw(instants), draw(instants)])
    return Task(
        id=draw(st.text("abcXYZ019_-", min_size=22, max_size=64)),
        revision=1,
        service=draw(texts),
        operation=draw(texts),
        cancelable=draw(st.booleans()),
        target=draw(st.builds(Target, type=texts, id=texts)),
        principal=draw(texts),
        user=draw(unset_or(texts)),
        parent=draw(unset_or(texts)),
        created_at=draw(longs),
        updated_at=draw(longs),
        status=status,
        description=draw(messages),
        progress=draw(progresses()),
        error=draw(errors) if status is Status.FAILED else None,
        result=None if pending else draw(unset_or(opaques)),
        start_time=None if pending else start,
        start_given=draw(st.booleans()),
        end_time=end if finished else None,
        finished_at=draw(instants) if finished else None,
        cancel_requested=(requested := draw(unset_or(instants))),
        cancel_acknowledged=None if requested is None else draw(unset_or(instants)),
        lease_seconds=None if finished else draw(unset_or(st.integers(1, 86_400))),
        weight=draw(st.floats(0.001, 1000)),
        pinned=draw(st.booleans()),
    )
