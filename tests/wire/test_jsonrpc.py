"""Requests of JSON-RPC: which call is meant, and what is no call at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from milepost.rules import reasons
from milepost.rules.reasons import REASONS, Refusal
from milepost.rules.values import ErrorName, Message
from milepost.wire import jsonrpc
from milepost.wire.datavalues import DataValueDecoder
from milepost.wire.jsonrpc import (
    Call,
    NotCalled,
    check_headers,
    code_of,
    encode_error,
    encode_not_called,
    encode_output,
    read_call,
)
from tests.rpc import (
    EXTENSION,
    INTROSPECTION,
    SESSIONS,
    UNSET,
    UPDATE_SPEC,
    error,
    optional,
    request,
    structure,
    update_spec,
)
from tests.wire.test_datavalues import deep, nested

Json = Any
GOOD = request(EXTENSION, "update", {"task_id": "t", "spec": structure(UPDATE_SPEC, {})})


def read(value: Json) -> Call:
    return read_call(value if isinstance(value, bytes) else json.dumps(value).encode())


def changed(path: str, value: Json) -> Json:
    """A good request with a member changed, or left out for ``...``."""
    body = json.loads(json.dumps(GOOD))
    inner = body
    *parents, last = path.split(".")
    for name in parents:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return body


def refused(value: Json) -> tuple[int, Json, str]:
    """Code, id and reason of what is no call."""
    with pytest.raises(NotCalled) as caught:
        read(value)
    fault = caught.value
    answer = json.loads(encode_not_called(fault.refusal, fault.ident))
    assert set(answer) == {"jsonrpc", "id", "error"}
    data = answer["error"]["data"]
    assert data["messages"][0]["id"] == fault.refusal.reason.id
    assert data["error_type"] == fault.refusal.error
    assert answer["error"]["message"]
    return answer["error"]["code"], answer["id"], fault.refusal.reason.id


def test_a_call() -> None:
    app = {"opId": "x", "$acceptLang": "de", "other": {"may": "be anything"}}
    body = request(EXTENSION, "update", {"task_id": "t"}, app=app, security={"schemeId": "s"})
    assert read(body) == Call(
        "1",
        EXTENSION,
        "update",
        structure("operation-input", {"task_id": "t"}),
        app,
        {"schemeId": "s"},
    )


@pytest.mark.parametrize("ident", ["", "x", 0, -5, 2**60, None])
def test_ids(ident: Json) -> None:
    assert read(changed("id", ident)).ident == ident


def test_what_may_be_left_out() -> None:
    body = changed("params.ctx", {"appCtx": {}})
    for name in ("serviceId", "operationId", "input"):
        del body["params"][name]
    assert read({**body, "more": 1}) == Call("1", "", "", None, {}, {})
    assert read(changed("params.ctx.securityCtx", None)).security == {}


NO_CALLS: dict[str, tuple[Json, int, str]] = {
    "nothing": (b"", -32700, "json.not_json"),
    "half": (b'{"jsonrpc":', -32700, "json.not_json"),
    "no UTF-8": (b"\xff", -32700, "json.not_json"),
    "a mark of bytes": (b"\xef\xbb\xbf{}", -32700, "json.not_json"),
    "not a number": (b'{"a": NaN}', -32700, "json.not_a_number"),
    "an endless list": (b"[" * 100_000, -32600, "value.too_deep"),
    "a batch": ([GOOD, GOOD], -32600, "rpc.batch"),
    "an empty batch": ([], -32600, "rpc.batch"),
    "a text": ("x", -32600, "rpc.bad_request"),
    "null": (None, -32600, "rpc.bad_request"),
    "no version": (changed("jsonrpc", ...), -32600, "rpc.bad_request"),
    "an old version": (changed("jsonrpc", "1.0"), -32600, "rpc.bad_request"),
    "a version as a number": (changed("jsonrpc", 2.0), -32600, "rpc.bad_request"),
    "no id": (changed("id", ...), -32600, "rpc.no_id"),
    "a broken id": (changed("id", 1.5), -32600, "rpc.bad_request"),
    "an id of yes": (changed("id", value=True), -32600, "rpc.bad_request"),
    "a list of ids": (changed("id", []), -32600, "rpc.bad_request"),
    "no method": (changed("method", ...), -32600, "rpc.bad_request"),
    "a method as a number": (changed("method", 5), -32600, "rpc.bad_request"),
    "params as a text": (changed("params", "x"), -32600, "rpc.bad_request"),
    "another method": (changed("method", "get"), -32601, "rpc.no_such_method"),
    "no params": (changed("params", ...), -32602, "rpc.bad_params"),
    "params null": (changed("params", None), -32602, "rpc.bad_params"),
    "params in order": (changed("params", []), -32602, "rpc.bad_params"),
    "a service as a number": (changed("params.serviceId", 5), -32602, "rpc.bad_params"),
    "an operation as a list": (changed("params.operationId", []), -32602, "rpc.bad_params"),
    "no context": (changed("params.ctx", ...), -32602, "rpc.bad_params"),
    "a context as a text": (changed("params.ctx", "x"), -32602, "rpc.bad_params"),
    "no application": (changed("params.ctx", {}), -32602, "rpc.bad_params"),
    "application a text": (changed("params.ctx.appCtx", "x"), -32602, "rpc.bad_params"),
    "security a text": (changed("params.ctx.securityCtx", "x"), -32602, "rpc.bad_params"),
    "a member twice": (
        json.dumps(GOOD).replace('"id": "1"', '"id": "1", "id": "2"').encode(),
        -32600,
        "json.duplicate_key",
    ),
    "the input twice": (
        json.dumps(GOOD).replace('"input"', '"input": null, "input"').encode(),
        -32600,
        "json.duplicate_key",
    ),
    "a long id": (changed("id", 2**70), -32600, "json.number_range"),
    "a NUL in a password": (
        changed("params.ctx.securityCtx", {"password": "\0"}),
        -32600,
        "json.nul_in_text",
    ),
}


@pytest.mark.parametrize(("value", "code", "reason"), NO_CALLS.values(), ids=list(NO_CALLS))
def test_no_calls(value: Json, code: int, reason: str) -> None:
    ident = "1" if code in (-32601, -32602) else None
    assert refused(value) == (code, ident, f"milepost.{reason}")


INPUT_FAULTS: dict[str, tuple[Callable[[str], str], str]] = {
    "a member twice": (lambda text: text.replace('"x"', '"y": 1, "y"'), "duplicate_key"),
    "a number beyond": (lambda text: text.replace("77", "9" * 30), "number_range"),
    "a number far beyond": (lambda text: text.replace("77", "9" * 5000), "number_range"),
    "a double beyond": (lambda text: text.replace("77", "1e400"), "number_range"),
    "a NUL": (lambda text: text.replace("77", r'"\u0000"'), "nul_in_text"),
    "half a pair": (lambda text: text.replace("77", r'"\ud800"'), "lone_surrogate"),
}


@pytest.mark.parametrize("name", INPUT_FAULTS)
def test_what_json_has_against_an_input_is_kept(name: str) -> None:
    """It is told under the id, to whoever may call."""
    change, reason = INPUT_FAULTS[name]
    spec = update_spec(result=structure("a", {"x": 77}))
    body = request(EXTENSION, "update", {"task_id": "t", "spec": spec})
    call = read(change(json.dumps(body)).encode())
    assert (call.ident, call.service, call.operation) == ("1", EXTENSION, "update")
    assert call.parameter("task_id") == "t"
    assert call.fault is not None
    assert call.fault.refusal.reason.id == f"milepost.json.{reason}"
    assert "params.input" in call.fault.refusal.message.default_message


@pytest.mark.parametrize("spec", [nested(32), update_spec(result=deep(64))])
def test_the_deepest_values_within_limits_are_read(spec: Json) -> None:
    call = read(request(EXTENSION, "update", {"task_id": "t", "spec": spec}))
    DataValueDecoder().read_input(call.service, call.operation, call.given)


def test_deeper_than_any_value_is_no_call() -> None:
    value: Json = 1
    for _ in range(jsonrpc.DEEPEST):
        value = [value]
    assert refused(value)[2] == "milepost.rpc.batch"
    value = [value]
    assert refused(value) == (-32600, None, "milepost.value.too_deep")


@pytest.mark.parametrize("value", [None, [], {}, {"STRUCTURE": 1}, {"STRUCTURE": {"a": {}}}])
def test_a_parameter_of_an_input_that_does_not_fit(value: Json) -> None:
    assert read(changed("params.input", value)).parameter("task_id") is None


def test_what_needs_no_session() -> None:
    for service, operation, is_open in (
        (SESSIONS, "create", True),
        (SESSIONS, "get", False),
        (INTROSPECTION + "service", "list", True),
        (EXTENSION, "create", False),
        ("nobody", "create", False),
    ):
        assert read(request(service, operation)).is_open is is_open


HEADERS = [
    (None, None, True),
    (EXTENSION, "update", True),
    (EXTENSION, "create", False),
    (SESSIONS, "update", False),
    (EXTENSION, None, False),
    (None, "update", False),
]


@pytest.mark.parametrize(("service", "operation", "agree"), HEADERS)
def test_headers(service: str | None, operation: str | None, *, agree: bool) -> None:
    call = read(GOOD)
    if agree:
        check_headers(call, service, operation)
        return
    with pytest.raises(NotCalled) as caught:
        check_headers(call, service, operation)
    answer = json.loads(encode_not_called(caught.value.refusal, caught.value.ident))
    assert (answer["error"]["code"], answer["id"]) == (-31001, "1")


def test_an_output() -> None:
    call = read(GOOD)
    assert json.loads(encode_output(call, None)) == {
        "jsonrpc": "2.0",
        "id": "1",
        "result": {"output": None},
    }


def test_an_error() -> None:
    name = ErrorName.UNSUPPORTED
    message = Message("m", "No", ("a",))
    shown = {
        "messages": [
            structure(
                "com.vmware.vapi.std.localizable_message",
                {
                    "id": "m",
                    "default_message": "No",
                    "args": ["a"],
                    "params": UNSET,
                    "localized": UNSET,
                },
            )
        ],
        "data": UNSET,
        "error_type": optional("UNSUPPORTED"),
    }
    assert json.loads(encode_error(read(GOOD), name, (message,))) == {
        "jsonrpc": "2.0",
        "id": "1",
        "result": {"error": error(name.type_name, shown)},
    }


@pytest.mark.parametrize("reason", REASONS.values(), ids=list(REASONS))
def test_every_reason_has_a_code(reason: reasons.Reason) -> None:
    code = code_of(Refusal(reason))
    assert code in jsonrpc.TEXTS
    if reason.error in (ErrorName.ERROR, ErrorName.SERVICE_UNAVAILABLE, ErrorName.RESOURCE_BUSY):
        assert code == -32603
