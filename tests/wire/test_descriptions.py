"""The JSON Schemas: valid, those of the published slice, and true of what is read and written.

Those of ``/api`` have the names of ``/rest`` behind a prefix, and are told in its spelling.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from milepost.rules.reading import Info
from milepost.rules.reasons import TASK_UNKNOWN, Refusal
from milepost.rules.values import EMPTY_MESSAGE, ErrorValue, Opaque, Progress, Status, Target
from milepost.wire import api
from milepost.wire.descriptions import component_schemas
from milepost.wire.rest import (
    encode_info,
    encode_infos,
    encode_refusal,
    encode_session,
    encode_value,
)
from tests.spelling import API as AT_API
from tests.wire.samples import (
    CREATE,
    ERROR_NAMES,
    ERRORS,
    FACTS,
    FORMAT_NAMES,
    MESSAGE,
    NESTED,
    PARAM,
    PROGRESS,
    STATUS_NAMES,
    TARGET,
    UPDATE,
    Json,
    good,
    nested_params,
    words,
)
from tests.wire.test_page_sample import PAGE
from tests.wire.test_round_trip import Pair, births, reports

SCHEMAS = component_schemas()
INFO = "cis.task.info"
SESSION = "cis.session.info"
SLICE = Path(__file__).parents[3] / "shared" / "contract" / "vsphere-7.0-rest-slice.json"


def validator(name: str) -> Draft202012Validator:
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    return Draft202012Validator(root)


def fits(name: str, value: Json) -> bool:
    return validator(name).is_valid(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_valid(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", SCHEMAS)
def test_references_lead_somewhere(name: str) -> None:
    for found in references(SCHEMAS[name]):
        assert found.removeprefix("#/components/schemas/") in SCHEMAS


def references(schema: Json) -> list[str]:
    if isinstance(schema, list):
        return [found for part in schema for found in references(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"]] if "$ref" in schema else []
    return own + [found for part in schema.values() for found in references(part)]


# The published facts, by hand: members, ``!`` where required; and the enumerations.
def marked(name: str, kind: str) -> str:
    return "!" + name if kind.startswith("!") else name


BY_HAND = {
    structure: " ".join(marked(name, kind) for name, kind in members.items())
    for structure, members in FACTS.items()
}
MEMBERS = BY_HAND | {
    SESSION: "!user !created_time !last_accessed_time",
    INFO: "!description !service !operation parent target !status !cancelable error start_time"
          " end_time user progress result",
}  # fmt: skip
API = "milepost.api."
MEMBERS |= {API + name: members for name, members in MEMBERS.items()} | {
    "vcenter.extension.tasks_create": "!spec",
    "vcenter.extension.tasks_update": "!spec",
    "vcenter.extension.tasks.create_resp": "!value",
    "cis.tasks_resp": "!value",
    "cis.tasks.list_resp": "!value",
    "cis.session.create_resp": "!value",
    "cis.session_resp": "!value",
    "milepost.refusal": "!type !value",
    API + "refusal": "!error_type !messages",
}
ENUMERATIONS = {
    "cis.task.status": STATUS_NAMES.split(),
    "vapi.std.localization_param.date_time_format": FORMAT_NAMES.split(),
    "vapi.std.errors.error.type": ERROR_NAMES.split(),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_members(name: str) -> None:
    members = MEMBERS[name].split()
    schema = SCHEMAS[name]
    assert set(schema["properties"]) == {member.removeprefix("!") for member in members}
    assert set(schema.get("required", ())) == {
        member.removeprefix("!") for member in members if member.startswith("!")
    }
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_enumerations(name: str) -> None:
    assert SCHEMAS[name] == {"type": "string", "enum": ENUMERATIONS[name]}


# What /api wraps into nothing is described by what it is.
BARE = {
    "vcenter.extension.tasks_create": {"$ref": f"#/components/schemas/{API}{CREATE}"},
    "vcenter.extension.tasks_update": {"$ref": f"#/components/schemas/{API}{UPDATE}"},
    "vcenter.extension.tasks.create_resp": {"type": "string"},
    "cis.tasks_resp": {"$ref": f"#/components/schemas/{API}{INFO}"},
    "cis.tasks.list_resp": {
        "type": "object",
        "additionalProperties": {"$ref": f"#/components/schemas/{API}{INFO}"},
    },
    "cis.session.create_resp": {"type": "string", "format": "password"},
    "cis.session_resp": {"$ref": f"#/components/schemas/{API}{SESSION}"},
}


@pytest.mark.parametrize("name", BARE)
def test_bodies_of_api_are_bare(name: str) -> None:
    assert SCHEMAS[API + name] == BARE[name]


def test_nothing_of_api_is_described_by_what_is_of_rest() -> None:
    for name, schema in SCHEMAS.items():
        if name.startswith(API):
            named = {found.removeprefix("#/components/schemas/") for found in references(schema)}
            assert all(found.startswith(API) or found in ENUMERATIONS for found in named), name


def test_nothing_else_is_described() -> None:
    others = set(SCHEMAS) - set(MEMBERS) - set(ENUMERATIONS) - {API + name for name in BARE}
    assert others == {
        *("milepost.session_answer", "milepost.error_value", "milepost.health"),
        API + "error_value",
    }


def shape(schema: Json) -> Json:
    """What a member is, in few words; null beside it does not count."""
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if schema.get("type") in ("array", ["array", "null"]):
        return [shape(schema["items"])]
    if "properties" in schema:
        return {name: shape(part) for name, part in schema["properties"].items()}
    kind = schema.get("type")
    return (kind[0] if isinstance(kind, list) else kind, schema.get("format"))


def test_they_are_those_of_the_published_slice() -> None:
    if not SLICE.exists():
        pytest.skip(f"the published slice is not at {SLICE}: nothing was compared with it")
    definitions: dict[str, Any] = json.loads(SLICE.read_text(encoding="utf-8"))["definitions"]
    # The errors of the slice are one shape here; it is told by its name alone.
    errors = {name for name in definitions if name.startswith("vapi.std.errors.")}
    errors.remove("vapi.std.errors.error.type")
    ours = {name for name in SCHEMAS if not name.startswith("milepost.")}
    assert ours == set(definitions) - errors
    for name in ours:
        published, schema = definitions[name], SCHEMAS[name]
        assert schema.get("enum") == published.get("enum"), name
        assert set(schema.get("required", ())) == set(published.get("required", ())), name
        shapes = {member: shape(part) for member, part in schema.get("properties", {}).items()}
        theirs = {member: shape(part) for member, part in published.get("properties", {}).items()}
        # Any value and the error are a mere object and a mere text there.
        if "error" in shapes:
            assert (shapes.pop("error"), theirs.pop("error")) == (
                "milepost.error_value",
                ("string", None),
            )
            assert (shapes.pop("result"), theirs.pop("result")) == ((None, None), ("object", None))
        assert shapes == theirs, name


RESULTS: list[Json] = [0, 1.5, True, "", [], {}, [[{"a": None}]]]
ACCEPTED: dict[str, list[Json]] = {
    "vcenter.extension.tasks_update": [json.loads(PAGE), {"spec": {}}],
    "vcenter.extension.tasks_create": [{"spec": good(CREATE)}],
    UPDATE: [
        {},
        dict.fromkeys(FACTS[UPDATE]),
        {"result": None},
        *({"result": value} for value in RESULTS),
        *({"status": name} for name in STATUS_NAMES.split()),
        *({"error": {"error_type": name}} for name in ERROR_NAMES.split()),
        {"error": {"type": ERRORS + "not_found", "value": {"messages": [words("a")], "data": 1}}},
        {"error": {"type": "a.b", "messages": [words("a")], "code": 7}},
        {"error": {"type": None, "value": None, "error_type": None, "messages": None}},
        {"description": words("a", params=nested_params(32))},
    ],
    CREATE: [good(CREATE), {**dict.fromkeys(FACTS[CREATE]), **good(CREATE)}],
    PARAM: [{}, dict.fromkeys(FACTS[PARAM]), {"d": 1}, {"d": 1.5, "precision": 20}],
    MESSAGE: [words("a"), words("a", params=[{"key": "k"}])],
    NESTED: [{"id": ""}, {"id": "n", "params": None}],
    PROGRESS: [good(PROGRESS), {**good(PROGRESS), "total": 2**63 - 1, "completed": -(2**63)}],
    TARGET: [good(TARGET)],
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted_fits(name: str) -> None:
    for value in ACCEPTED[name]:
        validator(name).validate(value)
        validator(API + name).validate(AT_API.spelled(value.get("spec", value)))


@settings(max_examples=100)
@given(birth=births, report=reports(pending=True))
def test_whatever_is_accepted_fits(birth: Pair, report: Pair) -> None:
    validator(UPDATE).validate(without_null_values(report.sent))
    validator(CREATE).validate(without_null_values(birth.sent | report.sent))
    validator(UPDATE).validate(report.shown)
    validator(API + UPDATE).validate(AT_API.spelled(report.shown))


def without_null_values(value: Json) -> Json:
    """An entry's null value is read as an empty param; no schema says so."""
    if isinstance(value, list):
        return [without_null_values(part) for part in value]
    if not isinstance(value, dict):
        return value
    entry = set(value) == {"key", "value"} and value["value"] is None
    return {
        name: without_null_values(part)
        for name, part in value.items()
        if not entry or name == "key"
    }


