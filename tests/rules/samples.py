"""What the tests of this room share: a written clock, a stored task for each status."""

from __future__ import annotations

from typing import Any

import msgspec

from milepost.rules.reasons import Reason
from milepost.rules.strict import check_spec
from milepost.rules.task import (
    DEFAULT_RULES,
    Accepted,
    CreateTask,
    Decision,
    Refused,
    Ruleset,
    Task,
    UpdateTask,
)
from milepost.rules.values import (
    ROOT_FOLDER,
    ErrorValue,
    Message,
    Opaque,
    Progress,
    Status,
)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NOON = 1_420_113_600_000  # 2015-01-01T12:00:00.000Z, the "now" of most tests
CREATED = NOON - 3 * HOUR
STARTED = NOON - 2 * HOUR
ENDED = NOON - HOUR

INT64_MAX = 9_223_372_036_854_775_807
INT64_MIN = -9_223_372_036_854_775_808

KEEP = DEFAULT_RULES
IGNORE = Ruleset(progress_messages="ignore")
STRICT = Ruleset(spec_validation="strict")


def text(words: str) -> Message:
    return Message(id="com.acme.msg", default_message=words)


def failure(words: str) -> ErrorValue:
    return ErrorValue("com.vmware.vapi.std.errors.error", (text(words),))


STORED_PROGRESS = Progress(10, 3, text("Copying"))
STORED_ERROR = failure("Disk full")
STORED_RESULT = Opaque('"stored"')


def stored(status: Status, **changes: Any) -> Task:
    """A stored task as the rules leave it: the start and the end are the service's own."""
    task = Task(
        id="t" * 22,
        revision=7,
        service="com.acme.ext",
        operation="com.acme.ext.backup",
        cancelable=True,
        target=ROOT_FOLDER,
        principal="acme",
        created_at=CREATED,
        updated_at=ENDED,
        description=text("Backup"),
        status=status,
    )
    if status is not Status.PENDING:
        task = msgspec.structs.replace(
            task, progress=STORED_PROGRESS, start_time=STARTED, result=STORED_RESULT
        )
    if status in (Status.SUCCEEDED, Status.FAILED):
        task = msgspec.structs.replace(task, end_time=ENDED, finished_at=ENDED)
    if status is Status.FAILED:
        task = msgspec.structs.replace(task, error=STORED_ERROR)
    return msgspec.structs.replace(task, **changes)


def creation(spec: UpdateTask | None = None, **changes: Any) -> CreateTask:
    """A create that reports the same as an update."""
    fields: dict[str, Any] = {"operation": "com.acme.ext.backup", "cancelable": True}
    if spec is not None:
        fields |= msgspec.structs.asdict(spec)
    return CreateTask(**(fields | changes))


def accepted(decision: Decision) -> Accepted:
    assert isinstance(decision, Accepted), decision
    return decision


def changed(decision: Decision) -> Task:
    """The new task of a decision that changed something."""
    yes = accepted(decision)
    assert yes.change is not None
    assert yes.change.after is yes.task
    return yes.task


def unchanged(decision: Decision, task: Task) -> None:
    yes = accepted(decision)
    assert yes.change is None
    assert yes.task is task


def refused(decision: Decision, reason: Reason) -> Refused:
    assert isinstance(decision, Refused), decision
    assert decision.refusal.reason.id == reason.id, decision.refusal.message.default_message
    return decision


def strictly(spec: UpdateTask) -> Reason | None:
    """The reason the strict check gives."""
    refusal = check_spec(spec, STRICT)
    return None if refusal is None else refusal.reason


def written(value: msgspec.Struct) -> bytes:
    """All of a value, to prove that nobody changed it in place."""
    return msgspec.json.encode(value)
