"""Whatever is put in comes back equal, from the row and from the event."""

from __future__ import annotations

import asyncio

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Change, EventKind, Task, step
from milepost.rules.values import (
    EMPTY_MESSAGE,
    DateTimeFormat,
    ErrorName,
    ErrorValue,
    Message,
    NestedMessage,
    Opaque,
    Param,
    Progress,
    Status,
    Target,
)
from milepost.store.base import Origin, Store
from milepost.store.changes import field_changes
from tests.contract.samples import (
    ACME,
    EVERYTHING,
    INT64_MAX,
    INT64_MIN,
    NOON,
    keeping,
    new_id,
    tasks,
    texts,
    told,
    understood,
    whole_log,
)
from tests.contract.stores import Home, Kind, new_home, scenario

FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999
ALL_SET = Param("s", LAST, INT64_MIN, 1.5, NestedMessage("n"), DateTimeFormat.MED_TIME, 20)
PARAMS = [
    Param(),
    Param(s=""),
    Param(s="\u2028 ' \" \\ 🚚"),
    Param(dt=FIRST),
    Param(dt=0, format=DateTimeFormat.FULL_DATE_TIME),
    Param(i=INT64_MIN),
    Param(i=INT64_MAX),
    Param(d=5e-324),
    Param(d=1.7976931348623157e308, precision=0),
    Param(d=1.0),
    Param(d=0.1 + 0.2),
    Param(l=NestedMessage("a", {})),
    Param(l=NestedMessage("a", {"b": Param(l=NestedMessage("c", {"d": ALL_SET}))})),
    ALL_SET,
    *(Param(dt=NOON, format=form) for form in DateTimeFormat),
]
OPAQUES = ["1", "1.0", "true", "null", '""', "[]", "{}", '{"b":1,"a":1}', '"\\u0041"', "1e400"]


def first_id(life: list[Task]) -> str:
    return life[0].id


def life(status: Status = Status.RUNNING) -> Task:
    finished = status in (Status.SUCCEEDED, Status.FAILED)
    return Task(
        id=new_id(),
        revision=1,
        service="com.acme",
        operation="backup",
        cancelable=False,
        target=Target("Folder", "group-d1"),
        principal="acme",
        created_at=NOON,
        updated_at=NOON,
        status=status,
        error=ErrorValue(ErrorName.ERROR.type_name) if status is Status.FAILED else None,
        start_time=None if status is Status.PENDING else NOON,
        end_time=NOON if finished else None,
        finished_at=NOON if finished else None,
    )


def with_param(param: Param) -> Message:
    return Message("id", "text", ("a", ""), {"": param, "x": Param()}, "localized")


LIVES: dict[str, Task] = {
    **{f"status {status}": life(status) for status in Status},
    **{
        f"param {number}": msgspec.structs.replace(life(), description=with_param(param))
        for number, param in enumerate(PARAMS)
    },
    **{
        f"result {plain}": msgspec.structs.replace(life(), result=Opaque(plain))
        for plain in OPAQUES
    },
    **{
        f"error {name}": msgspec.structs.replace(
            life(Status.FAILED), error=ErrorValue(name.type_name, (with_param(ALL_SET),))
        )
        for name in ErrorName
    },
    "a foreign error with fields of its own": msgspec.structs.replace(
        life(Status.FAILED),
        error=ErrorValue(
            "com.acme.Odd",
            (EMPTY_MESSAGE,) * 3,
            {"data": Opaque('{"a":[1.0,null]}'), "": Opaque("1")},
        ),
    ),
    "an error without anything": msgspec.structs.replace(life(Status.FAILED), error=ErrorValue("")),
    "no localized is not an empty one": msgspec.structs.replace(
        life(), description=Message("", "", localized="")
    ),
    "no params are not empty params": msgspec.structs.replace(
        life(), description=Message("", "", params={})
    ),
    "the largest numbers": msgspec.structs.replace(
        life(),
        progress=Progress(INT64_MAX, INT64_MAX),
        created_at=INT64_MAX,
        updated_at=INT64_MIN,
        cancel_requested=INT64_MAX,
    ),
    "the first and the last instant": msgspec.structs.replace(
        life(Status.SUCCEEDED), start_time=FIRST, start_given=True, end_time=LAST, finished_at=FIRST
    ),
    "empty texts": msgspec.structs.replace(
        life(), service="", operation="", target=Target("", ""), principal="", user="", parent=""
    ),
    "no user is not an empty one": msgspec.structs.replace(life(), user=None, parent=None),
    "a text of 64 KiB": msgspec.structs.replace(
        life(), description=Message("", "é" * 32_768), result=Opaque('"' + "x" * 262_142 + '"')
    ),
}


async def keep(home: Home, steps: list[Change], origin: Origin) -> None:
    """Store revisions of tasks, and read all back in every way, before and after a restart."""
    async with home.store() as store:
        for step in steps:
            await store.change((), keeping(step.before, step.after), origin)
            assert await store.task(step.after.id) == step.after
        await read_back(store, steps, origin)
    async with home.store() as store:
        await read_back(store, steps, origin)


async def read_back(store: Store, steps: list[Change], origin: Origin) -> None:
    rows = {step.after.id: step.after for step in steps}
    assert {task.id: task for task in await store.find(TaskFilter(), EVERYTHING)} == rows
    for task_id, task in rows.items():
        assert await store.task(task_id) == task
    log = await whole_log(store)
    assert [event.task for event in log] == [told(step.after) for step in steps]
    assert [event.kind for event in log] == [step.kind for step in steps]
    assert [event.at for event in log] == [step.after.updated_at for step in steps]
    assert [event.origin for event in log] == [origin] * len(steps)
    assert [understood(event.changes) for event in log] == [
        understood(field_changes(step)) for step in steps
    ]


def steps_of(first: Task, *later: Task) -> list[Change]:
    """A create and the updates behind it, as changes of one task."""
    steps = [step(EventKind.CREATED, None, first)]
    for task in later:
        before = steps[-1].after
        after = msgspec.structs.replace(task, id=first.id, revision=before.revision + 1)
        steps.append(step(EventKind.UPDATED, before, after))
    return steps


@scenario
async def test_chosen_values_come_back(home: Home) -> None:
    """Each as a new task, as a task that loses the value, and as one that gains it."""
    steps: list[Change] = []
    for task in LIVES.values():
        steps += steps_of(task, life(task.status), task)
    await keep(home, steps, ACME)


@settings(max_examples=30)
@given(
    lives=st.lists(st.lists(tasks(), min_size=1, max_size=3), max_size=3, unique_by=first_id),
    origin=st.builds(Origin, principal=texts, source=texts),
)
def test_any_values_come_back(kind: Kind, lives: list[list[Task]], origin: Origin) -> None:
    with new_home(kind) as home:
        asyncio.run(keep(home, [step for life in lives for step in steps_of(*life)], origin))


@scenario
async def test_an_update_that_only_tells_one_number_type_from_another(home: Home) -> None:
    """``1``, ``1.0`` and ``true`` are three results, and a field may become unset again."""
    async with home.store() as store:
        task = life()
        await store.change((), keeping(None, task), ACME)
        for plain in ("1", "1.0", "true", '"1"', None, " 1"):
            result = None if plain is None else Opaque(plain)
            after = msgspec.structs.replace(task, revision=task.revision + 1, result=result)
            await store.change((), keeping(task, after), ACME)
            assert await store.task(task.id) == after
            task = after
