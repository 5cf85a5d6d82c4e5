"""Requests of JSON-RPC that the official runtime and this server are both asked.

``@TASK@`` stands for the id of a running task. A body of bytes is sent as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.rpc import (
    CIS_TASKS,
    CREATE_SPEC,
    DYNAMIC_ID,
    EXTENSION,
    INTROSPECTION,
    MESSAGE,
    PARAM,
    SESSIONS,
    UNSET,
    UPDATE_SPEC,
    create_spec,
    done,
    error,
    mapped,
    optional,
    request,
    structure,
    update_spec,
)
from tests.spelling import ERRORS

Json = Any
TASK = "@TASK@"
FILTER_SPEC = "com.vmware.cis.tasks.filter_spec"
GET_SPEC = "com.vmware.cis.tasks.get_spec"


class Case(NamedTuple):
    """One request."""

    body: Json
    headers: Mapping[str, str] = {}


def update(**fields: Json) -> Case:
    """An update with fields that are set."""
    return spec(update_spec(**fields))


def bare(**fields: Json) -> Case:
    """An update with fields as they are."""
    return spec(structure(UPDATE_SPEC, fields))


def spec(value: Json) -> Case:
    return Case(request(EXTENSION, "update", {"task_id": TASK, "spec": value}))


def created(value: Json) -> Case:
    return Case(request(EXTENSION, "create", {"spec": value}))


def filtered(**fields: Json) -> Case:
    given = {name: optional(value) for name, value in fields.items()}
    value = optional(structure(FILTER_SPEC, {"services": optional(["none"]), **given}))
    return Case(request(CIS_TASKS, "list", {"filter_spec": value}))


def with_input(value: Json) -> Case:
    return changed(input=value)


def changed(**params: Json) -> Case:
    """A good update with some of its params changed; ``...`` leaves one out."""
    body: Json = spec(structure(UPDATE_SPEC, {})).body
    kept = {name: part for name, part in {**body["params"], **params}.items() if part is not ...}
    return Case({**body, "params": kept})


def member(**members: Json) -> Case:
    """A good update with some members of the request changed; ``...`` leaves one out."""
    body = {**spec(structure(UPDATE_SPEC, {})).body, **members}
    return Case({name: part for name, part in body.items() if part is not ...})


def described(**fields: Json) -> Case:
    """An update of the description with some fields of the message changed."""
    message = {"id": "m", "default_message": "x", "args": []}
    return update(description=structure(MESSAGE, {**message, **fields}))


def parameter(**fields: Json) -> Case:
    """An update of the description with one parameter of the message."""
    return described(params=optional(mapped({"p": structure(PARAM, fields)})))


RUNNING = "RUNNING"
PARAMS = mapped({"k": structure(PARAM, {"s": optional("v")})})
INPUT = {"task_id": TASK, "spec": structure(UPDATE_SPEC, {})}

CASES: dict[str, Case] = {
    # What is accepted.
    "nothing given": bare(),
    "everything unset": bare(percent_done=UNSET, status=UNSET, result=UNSET, error=UNSET),
    "a status": update(status=RUNNING),
    "progress": update(percent_done=done(1, 2)),
    "a message": described(params=optional(PARAMS), localized=UNSET),
    "any result": update(status=RUNNING, result=structure("a.b", {"x": {"SECRET": "s"}})),
    "a binary result": update(status=RUNNING, result={"BINARY": "AQI="}),
    "a foreign error": update(status="FAILED", error=error("x.y", {})),
    "an unset field nobody knows": bare(tomorrow=UNSET),
    "an unset parameter nobody knows": Case(
        request(EXTENSION, "update", {**INPUT, "tomorrow": UNSET})
    ),
    "an input of another name": with_input(structure("x", INPUT)),
    "map entries of another name": described(
        params=optional([structure("x", {"key": "k", "value": structure(PARAM, {})})])
    ),
    "a create spec": created(create_spec(status=RUNNING)),
    "a filter": filtered(tasks=["a", "b"]),
    "an unset filter of a login": Case(request(SESSIONS, "delete", {"tomorrow": UNSET})),
    "an id of 5": member(id=5),
    "an id of null": member(id=None),
    "a member nobody knows": member(more=1),
    "a param nobody knows": changed(more=1),
    "headers that agree": Case(
        spec(structure(UPDATE_SPEC, {})).body,
        {"vapi-service": EXTENSION, "vapi-operation": "update"},
    ),
    # Types.
    "a status as a number": update(status=3),
    "a status as a text without optional": bare(status=RUNNING),
    "a status as null": bare(status=None),
    "a status as an optional of an optional": bare(status=optional(optional(RUNNING))),
    "a date-time as a number": update(status=RUNNING, start_time=5),
    "a description as a text": update(description="x"),
    "a description as another structure": update(description=structure("a.b", {})),
    "a description as an error": update(description=error(MESSAGE, {})),
    "a message without a text": update(description=structure(MESSAGE, {"id": "m", "args": []})),
    "a message without args": update(
        description=structure(MESSAGE, {"id": "m", "default_message": "x"})
    ),
    "args as a text": described(args="x"),
    "args with a number": described(args=["x", 5]),
    "an id as a boolean": described(id=False),
    "params as a text": described(params=optional("x")),
    "params as a structure": described(params=optional(structure("map-struct", {}))),
    "a param that is none": described(
        params=optional([structure("map-entry", {"key": "k", "value": structure("x", {})})])
    ),
    "a param without a value": described(params=optional([structure("map-entry", {"key": "k"})])),
    "a param with a number as text": parameter(s=optional(5)),
    "a param with a text as number": parameter(i=optional("5")),
    "a param with a double as number": parameter(i=optional(5.5)),
    "a param with a whole number as double": parameter(d=optional(5)),
    "progress without a total": update(percent_done=structure("com.vmware.cis.task.progress", {})),
    "an error as a structure": update(status="FAILED", error=structure("x.y", {})),
    "an error as a text": update(status="FAILED", error="x"),
    "a target as a text": created(create_spec(target="x")),
    "a target without an id": created(create_spec(target=structure(DYNAMIC_ID, {"type": "VM"}))),
    "cancelable as a text": created(
        structure(CREATE_SPEC, {"operation_id": "o", "cancelable": "y"})
    ),
    "no operation id": created(structure(CREATE_SPEC, {"cancelable": True})),
    "tasks as a text": filtered(tasks="x"),
    "tasks with a number": filtered(tasks=[5]),
    "targets as texts": filtered(targets=["VM:vm-1"]),
    "exclude_result as a text": Case(
        request(
            CIS_TASKS,
            "get",
            {
                "task": TASK,
                "spec": optional(structure(GET_SPEC, {"exclude_result": optional("yes")})),
            },
        )
    ),
    # The input as a whole.
    "no spec": Case(request(EXTENSION, "update", {"task_id": TASK})),
    "no task id": Case(request(EXTENSION, "update", {"spec": structure(UPDATE_SPEC, {})})),
    "a task id as a number": Case(request(EXTENSION, "update", {**INPUT, "task_id": 5})),
    "a task id as null": Case(request(EXTENSION, "update", {**INPUT, "task_id": None})),
    "a spec as null": spec(None),
    "a spec of another name": spec(structure(CREATE_SPEC, {})),
    "a spec in an optional": spec(optional(structure(UPDATE_SPEC, {}))),
    "an input as an error": with_input(error("operation-input", INPUT)),
    "an input as null": with_input(None),
    "no input": changed(input=...),
    "an input as a text": with_input("x"),
    "an input as a list": with_input([]),
    # Fields nobody knows.
    "a field nobody knows": bare(colour=optional("red")),
    "a bare field nobody knows": bare(colour="red"),
    "a parameter nobody knows": Case(request(EXTENSION, "update", {**INPUT, "more": 1})),
    "a field of a message nobody knows": described(colour=optional("red")),
    "a field of a filter nobody knows": filtered(colour=["red"]),
    "a parameter of a login nobody knows": Case(request(SESSIONS, "delete", {"more": 1})),
    # What the runtime finds as it converts.
    "a date-time that is none": update(status=RUNNING, start_time="soon"),
    "a month that is none": update(status=RUNNING, start_time="2015-13-01T00:00:00.000Z"),
    "a day that is none": update(status=RUNNING, start_time="2015-01-32T00:00:00.000Z"),
    "an hour that is none": update(status=RUNNING, start_time="2015-01-01T24:00:00.000Z"),
    "a minute that is none": update(status=RUNNING, start_time="2015-01-01T00:60:00.000Z"),
    "a second that is none": update(status=RUNNING, start_time="2015-01-01T00:00:60.000Z"),
    "a day its month has not": update(status=RUNNING, start_time="2015-02-30T00:00:00.000Z"),
    "a key twice": described(params=optional(PARAMS * 2)),
    "a task twice in a set": filtered(tasks=["a", "a"]),
    "a status twice in a set": filtered(status=[RUNNING, RUNNING]),
    "a status nobody knows": update(status="DONE"),
    "a format nobody knows": parameter(format=optional("TINY")),
    "a standard error without messages": update(
        status="FAILED", error=error(ERRORS + "not_found", {})
    ),
    # The union.
    "a result without a status": update(result=1),
    "a start without a status": update(start_time="2015-01-01T00:00:00.000Z"),
    "an end of a running task": update(status=RUNNING, end_time="2015-01-01T00:00:00.000Z"),
    "an error without a status": update(error=error("x.y", {})),
    "an error of a running task": update(status=RUNNING, error=error("x.y", {})),
    "a result of a new task": created(create_spec(result=1)),
    # Data values that are none.
    "a wrapper nobody knows": update(status=RUNNING, result={"FOO": 1}),
    "an empty object": update(status=RUNNING, result={}),
    "two wrappers": update(status=RUNNING, result={"OPTIONAL": 1, "SECRET": "x"}),
    "two names": update(status=RUNNING, result={"STRUCTURE": {"a": {}, "b": {}}}),
    "no name": update(status=RUNNING, result={"STRUCTURE": {}}),
    "a name without fields": update(status=RUNNING, result={"STRUCTURE": "a"}),
    "a secret number": update(status=RUNNING, result={"SECRET": 5}),
    "a binary that is no base64": update(status=RUNNING, result={"BINARY": "a"}),
    "a binary number": update(status=RUNNING, result={"BINARY": 5}),
    "no data value before a wrong type": update(status=3, result={"FOO": 1}),
    # Operations.
    "a service nobody has": Case(request("com.acme.none", "get")),
    "an operation nobody has": Case(request(EXTENSION, "get")),
    "no service": changed(serviceId=...),
    "no operation": changed(operationId=...),
    "a service as a number": changed(serviceId=5),
    "headers of another service": Case(
        spec(structure(UPDATE_SPEC, {})).body, {"vapi-service": "x", "vapi-operation": "update"}
    ),
    "one header": Case(spec(structure(UPDATE_SPEC, {})).body, {"vapi-service": EXTENSION}),
    # Introspection.
    "a service that is not there": Case(request(INTROSPECTION + "service", "get", {"id": "x"})),
    "operations of a service that is not there": Case(
        request(INTROSPECTION + "operation", "list", {"service_id": "x"})
    ),
    "an operation that is not there": Case(
        request(INTROSPECTION + "operation", "get", {"service_id": EXTENSION, "operation_id": "x"})
    ),
    "an operation of a service that is not there": Case(
        request(INTROSPECTION + "operation", "get", {"service_id": "x", "operation_id": "x"})
    ),
    "a service of no name": Case(request(INTROSPECTION + "service", "get", {})),
    # Requests.
    "no context": changed(ctx=...),
    "an empty context": changed(ctx={}),
    "a context as a text": changed(ctx="x"),
    "an application context as a text": changed(ctx={"appCtx": "x"}),
    "a security context as a text": changed(ctx={"appCtx": {}, "securityCtx": "x"}),
    "params as a list": member(params=[1]),
    "params as null": member(params=None),
    "no params": member(params=...),
    "params that are a text": member(params="x"),
    "a method nobody has": member(method="get"),
    "a method as a number": member(method=5),
    "no method": member(method=...),
    "an old version": member(jsonrpc="1.0"),
    "a version as a number": member(jsonrpc=2.0),
    "no version": member(jsonrpc=...),
    "an id as a double": member(id=5.5),
    "an id as a boolean value": member(id=True),
    "an id as a list": member(id=[]),
    "no id": member(id=...),
    "a batch": Case([spec(structure(UPDATE_SPEC, {})).body] * 2),
    "an empty batch": Case([]),
    "a number": Case(5),
    "null": Case(None),
    "nothing": Case(b""),
    "half an object": Case(b'{"jsonrpc": "2.0"'),
    "a constant": Case(b"NaN"),
    "no UTF-8": Case(b'{"jsonrpc": "\xff"}'),
    "a mark of bytes": Case(b"\xef\xbb\xbf{}"),
}
