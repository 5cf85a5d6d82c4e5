"""Create, cancel, and the marks that every accepted step leaves."""

from __future__ import annotations

import pytest

from milepost.rules import reasons
from milepost.rules.machine import create, request_cancel, update
from milepost.rules.reasons import Reason
from milepost.rules.task import (
    DEFAULT_RULES,
    Accepted,
    Change,
    CreateTask,
    Decision,
    EventKind,
    Ruleset,
    Task,
    UpdateTask,
    step,
)
from milepost.rules.values import (
    EMPTY_MESSAGE,
    NO_PROGRESS,
    ROOT_FOLDER,
    Opaque,
    Progress,
    Status,
    Target,
)
from tests.rules.samples import (
    DAY,
    ENDED,
    HOUR,
    IGNORE,
    NOON,
    SECOND,
    STARTED,
    changed,
    creation,
    failure,
    refused,
    stored,
    text,
    unchanged,
)

PENDING, RUNNING, BLOCKED = Status.PENDING, Status.RUNNING, Status.BLOCKED
SUCCEEDED, FAILED = Status.SUCCEEDED, Status.FAILED


def created(spec: CreateTask, rules: Ruleset = DEFAULT_RULES) -> Decision:
    return create(
        spec, task_id="n" * 22, service="com.acme.ext", principal="acme", now=NOON, rules=rules
    )


# Create.


def test_a_bare_create() -> None:
    decision = created(creation())
    task = changed(decision)
    assert decision == Accepted(task, Change(EventKind.CREATED, None, task))
    assert (task.id, task.service, task.principal) == ("n" * 22, "com.acme.ext", "acme")
    assert (task.operation, task.cancelable) == ("com.acme.ext.backup", True)
    assert (task.revision, task.created_at, task.updated_at) == (1, NOON, NOON)
    assert (task.status, task.description, task.progress) == (PENDING, EMPTY_MESSAGE, NO_PROGRESS)
    assert task.target == ROOT_FOLDER == Target("Folder", "group-d1")
    unset = (task.user, task.parent, task.error, task.result, task.cancel_requested)
    assert unset == (None, None, None, None, None)
    assert (task.start_time, task.end_time, task.finished_at) == (None, None, None)
    assert task.start_given is False


# What only /v1 gives; tests/rules/test_own_rows.py has it.
OWN = {"lease_seconds", "pinned"}


def test_a_full_create() -> None:
    spec = creation(
        status=FAILED,
        progress=Progress(10, 9, text("Copying")),
        description=text("Backup"),
        error=failure("Disk full"),
        result=Opaque("[1]"),
        start_time=STARTED,
        end_time=ENDED,
        cancelable=False,
        target=Target("VirtualMachine", "vm-1"),
        user="VSPHERE.LOCAL\\ann",
        parent="p" * 22,
    )
    task = changed(created(spec))
    for field in set(UpdateTask.__struct_fields__) & set(Task.__struct_fields__) - OWN:
        assert getattr(task, field) == getattr(spec, field)
    assert (task.cancelable, task.target) == (False, Target("VirtualMachine", "vm-1"))
    assert (task.user, task.parent) == ("VSPHERE.LOCAL\\ann", "p" * 22)
    assert (task.revision, task.finished_at, task.start_given) == (1, NOON, True)


def test_the_parent_is_left_to_the_service() -> None:
    assert changed(created(creation(parent="nobody knows it"))).parent == "nobody knows it"


