"""The moves a task may make, and the rows every update must pass.

``MOVES`` is the whole of what moves a task: a pair that is not in it is a refusal. ``ROWS`` are
the rules of an update in their order; the first that refuses is reported and nothing changes.
The page named in a row is the published page of ``PATCH /rest/vcenter/extension/tasks/{task_id}``;
``decision`` marks what was settled here because the page is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from milepost.rules import reasons
from milepost.rules.instants import write_instant
from milepost.rules.reasons import Reason, Refusal, shortened
from milepost.rules.task import Ruleset, Task, UpdateTask
from milepost.rules.values import TERMINAL, Instant, Progress, Status

PENDING, RUNNING, BLOCKED = Status.PENDING, Status.RUNNING, Status.BLOCKED
SUCCEEDED, FAILED = Status.SUCCEEDED, Status.FAILED

MOVES: dict[Status, frozenset[Status]] = {
    PENDING: frozenset({PENDING, RUNNING, BLOCKED, SUCCEEDED, FAILED}),
    RUNNING: frozenset({RUNNING, BLOCKED, SUCCEEDED, FAILED}),
    BLOCKED: frozenset({RUNNING, BLOCKED, SUCCEEDED, FAILED}),
    SUCCEEDED: frozenset({SUCCEEDED}),
    FAILED: frozenset({FAILED}),
}


class Case(msgspec.Struct):
    """One update under judgement.

    ``progress``, ``start`` and ``end`` are what the spec gives, without what merely repeats the
    stored value (a PATCH sent again after a lost answer must pass).
    """

    task: Task
    spec: UpdateTask
    creating: bool
    before: Status
    after: Status
    progress: Progress | None
    start: Instant | None
    end: Instant | None
    now: Instant
    rules: Ruleset


class Row(NamedTuple):
    """One rule: its number, the status it refuses with is in its reason; where it comes from."""

    number: int
    says: str
    source: str
    check: Callable[[Case], Refusal | None]


def refuse(reason: Reason, *args: object) -> Refusal:
    """A refusal with its arguments as text."""
    return Refusal(reason, tuple(str(arg) for arg in args))


def finished_stays(case: Case) -> Refusal | None:
    if case.before in TERMINAL and case.after not in MOVES[case.before]:
        return refuse(reasons.FINISHED, case.before, case.after)
    return None


def only_listed_moves(case: Case) -> Refusal | None:
    if case.after not in MOVES[case.before]:
        return refuse(reasons.BACK_TO_PENDING, case.before, case.after)
    return None


def progress_while_running(case: Case) -> Refusal | None:
    progress = case.progress
    if progress is None or RUNNING in (case.before, case.after):
        return None
    if case.creating and case.after is not PENDING:
        return None
    args = (case.before, case.after, progress.completed, progress.total)
    return refuse(reasons.PROGRESS_NOT_RUNNING, *args)


def progress_in_bounds(case: Case) -> Refusal | None:
    progress = case.progress
    if progress is None:
        return None
    if progress.completed < 0:
        return refuse(reasons.PROGRESS_NEGATIVE, "completed", progress.completed)
    if progress.total < 0:
        return refuse(reasons.PROGRESS_NEGATIVE, "total", progress.total)
    if progress.completed > progress.total:
        return refuse(reasons.PROGRESS_OVER_TOTAL, progress.completed, progress.total)
    return None


def progress_only_grows(case: Case) -> Refusal | None:
    stored = case.task.progress.completed
    if case.progress is not None and case.progress.completed < stored:
        return refuse(reasons.PROGRESS_BACKWARDS, case.progress.completed, stored)
    return None


def start_while_open(case: Case) -> Refusal | None:
    if case.start is None:
        return None
    if case.after is PENDING or case.before in TERMINAL:
        return refuse(reasons.START_NOT_ALLOWED, case.after, write_instant(case.start))
    return None


def end_when_finished(case: Case) -> Refusal | None:
    if case.end is not None and case.after not in TERMINAL:
        return refuse(reasons.END_NOT_ALLOWED, case.after, write_instant(case.end))
    return None


def times_fit(case: Case) -> Refusal | None:
    for field, instant in (("start_time", case.start), ("end_time", case.end)):
        if instant is not None and instant > case.now + case.rules.max_clock_skew * 1000:
            args = (field, write_instant(instant), case.rules.max_clock_skew)
            return refuse(reasons.TIME_IN_FUTURE, *args)
    # A start that merely repeats the stored one was given too: it does not yield to the end.
    start = given_start(case.task) if case.spec.start_time is None else case.spec.start_time
    end = case.end if case.end is not None else case.task.end_time
    if start is not None and end is not None and end < start:
        return refuse(reasons.END_BEFORE_START, write_instant(end), write_instant(start))
    return None


def error_with_failed(case: Case) -> Refusal | None:
    if case.spec.status is FAILED and case.spec.error is None:
        return refuse(reasons.ERROR_MISSING)
    return None


def error_only_with_failed(case: Case) -> Refusal | None:
    if case.spec.error is not None and case.after is not FAILED:
        return refuse(reasons.ERROR_NOT_FAILED, case.after, case.spec.error.type)
    return None


def result_after_pending(case: Case) -> Refusal | None:
    if case.spec.result is not None and case.after is PENDING:
        return refuse(reasons.RESULT_PENDING, shortened(case.spec.result.plain))
    return None


def lease_while_open(case: Case) -> Refusal | None:
    if case.spec.lease_seconds and case.after in TERMINAL:
        return refuse(reasons.LEASE_FINISHED, case.after, case.spec.lease_seconds)
    return None


def acknowledged_when_requested(case: Case) -> Refusal | None:
    if not case.spec.acknowledge_cancel or case.task.cancel_acknowledged is not None:
        return None
    if case.task.cancel_requested is None:
        return refuse(reasons.CANCEL_NOT_REQUESTED)
    if case.before in TERMINAL:
        return refuse(reasons.CANCEL_LATE, case.before)
    return None


# fmt: off
ROWS: tuple[Row, ...] = (
    Row(1, "a finished task keeps its status", "page", finished_stays),
    Row(2, "nothing becomes PENDING again", "decision", only_listed_moves),
    Row(3, "progress only while RUNNING, or in the step into or out of it", "page, decision",
        progress_while_running),
    Row(4, "0 <= completed <= total", "page", progress_in_bounds),
    Row(5, "completed never falls", "page, decision on the error", progress_only_grows),
    Row(6, "start_time not while PENDING and not once finished", "page", start_while_open),
    Row(7, "end_time only when finished", "page", end_when_finished),
    Row(8, "end not before a given start; neither far in the future", "page, decision", times_fit),
    Row(9, "FAILED needs an error", "page", error_with_failed),
    Row(10, "an error needs FAILED", "decision", error_only_with_failed),
    Row(11, "no result while PENDING", "decision", result_after_pending),
    Row(12, "a lease only while open (/v1)", "decision", lease_while_open),
    Row(13, "a cancel is acknowledged after its request and before the end (/v1)", "decision",
        acknowledged_when_requested),
)
# fmt: on
CHECKS = tuple(row.check for row in ROWS)


def given_start(task: Task) -> Instant | None:
    return task.start_time if task.start_given else None
