"""The sample body of the founding page, as PENDING (as printed there), as RUNNING, as FAILED."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest

from milepost.rules import reasons
from milepost.rules.machine import create, update
from milepost.rules.reading import info_of
from milepost.rules.reasons import Reason
from milepost.rules.strict import check_spec
from milepost.rules.task import Decision, UpdateTask
from milepost.rules.values import (
    EMPTY_MESSAGE,
    NO_PROGRESS,
    DateTimeFormat,
    ErrorValue,
    Message,
    NestedMessage,
    Opaque,
    Param,
    Progress,
    Status,
)
from tests.rules.samples import (
    IGNORE,
    MINUTE,
    STRICT,
    changed,
    creation,
    refused,
    stored,
    strictly,
    unchanged,
)

PENDING, RUNNING, BLOCKED = Status.PENDING, Status.RUNNING, Status.BLOCKED
SUCCEEDED, FAILED = Status.SUCCEEDED, Status.FAILED

AT = 1_420_150_385_651  # 2015-01-01T22:13:05.651Z
NOW = AT + MINUTE


def param(nested: NestedMessage) -> Param:
    return Param(
        s="string", dt=AT, i=1, d=1.5, l=nested, format=DateTimeFormat.SHORT_DATE, precision=1
    )


# The innermost entry has only a key: it reads as an empty param.
INNERMOST = NestedMessage(id="string", params={"string": Param()})
INNER = NestedMessage(id="string", params={"string": param(INNERMOST)})
MESSAGE = Message(
    id="string",
    default_message="string",
    args=("string", "string"),
    params={"string": param(INNER)},
    localized="string",
)
SAMPLE = UpdateTask(
    result=Opaque('"opaque_string_value"'),
    start_time=AT,
    progress=Progress(total=1, completed=1, message=MESSAGE),
    end_time=AT,
    description=MESSAGE,
    error=ErrorValue("com.vmware.vapi.std.errors.error"),
    status=PENDING,
)
FRESH = stored(RUNNING, progress=NO_PROGRESS, result=None)


def sample(status: Status) -> UpdateTask:
    return msgspec.structs.replace(SAMPLE, status=status)


def created(status: Status) -> Decision:
    spec = creation(sample(status))
    return create(spec, task_id="n" * 22, service="com.acme.ext", principal="acme", now=NOW)


class Case(NamedTuple):
    """The sample with this status, for a task with that one."""

    named: Status
    before: Status
    reason: Reason


# fmt: off
REFUSED = [
    # As printed: PENDING with everything. The first row to mind is the one that is told.
    Case(PENDING, PENDING, reasons.PROGRESS_NOT_RUNNING),       # row 3, before 6, 7, 10 and 11
    Case(PENDING, RUNNING, reasons.BACK_TO_PENDING),            # row 2
    Case(PENDING, BLOCKED, reasons.BACK_TO_PENDING),            # row 2
    Case(PENDING, SUCCEEDED, reasons.FINISHED),                 # row 1
    Case(PENDING, FAILED, reasons.FINISHED),                    # row 1
    # RUNNING may carry all but the end and the error.
    Case(RUNNING, PENDING, reasons.END_NOT_ALLOWED),            # row 7, before 10
    Case(RUNNING, RUNNING, reasons.PROGRESS_BACKWARDS),         # row 5: 3 of 10 is stored
    Case(RUNNING, BLOCKED, reasons.PROGRESS_BACKWARDS),         # row 5
    Case(RUNNING, SUCCEEDED, reasons.FINISHED),                 # row 1
    Case(RUNNING, FAILED, reasons.FINISHED),                    # row 1
    # FAILED may carry everything, yet progress only out of RUNNING.
    Case(FAILED, PENDING, reasons.PROGRESS_NOT_RUNNING),        # row 3
    Case(FAILED, RUNNING, reasons.PROGRESS_BACKWARDS),          # row 5
    Case(FAILED, BLOCKED, reasons.PROGRESS_NOT_RUNNING),        # row 3
    Case(FAILED, SUCCEEDED, reasons.FINISHED),                  # row 1
    Case(FAILED, FAILED, reasons.PROGRESS_NOT_RUNNING),         # row 3
]
# fmt: on


@pytest.mark.parametrize(
    ("named", "before", "reason"), REFUSED, ids=[f"{c.named} for {c.before}" for c in REFUSED]
)
def test_where_it_is_refused(named: Status, before: Status, reason: Reason) -> None:
    task = stored(before)
    assert refused(update(task, sample(named), now=NOW), reason).task is task


def test_running_with_nothing_reported_yet() -> None:
    refused(update(FRESH, sample(RUNNING), now=NOW), reasons.END_NOT_ALLOWED)
    no_end = msgspec.structs.replace(sample(RUNNING), end_time=None)
    refused(update(FRESH, no_end, now=NOW), reasons.ERROR_NOT_FAILED)
    no_error = msgspec.structs.replace(no_end, error=None)
    after = changed(update(FRESH, no_error, now=NOW))
    assert (after.status, after.start_time, after.end_time) == (RUNNING, AT, None)
    assert after.progress == Progress(1, 1, MESSAGE)


def test_failed_is_accepted_as_it_stands() -> None:
    after = changed(update(FRESH, sample(FAILED), now=NOW))
    info = info_of(after)
    assert info.status == FAILED
    assert info.result == Opaque('"opaque_string_value"')
    assert (info.start_time, info.end_time) == (AT, AT)
    assert info.progress == Progress(1, 1, MESSAGE)
    assert info.description == MESSAGE
    assert info.error == ErrorValue("com.vmware.vapi.std.errors.error", ())
    assert (after.revision, after.updated_at, after.finished_at) == (8, NOW, NOW)
    unchanged(update(after, sample(FAILED), now=NOW + MINUTE), after)


def test_failed_where_messages_of_progress_are_ignored() -> None:
    after = changed(update(FRESH, sample(FAILED), now=NOW, rules=IGNORE))
    assert after.progress == Progress(1, 1, EMPTY_MESSAGE)
    assert after.description == MESSAGE
    unchanged(update(after, sample(FAILED), now=NOW + MINUTE, rules=IGNORE), after)


def test_as_a_create() -> None:
    refused(created(PENDING), reasons.PROGRESS_NOT_RUNNING)
    refused(created(RUNNING), reasons.END_NOT_ALLOWED)
    task = changed(created(FAILED))
    assert (task.status, task.start_time, task.end_time) == (FAILED, AT, AT)
    assert task.progress == Progress(1, 1, MESSAGE)


def test_the_strict_check() -> None:
    assert strictly(sample(PENDING)) is reasons.FIELD_NEEDS_STATUS
    assert strictly(sample(RUNNING)) is reasons.FIELD_NEEDS_STATUS
    assert strictly(sample(SUCCEEDED)) is reasons.FIELD_NEEDS_STATUS
    assert strictly(sample(FAILED)) is None
    after = changed(update(FRESH, sample(FAILED), now=NOW, rules=STRICT))
    assert check_spec(sample(FAILED), STRICT) is None
    assert after.status == FAILED