REFUSED: dict[str, list[Json]] = {
    "vcenter.extension.tasks_update": [{}, {"spec": None}, {"spec": []}, {"spec": {}, "x": 1}, []],
    "vcenter.extension.tasks_create": [{"spec": {}}, {"spec": {"operation_id": "o"}}],
    UPDATE: [
        {"x": 1},
        {"status": "running"},
        {"status": 1},
        {"start_time": 1},
        {"description": "a"},
        {"error": "a"},
        {"error": {"error_type": "not_found"}},
        {"error": {"type": 1}},
        {"error": {"value": 1}},
        {"error": {"messages": [1]}},
    ],
    CREATE: [{**good(CREATE), "cancelable": "true"}, {**good(CREATE), "operation_id": None}],
    PARAM: [
        {"x": 1},
        {"i": "1"},
        {"i": 1.5},
        {"i": 2**63},
        {"d": "1"},
        {"d": True},
        {"format": "x"},
    ],
    MESSAGE: [{}, words("a", args=[1]), words("a", args=None), words("a", params={"k": {}})],
    NESTED: [{}, {"id": "n", "args": []}],
    PROGRESS: [{"total": 1, "completed": 1}, {**good(PROGRESS), "total": -(2**63) - 1}],
    TARGET: [{}, {"type": "a"}, {"type": "a", "id": 1}],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_does_not_fit(name: str) -> None:
    for value in REFUSED[name]:
        assert not fits(name, value), value
        if name not in BARE and "params" not in value:
            assert not fits(API + name, value), value


@pytest.mark.parametrize("params", [[], [{"key": "k", "value": {}}], {"k": None}, {"k": {"x": 1}}])
def test_params_that_are_refused_on_api_do_not_fit(params: Json) -> None:
    assert not fits(API + MESSAGE, words("a", params=params))
    assert not fits(API + NESTED, {"id": "n", "params": params})


FULL = Info(
    description=EMPTY_MESSAGE,
    service="s",
    operation="o",
    status=Status.FAILED,
    cancelable=True,
    parent="p",
    target=Target("a", "b"),
    error=ErrorValue("a.b", (EMPTY_MESSAGE,), {"x": Opaque("1")}),
    start_time=0,
    end_time=1,
    user="u",
    progress=Progress(2, 1),
    result=Opaque("[1]"),
)
LITTLE = Info(
    description=EMPTY_MESSAGE, service="s", operation="o", status=Status.PENDING, cancelable=True
)
# fmt: off
ANSWERS = [
    ("cis.tasks_resp", encode_info(FULL)),
    ("cis.tasks_resp", encode_info(LITTLE)),
    ("cis.tasks.list_resp", encode_infos([("a", FULL), ("b", LITTLE)])),
    ("cis.tasks.list_resp", encode_infos([])),
    ("cis.session_resp", encode_session("ann", 0, 1)),
    ("cis.session.create_resp", encode_value("token")),
    ("vcenter.extension.tasks.create_resp", encode_value("id")),
    ("milepost.refusal", encode_refusal(Refusal(TASK_UNKNOWN, ("x",)))),
    ("milepost.session_answer", encode_session("ann", 0, 1)),
    ("milepost.session_answer", encode_value("token")),
    (API + "cis.tasks_resp", api.encode_info(FULL)),
    (API + "cis.tasks_resp", api.encode_info(LITTLE)),
    (API + "cis.tasks.list_resp", api.encode_infos([("a", FULL), ("b", LITTLE)])),
    (API + "cis.tasks.list_resp", api.encode_infos([])),
    (API + "cis.session_resp", api.encode_session("ann", 0, 1)),
    (API + "cis.session.create_resp", api.encode_value("token")),
    (API + "vcenter.extension.tasks.create_resp", api.encode_value("id")),
    (API + "refusal", api.encode_refusal(Refusal(TASK_UNKNOWN, ("x",)))),
]
# fmt: on


@pytest.mark.parametrize(
    ("name", "answer"),
    ANSWERS,
    ids=[f"{number} {name}" for number, (name, _) in enumerate(ANSWERS)],
)
def test_what_is_answered_fits(name: str, answer: bytes) -> None:
    validator(name).validate(json.loads(answer))


def test_health_fits() -> None:
    assert fits("milepost.health", {"status": "ok"})
    assert not fits("milepost.health", {})


def test_an_answer_has_no_nulls() -> None:
    shown = json.loads(encode_info(FULL))["value"]
    for name in shown:
        if name != "result":
            assert not fits(INFO, {**shown, name: None}), name


def test_callers_may_change_what_they_got() -> None:
    component_schemas()[UPDATE]["properties"].clear()
    assert component_schemas() == SCHEMAS
