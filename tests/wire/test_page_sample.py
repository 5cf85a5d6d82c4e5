"""The sample body of the founding page, its missing colons put in, through the wire and the rules.

Source: the published page of ``PATCH /rest/vcenter/extension/tasks/{task_id}``.
"""

from __future__ import annotations

import json

import pytest

from milepost.rules import reasons
from milepost.rules.machine import create, update
from milepost.rules.reading import info_of
from milepost.rules.reasons import Reason
from milepost.rules.strict import check_spec
from milepost.rules.task import Accepted, CreateTask, Refused, Ruleset, Task, UpdateTask
from milepost.rules.values import (
    DateTimeFormat,
    ErrorValue,
    Message,
    NestedMessage,
    Opaque,
    Param,
    Progress,
    Status,
)
from milepost.wire.rest import RestDialect, encode_info
from tests.wire.samples import Json, check_refused

PAGE = """
{
    "spec": {
        "result": "opaque_string_value",
        "start_time": "2015-01-01T22:13:05.651Z",
        "percent_done": {
            "total": 1,
            "completed": 1,
            "message": {
                "args": [
                    "string",
                    "string"
                ],
                "default_message": "string",
                "localized": "string",
                "id": "string",
                "params": [
                    {
                        "value": {
                            "dt": "2015-01-01T22:13:05.651Z",
                            "s": "string",
                            "d": 1.5,
                            "precision": 1,
                            "format": "SHORT_DATE",
                            "i": 1,
                            "l": {
                                "id": "string",
                                "params": [
                                    {
                                        "value": {
                                            "dt": "2015-01-01T22:13:05.651Z",
                                            "s": "string",
                                            "d": 1.5,
                                            "precision": 1,
                                            "format": "SHORT_DATE",
                                            "i": 1,
                                            "l": {
                                                "id": "string",
                                                "params": [
                                                    {
                                                        "key": "string"
                                                    }
                                                ]
                                            }
                                        },
                                        "key": "string"
                                    }
                                ]
                            }
                        },
                        "key": "string"
                    }
                ]
            }
        },
        "end_time": "2015-01-01T22:13:05.651Z",
        "description": {
            "args": [
                "string",
                "string"
            ],
            "default_message": "string",
            "localized": "string",
            "id": "string",
            "params": [
                {
                    "value": {
                        "dt": "2015-01-01T22:13:05.651Z",
                        "s": "string",
                        "d": 1.5,
                        "precision": 1,
                        "format": "SHORT_DATE",
                        "i": 1,
                        "l": {
                            "id": "string",
                            "params": [
                                {
                                    "value": {
                                        "dt": "2015-01-01T22:13:05.651Z",
                                        "s": "string",
                                        "d": 1.5,
                                        "precision": 1,
                                        "format": "SHORT_DATE",
                                        "i": 1,
                                        "l": {
                                            "id": "string",
                                            "params": [
                                                {
                                                    "key": "string"
                                                }
                                            ]
                                        }
                                    },
                                    "key": "string"
                                }
                            ]
                        }
                    },
                    "key": "string"
                }
            ]
        },
        "error": {},
        "status": "PENDING"
    }
}
"""

AT = 1_420_150_385_651
NOW = AT + 60_000
REST = RestDialect()
STRICT = RestDialect(strict=True)

INNERMOST = NestedMessage("string", {"string": Param()})


def param(nested: NestedMessage) -> Param:
    return Param("string", AT, 1, 1.5, nested, DateTimeFormat.SHORT_DATE, 1)


MESSAGE = Message(
    "string",
    "string",
    ("string", "string"),
    {"string": param(NestedMessage("string", {"string": param(INNERMOST)}))},
    "string",
)
MEANT = UpdateTask(
    progress=Progress(1, 1, MESSAGE),
    description=MESSAGE,
    status=Status.PENDING,
    error=ErrorValue("com.vmware.vapi.std.errors.error"),
    result=Opaque('"opaque_string_value"'),
    start_time=AT,
    end_time=AT,
)


def page(status: str, *, complete: bool = False, **more: Json) -> bytes:
    """The sample with another status; ``complete`` gives the key-only entries their values."""
    body = json.loads(PAGE)
    body["spec"].update(status=status, **more)
    text = json.dumps(body)
    return (text.replace('{"key": "string"}', ONE_MORE) if complete else text).encode()


ONE_MORE = '{"key": "string", "value": {}}'


def test_it_decodes() -> None:
    assert REST.decode_update(PAGE.encode()) == MEANT


