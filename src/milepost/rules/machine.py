"""The state machine of a task: the moves it may make, and the rows every update must pass.

``MOVES`` is the whole of what moves a task: a pair that is not in it is a refusal. ``ROWS`` are
the rules of an update in their order; the first that refuses is reported and nothing changes.
The page named in a row is the published page of ``PATCH /rest/vcenter/extension/tasks/{task_id}``;
``decision`` marks what was settled here because the page is silent.

Nothing here reads a clock, does I/O or logs: ``now`` comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from milepost.rules import reasons
from milepost.rules.instants import write_instant
from milepost.rules.reasons import Reason, Refusal, shortened
from milepost.rules.task import (
    DEFAULT_RULES,
    Accepted,
    Change,
    CreateTask,
    Decision,
    EventKind,
    Refused,
    Ruleset,
    Task,
    UpdateTask,
)
from milepost.rules.values import TERMINAL, ErrorName, ErrorValue, Instant, Progress, Status

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
)
# fmt: on


def create(
    spec: CreateTask,
    *,
    task_id: str,
    service: str,
    principal: str,
    now: Instant,
    rules: Ruleset = DEFAULT_RULES,
) -> Decision:
    """Decide a create: the update table applied to an empty task. ``parent`` is checked before."""
    if rules.operations_closed and spec.operation not in rules.operations.get(service, ()):
        return Refused(refuse(reasons.OPERATION_CLOSED, spec.operation, service))
    empty = Task(
        id=task_id,
        revision=0,
        service=service,
        operation=spec.operation,
        cancelable=spec.cancelable,
        target=spec.target,
        principal=principal,
        user=spec.user,
        parent=spec.parent,
        created_at=now,
        updated_at=now,
    )
    case = judge(empty, spec, now, rules, creating=True)
    if isinstance(case, Refusal):
        return Refused(case)
    task = msgspec.structs.replace(applied(case), revision=1)
    return Accepted(task, Change(EventKind.CREATED, None, task))


def update(
    task: Task, spec: UpdateTask, *, now: Instant, rules: Ruleset = DEFAULT_RULES
) -> Decision:
    """Decide an update of a stored task. The same update again changes nothing."""
    case = judge(task, spec, now, rules, creating=False)
    if isinstance(case, Refusal):
        return Refused(case, task)
    after = applied(case)
    if after == task:
        return Accepted(task)
    after = msgspec.structs.replace(after, revision=task.revision + 1, updated_at=now)
    return Accepted(after, Change(EventKind.UPDATED, task, after))


def request_cancel(task: Task, *, now: Instant, rules: Ruleset = DEFAULT_RULES) -> Decision:
    """Decide a request to cancel. It is a request, not a state: the extension ends the task.

    Only a PENDING task of an operation registered with ``cancel_pending`` ends with the request.
    """
    if task.status in TERMINAL:
        return Refused(refuse(reasons.CANCEL_FINISHED, task.status), task)
    if not task.cancelable:
        return Refused(refuse(reasons.NOT_CANCELABLE, task.id), task)
    ends = task.status is PENDING and task.operation in rules.cancel_pending.get(task.service, ())
    if task.cancel_requested is not None and not ends:
        return Accepted(task)
    after = msgspec.structs.replace(
        canceled(task, now, rules) if ends else task,
        cancel_requested=now if task.cancel_requested is None else task.cancel_requested,
        revision=task.revision + 1,
        updated_at=now,
    )
    return Accepted(after, Change(EventKind.CANCEL_REQUESTED, task, after))


def canceled(task: Task, now: Instant, rules: Ruleset) -> Task:
    """A task that never began, ended by a cancel."""
    error = ErrorValue(ErrorName.CANCELED.type_name, (refuse(reasons.CANCELED_PENDING).message,))
    spec = UpdateTask(status=FAILED, error=error)
    return applied(case_of(task, spec, now, rules, creating=False))


def judge(
    task: Task, spec: UpdateTask, now: Instant, rules: Ruleset, *, creating: bool
) -> Case | Refusal:
    """Put an update before every row; the first that refuses ends it."""
    case = case_of(task, spec, now, rules, creating=creating)
    for row in ROWS:
        refusal = row.check(case)
        if refusal is not None:
            return refusal
    return case


def case_of(task: Task, spec: UpdateTask, now: Instant, rules: Ruleset, *, creating: bool) -> Case:
    progress = spec.progress
    stored: Progress | None = task.progress
    if rules.progress_messages == "ignore":
        progress, stored = unsaid(progress), unsaid(stored)
    start, end = spec.start_time, spec.end_time
    if spec.status is task.status and not creating:
        progress = None if progress == stored else progress
        start = None if start == task.start_time else start
        end = None if end == task.end_time else end
    after = task.status if spec.status is None else spec.status
    return Case(task, spec, creating, task.status, after, progress, start, end, now, rules)


def unsaid(progress: Progress | None) -> Progress | None:
    """Progress without its message, as it counts where messages are ignored."""
    return None if progress is None else Progress(progress.total, progress.completed)


def applied(case: Case) -> Task:
    """The task after an update that every row let pass; revision and update time untouched."""
    task, spec = case.task, case.spec
    start, end = resulting_times(case)
    finishing = case.after in TERMINAL and case.before not in TERMINAL
    return msgspec.structs.replace(
        task,
        status=case.after,
        description=task.description if spec.description is None else spec.description,
        progress=task.progress if case.progress is None else case.progress,
        error=task.error if spec.error is None else spec.error,
        result=task.result if spec.result is None else spec.result,
        start_time=start,
        # A start that repeats the one the service set changes nothing, so it claims nothing.
        start_given=task.start_given or case.start not in (None, task.start_time),
        end_time=end,
        finished_at=case.now if finishing else task.finished_at,
    )


def resulting_times(case: Case) -> tuple[Instant | None, Instant | None]:
    """Start and end after the update.

    A start the service set itself yields to a given end that lies before it, since clocks
    differ; an end the service sets never lies before the start.
    """
    start = case.task.start_time if case.start is None else case.start
    if start is None and case.after is not PENDING:
        start = case.now
    end = case.task.end_time if case.end is None else case.end
    if case.after not in TERMINAL or start is None:
        return start, end
    if end is None:
        return start, max(case.now, start)
    return min(start, end), end


def given_start(task: Task) -> Instant | None:
    return task.start_time if task.start_given else None
