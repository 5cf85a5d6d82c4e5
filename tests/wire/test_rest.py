"""The bodies of ``/rest``, byte by byte."""

from __future__ import annotations

import json
from functools import partial

import pytest

from milepost.rules.reading import Info
from milepost.rules.reasons import MISSING_MEMBER, NOT_JSON, REASONS, TASK_UNKNOWN, Reason, Refusal
from milepost.rules.task import UpdateTask
from milepost.rules.values import (
    EMPTY_MESSAGE,
    ErrorValue,
    Message,
    NestedMessage,
    Opaque,
    Param,
    Progress,
    Status,
    Target,
)
from milepost.wire.decoding import Limits, decode_nothing
from milepost.wire.encoding import error_fields, info_value, message_value, to_json
from milepost.wire.rest import (
    RestDialect,
    encode_info,
    encode_infos,
    encode_refusal,
    encode_session,
    encode_value,
)
from tests.wire.samples import Json, check_refused, good, refusal_of, said

REST = RestDialect()
AT = 1_420_150_385_651

PENDING = Info(
    description=EMPTY_MESSAGE,
    service="com.acme",
    operation="com.acme.backup",
    status=Status.PENDING,
    cancelable=False,
)
PENDING_JSON = (
    b'{"description":{"id":"","default_message":"","args":[]},"service":"com.acme",'
    b'"operation":"com.acme.backup","status":"PENDING","cancelable":false}'
)
MESSAGE = Message(
    "m",
    "é",
    ("a", "b"),
    {
        "p": Param("s", AT, 1, 1.0, NestedMessage("n", {"q": Param()}), precision=0),
        "e": Param(l=NestedMessage("n")),
    },
    "",
)
MESSAGE_JSON = (
    '{"id":"m","default_message":"é","args":["a","b"],"params":[{"key":"p","value":{"s":"s",'
    '"dt":"2015-01-01T22:13:05.651Z","i":1,"d":1.0,"l":{"id":"n","params":[{"key":"q",'
    '"value":{}}]},"precision":0}},{"key":"e","value":{"l":{"id":"n"}}}],"localized":""}'
)
FULL = Info(
    description=MESSAGE,
    service="com.acme",
    operation="com.acme.backup",
    status=Status.FAILED,
    cancelable=True,
    parent="p",
    target=Target("Folder", "group-d1"),
    error=ErrorValue("a.b", (EMPTY_MESSAGE,), {"data": Opaque("[1,1.0]")}),
    start_time=-62_135_596_800_000,
    end_time=AT,
    user="",
    progress=Progress(2**63 - 1, 0),
    result=Opaque('{"b":1.0,"a":null}'),
)
EMPTY_JSON = '{"id":"","default_message":"","args":[]}'
FULL_JSON = (
    f'{{"description":{MESSAGE_JSON},"service":"com.acme","operation":"com.acme.backup",'
    '"status":"FAILED","cancelable":true,"parent":"p",'
    '"target":{"type":"Folder","id":"group-d1"},'
    f'"error":{{"type":"a.b","value":{{"messages":[{EMPTY_JSON}],"data":[1,1.0]}}}},'
    '"start_time":"0001-01-01T00:00:00.000Z","end_time":"2015-01-01T22:13:05.651Z","user":"",'
    f'"progress":{{"total":9223372036854775807,"completed":0,"message":{EMPTY_JSON}}},'
    '"result":{"b":1.0,"a":null}}'
).encode()

VALUES: dict[bytes, Json] = {
    b'{"value":"abc"}': "abc",
    b'{"value":null}': None,
    b'{"value":[]}': [],
    '{"value":"é\\"\\n"}'.encode(): 'é"\n',
}


@pytest.mark.parametrize("text", VALUES, ids=str)
def test_a_value(text: bytes) -> None:
    assert encode_value(VALUES[text]) == text


def test_a_task() -> None:
    assert encode_info(PENDING) == b'{"value":' + PENDING_JSON + b"}"
    assert encode_info(FULL) == b'{"value":' + FULL_JSON + b"}"


def test_a_list() -> None:
    assert encode_infos([]) == b'{"value":[]}'
    expected = b'{"value":[{"key":"b","value":%s},{"key":"a","value":%s}]}'
    assert encode_infos([("b", FULL), ("a", PENDING)]) == expected % (FULL_JSON, PENDING_JSON)


@pytest.mark.parametrize("plain", ["1", "1.0", "true", '"1"', "null", "[]", "{}", '"\\u0001"'])
def test_a_result_is_written_as_it_was_kept(plain: str) -> None:
    info = Info(
        description=EMPTY_MESSAGE,
        service="s",
        operation="o",
        status=Status.RUNNING,
        cancelable=True,
        result=Opaque(plain),
    )
    assert encode_info(info).endswith(f'"result":{plain}}}}}'.encode())


def test_a_session() -> None:
    expected = (
        b'{"value":{"user":"ann","created_time":"1970-01-01T00:00:00.000Z",'
        b'"last_accessed_time":"2015-01-01T22:13:05.651Z"}}'
    )
    assert encode_session("ann", 0, AT) == expected


