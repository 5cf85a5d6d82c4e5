"""The bodies of ``/api``, byte by byte."""

from __future__ import annotations

import json

import pytest

from milepost.rules.reasons import MISSING_MEMBER, NOT_JSON, REASONS, TASK_UNKNOWN, Reason, Refusal
from milepost.rules.task import CreateTask, UpdateTask
from milepost.rules.values import EMPTY_MESSAGE, ErrorValue, Message, Opaque, Param
from milepost.wire.api import (
    ApiDialect,
    api_error,
    encode_info,
    encode_infos,
    encode_refusal,
    encode_session,
    encode_value,
)
from milepost.wire.decoding import Limits
from milepost.wire.encoding import to_json
from tests.wire.samples import CREATE, ERRORS, Json, check_refused, good, refusal_of, said, words
from tests.wire.test_rest import AT, EMPTY_JSON, FULL, MESSAGE, PENDING, PENDING_JSON, VALUES

API = ApiDialect()
MESSAGE_JSON = (
    '{"id":"m","default_message":"é","args":["a","b"],"params":{"p":{"s":"s",'
    '"dt":"2015-01-01T22:13:05.651Z","i":1,"d":1.0,"l":{"id":"n","params":{"q":{}}},'
    '"precision":0},"e":{"l":{"id":"n"}}},"localized":""}'
)
FULL_JSON = (
    f'{{"description":{MESSAGE_JSON},"service":"com.acme","operation":"com.acme.backup",'
    '"status":"FAILED","cancelable":true,"parent":"p",'
    '"target":{"type":"Folder","id":"group-d1"},'
    f'"error":{{"error_type":"ERROR","messages":[{EMPTY_JSON}],"data":[1,1.0],"type":"a.b"}},'
    '"start_time":"0001-01-01T00:00:00.000Z","end_time":"2015-01-01T22:13:05.651Z","user":"",'
    f'"progress":{{"total":9223372036854775807,"completed":0,"message":{EMPTY_JSON}}},'
    '"result":{"b":1.0,"a":null}}'
).encode()


@pytest.mark.parametrize("text", VALUES, ids=str)
def test_a_value_is_bare(text: bytes) -> None:
    assert b'{"value":%s}' % encode_value(VALUES[text]) == text


def test_a_task_is_bare() -> None:
    assert encode_info(PENDING) == PENDING_JSON
    assert encode_info(FULL) == FULL_JSON


def test_a_list_is_an_object() -> None:
    assert encode_infos([]) == b"{}"
    expected = b'{"b":%s,"a":%s}' % (FULL_JSON, PENDING_JSON)
    assert encode_infos([("b", FULL), ("a", PENDING)]) == expected


def test_a_session_is_bare() -> None:
    expected = (
        b'{"user":"ann","created_time":"1970-01-01T00:00:00.000Z",'
        b'"last_accessed_time":"2015-01-01T22:13:05.651Z"}'
    )
    assert encode_session("ann", 0, AT) == expected


def test_a_refusal() -> None:
    expected = (
        b'{"error_type":"NOT_FOUND","messages":[{"id":"milepost.task.unknown",'
        b'"default_message":"task: there is no task <x>.","args":["<x>"]}]}'
    )
    assert encode_refusal(Refusal(TASK_UNKNOWN, ("<x>",))) == expected


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_every_refusal_has_one_shape(reason: Reason) -> None:
    shown = json.loads(encode_refusal(Refusal(reason, ("a", "b", "c", "d"))))
    assert set(shown) == {"error_type", "messages"}
    assert shown["error_type"] == reason.error.value
    (message,) = shown["messages"]
    assert message["id"] == reason.id
    assert message["args"] == ["a", "b", "c", "d"]
    assert message["default_message"]


