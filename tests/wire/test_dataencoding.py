"""Outputs of JSON-RPC: what things mean, as vAPI data values, and back again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.rules.reading import Info
from milepost.rules.values import (
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
from milepost.wire import shapes
from milepost.wire.dataencoding import ENCODERS, OUTPUTS, SessionInfo, error_data, opaque_value
from milepost.wire.datavalues import DataValueDecoder
from milepost.wire.encoding import to_json
from tests.rpc import (
    CIS_TASKS,
    DYNAMIC_ID,
    EXTENSION,
    NESTED,
    PARAM,
    PROGRESS,
    SESSIONS,
    UNSET,
    error,
    mapped,
    optional,
    said,
    structure,
)
from tests.spelling import ERRORS

Json = Any
DECODER = DataValueDecoder()


def written(service: str, operation: str, value: object) -> Json:
    return msgspec.json.decode(to_json(OUTPUTS[service, operation](value)))


def told(words: str) -> Json:
    """A message as it is always written: with all its fields."""
    return said(words, params=UNSET, localized=UNSET)


INFO = Info(
    description=Message("m", "Backup"),
    service="com.acme",
    operation="run",
    status=Status.FAILED,
    cancelable=True,
    target=Target("VM", "vm-1"),
    error=ErrorValue(ERRORS + "timed_out", (Message("m", "Late"),)),
    start_time=0,
    end_time=1,
    progress=Progress(2, 1, Message("m", "Copying")),
    result=Opaque('{"x":1}'),
)
SHOWN = structure(
    "com.vmware.cis.task.info",
    {
        "description": told("Backup"),
        "service": "com.acme",
        "operation": "run",
        "parent": UNSET,
        "target": optional(structure(DYNAMIC_ID, {"type": "VM", "id": "vm-1"})),
        "status": "FAILED",
        "cancelable": True,
        "error": optional(
            error(
                ERRORS + "timed_out",
                {"messages": [told("Late")], "data": UNSET, "error_type": optional("TIMED_OUT")},
            )
        ),
        "start_time": optional("1970-01-01T00:00:00.000Z"),
        "end_time": optional("1970-01-01T00:00:00.001Z"),
        "user": UNSET,
        "progress": optional(
            structure(PROGRESS, {"total": 2, "completed": 1, "message": told("Copying")})
        ),
        "result": optional(structure("None", {"x": 1})),
    },
)


def test_a_task() -> None:
    assert written(CIS_TASKS, "get", INFO) == SHOWN


def test_tasks_by_id() -> None:
    assert written(CIS_TASKS, "list", {"a": INFO}) == mapped({"a": SHOWN})


def test_plain_answers() -> None:
    assert written(EXTENSION, "create", "id") == "id"
    assert written(EXTENSION, "update", None) is None
    assert written(SESSIONS, "create", "token") == {"SECRET": "token"}
    info = SessionInfo(user="ada", created_time=0, last_accessed_time=1)
    assert written(SESSIONS, "get", info) == structure(
        "com.vmware.cis.session.info",
        {
            "user": "ada",
            "created_time": "1970-01-01T00:00:00.000Z",
            "last_accessed_time": "1970-01-01T00:00:00.001Z",
        },
    )


def test_a_message_with_everything() -> None:
    inner = NestedMessage("in", {"n": Param(i=1)})
    param = Param(s="x", dt=0, d=1.0, l=inner, format=DateTimeFormat.MED_TIME, precision=2)
    message = Message("m", "Hi", ("a",), {"k": param}, "Hallo")
    everything: Json = {
        "s": optional("x"),
        "dt": optional("1970-01-01T00:00:00.000Z"),
        "i": UNSET,
        "d": optional(1.0),
        "format": optional("MED_TIME"),
        "precision": optional(2),
    }
    only_i = structure(
        PARAM,
        dict.fromkeys(("s", "dt", "d", "l", "format", "precision"), UNSET) | {"i": optional(1)},
    )
    everything["l"] = optional(
        structure(NESTED, {"id": "in", "params": optional(mapped({"n": only_i}))})
    )
    text = to_json(ENCODERS[shapes.MESSAGE](message))
    assert b'"d":{"OPTIONAL":1.0}' in text
    assert msgspec.json.decode(text) == said(
        "Hi",
        "a",
        params=optional(mapped({"k": structure(PARAM, everything)})),
        localized=optional("Hallo"),
    )


FROM_REST = {
    "5": 5,
    "1.5": 1.5,
    '"x"': "x",
    "true": True,
    "[null,1]": [UNSET, 1],
    "{}": structure("None", {}),
    '{"a":{"b":null}}': structure("None", {"a": structure("None", {"b": UNSET})}),
    '{"STRUCTURE":{"x":1}}': structure("None", {"STRUCTURE": structure("None", {"x": 1})}),
}


@pytest.mark.parametrize(("plain", "value"), FROM_REST.items())
def test_a_result_from_rest(plain: str, value: Json) -> None:
    assert msgspec.json.decode(to_json(opaque_value(Opaque(plain)))) == value


def test_a_result_as_it_came() -> None:
    typed = '{"STRUCTURE":{"a.b":{"x":{"OPTIONAL":null}}}}'
    assert to_json(opaque_value(Opaque('{"x":null}', typed))) == typed.encode()


ERROR_VALUES: dict[str, tuple[ErrorValue, Json]] = {
    "standard": (
        ErrorValue(ERRORS + "error"),
        {"messages": [], "data": UNSET, "error_type": optional("ERROR")},
    ),
    "standard from rest, with data": (
        ErrorValue(
            ERRORS + "unauthorized",
            (),
            {"data": Opaque('{"x":1}'), "challenge": Opaque('"c"'), "more": Opaque("1")},
        ),
        {
            "messages": [],
            "data": optional(structure("None", {"x": 1})),
            "error_type": optional("UNAUTHORIZED"),
            "challenge": optional("c"),
            "more": 1,
        },
    ),
    "standard from rest, with what no standard error has": (
        ErrorValue(ERRORS + "unauthorized", (), {"data": Opaque("[1]"), "challenge": Opaque("5")}),
        {
            "messages": [],
            "data": optional(structure("None", {"value": [1]})),
            "error_type": optional("UNAUTHORIZED"),
            "challenge": optional("5"),
        },
    ),
    "standard, with data as it came": (
        ErrorValue(ERRORS + "error", (), {"data": Opaque("1", '{"OPTIONAL":1}')}),
        {"messages": [], "data": optional(1), "error_type": optional("ERROR")},
    ),
    "foreign": (
        ErrorValue("x.y", (), {"data": Opaque("1")}),
        {"messages": [], "data": 1},
    ),
}


@pytest.mark.parametrize(("value", "fields"), ERROR_VALUES.values(), ids=list(ERROR_VALUES))
def test_errors(value: ErrorValue, fields: Json) -> None:
    assert msgspec.json.decode(to_json(error_data(value))) == error(value.type, fields)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)
INSTANTS = st.integers(-62_135_596_800_000, 253_402_300_799_999)
LONGS = st.integers(-(2**63), 2**63 - 1)
PARAMS: st.SearchStrategy[dict[str, Param]] = st.deferred(
    lambda: st.dictionaries(
        TEXTS,
        st.builds(
            Param,
            s=st.none() | TEXTS,
            dt=st.none() | INSTANTS,
            i=st.none() | LONGS,
            d=st.none() | st.floats(allow_nan=False, allow_infinity=False),
            l=st.none() | st.builds(NestedMessage, TEXTS, st.none() | PARAMS),
            format=st.none() | st.sampled_from(DateTimeFormat),
            precision=st.none() | st.integers(0, 20),
        ),
        max_size=2,
    )
)
MESSAGES = st.builds(
    Message,
    TEXTS,
    TEXTS,
    st.lists(TEXTS, max_size=2).map(tuple),
    st.none() | PARAMS,
    st.none() | TEXTS,
)
VALUES = st.recursive(
    st.booleans() | LONGS | TEXTS | TEXTS.map(lambda text: {"SECRET": text}) | st.just(UNSET),
    lambda inner: (
        st.lists(inner, max_size=3)
        | inner.map(optional)
        | st.dictionaries(TEXTS, inner, max_size=3).map(lambda fields: structure("a.b", fields))
    ),
    max_leaves=8,
)


@given(MESSAGES)
def test_messages_come_back(message: Message) -> None:
    text = to_json(ENCODERS[shapes.MESSAGE](message))
    assert DECODER.read(shapes.MESSAGE, msgspec.json.decode(text)) == message


@given(VALUES)
def test_data_values_come_back(value: Json) -> None:
    kept = DECODER.read_opaque(value)
    assert msgspec.json.decode(to_json(opaque_value(kept))) == value


@given(st.sampled_from(ErrorName), st.lists(MESSAGES, max_size=2), VALUES)
def test_errors_come_back(name: ErrorName, messages: list[Message], value: Json) -> None:
    sent = error(name.type_name, {"messages": [], "more": value})
    read = DECODER.read_error(sent)
    read = msgspec.structs.replace(read, messages=tuple(messages))
    again = DECODER.read_error(msgspec.json.decode(to_json(error_data(read))))
    assert (again.type, again.messages) == (read.type, read.messages)
    assert again.fields.get("more") == read.fields.get("more")
