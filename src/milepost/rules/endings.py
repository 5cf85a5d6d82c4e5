"""How the service itself ends a task: closed by force, or after its lease has run out."""

from __future__ import annotations

import msgspec

from milepost.rules import reasons
from milepost.rules.instants import write_instant
from milepost.rules.machine import update
from milepost.rules.reasons import Refusal
from milepost.rules.rows import refuse
from milepost.rules.task import Accepted, Decision, EventKind, Refused, Task, UpdateTask
from milepost.rules.values import TERMINAL, ErrorValue, Instant, Status


def close_by_force(task: Task, *, principal: str, grace_seconds: int, now: Instant) -> Decision:
    """Decide to end a task whose extension was asked to and has not, for ``grace_seconds``.

    It becomes FAILED with the standard error ``canceled``.
    """
    if task.status in TERMINAL:
        return Refused(refuse(reasons.FORCE_FINISHED, task.status), task)
    asked = task.cancel_requested
    if asked is None:
        return Refused(refuse(reasons.NO_CANCEL_TO_FORCE), task)
    allowed = asked + grace_seconds * 1000
    if now < allowed:
        args = (write_instant(asked), write_instant(allowed))
        return Refused(refuse(reasons.NOT_LATE_ENOUGH, *args), task)
    said = refuse(reasons.FORCE_CLOSED, principal, write_instant(asked))
    return ended(task, said, EventKind.FORCE_CLOSED, now)


def end_for_silence(task: Task, *, now: Instant) -> Decision:
    """Decide to end an open task of which nothing was heard for its lease.

    It becomes FAILED with the standard error ``timed_out``.
    """
    said = refuse(reasons.LEASE_EXPIRED, task.lease_seconds)
    return ended(task, said, EventKind.LEASE_EXPIRED, now)


def ended(task: Task, said: Refusal, kind: EventKind, now: Instant) -> Decision:
    """An open task as FAILED, with what is said as its error."""
    error = ErrorValue(said.error.type_name, (said.message,))
    decision = update(task, UpdateTask(status=Status.FAILED, error=error), now=now)
    assert isinstance(decision, Accepted)  # noqa: S101  every open task may fail with an error
    assert decision.change is not None  # noqa: S101  it was open before
    change = msgspec.structs.replace(decision.change, kind=kind)
    return Accepted(decision.task, change)
