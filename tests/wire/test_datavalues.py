"""Inputs of JSON-RPC: data values to what they mean, and what is wrong with some."""

from __future__ import annotations

import json
from typing import Any

import pytest

from milepost.rules.finding import TaskFilter
from milepost.rules.task import CreateTask, UpdateTask
from milepost.rules.values import (
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
from milepost.wire.datavalues import DataValueDecoder
from milepost.wire.decoding import Limits
from milepost.wire.faults import Malformed
from milepost.wire.wrappers import check_data_value
from tests.rpc import (
    CIS_TASKS,
    CREATE_SPEC,
    DYNAMIC_ID,
    EXTENSION,
    MESSAGE,
    NESTED,
    PARAM,
    SESSIONS,
    UNSET,
    UPDATE_SPEC,
    create_spec,
    done,
    error,
    mapped,
    optional,
    said,
    structure,
    update_spec,
)
from tests.spelling import ERRORS

Json = Any
DECODER = DataValueDecoder()
MOMENT, INSTANT = "2015-01-01T22:13:05.651Z", 1_420_150_385_651


def given(service: str, operation: str, fields: Json, decoder: DataValueDecoder = DECODER) -> Json:
    return decoder.read_input(service, operation, structure("operation-input", fields))


def updated(spec: Json, decoder: DataValueDecoder = DECODER) -> UpdateTask:
    read = given(EXTENSION, "update", {"task_id": "t", "spec": spec}, decoder)
    assert read["task_id"] == "t"
    found: UpdateTask = read["spec"]
    return found


def fault_of(value: Json, decoder: DataValueDecoder = DECODER) -> tuple[str, str]:
    """Id and text of what is wrong with the input of an update."""
    with pytest.raises(Malformed) as caught:
        decoder.read_input(EXTENSION, "update", value)
    refusal = caught.value.refusal
    return refusal.reason.id.removeprefix("milepost.value."), refusal.message.default_message


def spec_fault(spec: Json, decoder: DataValueDecoder = DECODER) -> tuple[str, str]:
    return fault_of(structure("operation-input", {"task_id": "t", "spec": spec}), decoder)


def test_nothing_given_is_nothing() -> None:
    assert updated(structure(UPDATE_SPEC, {})) == UpdateTask()
    unset = dict.fromkeys(("percent_done", "status", "result", "error", "end_time"), UNSET)
    assert updated(structure(UPDATE_SPEC, unset)) == UpdateTask()
    assert given(SESSIONS, "get", {}) == {}


def test_everything_given() -> None:
    param = structure(
        PARAM,
        {
            "s": optional("x"),
            "dt": optional(MOMENT),
            "i": optional(7),
            "d": optional(1.5),
            "l": optional(structure(NESTED, {"id": "in", "params": UNSET})),
            "format": optional("MED_DATE"),
            "precision": optional(2),
        },
    )
    message = said("Hi", "a", params=optional(mapped({"n": param})), localized=optional("Hallo"))
    spec = updated(
        update_spec(
            percent_done=done(1, 2),
            description=message,
            status="RUNNING",
            error=error(ERRORS + "timed_out", {"messages": [said("Late")]}),
            result=5,
            start_time=MOMENT,
            end_time=MOMENT,
        )
    )
    assert spec == UpdateTask(
        progress=Progress(2, 1, Message("m", "Copying")),
        description=Message(
            "m",
            "Hi",
            ("a",),
            {
                "n": Param(
                    s="x",
                    dt=INSTANT,
                    i=7,
                    d=1.5,
                    l=NestedMessage("in"),
                    format=DateTimeFormat.MED_DATE,
                    precision=2,
                )
            },
            "Hallo",
        ),
        status=Status.RUNNING,
        error=ErrorValue(ERRORS + "timed_out", (Message("m", "Late"),)),
        result=Opaque("5"),
        start_time=INSTANT,
        end_time=INSTANT,
    )


def test_a_create_spec() -> None:
    spec = create_spec(
        target=structure(DYNAMIC_ID, {"type": "VM", "id": "vm-1"}), user="ada", parent_task="p"
    )
    assert given(EXTENSION, "create", {"spec": spec})["spec"] == CreateTask(
        operation="com.acme.backup.run",
        cancelable=True,
        target=Target("VM", "vm-1"),
        user="ada",
        parent="p",
    )


def test_names_that_do_not_matter() -> None:
    """The input and the entries of maps are known by their place, as for the official runtime."""
    value = structure("any name", {"task_id": "t", "spec": structure(UPDATE_SPEC, {})})
    assert DECODER.read_input(EXTENSION, "update", value)["task_id"] == "t"
    entry = structure("any name", {"key": "k", "value": structure(PARAM, {})})
    spec = update_spec(description=said("x", params=optional([entry])))
    assert updated(spec).description == Message("m", "x", params={"k": Param()})


FILTER = "com.vmware.cis.tasks.filter_spec"
GET = "com.vmware.cis.tasks.get_spec"


def test_a_filter() -> None:
    fields = {
        "tasks": optional(["a", "b"]),
        "services": optional(["s"]),
        "operations": optional(["o"]),
        "status": optional(["RUNNING", "FAILED"]),
        "targets": optional([structure(DYNAMIC_ID, {"type": "T", "id": "i"})]),
        "users": optional(["u"]),
    }
    spec = optional(structure(FILTER, fields))
    assert given(CIS_TASKS, "list", {"filter_spec": spec})["filter_spec"] == TaskFilter(
        ids=frozenset({"a", "b"}),
        services=frozenset({"s"}),
        operations=frozenset({"o"}),
        status=frozenset({Status.RUNNING, Status.FAILED}),
        targets=frozenset({("T", "i")}),
        users=frozenset({"u"}),
    )


def test_an_empty_filter_is_no_filter() -> None:
    spec = structure(FILTER, {"tasks": optional([]), "targets": optional([])})
    assert given(CIS_TASKS, "list", {"filter_spec": optional(spec)}) == {
        "filter_spec": TaskFilter()
    }
    assert given(CIS_TASKS, "list", {"filter_spec": UNSET, "result_spec": UNSET}) == {}


@pytest.mark.parametrize(("wish", "excluded"), [(UNSET, False), ({"OPTIONAL": True}, True)])
def test_a_get_spec(wish: Json, *, excluded: bool) -> None:
    spec = optional(structure(GET, {"exclude_result": wish, "return_all": {"OPTIONAL": True}}))
    assert given(CIS_TASKS, "get", {"task": "t", "spec": spec}) == {"task": "t", "spec": excluded}


# What is kept without a look into it: what it is, and what /rest shows.
KEPT = {
    "a number": (5, "5", False),
    "a double": (1.5, "1.5", False),
    "a text": ("x", '"x"', False),
    "a list": ([1, True], "[1,true]", False),
    "an optional": (optional(5), "5", True),
    "an unset one in a list": ([UNSET], "[null]", True),
    "optionals in optionals": (optional(optional(optional("x"))), '"x"', True),
    "a structure": (structure("a.b", {"x": 1}), '{"x":1}', True),
    "a structure without a name": (structure("None", {"x": UNSET}), '{"x":null}', True),
    "a secret": ({"SECRET": "s"}, '"s"', True),
    "a binary": ({"BINARY": "AQI="}, '"AQI="', True),
    "an error": (error("a.b", {"x": 1}), '{"x":1}', True),
    "a map": (mapped({"k": 1}), '[{"key":"k","value":1}]', True),
    "an empty structure": (structure("a", {}), "{}", True),
}


@pytest.mark.parametrize(("value", "plain", "typed"), KEPT.values(), ids=list(KEPT))
def test_results(value: Json, plain: str, *, typed: bool) -> None:
    text = json.dumps(value, separators=(",", ":")) if typed else None
    assert updated(update_spec(result=value)).result == Opaque(plain, text)


@pytest.mark.parametrize("value", [optional(None), optional(optional(None))])
def test_an_unset_result_is_none(value: Json) -> None:
    assert updated(update_spec(result=value)).result is None


ERROR_VALUES: dict[str, tuple[Json, ErrorValue]] = {
    "bare": (error("x.y", {}), ErrorValue("x.y")),
    "as the runtime sends it": (
        error(
            ERRORS + "not_found",
            {"messages": [said("No")], "data": UNSET, "error_type": optional("NOT_FOUND")},
        ),
        ErrorValue(
            ERRORS + "not_found",
            (Message("m", "No"),),
            {"error_type": Opaque('"NOT_FOUND"', '{"OPTIONAL":"NOT_FOUND"}')},
        ),
    ),
    "with data": (
        error(ERRORS + "error", {"data": optional(structure("a.b", {"x": 1}))}),
        ErrorValue(
            ERRORS + "error",
            (),
            {"data": Opaque('{"x":1}', '{"OPTIONAL":{"STRUCTURE":{"a.b":{"x":1}}}}')},
        ),
    ),
    "of a foreign name with a foreign type": (
        error("x.y", {"error_type": optional("OURS"), "more": 1}),
        ErrorValue(
            "x.y",
            (),
            {"error_type": Opaque('"OURS"', '{"OPTIONAL":"OURS"}'), "more": Opaque("1")},
        ),
    ),
}


@pytest.mark.parametrize(("value", "read"), ERROR_VALUES.values(), ids=list(ERROR_VALUES))
def test_errors(value: Json, read: ErrorValue) -> None:
    assert updated(update_spec(status="FAILED", error=value)).error == read


BROKEN: dict[str, tuple[Json, str, str]] = {
    "a bare optional": ({"status": "RUNNING"}, "wrong_type", "spec.status: the text"),
    "a null optional": ({"status": None}, "wrong_type", "spec.status: null"),
    "two members": ({"status": {"OPTIONAL": 1, "x": 2}}, "bad_data_value", "it has 2 members"),
    "another type": ({"status": optional(3)}, "wrong_type", "spec.status: the number 3"),
    "an unknown status": ({"status": optional("X")}, "unknown_enumeration", "spec.status"),
    "no date-time": ({"start_time": optional("x")}, "bad_date_time", "spec.start_time"),
    "an unknown field": ({"x": optional(1)}, "unexpected_field", "spec.x: the structure com."),
    "an unknown bare field": ({"x": 1}, "unexpected_field", "(its value was 1)"),
    "another structure": (
        {"description": optional(structure("a.b", {}))},
        "wrong_structure",
        f"spec.description: the structure a.b was given where {MESSAGE} is expected.",
    ),
    "an error for a structure": (
        {"description": optional(error(MESSAGE, {}))},
        "wrong_type",
        "where a structure is expected",
    ),
    "a structure for an error": (
        {"error": optional(structure("a.b", {}))},
        "wrong_type",
        "where an error is expected",
    ),
    "a scalar for a structure": ({"description": optional(3)}, "wrong_type", "the number 3"),
    "a missing field": (
        {"description": optional(structure(MESSAGE, {"id": "x"}))},
        "missing_member",
        "spec.description.default_message",
    ),
    "a wrong entry of a list": (
        {"description": optional(said("x", 1))},
        "wrong_type",
        "spec.description.args[0]: the number 1",
    ),
    "no list": (
        {"description": optional(structure(MESSAGE, {"id": "", "default_message": "", "args": 1}))},
        "wrong_type",
        "spec.description.args",
    ),
    "no map": (
        {"description": optional(said("x", params=optional(5)))},
        "wrong_type",
        "where a list of map entries is expected",
    ),
    "a map without a key": (
        {"description": optional(said("x", params=optional([structure("map-entry", {})])))},
        "missing_member",
        "spec.description.params[0].key",
    ),
    "a key twice": (
        {
            "description": optional(
                said("x", params=optional(mapped({"k": structure(PARAM, {})}) * 2))
            )
        },
        "milepost.json.duplicate_key",
        "spec.description.params[1]: the member k is given twice.",
    ),
    "an error without a dot": ({"error": optional(error("x", {}))}, "bad_type_name", "spec.error"),
    "an error with a long name": (
        {"error": optional(error("a." + "b" * 300, {}))},
        "bad_type_name",
        "spec.error",
    ),
    "an error of another type": (
        {"error": optional(error(ERRORS + "error", {"error_type": optional("NOT_FOUND")}))},
        "error_types_disagree",
        "spec.error.error_type",
    ),
    "an error with an unknown type": (
        {"error": optional(error(ERRORS + "error", {"error_type": optional(5)}))},
        "wrong_type",
        "spec.error.error_type",
    ),
    "an error with bare data": (
        {"error": optional(error(ERRORS + "error", {"data": structure("a.b", {})}))},
        "wrong_type",
        "spec.error.data: an object",
    ),
    "an error with a number as data": (
        {"error": optional(error(ERRORS + "error", {"data": optional(5)}))},
        "wrong_type",
        "spec.error.data: the number 5",
    ),
    "an error with a secret as data": (
        {"error": optional(error(ERRORS + "error", {"data": optional({"SECRET": "x"})}))},
        "wrong_type",
        "where a structure is expected",
    ),
    "an error with a number as challenge": (
        {"error": optional(error(ERRORS + "unauthorized", {"challenge": optional(5)}))},
        "wrong_type",
        "spec.error.challenge",
    ),
    "an error with no list of messages": (
        {"error": optional(error("a.b", {"messages": 5}))},
        "wrong_type",
        "spec.error.messages",
    ),
    "an error with a bad message": (
        {"error": optional(error("a.b", {"messages": [said("x"), 5]}))},
        "wrong_type",
        "spec.error.messages[1]",
    ),
    "a wrapper nobody knows": ({"result": optional({"FOO": 1})}, "bad_data_value", '"FOO"'),
    "an empty object": ({"result": optional({})}, "bad_data_value", "it has 0 members"),
    "two names": (
        {"result": optional([{"STRUCTURE": {"a": {}, "b": {}}}])},
        "bad_data_value",
        "spec.result[0]",
    ),
    "no name": ({"description": optional({"STRUCTURE": 1})}, "bad_data_value", "one name"),
    "no fields": (
        {"description": optional({"STRUCTURE": {MESSAGE: 1}})},
        "bad_data_value",
        "the fields are no object",
    ),
    "a secret number": ({"result": optional({"SECRET": 1})}, "bad_data_value", "is a text"),
    "no base64": ({"result": optional({"BINARY": "a"})}, "bad_data_value", "is base64"),
    "a binary number": ({"result": optional({"BINARY": 1})}, "bad_data_value", "is base64"),
    "a bad part of an error": (
        {"error": optional(error("a.b", {"x": {"FOO": 1}}))},
        "bad_data_value",
        "spec.error.x",
    ),
}


@pytest.mark.parametrize(("fields", "reason", "text"), BROKEN.values(), ids=list(BROKEN))
def test_what_does_not_fit(fields: Json, reason: str, text: str) -> None:
    found, words = spec_fault(structure(UPDATE_SPEC, fields))
    assert found == reason
    assert text in words


INPUTS: dict[str, tuple[Json, str, str]] = {
    "null": (None, "wrong_type", "body: null"),
    "a list": ([], "wrong_type", "body: a list"),
    "a text": ("x", "wrong_type", "where a structure is expected"),
    "nothing in it": (structure("operation-input", {}), "missing_member", "task_id"),
    "an error": (error("operation-input", {}), "wrong_type", "where a structure is expected"),
    "a null parameter": (
        structure("operation-input", {"task_id": None, "spec": structure(UPDATE_SPEC, {})}),
        "wrong_type",
        "task_id: null",
    ),
    "an unknown parameter": (
        structure("operation-input", {"x": 1}),
        "unexpected_field",
        "x: the structure operation-input has no such field (its value was 1).",
    ),
    "another spec": (
        structure("operation-input", {"task_id": "t", "spec": structure(CREATE_SPEC, {})}),
        "wrong_structure",
        "spec",
    ),
}


@pytest.mark.parametrize(("value", "reason", "text"), INPUTS.values(), ids=list(INPUTS))
def test_an_input_that_does_not_fit(value: Json, reason: str, text: str) -> None:
    found, words = fault_of(value)
    assert found == reason
    assert text in words


def test_what_is_no_data_value_comes_first() -> None:
    """The runtime reads the values before it looks at what they are for."""
    fields = {"status": optional(3), "result": optional(structure("a", {"x": [1, {"FOO": 1}]}))}
    reason, words = spec_fault(structure(UPDATE_SPEC, fields))
    assert reason == "bad_data_value"
    assert words.startswith("spec.result.x[1]: ")


def test_an_element_twice_in_a_set() -> None:
    spec = structure(FILTER, {"tasks": optional(["a", "b", "a"])})
    with pytest.raises(Malformed) as caught:
        given(CIS_TASKS, "list", {"filter_spec": optional(spec)})
    assert caught.value.refusal.message.default_message == (
        'filter_spec.tasks[2]: "a" is in the set twice.'
    )


def test_an_unset_field_nobody_knows_is_accepted() -> None:
    assert updated(structure(UPDATE_SPEC, {"tomorrow": UNSET})) == UpdateTask()


# Limits count the value, not what is around it.


def nested(levels: int) -> Json:
    """A description with so many messages inside each other."""
    inner = structure(NESTED, {"id": "n"})
    for _ in range(levels - 1):
        param = structure(PARAM, {"l": optional(inner)})
        inner = structure(NESTED, {"id": "n", "params": optional(mapped({"k": param}))})
    param = structure(PARAM, {"l": optional(inner)})
    return update_spec(description=said("x", params=optional(mapped({"k": param}))))


def test_messages_in_messages() -> None:
    assert updated(nested(32)).description is not None
    reason, _ = spec_fault(nested(33))
    assert reason == "too_deep"


def deep(levels: int) -> Json:
    value: Json = structure("a.b", {})
    for _ in range(levels - 1):
        value = structure("a.b", {"x": optional(value)})
    return value


def test_depth_of_a_result() -> None:
    result = updated(update_spec(result=deep(64))).result
    assert result is not None
    assert result.plain == '{"x":' * 63 + "{}" + "}" * 63
    assert spec_fault(update_spec(result=deep(65)))[0] == "too_deep"
    assert spec_fault(update_spec(result=deep(120)))[0] == "too_deep"


def test_optionals_count_for_nothing() -> None:
    value: Json = "x"
    for _ in range(300):
        value = optional(value)
    result = updated(update_spec(result=value)).result
    assert result is not None
    assert result.plain == '"x"'


def test_size_of_a_result() -> None:
    small = DataValueDecoder(Limits(result=10))
    value = structure("a.very.long.name.of.a.structure", {"x": "12"})
    assert updated(update_spec(result=value), small).result is not None
    value = structure("a", {"x": "123"})
    assert spec_fault(update_spec(result=value), small)[0] == "too_long"


def test_number_of_entries() -> None:
    small = DataValueDecoder(Limits(params=1, args=1))
    for fields in (
        {"params": optional(mapped(dict.fromkeys("ab", structure(PARAM, {}))))},
        {"args": ["a", "b"]},
    ):
        message = structure(MESSAGE, {"id": "", "default_message": "", "args": [], **fields})
        assert spec_fault(update_spec(description=message), small)[0] == "too_long"


def test_a_look_at_much_takes_little_memory() -> None:
    """Deep and broad at once, where each part has a path of its own."""
    value: Json = [[] for _ in range(100_000)]
    for _ in range(400):
        value = [value]
    value = [value, {"FOO": 1}]
    with pytest.raises(Malformed) as caught:
        check_data_value(value)
    assert caught.value.path == [1]
    check_data_value("x")
