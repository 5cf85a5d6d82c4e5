"""The decoder: every structure of the slice, what each member takes and what it refuses."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from milepost.rules.task import CreateTask, UpdateTask
from milepost.rules.values import (
    EMPTY_MESSAGE,
    ROOT_FOLDER,
    DateTimeFormat,
    ErrorValue,
    Message,
    NestedMessage,
    Opaque,
    Param,
    Progress,
    Status,
    Target,
)
from milepost.wire.decoding import Decoder
from milepost.wire.shapes import STRUCTURES
from tests.wire.samples import (
    CREATE,
    ENTRIES,
    ERRORS,
    FACTS,
    FORMAT_NAMES,
    MESSAGE,
    NESTED,
    OBJECTS,
    PARAM,
    PROGRESS,
    STATUS_NAMES,
    STRICT_ENTRIES,
    TARGET,
    UPDATE,
    Json,
    canonical,
    check_unread,
    good,
    refused,
    said,
    words,
)

WRONG_TYPE = "milepost.value.wrong_type"
UNKNOWN = "milepost.value.unknown_member"
MISSING = "milepost.value.missing_member"
ENUM = "milepost.value.unknown_enumeration"
BOUNDS = "milepost.value.out_of_bounds"
TWICE = "milepost.json.duplicate_key"

AT = 1_420_150_385_651
AT_TEXT = "2015-01-01T22:13:05.651Z"


class Read(NamedTuple):
    """A value as sent and what it means."""

    name: str
    structure: str
    sent: Json
    means: Any


# fmt: off
READ = [
    Read("empty param", PARAM, {}, Param()),
    Read("full param", PARAM,
         {"s": "a", "dt": AT_TEXT, "i": 1, "d": 1.5, "l": {"id": "n"}, "format": "FULL_TIME",
          "precision": 2},
         Param("a", AT, 1, 1.5, NestedMessage("n"), DateTimeFormat.FULL_TIME, 2)),
    Read("all unset", PARAM, dict.fromkeys(FACTS[PARAM]), Param()),
    Read("an integer as a double", PARAM, {"d": 2}, Param(d=2.0)),
    Read("a negative double", PARAM, {"d": -0.5}, Param(d=-0.5)),
    Read("empty text", PARAM, {"s": ""}, Param(s="")),
    Read("zeros", PARAM, {"i": 0, "d": 0, "precision": 0}, Param(i=0, d=0.0, precision=0)),
    Read("the largest long", PARAM, {"i": 2**63 - 1}, Param(i=2**63 - 1)),
    Read("the smallest long", PARAM, {"i": -(2**63)}, Param(i=-(2**63))),
    Read("an offset", PARAM, {"dt": "2015-01-01T23:13:05.651+01:00"}, Param(dt=AT)),
    Read("no fraction", PARAM, {"dt": "1970-01-01T00:00:00+00:00"}, Param(dt=0)),
    Read("nested message", NESTED, {"id": ""}, NestedMessage("")),
    Read("nested message, unset params", NESTED, {"id": "n", "params": None}, NestedMessage("n")),
    Read("message", MESSAGE, words("a"), Message("com.acme.msg", "a")),
    Read("empty message", MESSAGE, {"id": "", "default_message": "", "args": []}, EMPTY_MESSAGE),
    Read("message with args", MESSAGE, {**words("a"), "args": ["", "é", "x"]},
         Message("com.acme.msg", "a", ("", "é", "x"))),
    Read("localized", MESSAGE, words("a", localized=""),
         Message("com.acme.msg", "a", localized="")),
    Read("all optional unset", MESSAGE, words("a", localized=None, params=None),
         Message("com.acme.msg", "a")),
    Read("target", TARGET, {"type": "Folder", "id": ""}, Target("Folder", "")),
    Read("progress", PROGRESS, {"total": -1, "completed": 3, "message": words("a")},
         Progress(-1, 3, Message("com.acme.msg", "a"))),
    Read("empty update", UPDATE, {}, UpdateTask()),
    Read("unset update", UPDATE, dict.fromkeys(FACTS[UPDATE]), UpdateTask()),
    Read("full update", UPDATE,
         {"percent_done": good(PROGRESS), "description": words("d"), "status": "FAILED",
          "error": {}, "result": [1], "start_time": AT_TEXT, "end_time": AT_TEXT},
         UpdateTask(progress=Progress(2, 1, Message("com.acme.msg", "Copying")),
                    description=Message("com.acme.msg", "d"), status=Status.FAILED,
                    error=ErrorValue(ERRORS + "error"), result=Opaque("[1]"), start_time=AT,
                    end_time=AT)),
    Read("smallest create", CREATE, good(CREATE),
         CreateTask(operation="com.acme.backup", cancelable=True, target=ROOT_FOLDER)),
    Read("unset create", CREATE,
         {**dict.fromkeys(FACTS[CREATE]), "operation_id": "", "cancelable": False},
         CreateTask(operation="", cancelable=False, target=ROOT_FOLDER)),
    Read("full create", CREATE,
         {"target": {"type": "VirtualMachine", "id": "vm-1"}, "operation_id": "o",
          "cancelable": False, "user": "ann", "parent_task": "t", "status": "BLOCKED",
          "percent_done": good(PROGRESS), "description": words("d"), "error": {}, "result": "r",
          "start_time": AT_TEXT, "end_time": AT_TEXT},
         CreateTask(operation="o", cancelable=False, target=Target("VirtualMachine", "vm-1"),
                    user="ann", parent="t", status=Status.BLOCKED,
                    progress=Progress(2, 1, Message("com.acme.msg", "Copying")),
                    description=Message("com.acme.msg", "d"), error=ErrorValue(ERRORS + "error"),
                    result=Opaque('"r"'), start_time=AT, end_time=AT)),
]
# fmt: on


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
@pytest.mark.parametrize(
    "decoder", [ENTRIES, STRICT_ENTRIES, OBJECTS], ids=["list", "strict", "map"]
)
def test_what_is_read(decoder: Decoder, case: Read) -> None:
    assert decoder.read(case.structure, case.sent) == case.means


@pytest.mark.parametrize("name", STATUS_NAMES.split())
def test_statuses(name: str) -> None:
    assert ENTRIES.read(UPDATE, {"status": name}).status is Status(name)


@pytest.mark.parametrize("name", FORMAT_NAMES.split())
def test_formats(name: str) -> None:
    assert ENTRIES.read(PARAM, {"format": name}).format is DateTimeFormat(name)


def test_bool_is_kept_a_bool_and_a_double_a_float() -> None:
    assert ENTRIES.read(CREATE, {**good(CREATE), "cancelable": True}).cancelable is True
    assert type(ENTRIES.read(PARAM, {"d": 3}).d) is float
    assert type(ENTRIES.read(PARAM, {"i": 3}).i) is int


# What each kind of member is refused: as expected, as shown.
NUMBERS = {"the number 1": 1, "the number 0": 0, "the number -1": -1}
DOUBLES = {"the number 10.0": 10.0, "the number 10.5": 10.5, "the number 1e300": 1e300}
BOOLEANS = {"the boolean true": True, "the boolean false": False}
TEXTS = {'the text "10"': "10", 'the text "true"': "true", 'the text ""': ""}
LISTS = {"a list []": [], 'a list ["a"]': ["a"]}
OBJECT = {"an object {}": {}, 'an object {"a":1}': {"a": 1}}
NO_TEXT = NUMBERS | DOUBLES | BOOLEANS | LISTS | OBJECT
NO_OBJECT = NUMBERS | DOUBLES | BOOLEANS | TEXTS | LISTS
WRONG: dict[str, tuple[str, dict[str, Json]]] = {
    "text": ("a text", NO_TEXT),
    "status": ("a text", NO_TEXT),
    "format": ("a text", NO_TEXT),
    "instant": ("a date-time as text", NO_TEXT),
    "boolean": ("true or false", NUMBERS | DOUBLES | TEXTS | LISTS | OBJECT),
    "long": ("a whole number", DOUBLES | BOOLEANS | TEXTS | LISTS | OBJECT),
    "double": ("a number", BOOLEANS | TEXTS | LISTS | OBJECT),
    "texts": ("a list", NUMBERS | DOUBLES | BOOLEANS | TEXTS | OBJECT),
    "params": (
        "a list of entries with key and value",
        NUMBERS | DOUBLES | BOOLEANS | TEXTS | OBJECT,
    ),
    "error": ("an error object", NO_OBJECT),
    "any": ("", {}),
}
MEMBERS = [
    (structure, name, kind.removeprefix("!"))
    for structure, members in FACTS.items()
    for name, kind in members.items()
]


@pytest.mark.parametrize(
    ("structure", "name", "kind"), MEMBERS, ids=[f"{s}.{n}" for s, n, _ in MEMBERS]
)
def test_wrong_types(structure: str, name: str, kind: str) -> None:
    expected, shown = WRONG.get(kind, ("an object", NO_OBJECT))
    for text, value in shown.items():
        sent = {**good(structure), name: value}
        says = f"{name}: {text} was given where {expected} is expected."
        check_unread(ENTRIES, structure, sent, WRONG_TYPE, says)


def test_wrong_types_of_a_map_as_an_object() -> None:
    for structure in (MESSAGE, NESTED):
        for shown, value in NO_OBJECT.items():
            sent = {**good(structure), "params": value}
            says = f"params: {shown} was given where an object is expected."
            check_unread(OBJECTS, structure, sent, WRONG_TYPE, says)


@pytest.mark.parametrize("structure", FACTS)
def test_a_structure_is_an_object(structure: str) -> None:
    for shown, value in NO_OBJECT.items():
        says = f"body: {shown} was given where an object is expected."
        check_unread(ENTRIES, structure, value, WRONG_TYPE, says)


@pytest.mark.parametrize("structure", FACTS)
def test_required_members(structure: str) -> None:
    required = {name for name, kind in FACTS[structure].items() if kind.startswith("!")}
    for name in required:
        absent = {key: value for key, value in good(structure).items() if key != name}
        says = f"{name}: it is required and was not given."
        for sent in (absent, {**absent, name: None}):
            check_unread(ENTRIES, structure, sent, MISSING, says)
    assert required == set(good(structure))


@pytest.mark.parametrize("structure", FACTS)
def test_unknown_members(structure: str) -> None:
    for name in ("x", "Id", "", "id ", "params[0]", "com.vmware.x"):
        says = f"{name or 'body'}: the member is not known (its value was null)."
        sent = {**good(structure), name: None}
        check_unread(ENTRIES, structure, sent, UNKNOWN, says)


def test_the_table_of_structures_is_covered() -> None:
    answered_only = {"cis.task.info", "cis.session.info"}
    assert set(FACTS) == set(STRUCTURES) - answered_only
    for structure, members in FACTS.items():
        assert set(members) == {member.name for member in STRUCTURES[structure]}


class No(NamedTuple):
    """A value that is refused, and what is said to the letter."""

    name: str
    structure: str
    sent: Json
    reason: str
    says: str


STATUSES = "PENDING, RUNNING, BLOCKED, SUCCEEDED, FAILED"
FORMATS = ", ".join(FORMAT_NAMES.split())
LONG = "x" * 58
COUNTED = ",".join(str(number) for number in range(99))
BAD_DATE = "milepost.value.bad_date_time"
NO_DATE = "is not a date and time like 2015-01-01T22:13:05.651Z."


def entry(**value: Json) -> dict[str, Json]:
    return words("a", params=[{"key": "k", "value": {}}, {"key": "l", "value": value}])


# fmt: off
NOES = [
    # Where it is: every level.
    No("an arg", MESSAGE, {**words("a"), "args": ["x", 1]}, WRONG_TYPE,
       "args[1]: the number 1 was given where a text is expected."),
    No("in the progress", UPDATE, {"percent_done": {**good(PROGRESS), "total": "10"}}, WRONG_TYPE,
       'percent_done.total: the text "10" was given where a whole number is expected.'),
    No("a double progress", UPDATE, {"percent_done": {**good(PROGRESS), "completed": 10.0}},
       WRONG_TYPE,
       "percent_done.completed: the number 10.0 was given where a whole number is expected."),
    No("in the message of the progress", UPDATE,
       {"percent_done": {**good(PROGRESS), "message": {**words("a"), "args": [[]]}}}, WRONG_TYPE,
       "percent_done.message.args[0]: a list [] was given where a text is expected."),
    No("no message in the progress", UPDATE, {"percent_done": {"total": 1, "completed": 1}},
       MISSING, "percent_done.message: it is required and was not given."),
    No("unknown in the progress", UPDATE, {"percent_done": {**good(PROGRESS), "Total": 1}},
       UNKNOWN, "percent_done.Total: the member is not known (its value was 1)."),
    No("unknown in the description", UPDATE, {"description": words("a", text=["t"])}, UNKNOWN,
       'description.text: the member is not known (its value was ["t"]).'),
    No("unknown in a target", CREATE, {**good(CREATE), "target": {"type": "a", "id": "b", "c": {}}},
       UNKNOWN, "target.c: the member is not known (its value was {})."),
    No("no id of a target", CREATE, {**good(CREATE), "target": {"type": "a"}}, MISSING,
       "target.id: it is required and was not given."),
    No("a member of create in an update", UPDATE, {"operation_id": "a"}, UNKNOWN,
       'operation_id: the member is not known (its value was "a").'),
    No("a text for cancelable", CREATE, {**good(CREATE), "cancelable": "true"}, WRONG_TYPE,
       'cancelable: the text "true" was given where true or false is expected.'),
    # Enumerations.
    No("a small status", UPDATE, {"status": "running"}, ENUM,
       f'status: "running" is not one of {STATUSES}.'),
    No("no status", UPDATE, {"status": ""}, ENUM, f'status: "" is not one of {STATUSES}.'),
    No("a status and a blank", UPDATE, {"status": "RUNNING "}, ENUM,
       f'status: "RUNNING " is not one of {STATUSES}.'),
    No("a status of another list", UPDATE, {"status": "QUEUED"}, ENUM,
       f'status: "QUEUED" is not one of {STATUSES}.'),
    No("a long status", UPDATE, {"status": "x" * 99}, ENUM,
       f'status: "{LONG}… is not one of {STATUSES}.'),
    No("an unknown format", MESSAGE, entry(format="SHORT"), ENUM,
       f'params[1].value.format: "SHORT" is not one of {FORMATS}.'),
    No("a small format", MESSAGE, entry(format="short_date"), ENUM,
       f'params[1].value.format: "short_date" is not one of {FORMATS}.'),
    # Date-times.
    No("no zone", UPDATE, {"start_time": "2015-01-01T22:13:05"}, BAD_DATE,
       f'start_time: "2015-01-01T22:13:05" {NO_DATE}'),
    No("no calendar day", UPDATE, {"end_time": "2015-02-29T22:13:05Z"}, BAD_DATE,
       f'end_time: "2015-02-29T22:13:05Z" {NO_DATE}'),
    No("a date in a param", MESSAGE, entry(dt="now"), BAD_DATE,
       f'params[1].value.dt: "now" {NO_DATE}'),
    No("an empty date", UPDATE, {"start_time": ""}, BAD_DATE, f'start_time: "" {NO_DATE}'),
    # Params.
    No("precision below 0", MESSAGE, entry(precision=-1), BOUNDS,
       "params[1].value.precision: -1 is not between 0 and 20."),
    No("precision over 20", MESSAGE, entry(d=1.5, precision=21), BOUNDS,
       "params[1].value.precision: 21 is not between 0 and 20."),
    No("precision far off", PARAM, {"precision": 2**63 - 1}, BOUNDS,
       "precision: 9223372036854775807 is not between 0 and 20."),
    No("a double precision", PARAM, {"precision": 2.0}, WRONG_TYPE,
       "precision: the number 2.0 was given where a whole number is expected."),
    No("unknown in a param", MESSAGE, entry(S="a"), UNKNOWN,
       'params[1].value.S: the member is not known (its value was "a").'),
    No("an int as text", MESSAGE, entry(i="10"), WRONG_TYPE,
       'params[1].value.i: the text "10" was given where a whole number is expected.'),
    No("a double as text", MESSAGE, entry(d="1.5"), WRONG_TYPE,
       'params[1].value.d: the text "1.5" was given where a number is expected.'),
    No("a bool as a double", MESSAGE, entry(d=True), WRONG_TYPE,
       "params[1].value.d: the boolean true was given where a number is expected."),
    No("a key twice", MESSAGE, words("a", params=[{"key": "k", "value": {}}, {"key": "k"}]), TWICE,
       "params[1]: the member k is given twice."),
    No("a long key twice", MESSAGE,
       words("a", params=[{"key": "k" * 99, "value": {}}, {"key": "k" * 99, "value": {}}]), TWICE,
       f"params[1]: the member {'k' * 59}… is given twice."),
    No("no key", MESSAGE, words("a", params=[{"value": {}}]), MISSING,
       "params[0].key: it is required and was not given."),
    No("an unset key", MESSAGE, words("a", params=[{"key": None, "value": {}}]), MISSING,
       "params[0].key: it is required and was not given."),
    No("a number as key", MESSAGE, words("a", params=[{"key": 1, "value": {}}]), WRONG_TYPE,
       "params[0].key: the number 1 was given where a text is expected."),
    No("a value that is no object", MESSAGE, words("a", params=[{"key": "k", "value": "v"}]),
       WRONG_TYPE, 'params[0].value: the text "v" was given where an object is expected.'),
    No("unknown in an entry", MESSAGE, words("a", params=[{"key": "k", "value": {}, "x": 1}]),
       UNKNOWN, "params[0].x: the member is not known (its value was 1)."),
    No("an entry that is none", MESSAGE, words("a", params=[{"key": "k"}, "k"]), WRONG_TYPE,
       'params[1]: the text "k" was given where an object is expected.'),
    No("a nested message without id", MESSAGE, entry(l={}), MISSING,
       "params[1].value.l.id: it is required and was not given."),
    No("args in a nested message", MESSAGE, entry(l={"id": "n", "args": []}), UNKNOWN,
       "params[1].value.l.args: the member is not known (its value was [])."),
    No("two levels down", MESSAGE,
       entry(l={"id": "n", "params": [{"key": "k", "value": {"i": 1.5}}]}), WRONG_TYPE,
       "params[1].value.l.params[0].value.i: the number 1.5 was given where a whole number is"
       " expected."),
    # What is shown of the value is cut, and so is the name.
    No("a long value", UPDATE, {"x": "y" * 99}, UNKNOWN,
       f'x: the member is not known (its value was "{"y" * 58}…).'),
    No("a large value", UPDATE, {"description": list(range(99))}, WRONG_TYPE,
       f"description: a list [{COUNTED[:58]}… was given where an object is expected."),
    No("a long name inside", UPDATE, {"description": words("a", **{"n" * 99: 1})}, UNKNOWN,
       f"description.{'n' * 59}…: the member is not known (its value was 1)."),
    No("a long name", UPDATE, {"n" * 99: 1}, UNKNOWN,
       f"{'n' * 59}…: the member is not known (its value was 1)."),
]
# fmt: on


@pytest.mark.parametrize("case", NOES, ids=lambda case: case.name)
def test_what_is_said(case: No) -> None:
    check_unread(ENTRIES, case.structure, case.sent, case.reason, case.says)


# Where nothing can be unset, a null is of the wrong type.
NULLS: dict[str, tuple[Decoder, str, Json]] = {
    "args[1]": (ENTRIES, MESSAGE, {**words("a"), "args": ["x", None]}),
    "params[0]": (ENTRIES, MESSAGE, words("a", params=[None])),
    "params.k": (OBJECTS, MESSAGE, words("a", params={"k": None})),
    "error.messages[0]": (ENTRIES, UPDATE, {"error": {"messages": [None]}}),
    "body": (ENTRIES, UPDATE, None),
}


@pytest.mark.parametrize("path", NULLS)
def test_nulls(path: str) -> None:
    refusal = refused(*NULLS[path])
    assert refusal.reason.id == WRONG_TYPE
    assert said(refusal).startswith(f"{path}: null ")


def test_the_first_fault_in_the_order_of_the_text_is_told() -> None:
    sent = {"status": "x", "start_time": "y", "z": 1}
    says = f'status: "x" is not one of {STATUSES}.'
    check_unread(ENTRIES, UPDATE, sent, ENUM, says)
    says = "z: the member is not known (its value was 1)."
    check_unread(ENTRIES, UPDATE, dict(reversed(sent.items())), UNKNOWN, says)


@pytest.mark.parametrize("precision", range(21))
def test_precisions(precision: int) -> None:
    assert ENTRIES.read(PARAM, {"precision": precision}) == Param(precision=precision)


PARAMS = {
    "none": ([], {}),
    "one": ([{"key": "k", "value": {"s": "a"}}], {"k": Param(s="a")}),
    "value first": ([{"value": {"s": "a"}, "key": "k"}], {"k": Param(s="a")}),
    "two": (
        [{"key": "a", "value": {"i": 1}}, {"key": "b", "value": {"i": 2}}],
        {"a": Param(i=1), "b": Param(i=2)},
    ),
    "empty key": ([{"key": "", "value": {}}], {"": Param()}),
    "keys that differ in case": (
        [{"key": "k", "value": {}}, {"key": "K", "value": {}}],
        {"k": Param(), "K": Param()},
    ),
    "several members": (
        [{"key": "k", "value": {"s": "a", "i": 1, "d": 1.5}}],
        {"k": Param(s="a", i=1, d=1.5)},
    ),
}


@pytest.mark.parametrize("name", PARAMS)
@pytest.mark.parametrize("structure", [MESSAGE, NESTED])
def test_params(structure: str, name: str) -> None:
    entries, means = PARAMS[name]
    for decoder in (ENTRIES, STRICT_ENTRIES):
        assert decoder.read(structure, {**good(structure), "params": entries}).params == means
    written = {part["key"]: part["value"] for part in entries}
    assert OBJECTS.read(structure, {**good(structure), "params": written}).params == means


@pytest.mark.parametrize("sent", [{"key": "k"}, {"key": "k", "value": None}], ids=["key", "null"])
def test_an_entry_that_has_only_a_key(sent: Json) -> None:
    message = words("a", params=[{"key": "j", "value": {"i": 1}}, sent])
    assert ENTRIES.read(MESSAGE, message).params == {"j": Param(i=1), "k": Param()}
    says = "params[1].value: it is required and was not given."
    check_unread(STRICT_ENTRIES, MESSAGE, message, MISSING, says)


NO_MAPS = {
    "a list": ([], "params: a list [] was given where an object is expected."),
    "a text param": ({"k": "v"}, 'params.k: the text "v" was given where an object is expected.'),
    "a deep one": (
        {"k": {"l": {"id": "n", "params": {"m": {"s": 1}}}}},
        "params.k.l.params.m.s: the number 1 was given where a text is expected.",
    ),
}


@pytest.mark.parametrize("name", NO_MAPS)
def test_what_is_no_map_as_an_object(name: str) -> None:
    sent, says = NO_MAPS[name]
    check_unread(OBJECTS, MESSAGE, words("a", params=sent), WRONG_TYPE, says)


OPAQUE = [
    ("true", True), ("false", False), ("0", 0), ("1", 1), ("1.0", 1.0), ("-0.0", -0.0),
    ("1.5", 1.5), ('""', ""), ('"1"', "1"), ('"é😀"', "é😀"), ("[]", []), ("{}", {}),
    ("[null]", [None]), ('{"a":null}', {"a": None}), ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)), ('{"b":1,"a":2}', {"b": 1, "a": 2}),
    ('[1,1.0,true,"1"]', [1, 1.0, True, "1"]), ('"\\"\\\\\\n\\u0001"', '"\\\n\x01'),
]  # fmt: skip


@pytest.mark.parametrize(("plain", "value"), OPAQUE, ids=[plain for plain, _ in OPAQUE])
def test_results_are_kept_as_their_text(plain: str, value: Json) -> None:
    assert ENTRIES.read(UPDATE, {"result": value}).result == Opaque(plain)
    assert canonical(ENTRIES.read(UPDATE, {"result": [value]}).result.plain) == canonical(
        f"[{plain}]"
    )