@pytest.mark.parametrize(
    ("spec", "start", "end", "finished"),
    [
        (UpdateTask(status=RUNNING), NOON, None, None),
        (UpdateTask(status=BLOCKED, start_time=STARTED), STARTED, None, None),
        (UpdateTask(status=SUCCEEDED), NOON, NOON, NOON),
        (UpdateTask(status=SUCCEEDED, end_time=ENDED), ENDED, ENDED, NOON),
        (UpdateTask(status=SUCCEEDED, start_time=NOON + HOUR), NOON + HOUR, NOON + HOUR, NOON),
    ],
)
def test_times_of_a_create(
    spec: UpdateTask, start: int, end: int | None, finished: int | None
) -> None:
    task = changed(created(creation(spec)))
    assert (task.start_time, task.end_time, task.finished_at) == (start, end, finished)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        # A create repeats nothing: the empty task's values are given like any others.
        (UpdateTask(progress=NO_PROGRESS), reasons.PROGRESS_NOT_RUNNING),
        (UpdateTask(status=PENDING, progress=NO_PROGRESS), reasons.PROGRESS_NOT_RUNNING),
        (UpdateTask(status=RUNNING, progress=Progress(10, -1)), reasons.PROGRESS_NEGATIVE),
        (UpdateTask(status=BLOCKED, progress=Progress(10, 11)), reasons.PROGRESS_OVER_TOTAL),
        (UpdateTask(status=RUNNING, start_time=NOON + DAY + 1), reasons.TIME_IN_FUTURE),
        (
            UpdateTask(status=SUCCEEDED, start_time=NOON, end_time=NOON - 1),
            reasons.END_BEFORE_START,
        ),
        (UpdateTask(status=FAILED), reasons.ERROR_MISSING),
    ],
)
def test_a_refused_create_makes_no_task(spec: UpdateTask, reason: Reason) -> None:
    assert refused(created(creation(spec)), reason).task is None


def test_a_create_ignores_messages_of_progress_too() -> None:
    spec = creation(status=RUNNING, progress=Progress(10, 1, text("Copying")))
    assert changed(created(spec, IGNORE)).progress == Progress(10, 1)


REGISTERED = {
    "com.acme.ext": frozenset({"com.acme.ext.backup"}),
    "com.acme.other": frozenset({"com.acme.ext.restore"}),
}


@pytest.mark.parametrize(
    ("operations", "operation", "closed", "allowed"),
    [
        (REGISTERED, "com.acme.ext.backup", True, True),
        (REGISTERED, "com.acme.ext.restore", True, False),
        (REGISTERED, "com.acme.ext.restore", False, True),
        ({}, "com.acme.ext.backup", True, False),
        ({}, "com.acme.ext.backup", False, True),
    ],
)
def test_closed_operations(
    *, operations: dict[str, frozenset[str]], operation: str, closed: bool, allowed: bool
) -> None:
    rules = Ruleset(operations_closed=closed, operations=operations)
    decision = created(creation(operation=operation), rules)
    if allowed:
        assert changed(decision).operation == operation
    else:
        no = refused(decision, reasons.OPERATION_CLOSED)
        assert no.task is None
        said = no.refusal.message.default_message
        assert said.startswith("operation_id: ")
        assert operation in said
        assert "com.acme.ext." in said


def test_operations_are_closed_for_creates_only() -> None:
    rules = Ruleset(operations_closed=True)
    changed(update(stored(RUNNING), UpdateTask(description=text("x")), now=NOON, rules=rules))


# Cancel.


@pytest.mark.parametrize("status", [PENDING, RUNNING, BLOCKED])
def test_a_request_is_not_a_state(status: Status) -> None:
    task = stored(status)
    decision = request_cancel(task, now=NOON)
    after = changed(decision)
    assert decision == Accepted(after, step(EventKind.CANCEL_REQUESTED, task, after))
    assert (after.status, after.cancel_requested) == (status, NOON)
    assert (after.revision, after.updated_at, after.finished_at) == (8, NOON, None)
    unchanged(request_cancel(after, now=NOON + HOUR), after)


