"""The error of a failed task: three spellings, and every shape that is none of them."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from milepost.rules.values import ErrorName, ErrorValue, Message, Opaque
from milepost.wire.decoding import Decoder
from milepost.wire.errorvalues import error_name
from tests.wire.samples import (
    ENTRIES,
    ERROR_NAMES,
    ERRORS,
    OBJECTS,
    UPDATE,
    Json,
    check_unread,
    refused,
    said,
    words,
)

GENERAL = ERRORS + "error"
NOT_FOUND = ERRORS + "not_found"
BOOM = Message("com.acme.msg", "Boom")

WRONG_TYPE = "milepost.value.wrong_type"
BAD_NAME = "milepost.value.bad_type_name"
DISAGREE = "milepost.value.error_types_disagree"
ENUM = "milepost.value.unknown_enumeration"
MISSING = "milepost.value.missing_member"
TOO_LONG = "milepost.value.too_long"
UNKNOWN = "milepost.value.unknown_member"


class Read(NamedTuple):
    """An error as sent and what it means."""

    name: str
    sent: Json
    means: ErrorValue


boom = words("Boom")
# fmt: off
READ = [
    # Type and value.
    Read("typed", {"type": NOT_FOUND, "value": {"messages": [boom]}},
         ErrorValue(NOT_FOUND, (BOOM,))),
    Read("typed, no messages", {"type": NOT_FOUND, "value": {}}, ErrorValue(NOT_FOUND)),
    Read("typed, unset messages", {"type": NOT_FOUND, "value": {"messages": None}},
         ErrorValue(NOT_FOUND)),
    Read("typed, two messages", {"type": NOT_FOUND, "value": {"messages": [boom, words("b")]}},
         ErrorValue(NOT_FOUND, (BOOM, Message("com.acme.msg", "b")))),
    Read("typed with data", {"type": NOT_FOUND, "value": {"messages": [], "data": {"a": [1, 1.0]}}},
         ErrorValue(NOT_FOUND, (), {"data": Opaque('{"a":[1,1.0]}')})),
    Read("typed with unset data", {"type": NOT_FOUND, "value": {"data": None}},
         ErrorValue(NOT_FOUND)),
    Read("typed and error_type inside",
         {"type": NOT_FOUND, "value": {"messages": [], "error_type": "NOT_FOUND"}},
         ErrorValue(NOT_FOUND, (), {"error_type": Opaque('"NOT_FOUND"')})),
    Read("typed and error_type outside",
         {"type": NOT_FOUND, "value": {"messages": []}, "error_type": "NOT_FOUND"},
         ErrorValue(NOT_FOUND)),
    Read("typed and unset error_type", {"type": NOT_FOUND, "value": {}, "error_type": None},
         ErrorValue(NOT_FOUND)),
    Read("a foreign type", {"type": "com.acme.errors.disk_full", "value": {"disk": "sda"}},
         ErrorValue("com.acme.errors.disk_full", (), {"disk": Opaque('"sda"')})),
    Read("a foreign type that says ERROR",
         {"type": "com.acme.errors.disk_full", "value": {}, "error_type": "ERROR"},
         ErrorValue("com.acme.errors.disk_full")),
    Read("a type with a hyphen", {"type": "a-b.c_d.E1", "value": {}}, ErrorValue("a-b.c_d.E1")),
    Read("the longest type", {"type": "a." + "b" * 253, "value": {}}, ErrorValue("a." + "b" * 253)),
    # error_type and messages.
    Read("by error_type", {"error_type": "NOT_FOUND", "messages": [boom]},
         ErrorValue(NOT_FOUND, (BOOM,))),
    Read("by error_type alone", {"error_type": "NOT_FOUND"}, ErrorValue(NOT_FOUND)),
    Read("by error_type with more",
         {"error_type": "UNAUTHENTICATED", "messages": [], "challenge": "Basic", "data": {}},
         ErrorValue(ERRORS + "unauthenticated", (),
                    {"challenge": Opaque('"Basic"'), "data": Opaque("{}")})),
    Read("both names", {"error_type": "NOT_FOUND", "type": NOT_FOUND, "messages": [boom]},
         ErrorValue(NOT_FOUND, (BOOM,))),
    Read("a foreign name beside ERROR", {"error_type": "ERROR", "type": "a.b", "messages": [boom]},
         ErrorValue("a.b", (BOOM,))),
    Read("an unset type", {"error_type": "NOT_FOUND", "type": None}, ErrorValue(NOT_FOUND)),
    Read("type without value", {"type": NOT_FOUND, "messages": [boom]},
         ErrorValue(NOT_FOUND, (BOOM,))),
    Read("type with an unset value", {"type": NOT_FOUND, "value": None, "messages": [boom]},
         ErrorValue(NOT_FOUND, (BOOM,))),
    # Messages alone.
    Read("empty", {}, ErrorValue(GENERAL)),
    Read("messages alone", {"messages": [boom]}, ErrorValue(GENERAL, (BOOM,))),
    Read("no messages", {"messages": []}, ErrorValue(GENERAL)),
    Read("all unset", {"type": None, "value": None, "error_type": None, "messages": None},
         ErrorValue(GENERAL)),
    Read("unknown fields", {"messages": [], "code": 7, "ok": True, "n": 1.0},
         ErrorValue(GENERAL, (), {"code": Opaque("7"), "ok": Opaque("true"), "n": Opaque("1.0")})),
]
# fmt: on


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
@pytest.mark.parametrize("decoder", [ENTRIES, OBJECTS], ids=["list", "map"])
def test_what_is_read(decoder: Decoder, case: Read) -> None:
    assert decoder.read(UPDATE, {"error": case.sent}).error == case.means


@pytest.mark.parametrize("name", ERROR_NAMES.split())
def test_all_error_types(name: str) -> None:
    """Each in each spelling, and none agrees with the type of its neighbour."""
    dotted = ERRORS + name.lower()
    for sent in (
        {"error_type": name},
        {"type": dotted, "value": {}},
        {"type": dotted, "error_type": name},
        {"type": dotted, "error_type": name, "value": {}},
    ):
        assert ENTRIES.read(UPDATE, {"error": sent}).error == ErrorValue(dotted)
    assert error_name(dotted) is ErrorName(name)
    other = NOT_FOUND if name != "NOT_FOUND" else ERRORS + "canceled"
    says = f"error.error_type: the error_type {name} does not belong to the type {other}."
    for sent in (
        {"type": other, "error_type": name},
        {"type": other, "error_type": name, "value": {}},
    ):
        check_unread(ENTRIES, UPDATE, {"error": sent}, DISAGREE, says)
    check_unread(
        ENTRIES,
        UPDATE,
        {"error": {"type": other, "value": {"error_type": name}}},
        DISAGREE,
        says.replace("error.error_type", "error.value.error_type"),
    )


def test_a_foreign_name_is_an_error() -> None:
    assert error_name("com.acme.disk_full") is ErrorName.ERROR
    assert error_name(NOT_FOUND.upper()) is ErrorName.ERROR


class No(NamedTuple):
    """An error that is refused, and what is said to the letter."""

    name: str
    sent: Json
    reason: str
    says: str


NO_NAME = "is not a dotted name like com.vmware.vapi.std.errors.not_found."
# fmt: off
NOES = [
    No("a text", "boom", WRONG_TYPE,
       'error: the text "boom" was given where an error object is expected.'),
    No("a list", [boom], WRONG_TYPE,
       'error: a list [{"id":"com.acme.msg","default_message":"Boom","args":[]}] was given where'
       " an error object is expected."),
    No("type is a number", {"type": 5, "value": {}}, WRONG_TYPE,
       "error.type: the number 5 was given where a dotted name is expected."),
    No("type is an object", {"type": {}}, WRONG_TYPE,
       "error.type: an object {} was given where a dotted name is expected."),
    No("value is a number", {"type": NOT_FOUND, "value": 5}, WRONG_TYPE,
       "error.value: the number 5 was given where an object is expected."),
    No("value is a list", {"type": NOT_FOUND, "value": []}, WRONG_TYPE,
       "error.value: a list [] was given where an object is expected."),
    No("error_type is a number", {"error_type": 5}, WRONG_TYPE,
       "error.error_type: the number 5 was given where a text is expected."),
    No("error_type inside is a bool", {"type": "a.b", "value": {"error_type": True}}, WRONG_TYPE,
       "error.value.error_type: the boolean true was given where a text is expected."),
    No("messages is an object", {"messages": {}}, WRONG_TYPE,
       "error.messages: an object {} was given where a list of messages is expected."),
    No("messages is a text", {"type": "a.b", "value": {"messages": "x"}}, WRONG_TYPE,
       'error.value.messages: the text "x" was given where a list of messages is expected.'),
    No("a message is a text", {"messages": [boom, "x"]}, WRONG_TYPE,
       'error.messages[1]: the text "x" was given where an object is expected.'),
    No("a message of too little", {"type": "a.b", "value": {"messages": [boom, {"id": "x"}]}},
       MISSING,
       "error.value.messages[1].default_message: it is required and was not given."),
    No("a message of too much", {"error_type": "ERROR", "messages": [words("a", text=1)]},
       UNKNOWN, "error.messages[0].text: the member is not known (its value was 1)."),
    No("an arg", {"messages": [{**boom, "args": [1]}]}, WRONG_TYPE,
       "error.messages[0].args[0]: the number 1 was given where a text is expected."),
    No("messages beside value", {"type": NOT_FOUND, "value": {}, "messages": [1]}, UNKNOWN,
       "error.messages: the member is not known (its value was [1])."),
    No("data beside value", {"type": NOT_FOUND, "data": {}, "value": {}}, UNKNOWN,
       "error.data: the member is not known (its value was {})."),
    No("no name", {"type": "", "value": {}}, BAD_NAME, f'error.type: "" {NO_NAME}'),
    No("a blank in the name", {"type": "a b", "value": {}}, BAD_NAME,
       f'error.type: "a b" {NO_NAME}'),
    No("no dot", {"type": "disk_full", "value": {}}, BAD_NAME,
       f'error.type: "disk_full" {NO_NAME}'),
    No("a value without a type", {"value": {"messages": []}}, MISSING,
       "error.type: it is required and was not given."),
    No("too many messages", {"messages": [boom] * 1001}, TOO_LONG,
       "error.messages: 1001 messages are more than the limit of 1000."),
    No("two dots", {"type": "a..b"}, BAD_NAME, f'error.type: "a..b" {NO_NAME}'),
    No("a dot first", {"type": ".a"}, BAD_NAME, f'error.type: ".a" {NO_NAME}'),
    No("a dot last", {"type": "a."}, BAD_NAME, f'error.type: "a." {NO_NAME}'),
    No("a digit first", {"type": "a.1b"}, BAD_NAME, f'error.type: "a.1b" {NO_NAME}'),
    No("a line feed", {"type": "a.b\n"}, BAD_NAME, f'error.type: "a.b\\n" {NO_NAME}'),
    No("no ASCII", {"type": "a.é"}, BAD_NAME, f'error.type: "a.é" {NO_NAME}'),
    No("a name too long", {"type": "a" * 256, "value": {}}, BAD_NAME,
       f'error.type: "{"a" * 58}… {NO_NAME}'),
    No("a name of another error", {"type": NOT_FOUND.upper(), "error_type": "NOT_FOUND"}, DISAGREE,
       f"error.error_type: the error_type NOT_FOUND does not belong to the type"
       f" {NOT_FOUND.upper()}."),
    No("a foreign name", {"type": "a.b", "error_type": "NOT_FOUND"}, DISAGREE,
       "error.error_type: the error_type NOT_FOUND does not belong to the type a.b."),
    No("ERROR for another", {"type": NOT_FOUND, "error_type": "ERROR"}, DISAGREE,
       f"error.error_type: the error_type ERROR does not belong to the type {NOT_FOUND}."),
]
# fmt: on


@pytest.mark.parametrize("case", NOES, ids=lambda case: case.name)
def test_what_is_said(case: No) -> None:
    check_unread(ENTRIES, UPDATE, {"error": case.sent}, case.reason, case.says)


@pytest.mark.parametrize("name", ["not_found", "Not_Found", "", "NOT FOUND", NOT_FOUND, "X" * 99])
def test_unknown_error_types(name: str) -> None:
    """Upper case to the letter, and one of the 25."""
    for path, sent in (
        ("error.error_type", {"error_type": name}),
        ("error.error_type", {"type": NOT_FOUND, "error_type": name}),
        ("error.error_type", {"type": NOT_FOUND, "error_type": name, "value": {}}),
        ("error.value.error_type", {"type": NOT_FOUND, "value": {"error_type": name}}),
    ):
        refusal = refused(ENTRIES, UPDATE, {"error": sent})
        assert refusal.reason.id == ENUM
        shown = f'"{name}"' if len(name) < 59 else f'"{name[:58]}…'
        listed = ", ".join(ERROR_NAMES.split())
        assert said(refusal) == f"{path}: {shown} is not one of {listed}."