EMPTY = json.loads(EMPTY_JSON)
SHOWN_ERRORS: dict[str, tuple[ErrorValue, Json]] = {
    "standard": (
        ErrorValue(ERRORS + "timed_out"),
        {"error_type": "TIMED_OUT", "messages": []},
    ),
    "with messages and fields": (
        ErrorValue(
            ERRORS + "not_found", (EMPTY_MESSAGE,), {"data": Opaque("1"), "x": Opaque("[]")}
        ),
        {"error_type": "NOT_FOUND", "messages": [EMPTY], "data": 1, "x": []},
    ),
    "the general one": (
        ErrorValue(ERRORS + "error"),
        {"error_type": "ERROR", "messages": []},
    ),
    "foreign": (
        ErrorValue("com.acme.disk_full", (), {"disk": Opaque("7")}),
        {"error_type": "ERROR", "messages": [], "disk": 7, "type": "com.acme.disk_full"},
    ),
    "named inside as well": (
        ErrorValue(ERRORS + "not_found", (), {"error_type": Opaque('"NOT_FOUND"')}),
        {"error_type": "NOT_FOUND", "messages": []},
    ),
    # It would be taken for the name of the error.
    "a field called type": (
        ErrorValue(ERRORS + "not_found", (), {"type": Opaque('"a.b"')}),
        {"error_type": "NOT_FOUND", "messages": []},
    ),
    "foreign, a field called type": (
        ErrorValue("com.acme.disk_full", (), {"type": Opaque("1")}),
        {"error_type": "ERROR", "messages": [], "type": "com.acme.disk_full"},
    ),
}


@pytest.mark.parametrize("name", SHOWN_ERRORS)
def test_errors_of_tasks(name: str) -> None:
    error, shown = SHOWN_ERRORS[name]
    assert json.loads(to_json(api_error(error))) == shown


def test_params_of_the_messages_of_an_error_are_objects() -> None:
    shown = json.loads(to_json(api_error(ErrorValue("a.b", (MESSAGE,)))))
    assert shown["messages"] == [json.loads(MESSAGE_JSON)]


BODIES = {
    b"[]": "body: a list [] was given where an object is expected.",
    b"null": "body: null was given where an object is expected.",
    b'"x"': 'body: the text "x" was given where an object is expected.',
    b'{"spec":{}}': "spec: the member is not known (its value was {}).",
    b'{"status":1}': "status: the number 1 was given where a text is expected.",
    b'{"description":{"id":"","default_message":""}}':
        "description.args: it is required and was not given.",
    b'{"description":{"id":"","default_message":"","args":[],"params":[]}}':
        "description.params: a list [] was given where an object is expected.",
    b'{"description":{"id":"","default_message":"","args":[],"params":{"k":null}}}':
        "description.params.k: null was given where an object is expected.",
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_bodies_that_do_not_fit(body: bytes) -> None:
    assert said(refusal_of(lambda: API.decode_update(body))) == BODIES[body]
    assert said(refusal_of(lambda: API.decode_create(body))) == BODIES[body]


@pytest.mark.parametrize("body", [b"", b"{", b"{}x"], ids=str)
def test_bodies_that_are_no_json(body: bytes) -> None:
    assert refusal_of(lambda: API.decode_update(body)).reason is NOT_JSON
    assert refusal_of(lambda: API.decode_create(body)).reason is NOT_JSON


def test_bodies_that_fit() -> None:
    assert API.decode_update(b"{}") == UpdateTask()
    body = json.dumps(good(CREATE)).encode()
    assert API.decode_create(body) == CreateTask(operation="com.acme.backup", cancelable=True)
    missing = "operation_id: it is required and was not given."
    check_refused(lambda: API.decode_create(b"{}"), MISSING_MEMBER.id, missing)


def test_maps_are_objects() -> None:
    sent = words("a", params={"k": {"l": {"id": "n", "params": {"i": {"i": 1}}}}, "e": {}})
    read = API.decode_update(json.dumps({"description": sent}).encode()).description
    assert isinstance(read, Message)
    assert read.params is not None
    assert read.params["e"] == Param()
    assert read.params["k"].l is not None
    assert read.params["k"].l.params == {"i": Param(i=1)}


@pytest.mark.parametrize("name", [name for name in SHOWN_ERRORS if "called type" not in name])
def test_an_error_as_shown_can_be_sent_again(name: str) -> None:
    error, shown = SHOWN_ERRORS[name]
    read = API.decode_update(json.dumps({"error": shown}).encode()).error
    assert read is not None
    assert (read.type, read.messages) == (error.type, error.messages)
    assert set(read.fields) == set(error.fields) - {"error_type"}


def test_limits_are_the_callers() -> None:
    small = ApiDialect(limits=Limits(text=3))
    says = "user: 4 bytes of text are more than the limit of 3."
    body = b'{"operation_id":"abc","cancelable":true,"user":"%s"}'
    small.decode_create(body % b"ann")
    assert said(refusal_of(lambda: small.decode_create(body % b"anna"))) == says