@pytest.mark.parametrize(
    ("status", "cancelable", "requested", "reason", "says"),
    [
        (SUCCEEDED, True, None, reasons.CANCEL_FINISHED, "SUCCEEDED"),
        (FAILED, True, None, reasons.CANCEL_FINISHED, "FAILED"),
        (SUCCEEDED, False, None, reasons.CANCEL_FINISHED, "SUCCEEDED"),
        (FAILED, True, NOON - HOUR, reasons.CANCEL_FINISHED, "FAILED"),
        (PENDING, False, None, reasons.NOT_CANCELABLE, "t" * 22),
        (RUNNING, False, None, reasons.NOT_CANCELABLE, "t" * 22),
    ],
)
def test_a_refused_request(
    *, status: Status, cancelable: bool, requested: int | None, reason: Reason, says: str
) -> None:
    task = stored(status, cancelable=cancelable, cancel_requested=requested)
    no = refused(request_cancel(task, now=NOON), reason)
    assert no.task is task
    said = no.refusal.message.default_message
    assert said.startswith("task: ")
    assert says in said


ENDING = Ruleset(cancel_pending={"com.acme.ext": frozenset({"com.acme.ext.copy"})})


def test_a_cancel_ends_a_waiting_task_of_an_operation_that_says_so() -> None:
    task = stored(PENDING, service="com.acme.ext", operation="com.acme.ext.copy")
    decision = request_cancel(task, now=NOON, rules=ENDING)
    after = changed(decision)
    assert decision == Accepted(after, step(EventKind.CANCEL_REQUESTED, task, after))
    assert (after.status, after.cancel_requested) == (FAILED, NOON)
    assert (after.start_time, after.end_time, after.finished_at) == (NOON, NOON, NOON)
    assert (after.revision, after.updated_at) == (task.revision + 1, NOON)
    assert after.error is not None
    assert after.error.type == "com.vmware.vapi.std.errors.canceled"
    assert [message.id for message in after.error.messages] == ["milepost.task.canceled"]


def test_a_request_from_before_the_registration_is_made_good() -> None:
    early = NOON - HOUR
    task = stored(
        PENDING, service="com.acme.ext", operation="com.acme.ext.copy", cancel_requested=early
    )
    after = changed(request_cancel(task, now=NOON, rules=ENDING))
    assert (after.status, after.cancel_requested, after.finished_at) == (FAILED, early, NOON)


@pytest.mark.parametrize(
    ("status", "service", "operation"),
    [
        (RUNNING, "com.acme.ext", "com.acme.ext.copy"),
        (BLOCKED, "com.acme.ext", "com.acme.ext.copy"),
        (PENDING, "com.acme.ext", "com.acme.ext.move"),
        (PENDING, "com.other", "com.acme.ext.copy"),
    ],
)
def test_a_cancel_ends_nothing_else(status: Status, service: str, operation: str) -> None:
    task = stored(status, service=service, operation=operation)
    after = changed(request_cancel(task, now=NOON, rules=ENDING))
    assert (after.status, after.cancel_requested) == (status, NOON)


def test_a_waiting_task_that_is_not_cancelable_stays() -> None:
    task = stored(PENDING, service="com.acme.ext", operation="com.acme.ext.copy", cancelable=False)
    refused(request_cancel(task, now=NOON, rules=ENDING), reasons.NOT_CANCELABLE)


def test_the_request_outlives_the_end() -> None:
    task = stored(RUNNING, cancel_requested=ENDED)
    spec = UpdateTask(status=FAILED, error=failure("canceled"))
    assert changed(update(task, spec, now=NOON)).cancel_requested == ENDED


# The marks of a step.


def test_an_update_tells_what_was_and_what_is() -> None:
    task = stored(RUNNING)
    decision = update(task, UpdateTask(description=text("x")), now=NOON)
    after = changed(decision)
    assert decision == Accepted(after, step(EventKind.UPDATED, task, after))


@pytest.mark.parametrize(
    "spec",
    [
        UpdateTask(),
        UpdateTask(status=RUNNING),
        UpdateTask(description=text("Backup")),
        UpdateTask(progress=Progress(10, 3, text("Copying")), result=Opaque('"stored"')),
    ],
)
def test_what_changes_nothing_writes_nothing(spec: UpdateTask) -> None:
    task = stored(RUNNING)
    unchanged(update(task, spec, now=NOON), task)


