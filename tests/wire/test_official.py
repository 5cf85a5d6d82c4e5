"""The messages of the official runtime: which one goes with which fault."""

from __future__ import annotations

from typing import Any

import pytest

from milepost.rules import reasons
from milepost.rules.reasons import Reason, Refusal
from milepost.rules.values import Message
from milepost.wire.datavalues import DataValueDecoder
from milepost.wire.faults import Malformed
from milepost.wire.official import message_about, message_of
from tests.rpc import (
    CIS_TASKS,
    EXTENSION,
    MESSAGE,
    PARAM,
    UPDATE_SPEC,
    mapped,
    optional,
    said,
    structure,
    update_spec,
)

Json = Any
DECODER = DataValueDecoder()
FIELD = "vapi.data.structure.field."
CONVERTER = "vapi.bindings.typeconverter."
DATE_TIME = CONVERTER + "datetime.deserialize."


def about(operation: str, fields: Json) -> Message | None:
    service = EXTENSION if operation == "update" else CIS_TASKS
    value = structure("operation-input", fields) if type(fields) is dict else fields
    with pytest.raises(Malformed) as caught:
        DECODER.read_input(service, operation, value)
    return message_of(caught.value)


def about_spec(**fields: Json) -> Message | None:
    return about("update", {"task_id": "t", "spec": update_spec(**fields)})


FAULTS: dict[str, tuple[Json, str, tuple[str, ...]]] = {
    "no structure": (None, "vapi.method.input.invalid", ()),
    "a missing parameter": ({}, FIELD + "missing", ("operation-input", "task_id")),
    "a parameter of another type": (
        {"task_id": 5},
        FIELD + "invalid",
        ("task_id", "operation-input"),
    ),
    "a missing field further in": (
        {"task_id": "t", "spec": update_spec(description=structure(MESSAGE, {}))},
        FIELD + "invalid",
        ("spec", "operation-input"),
    ),
    "another structure": (
        {"task_id": "t", "spec": structure("x", {})},
        FIELD + "invalid",
        ("spec", "operation-input"),
    ),
    "an unknown field": (
        {"task_id": "t", "spec": update_spec(colour=1)},
        FIELD + "unexpected",
        ("{'colour'}", UPDATE_SPEC),
    ),
    "a key twice": (
        {
            "task_id": "t",
            "spec": update_spec(
                description=said("x", params=optional(mapped({"k": structure(PARAM, {})}) * 2))
            ),
        },
        CONVERTER + "map.duplicate.key",
        ("k",),
    ),
}


@pytest.mark.parametrize(("fields", "ident", "args"), FAULTS.values(), ids=list(FAULTS))
def test_faults(fields: Json, ident: str, args: tuple[str, ...]) -> None:
    message = about("update", fields)
    assert message is not None
    assert (message.id, message.args) == (ident, args)
    for arg in args:
        assert arg in message.default_message


def test_an_element_twice() -> None:
    spec = structure("com.vmware.cis.tasks.filter_spec", {"tasks": optional(["a", "a"])})
    message = about("list", {"filter_spec": optional(spec)})
    assert message is not None
    assert (message.id, message.args) == (CONVERTER + "set.duplicate.element", ("a",))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("soon", "invalid.format"),
        ("2015-01-01T22:13:05", "invalid.format"),
        ("2015-13-01T22:13:05Z", "month.invalid"),
        ("2015-01-32T22:13:05Z", "day.invalid"),
        ("2015-01-01T24:13:05Z", "hour.invalid"),
        ("2015-01-01T22:60:05Z", "minute.invalid"),
        ("2015-01-01T22:13:60Z", "second.invalid"),
        ("2015-02-30T22:13:05.651+01:00", "invalid.time"),
    ],
)
def test_date_times(text: str, kind: str) -> None:
    message = about_spec(start_time=text)
    assert message is not None
    assert message.id == DATE_TIME + kind
    assert message.args[0] == text
    assert text in message.default_message


def test_where_it_would_take_the_input_it_says_nothing() -> None:
    assert about_spec(status="DONE") is None
    assert about_spec(description=said("x" * 70_000)) is None


REFUSALS: list[tuple[Reason, tuple[str, ...], str | None, str | None]] = [
    (reasons.FIELD_NEEDS_STATUS, ("result", "1", "no status"), None, None),
    (
        reasons.FIELD_NEEDS_STATUS,
        ("result", "1", "no status"),
        UPDATE_SPEC,
        "vapi.data.structure.union.extra",
    ),
    (reasons.RPC_SERVICE, ("x",), None, "vapi.method.input.invalid.interface"),
    (reasons.RPC_OPERATION, ("x", "y"), None, "vapi.method.input.invalid.method"),
    (reasons.SERVICE_UNKNOWN, ("id", "x"), None, "vapi.introspection.service.not_found"),
    (
        reasons.SERVICE_UNKNOWN,
        ("service_id", "x"),
        None,
        "vapi.introspection.operation.service.not_found",
    ),
    (reasons.OPERATION_UNKNOWN, ("x", "y"), None, "vapi.introspection.operation.not_found"),
    (reasons.TASK_UNKNOWN, ("x",), UPDATE_SPEC, None),
]


@pytest.mark.parametrize(("reason", "args", "structure_name", "ident"), REFUSALS)
def test_refusals(
    reason: Reason, args: tuple[str, ...], structure_name: str | None, ident: str | None
) -> None:
    message = message_about(Refusal(reason, args), structure_name)
    assert (None if message is None else message.id) == ident
