"""What the official runtime answers to each request, and that ours is the same.

``official_answers.json`` is the golden table; ``official_provider`` writes it. Where ours is not
the same, ``DIFFERENT`` says why.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.official_provider import GOLDEN, Oracle, golden, told
from tests.conformance.rpc_cases import CASES, TASK, Case
from tests.rpc import CIS_TASKS, EXTENSION, INTROSPECTION, SESSIONS, header, post, request
from tests.serving import Server

Json = Any
FIELD_INVALID = "vapi.data.structure.field.invalid"
FORMAT = "vapi.bindings.typeconverter.datetime.deserialize.invalid.format"

# The runtime stumbles over these before its validator sees them. The validator has words for them.
STUMBLES = "internal_server_error"
# What its answer is here instead, and why: the error or the code, and the first message.
DIFFERENT: dict[str, tuple[Json, str]] = {
    "an input as a list": (["invalid_argument", "vapi.method.input.invalid"], STUMBLES),
    "params as a structure": (
        ["invalid_argument", FIELD_INVALID],
        "a map has one spelling; the runtime takes that of REST too",
    ),
    "a param with a whole number as double": (
        "accepted",
        "a whole number is a number; the runtime's refusal is lost in a stumble",
    ),
    "a status nobody knows": (
        ["invalid_argument", "milepost.value.unknown_enumeration"],
        "the runtime leaves the values of enumerations to the service",
    ),
    "a format nobody knows": (
        ["invalid_argument", "milepost.value.unknown_enumeration"],
        "the runtime leaves the values of enumerations to the service",
    ),
    "a standard error without messages": (
        "accepted",
        "an error without messages has none; on /rest too",
    ),
    "a binary that is no base64": (-32602, "it is a fault of the request, not of the server"),
    "a service as a number": (-32602, "a name is a text"),
    "an id as a boolean value": (-32600, "JSON-RPC has texts and numbers for ids"),
    "an id as a list": (-32600, "JSON-RPC has texts and numbers for ids"),
    "no id": (-32600, "the runtime does what was asked and then fails to answer"),
    "a constant": (-32700, "NaN is no JSON"),
}


def answers() -> dict[str, Json]:
    found: dict[str, Json] = json.loads(GOLDEN.read_text(encoding="utf-8"))["answers"]
    return found


def test_the_table_is_what_the_runtime_answers() -> None:
    assert json.loads(GOLDEN.read_text(encoding="utf-8")) == golden()


def asked(server: Server, case: Case) -> Json:
    """Our answer, with a task of its own for each request, and a session if one would be ended."""
    with server.caller() as caller:
        task_id, token = caller.create(status="RUNNING"), caller.token
    body = case.body
    if b"cis.session" in (body if isinstance(body, bytes) else json.dumps(body).encode()):
        token = server.login()
    if not isinstance(body, bytes):
        body = json.loads(json.dumps(body).replace(TASK, task_id))
    reply = post(server, body, {**header(token), **case.headers}).reply
    assert reply.status == 200
    return told(reply.json)


def expected(name: str, official: Json) -> Json:
    """The error or the code, and the first message, that ours must have."""
    if name in DIFFERENT:
        return DIFFERENT[name][0]
    if official == "accepted":
        return official
    if "code" in official:
        return official["code"]
    if official["error"] == STUMBLES:
        return ["invalid_argument", FIELD_INVALID]
    return [official["error"], official["messages"][0]["id"]]


@pytest.mark.parametrize("name", CASES)
def test_ours_are_the_same(strict_server: Server, name: str) -> None:
    official, ours = answers()[name], asked(strict_server, CASES[name])
    wanted = expected(name, official)
    if isinstance(ours, str):
        assert ours == wanted
    elif "code" in ours:
        assert ours["code"] == wanted
        if name not in DIFFERENT:
            assert ours["id"] == official["id"]
    else:
        first = ours["messages"][0]
        assert [ours["error"], first["id"]] == wanted
        assert ours["messages"][-1]["id"].startswith("milepost.")
        if name not in DIFFERENT and official["error"] != STUMBLES:
            check_arguments(first, official["messages"][0])


def check_arguments(ours: Json, official: Json) -> None:
    """The same arguments, but that a pattern of the runtime's language is not shown."""
    if ours["id"] == FORMAT:
        assert ours["args"][0] == official["args"][0]
    else:
        assert len(ours["args"]) == len(official["args"])
        # The second argument of some is a sentence.
        assert ours["args"][:1] == official["args"][:1]


def test_every_difference_is_one() -> None:
    for name, (wanted, why) in DIFFERENT.items():
        official = answers()[name]
        assert why
        assert wanted != expected_without_reasons(official), name


def expected_without_reasons(official: Json) -> Json:
    return expected("", official) if official != "no answer" else official


# What is told of the operations.


def simple(value: Json) -> Json:
    """A definition in which the order of fields does not matter."""
    fields = value["STRUCTURE"][INTROSPECTION + "operation.data_definition"]
    parts = fields["fields"]["OPTIONAL"]
    inner = fields["element_definition"]["OPTIONAL"]
    entries = [part["STRUCTURE"]["map-entry"] for part in parts or ()]
    return {
        "type": fields["type"],
        "name": fields["name"]["OPTIONAL"],
        "element": None if inner is None else simple(inner),
        "fields": {entry["key"]: simple(entry["value"]) for entry in entries},
    }


OPERATIONS = [
    (service, operation)
    for service, operations in (
        (SESSIONS, ("create", "delete", "get")),
        (CIS_TASKS, ("get", "list", "cancel")),
        (EXTENSION, ("create", "update")),
        (INTROSPECTION + "provider", ("get",)),
        (INTROSPECTION + "service", ("list", "get")),
        (INTROSPECTION + "operation", ("list", "get")),
    )
    for operation in operations
]


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_introspection_is_the_same(server: Server, service: str, operation: str) -> None:
    """Input and output are equal; of errors we tell more, as ours come from everywhere."""
    fields = {"service_id": service, "operation_id": operation}
    body = request(INTROSPECTION + "operation", "get", fields)
    name = INTROSPECTION + "operation.info"
    ours = post(server, body).output["STRUCTURE"][name]
    official = Oracle().raw(Case(body))["result"]["output"]["STRUCTURE"][name]
    for part in ("input_definition", "output_definition"):
        assert simple(ours[part]) == simple(official[part])
    ours_errors = {each["name"]: each for each in map(simple, ours["error_definitions"])}
    for error in map(simple, official["error_definitions"]):
        # What the runtime calls so, the contract calls error.
        if not error["name"].endswith(".internal_server_error"):
            assert ours_errors[error["name"]] == error


def test_the_services_are_the_same(server: Server) -> None:
    oracle = Oracle()
    body = request(INTROSPECTION + "service", "list")
    official = oracle.raw(Case(body))["result"]["output"]
    assert sorted(post(server, body).output) == sorted(official)
    name = INTROSPECTION + "service.info"
    for service in official:
        asking = request(INTROSPECTION + "service", "get", {"id": service})
        ours = post(server, asking).output["STRUCTURE"][name]["operations"]
        known = oracle.raw(Case(asking))["result"]["output"]["STRUCTURE"][name]["operations"]
        assert sorted(ours) == sorted(known)