def test_a_refusal() -> None:
    expected = (
        b'{"type":"com.vmware.vapi.std.errors.not_found","value":{"messages":[{'
        b'"id":"milepost.task.unknown","default_message":"task: there is no task <x>.",'
        b'"args":["<x>"]}],"error_type":"NOT_FOUND"}}'
    )
    assert encode_refusal(Refusal(TASK_UNKNOWN, ("<x>",))) == expected


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_every_refusal_has_one_shape(reason: Reason) -> None:
    shown = json.loads(encode_refusal(Refusal(reason, ("a", "b", "c", "d"))))
    name = reason.error.value
    assert shown["type"] == "com.vmware.vapi.std.errors." + name.lower()
    assert set(shown) == {"type", "value"}
    assert set(shown["value"]) == {"messages", "error_type"}
    assert shown["value"]["error_type"] == name
    (message,) = shown["value"]["messages"]
    assert message["id"] == reason.id
    assert message["args"] == ["a", "b", "c", "d"]
    assert message["default_message"]


def test_maps_as_objects() -> None:
    """The other spelling of the encoder, for the doors to come."""
    written = to_json(message_value(MESSAGE, "object"))
    assert json.loads(written)["params"] == {
        "p": {"s": "s", "dt": "2015-01-01T22:13:05.651Z", "i": 1, "d": 1.0,
              "l": {"id": "n", "params": {"q": {}}}, "precision": 0},
        "e": {"l": {"id": "n"}},
    }  # fmt: skip
    shown = json.loads(to_json(info_value(FULL, "object", {"error_type": "ERROR"})))
    assert shown["error"] == {"error_type": "ERROR"}
    assert set(shown["description"]["params"]) == {"p", "e"}
    error = ErrorValue("a.b", (MESSAGE,), {"x": Opaque("1")})
    fields = json.loads(to_json(error_fields(error, "object")))
    assert fields == {"messages": [json.loads(written)], "x": 1}


NOTHING = [b"", b"{}", b" {} ", b"{\n}"]
SOMETHING = {
    b'{"a":1}': "a: the member is not known (its value was 1).",
    b'{"spec":null}': "spec: the member is not known (its value was null).",
    b"[]": "body: a list [] was given where an object is expected.",
    b"1": "body: the number 1 was given where an object is expected.",
    b'""': 'body: the text "" was given where an object is expected.',
}


@pytest.mark.parametrize("body", NOTHING, ids=str)
def test_no_body_or_an_empty_object(body: bytes) -> None:
    decode_nothing(body)


@pytest.mark.parametrize("body", SOMETHING, ids=str)
def test_a_body_where_none_belongs(body: bytes) -> None:
    assert said(refusal_of(lambda: decode_nothing(body))) == SOMETHING[body]


def test_a_broken_body_where_none_belongs() -> None:
    for body in (b" ", b"{", b"\xff"):
        assert refusal_of(partial(decode_nothing, body)).reason is NOT_JSON


BODIES = {
    b"{}": "spec: it is required and was not given.",
    b'{"spec":null}': "spec: it is required and was not given.",
    b'{"spec":[]}': "spec: a list [] was given where an object is expected.",
    b'{"spec":"x"}': 'spec: the text "x" was given where an object is expected.',
    b'{"Spec":{}}': "Spec: the member is not known (its value was {}).",
    b'{"spec":{},"x":1}': "x: the member is not known (its value was 1).",
    b"[]": "body: a list [] was given where an object is expected.",
    b'{"spec":{"status":1}}': "spec.status: the number 1 was given where a text is expected.",
    b'{"spec":{"description":{"id":"","default_message":""}}}':
        "spec.description.args: it is required and was not given.",
    b'{"status":"RUNNING"}': 'status: the member is not known (its value was "RUNNING").',
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_bodies_that_do_not_fit(body: bytes) -> None:
    assert said(refusal_of(lambda: REST.decode_update(body))) == BODIES[body]
    if body != b'{"spec":{},"x":1}':
        assert said(refusal_of(lambda: REST.decode_create(body))) == BODIES[body]


def test_bodies_that_fit() -> None:
    assert REST.decode_update(b'{"spec":{}}') == UpdateTask()
    body = json.dumps({"spec": good("vcenter.extension.tasks.create_spec")}).encode()
    assert REST.decode_create(body).operation == "com.acme.backup"
    missing = "spec.operation_id: it is required and was not given."
    check_refused(lambda: REST.decode_create(b'{"spec":{}}'), MISSING_MEMBER.id, missing)


def test_limits_are_the_callers() -> None:
    small = RestDialect(limits=Limits(text=3))
    says = "spec.user: 4 bytes of text are more than the limit of 3."
    body = b'{"spec":{"operation_id":"abc","cancelable":true,"user":"%s"}}'
    small.decode_create(body % b"ann")
    assert said(refusal_of(lambda: small.decode_create(body % b"anna"))) == says