def test_a_life_step_by_step() -> None:
    task = changed(created(creation()))
    steps = [
        (UpdateTask(status=RUNNING), 2, NOON + SECOND, None),
        (UpdateTask(progress=Progress(10, 5)), 3, NOON + SECOND, None),
        (UpdateTask(), 3, NOON + SECOND, None),
        (UpdateTask(status=BLOCKED), 4, NOON + SECOND, None),
        (UpdateTask(status=RUNNING, progress=Progress(10, 10)), 5, NOON + SECOND, None),
        (UpdateTask(status=SUCCEEDED, result=Opaque("1")), 6, NOON + SECOND, NOON + 6 * SECOND),
        (UpdateTask(status=SUCCEEDED, result=Opaque("1")), 6, NOON + SECOND, NOON + 6 * SECOND),
        # finished_at stays what the service's clock said, whatever end is reported afterwards.
        (UpdateTask(end_time=NOON + 2 * SECOND), 7, NOON + SECOND, NOON + 6 * SECOND),
    ]
    for number, (spec, revision, start, finished) in enumerate(steps, start=1):
        decision = update(task, spec, now=NOON + number * SECOND)
        assert isinstance(decision, Accepted)
        if decision.change is not None:
            assert decision.task.updated_at == NOON + number * SECOND
        task = decision.task
        assert (task.revision, task.start_time, task.finished_at) == (revision, start, finished)
    assert (task.created_at, task.updated_at) == (NOON, NOON + 8 * SECOND)
    assert (task.end_time, task.progress) == (NOON + 2 * SECOND, Progress(10, 10))


def test_the_start_stays_when_running_and_blocked_alternate() -> None:
    task = changed(update(stored(RUNNING), UpdateTask(status=BLOCKED), now=NOON))
    task = changed(update(task, UpdateTask(status=RUNNING), now=NOON + HOUR))
    assert (task.start_time, task.start_given) == (STARTED, False)


def test_a_given_start_stays_given() -> None:
    task = changed(update(stored(PENDING), UpdateTask(status=RUNNING, start_time=ENDED), now=NOON))
    task = changed(update(task, UpdateTask(status=BLOCKED), now=NOON))
    end = UpdateTask(status=SUCCEEDED, end_time=ENDED - 1)
    refused(update(task, end, now=NOON), reasons.END_BEFORE_START)


def test_a_start_that_yielded_may_yield_again() -> None:
    first = UpdateTask(status=SUCCEEDED, end_time=STARTED - HOUR)
    task = changed(update(stored(RUNNING), first, now=NOON))
    task = changed(update(task, UpdateTask(end_time=STARTED - 2 * HOUR), now=NOON))
    assert (task.start_time, task.end_time) == (STARTED - 2 * HOUR, STARTED - 2 * HOUR)
    task = changed(update(task, UpdateTask(end_time=ENDED), now=NOON))
    assert (task.start_time, task.end_time) == (STARTED - 2 * HOUR, ENDED)


def test_the_fields_of_a_create_never_change() -> None:
    task = stored(RUNNING, user="ann", parent="p" * 22)
    spec = creation(
        status=RUNNING, operation="x", cancelable=False, target=Target("VirtualMachine", "vm-1"),
        user="bob", parent="q" * 22,
    )  # fmt: skip
    unchanged(update(task, spec, now=NOON), task)


def test_a_start_that_repeats_the_services_own_claims_nothing() -> None:
    task = changed(created(creation(status=RUNNING)))
    start = task.start_time
    unchanged(update(task, UpdateTask(start_time=start), now=NOON), task)
    unchanged(update(task, UpdateTask(status=RUNNING, start_time=start), now=NOON), task)
