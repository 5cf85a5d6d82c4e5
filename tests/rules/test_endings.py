"""How the service itself ends a task."""

from __future__ import annotations

import pytest

from milepost.rules import reasons
from milepost.rules.endings import close_by_force, end_for_silence
from milepost.rules.task import Decision, EventKind, Task
from milepost.rules.values import TERMINAL, Status
from tests.rules.samples import HOUR, NOON, accepted, changed, refused, stored

OPEN = [status for status in Status if status not in TERMINAL]
GRACE = 60


def close(task: Task, now: int = NOON) -> Decision:
    return close_by_force(task, principal="oscar", grace_seconds=GRACE, now=now)


@pytest.mark.parametrize("status", OPEN)
def test_closed_by_force_after_the_grace(status: Status) -> None:
    asked = NOON - GRACE * 1000
    task = stored(status, cancel_requested=asked, lease_seconds=5)
    decision = close(task)
    after = changed(decision)
    change = accepted(decision).change
    assert change is not None
    assert (change.kind, change.before) == (EventKind.FORCE_CLOSED, task)
    assert (after.status, after.revision, after.finished_at) == (Status.FAILED, 8, NOON)
    assert after.error is not None
    assert after.error.type == "com.vmware.vapi.std.errors.canceled"
    (message,) = after.error.messages
    assert message.id == "milepost.task.force_closed"
    assert message.args == ("oscar", "2015-01-01T11:59:00.000Z")
    assert after.lease_seconds is None
    assert (after.start_time is None, after.end_time) == (False, NOON)


@pytest.mark.parametrize("status", OPEN)
def test_not_before_the_grace_is_over(status: Status) -> None:
    task = stored(status, cancel_requested=NOON)
    for now in (NOON, NOON + GRACE * 1000 - 1, NOON - HOUR):
        decision = refused(close(task, now), reasons.NOT_LATE_ENOUGH)
        assert decision.task is task
        assert decision.refusal.args == ("2015-01-01T12:00:00.000Z", "2015-01-01T12:01:00.000Z")
    refused(close(stored(status)), reasons.NO_CANCEL_TO_FORCE)


@pytest.mark.parametrize("status", OPEN)
def test_ended_for_silence(status: Status) -> None:
    task = stored(status, lease_seconds=60)
    decision = end_for_silence(task, now=NOON)
    after = changed(decision)
    change = accepted(decision).change
    assert change is not None
    assert change.kind is EventKind.LEASE_EXPIRED
    assert (after.status, after.end_time, after.finished_at) == (Status.FAILED, NOON, NOON)
    assert after.lease_seconds is None
    assert after.error is not None
    assert after.error.type == "com.vmware.vapi.std.errors.timed_out"
    (message,) = after.error.messages
    assert (message.id, message.args) == ("milepost.lease.expired", ("60",))


@pytest.mark.parametrize("status", TERMINAL)
def test_a_finished_task_stays(status: Status) -> None:
    task = stored(status, cancel_requested=NOON - HOUR)
    assert refused(close(task), reasons.FORCE_FINISHED).refusal.args == (status,)
