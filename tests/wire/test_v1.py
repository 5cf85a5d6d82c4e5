"""The bodies of ``/v1``: what a person may leave out, and a task with all that is stored of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from milepost.rules.machine import create
from milepost.rules.reading import info_of
from milepost.rules.reasons import NOT_JSON
from milepost.rules.task import Change, CreateTask, EventKind, Task, UpdateTask
from milepost.rules.values import EMPTY_MESSAGE, ErrorValue, Message, Progress, Status, Target
from milepost.store.changes import field_changes
from milepost.wire.api import ApiDialect, api_info
from milepost.wire.decoding import Limits
from milepost.wire.encoding import to_json
from milepost.wire.v1 import V1Dialect, change_value, changes_value, task_value
from tests.contract.samples import tasks
from tests.wire.samples import CREATE, UPDATE, Json, good, refusal_of, said, words

V1 = V1Dialect()
NOON = 1_420_113_600_000
NOON_TEXT = "2015-01-01T12:00:00.000Z"


def update(**members: Json) -> UpdateTask:
    return V1.decode_update(json.dumps(members).encode())


def creation(**members: Json) -> CreateTask:
    return V1.decode_create(json.dumps({**good(CREATE), **members}).encode())


def plain(text: str) -> Message:
    return Message(id="", default_message=text)


def test_a_text_is_a_message() -> None:
    assert update(description="Copying").description == plain("Copying")
    assert update(description="").description == EMPTY_MESSAGE
    full = words("Copying", params={"n": {"i": 1, "l": {"id": "x"}}})
    as_api = ApiDialect().decode_update(json.dumps({"description": full}).encode())
    assert update(description=full) == as_api
    progress = update(percent_done={"total": 3, "completed": 1, "message": "Disk 1"}).progress
    assert progress == Progress(3, 1, plain("Disk 1"))
    error = update(error={"messages": ["Disk full", words("Really")]}).error
    assert error is not None
    assert error.messages == (plain("Disk full"), Message("com.acme.msg", "Really"))


def test_progress_needs_no_message() -> None:
    assert update(percent_done={"total": 3, "completed": 1}).progress == Progress(3, 1)


def test_what_only_this_door_has() -> None:
    assert update(lease_seconds=60, cancel="acknowledged", pinned=True) == UpdateTask(
        lease_seconds=60, acknowledge_cancel=True, pinned=True
    )
    assert update(lease_seconds=0).lease_seconds == 0
    made = creation(lease_seconds=86_400, weight=2, pinned=False, extension="com.acme")
    assert made == CreateTask(
        operation="com.acme.backup",
        cancelable=True,
        lease_seconds=86_400,
        weight=2.0,
        pinned=False,
        extension="com.acme",
    )
    assert creation() == CreateTask(operation="com.acme.backup", cancelable=True)
    assert update() == update(lease_seconds=None, cancel=None, pinned=None) == UpdateTask()


REFUSED: dict[str, tuple[dict[str, Json], str]] = {
    "no message": (
        {"description": 1},
        "description: the number 1 was given where an object is expected.",
    ),
    "progress": (
        {"percent_done": {"total": 1}},
        "percent_done.completed: it is required and was not given.",
    ),
    "long lease": ({"lease_seconds": 86_401}, "lease_seconds: 86401 is not between 0 and 86400."),
    "negative lease": ({"lease_seconds": -1}, "lease_seconds: -1 is not between 0 and 86400."),
    "lease": (
        {"lease_seconds": 1.5},
        "lease_seconds: the number 1.5 was given where a whole number is expected.",
    ),
    "cancel": ({"cancel": "done"}, 'cancel: "done" is not one of acknowledged.'),
    "pinned": ({"pinned": 1}, "pinned: the number 1 was given where true or false is expected."),
    "spec": ({"spec": {}}, "spec: the member is not known (its value was {})."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_update_that_does_not_fit(name: str) -> None:
    members, says = REFUSED[name]
    assert said(refusal_of(lambda: update(**members))) == says


@pytest.mark.parametrize("weight", [0, -1, 1e-7, 1_000_001])
def test_a_weight_out_of_bounds(weight: float) -> None:
    says = f"weight: {float(weight)} is not between 1e-06 and 1000000."
    assert said(refusal_of(lambda: creation(weight=weight))) == says
    assert said(refusal_of(lambda: update(weight=1))).startswith("weight: the member is not known")


def test_a_long_plain_text() -> None:
    small = V1Dialect(limits=Limits(text=3))
    assert small.decode_update(b'{"description":"abc"}').description == plain("abc")
    refusal = refusal_of(lambda: small.decode_update(b'{"description":"abcd"}'))
    assert said(refusal) == "description: 4 bytes of text are more than the limit of 3."


@pytest.mark.parametrize("body", [b"", b"{", b"{}x"], ids=str)
def test_bodies_that_are_no_json(body: bytes) -> None:
    assert refusal_of(lambda: V1.decode_update(body)).reason is NOT_JSON
    assert refusal_of(lambda: V1.decode_create(body)).reason is NOT_JSON


def test_a_new_task() -> None:
    spec = creation(description="Backup", target={"type": "VirtualMachine", "id": "vm-1"})
    decision = create(spec, task_id="t" * 26, service="com.acme", principal="ann", now=NOON)
    assert isinstance(decision.task, Task)
    shown = json.loads(to_json(task_value(decision.task)))
    assert shown == {
        "id": "t" * 26,
        "revision": 1,
        "description": {"id": "", "default_message": "Backup", "args": []},
        "service": "com.acme",
        "operation": "com.acme.backup",
        "status": "PENDING",
        "cancelable": True,
        "target": {"type": "VirtualMachine", "id": "vm-1"},
        "principal": "ann",
        "created_at": NOON_TEXT,
        "updated_at": NOON_TEXT,
        "weight": 1.0,
        "pinned": False,
    }


TASK = Task(
    id="t" * 26,
    revision=4,
    service="com.acme",
    operation="op",
    cancelable=True,
    target=Target("Folder", "group-d1"),
    principal="ann",
    created_at=NOON,
    updated_at=NOON,
)


def test_what_is_shown_when_it_is_there() -> None:
    wanted = msgspec.structs.replace(TASK, cancel_requested=NOON, lease_seconds=60)
    shown = task_value(wanted)
    assert shown["cancel"] == "requested"
    assert shown["cancel_requested"] == NOON_TEXT
    assert shown["lease"] == {"seconds": 60}
    assert not {"cancel_acknowledged", "finished_at"} & set(shown)
    heard = msgspec.structs.replace(
        wanted, cancel_acknowledged=NOON, status=Status.SUCCEEDED, finished_at=NOON
    )
    shown = task_value(heard)
    assert shown["cancel"] == "acknowledged"
    assert shown["cancel_acknowledged"] == shown["finished_at"] == NOON_TEXT


# A store keeps any number as an instant; the rules make only those that can be written.
written_tasks = tasks().map(
    lambda task: msgspec.structs.replace(task, created_at=NOON, updated_at=NOON)
)


@given(task=written_tasks)
def test_all_that_the_other_doors_show_is_there(task: Task) -> None:
    shown = canonical(task_value(task))
    from_api = canonical(api_info(info_of(task)))
    assert {name: shown[name] for name in from_api} == from_api
    without = canonical(task_value(task, exclude_result=True))
    assert without == {name: part for name, part in shown.items() if name != "result"}


def canonical(value: Any) -> Any:
    return json.loads(to_json(value))


@given(task=written_tasks)
def test_the_changes_of_an_event_are_told_as_the_task_is(task: Task) -> None:
    """Whether they come as values or as what a store kept of them."""
    changes = field_changes(Change(EventKind.CREATED, None, task))
    triples = [(change.field, change.before, change.after) for change in changes]
    kept = [
        (field, before, json.loads(msgspec.json.encode(after))) for field, before, after in triples
    ]
    told = canonical(changes_value(triples))
    assert canonical(changes_value(kept)) == told
    shown = canonical(task_value(msgspec.structs.replace(task, status=Status.FAILED, error=None)))
    for change in told:
        name = change.pop("field")
        if name == "result":
            assert change == {}
        elif name not in ("error", "status", "start_time", "end_time"):
            before = False if name == "pinned" else None
            assert change == {"before": before, "after": shown[name]}


def test_changes_between_two_values() -> None:
    error = ErrorValue("com.acme.disk_full", (plain("Full"),))
    assert canonical(
        changes_value(
            [
                ("status", "RUNNING", Status.FAILED),
                ("error", None, error),
                ("lease_seconds", 60, None),
                ("pinned", False, True),
                ("end_time", None, NOON),
                ("result", None, None),
            ]
        )
    ) == [
        {"field": "status", "before": "RUNNING", "after": "FAILED"},
        {
            "field": "error",
            "before": None,
            "after": {
                "error_type": "ERROR",
                "messages": [{"id": "", "default_message": "Full", "args": []}],
                "type": "com.acme.disk_full",
            },
        },
        {"field": "lease", "before": {"seconds": 60}, "after": None},
        {"field": "pinned", "before": False, "after": True},
        {"field": "end_time", "before": None, "after": NOON_TEXT},
        {"field": "result"},
    ]
    assert change_value("progress", {"total": 1, "completed": 0}, None)["before"] == {
        "total": 1,
        "completed": 0,
        "message": {"id": "", "default_message": "", "args": ()},
    }


def test_an_update_as_api_takes_it_means_the_same() -> None:
    for body in ({}, good(UPDATE), {"status": "RUNNING", "result": [1, 1.0]}):
        text = json.dumps(body).encode()
        assert V1.decode_update(text) == ApiDialect().decode_update(text)