def test_strictly_its_last_params_are_refused() -> None:
    says = (
        "spec.percent_done.message.params[0].value.l.params[0].value.l.params[0].value:"
        " it is required and was not given."
    )
    check_refused(lambda: STRICT.decode_update(PAGE.encode()), reasons.MISSING_MEMBER.id, says)
    assert STRICT.decode_update(page("PENDING", complete=True)) == MEANT


def birth(body: bytes) -> CreateTask:
    """The sample as a create."""
    spec = json.loads(body)["spec"] | {"operation_id": "com.acme.backup", "cancelable": True}
    return REST.decode_create(json.dumps({"spec": spec}).encode())


def stored(status: str) -> Task:
    spec = json.dumps({"spec": {"operation_id": "o", "cancelable": True, "status": status}})
    decision = create(
        REST.decode_create(spec.encode()),
        task_id="t" * 22,
        service="com.acme",
        principal="acme",
        now=NOW,
    )
    assert isinstance(decision, Accepted)
    return decision.task


REFUSED = [
    # As printed, PENDING with everything: row 3 comes before 6, 7, 10 and 11.
    ("PENDING", "PENDING", reasons.PROGRESS_NOT_RUNNING, {}),
    ("PENDING", "PENDING", reasons.START_NOT_ALLOWED, {"percent_done": None}),
    ("PENDING", "PENDING", reasons.END_NOT_ALLOWED, {"percent_done": None, "start_time": None}),
    ("PENDING", "PENDING", reasons.ERROR_NOT_FAILED,
     {"percent_done": None, "start_time": None, "end_time": None}),
    ("PENDING", "PENDING", reasons.RESULT_PENDING,
     {"percent_done": None, "start_time": None, "end_time": None, "error": None}),
    ("RUNNING", "PENDING", reasons.BACK_TO_PENDING, {}),
    ("RUNNING", "RUNNING", reasons.END_NOT_ALLOWED, {}),
    ("RUNNING", "RUNNING", reasons.ERROR_NOT_FAILED, {"end_time": None}),
    ("PENDING", "FAILED", reasons.PROGRESS_NOT_RUNNING, {}),
    ("RUNNING", "FAILED", reasons.ERROR_MISSING, {"error": None}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "named", "reason", "more"),
    REFUSED,
    ids=[f"{before} {named} {reason.id}" for before, named, reason, _ in REFUSED],
)
def test_what_the_rules_say(before: str, named: str, reason: Reason, more: Json) -> None:
    decision = update(stored(before), REST.decode_update(page(named, **more)), now=NOW)
    assert isinstance(decision, Refused)
    assert decision.refusal.reason.id == reason.id


def test_with_nothing_forbidden_it_is_accepted() -> None:
    unset: dict[str, Json] = dict.fromkeys(
        ("percent_done", "start_time", "end_time", "error", "result")
    )
    pending = update(stored("PENDING"), REST.decode_update(page("PENDING", **unset)), now=NOW)
    assert isinstance(pending, Accepted)
    assert pending.task.description == MESSAGE
    body = page("RUNNING", end_time=None, error=None)
    running = update(stored("PENDING"), REST.decode_update(body), now=NOW)
    assert isinstance(running, Accepted)
    assert running.task.progress == Progress(1, 1, MESSAGE)


def test_as_failed_it_comes_back_as_it_was_sent() -> None:
    decision = update(stored("RUNNING"), REST.decode_update(page("FAILED")), now=NOW)
    assert isinstance(decision, Accepted)
    shown = json.loads(encode_info(info_of(decision.task)))["value"]
    sent = json.loads(page("FAILED", complete=True))["spec"]
    assert shown.pop("progress") == sent.pop("percent_done")
    assert sent.pop("error") == {}
    assert shown.pop("error") == {"type": "com.vmware.vapi.std.errors.error",
                                  "value": {"messages": []}}  # fmt: skip
    assert {name: shown[name] for name in sent} == sent


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("PENDING", reasons.PROGRESS_NOT_RUNNING),
        ("RUNNING", reasons.END_NOT_ALLOWED),
        ("SUCCEEDED", reasons.ERROR_NOT_FAILED),
        ("FAILED", None),
    ],
)
def test_as_a_create(status: str, reason: Reason | None) -> None:
    decision = create(
        birth(page(status)), task_id="t" * 22, service="com.acme", principal="acme", now=NOW
    )
    if reason is None:
        assert isinstance(decision, Accepted)
    else:
        assert isinstance(decision, Refused)
        assert decision.refusal.reason.id == reason.id


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "SUCCEEDED", "FAILED"])
def test_the_strict_check(status: str) -> None:
    spec = STRICT.decode_update(page(status, complete=True))
    refusal = check_spec(spec, Ruleset(spec_validation="strict"))
    if status == "FAILED":
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.reason is reasons.FIELD_NEEDS_STATUS
