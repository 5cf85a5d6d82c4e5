"""What ``/v1`` answers, byte by byte, and its schemas: valid, and true of what is answered."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from milepost.rules.reading import info_of
from milepost.rules.reasons import TASK_UNKNOWN, Refusal
from milepost.rules.task import Task
from milepost.rules.values import Status
from milepost.wire.descriptions import component_schemas
from milepost.wire.encoding import to_json
from milepost.wire.problems import encode_problem, problem_schema
from milepost.wire.v1 import (
    Derived,
    V1Dialect,
    encode_events,
    encode_page,
    encode_task,
    encode_token,
    encode_tokens,
    encode_user,
    encode_users,
    task_value,
)
from milepost.wire.v1descriptions import V1Schemas
from tests.wire.samples import CREATE, UPDATE, Json, good, refusal_of, said, words
from tests.wire.test_v1 import NOON, NOON_TEXT, TASK, written_tasks

V1 = V1Dialect()
SCHEMAS = component_schemas() | V1Schemas().all() | {"milepost.problem": problem_schema()}


def validator(name: str) -> Draft202012Validator:
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    return Draft202012Validator(root)


def test_a_page() -> None:
    assert encode_page([], None) == b'{"tasks":[]}'
    counts = dict.fromkeys(Status, 0) | {Status.RUNNING: 2}
    time = Derived(elapsed=2.5, rate=4.0, remaining=1.25)
    rows = [(TASK, info_of(TASK), Derived()), (TASK, info_of(TASK), time)]
    shown = json.loads(encode_page(rows, "abc", (counts, False)))
    assert shown == {
        "tasks": [
            json.loads(encode_task(TASK, info_of(TASK))),
            json.loads(encode_task(TASK, info_of(TASK), time)),
        ],
        "next_page_token": "abc",
        "counts": {"PENDING": 0, "RUNNING": 2, "BLOCKED": 0, "SUCCEEDED": 0, "FAILED": 0},
        "counts_complete": False,
    }
    validator("milepost.v1.task_page").validate(shown)


EVENT: dict[str, Any] = {
    "position": 7,
    "kind": "updated",
    "revision": 2,
    "at": NOON,
    "principal": "ann",
    "source": "192.0.2.7",
    "changes": [("status", "PENDING", "RUNNING"), ("result", None, None)],
}


def test_a_history() -> None:
    assert encode_events([], None) == b'{"events":[]}'
    shown = json.loads(encode_events([EVENT], "abc"))
    changes = [{"field": "status", "before": "PENDING", "after": "RUNNING"}, {"field": "result"}]
    assert shown == {
        "events": [{**EVENT, "at": NOON_TEXT, "changes": changes}],
        "next_page_token": "abc",
    }
    validator("milepost.v1.event_page").validate(shown)


def test_a_user_has_no_secret() -> None:
    user = {"name": "ann", "role": "viewer", "extension": None, "disabled": False, "password": "x"}
    assert encode_user(user) == b'{"name":"ann","role":"viewer","disabled":false}'
    acme = {**user, "role": "extension", "extension": "com.acme"}
    shown = json.loads(encode_users([user, acme]))
    assert shown["users"][1] == {
        "name": "ann",
        "role": "extension",
        "extension": "com.acme",
        "disabled": False,
    }
    validator("milepost.v1.users").validate(shown)


def decode(read: Any, body: Json) -> Any:
    return read(json.dumps(body).encode())


def test_a_token_is_told_without_its_hash_and_its_text_only_once() -> None:
    plain = {"id": "t", "name": "nightly", "owner": "ann", "scope": "read", "created_at": 0}
    unset = dict.fromkeys(("extension", "expires_at", "used_at", "revoked_at"))
    first = {**plain, **unset, "digest": "x"}
    told = {"id": "t", "name": "nightly", "user": "ann", "scope": "read"}
    begin = {"created_at": "1970-01-01T00:00:00.000Z"}
    assert json.loads(encode_token(first)) == told | begin
    made = json.loads(encode_token(first, "mpt_x"))
    assert made == told | begin | {"token": "mpt_x"}
    validator("milepost.v1.made_token").validate(made)
    second = {**first, "extension": "com.acme", "expires_at": 1, "used_at": 2, "revoked_at": 3}
    page = json.loads(encode_tokens([first, second], "next"))
    moments = ("created_at", "expires_at", "used_at", "revoked_at")
    assert page == {
        "tokens": [
            told | begin,
            told
            | {"extension": "com.acme"}
            | {name: f"1970-01-01T00:00:00.00{at}Z" for at, name in enumerate(moments)},
        ],
        "next_page_token": "next",
    }
    validator("milepost.v1.token_page").validate(page)
    assert json.loads(encode_tokens([], None)) == {"tokens": []}


def test_the_body_of_a_token() -> None:
    wanted = {"name": "n", "scope": "full", "lifetime_seconds": 60, "user": "ann"}
    assert decode(V1.decode_new_token, {**wanted, "extension": None}) == wanted
    for wrong in ({**wanted, "scope": None}, {**wanted, "lifetime_seconds": "1d"}, {"name": "n"}):
        assert said(refusal_of(partial(decode, V1.decode_new_token, wrong)))


def test_bodies_of_users() -> None:
    new = {"name": "ann", "role": "viewer", "password": "a long password"}
    assert decode(V1.decode_new_user, new) == new
    assert decode(V1.decode_user_change, {"disabled": True, "role": None}) == {"disabled": True}
    missing = refusal_of(lambda: decode(V1.decode_new_user, {**new, "name": None}))
    assert said(missing) == "name: it is required and was not given."


@pytest.mark.parametrize("password", [123456789, ["hunter22"], {"a": "hunter22"}])
def test_a_wrong_password_is_not_shown(password: Json) -> None:
    says = "password: something else was given where a text is expected."
    assert said(refusal_of(lambda: decode(V1.decode_user_change, {"password": password}))) == says
    long = {"password": "hunter22" * 10_000}
    told = said(refusal_of(lambda: decode(V1.decode_user_change, long)))
    assert told == "password: 80000 bytes of text are more than the limit of 65536."


# The schemas.


@pytest.mark.parametrize("name", V1Schemas().all())
def test_the_schemas_are_valid(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@given(task=written_tasks)
def test_tasks_fit_their_schema(task: Task) -> None:
    # The numbers of a result may be beyond what JSON readers take; it may be anything anyway.
    shown = json.loads(to_json(task_value(msgspec.structs.replace(task, result=None))))
    error = shown.pop("error", None)
    validator("milepost.v1.task").validate(shown)
    assert error is None or "error_type" in error


FULL = {
    "description": "Backup",
    "percent_done": {"total": 2, "completed": 1},
    "status": "RUNNING",
    "lease_seconds": 60,
    "pinned": True,
    "error": None,
}
FITS: dict[str, list[Json]] = {
    "milepost.v1.update_spec": [
        {},
        FULL,
        {"cancel": "acknowledged"},
        {"cancel": None},
        {"description": words("a", params={"k": {"i": 1}})},
        good(UPDATE),
        {"error": {"messages": ["Full"]}},
    ],
    "milepost.v1.create_spec": [
        good(CREATE),
        {**good(CREATE), **FULL, "weight": 2, "extension": "a"},
    ],
}
FITS_NOT: dict[str, list[Json]] = {
    "milepost.v1.update_spec": [
        {"description": 1},
        {"lease_seconds": 86_401},
        {"lease_seconds": -1},
        {"cancel": "requested"},
        {"weight": 2},
        {"percent_done": {"total": 1}},
    ],
    "milepost.v1.create_spec": [
        {},
        {**good(CREATE), "weight": 0},
        {**good(CREATE), "cancel": "acknowledged"},
        {**good(CREATE), "operation_id": None},
    ],
}


def read(name: str, body: Json) -> object:
    decoders: dict[str, Any] = {
        "milepost.v1.update_spec": V1.decode_update,
        "milepost.v1.create_spec": V1.decode_create,
    }
    return decode(decoders[name], body)


@pytest.mark.parametrize("name", FITS)
def test_the_schemas_take_what_the_decoder_takes(name: str) -> None:
    for body in FITS[name]:
        read(name, body)
        validator(name).validate(body)
    for body in FITS_NOT[name]:
        refusal_of(lambda body=body: read(name, body))  # type: ignore[misc]
        assert not validator(name).is_valid(body)


def test_a_problem_fits_its_schema() -> None:
    problem = json.loads(encode_problem(Refusal(TASK_UNKNOWN, ("x",)), 404))
    validator("milepost.problem").validate(problem)


LEASED = msgspec.structs.replace(TASK, lease_seconds=60)
ONE_EACH = dict.fromkeys(Status, 1)


def derived(task: Task, **known: Any) -> dict[str, Any]:
    """What a task shows beside what is stored."""
    shown: dict[str, Any] = json.loads(encode_task(task, info_of(task), Derived(**known)))
    validator("milepost.v1.task").validate(shown)
    stored = json.loads(encode_task(task, info_of(task)))
    return {name: part for name, part in shown.items() if stored.get(name) != part}


def test_what_is_derived() -> None:
    assert derived(LEASED) == derived(TASK, lease_left=5.0) == {}
    assert derived(LEASED, lease_left=1.23456) == {
        "lease": {"seconds": 60, "remaining_seconds": 1.235}
    }
    assert derived(TASK, elapsed=1.0, rate=0.5, remaining=0.0) == {
        "elapsed_seconds": 1.0,
        "rate_per_second": 0.5,
        "remaining_seconds": 0.0,
    }


def test_children() -> None:
    expected = {"count": 5, "by_status": ONE_EACH, "fraction": 0.333, "complete": False}
    known = {"children": ONE_EACH, "fraction": 1 / 3, "all_children": False}
    assert derived(TASK, **known) == {"children": expected}
    done = msgspec.structs.replace(TASK, status=Status.SUCCEEDED)
    assert derived(done, **known) == {"children": {**expected, "succeeded_over_failed": True}}
    fine = {"children": ONE_EACH | {Status.FAILED: 0}}
    assert "succeeded_over_failed" not in derived(done, **fine)["children"]
