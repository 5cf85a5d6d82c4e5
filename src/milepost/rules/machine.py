"""The state machine of a task: create, update and cancel, decided by the table in ``rows``.

Nothing here reads a clock, does I/O or logs: ``now`` comes in as an argument.
"""

from __future__ import annotations

import msgspec

from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.rules.rows import CHECKS, PENDING, Case, refuse
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
    moved,
    step,
)
from milepost.rules.values import TERMINAL, ErrorName, ErrorValue, Instant, Progress, Status

USUAL_WEIGHT = 1.0


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
    lease = rules.leases.get(service, {}).get(spec.operation)
    weight = rules.weights.get(service, {}).get(spec.operation, USUAL_WEIGHT)
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
        weight=weight if spec.weight is None else spec.weight,
        lease_seconds=lease,
        created_at=now,
        updated_at=now,
    )
    case = judge(empty, spec, now, rules, creating=True)
    if isinstance(case, Refusal):
        return Refused(case)
    task = applied(case)
    return Accepted(task, Change(EventKind.CREATED, None, task))


def update(
    task: Task, spec: UpdateTask, *, now: Instant, rules: Ruleset = DEFAULT_RULES
) -> Decision:
    """Decide an update of a stored task. The same update again changes nothing."""
    case = judge(task, spec, now, rules, creating=False)
    if isinstance(case, Refusal):
        return Refused(case, task)
    after = applied(case)
    fields = moved(task, after)
    if not fields:
        return Accepted(task)
    return Accepted(after, Change(EventKind.UPDATED, task, after, fields))


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
    return Accepted(after, step(EventKind.CANCEL_REQUESTED, task, after))


def canceled(task: Task, now: Instant, rules: Ruleset) -> Task:
    """A task that never began, ended by a cancel."""
    error = ErrorValue(ErrorName.CANCELED.type_name, (refuse(reasons.CANCELED_PENDING).message,))
    spec = UpdateTask(status=Status.FAILED, error=error)
    return applied(case_of(task, spec, now, rules, creating=False))


def judge(
    task: Task, spec: UpdateTask, now: Instant, rules: Ruleset, *, creating: bool
) -> Case | Refusal:
    """Put an update before every row; the first that refuses ends it."""
    case = case_of(task, spec, now, rules, creating=creating)
    for check in CHECKS:
        refusal = check(case)
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
    """The task after an update that every row let pass, as its next revision."""
    task, spec = case.task, case.spec
    start, end = resulting_times(case)
    finishing = case.after in TERMINAL and case.before not in TERMINAL
    return msgspec.structs.replace(
        task,
        revision=task.revision + 1,
        updated_at=case.now,
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
        cancel_acknowledged=acknowledged_at(case),
        lease_seconds=lease_after(case),
        pinned=task.pinned if spec.pinned is None else spec.pinned,
    )


def acknowledged_at(case: Case) -> Instant | None:
    if case.spec.acknowledge_cancel and case.task.cancel_acknowledged is None:
        return case.now
    return case.task.cancel_acknowledged


def lease_after(case: Case) -> int | None:
    """The lease after the update; what is finished needs none, and 0 removes it."""
    if case.after in TERMINAL:
        return None
    given = case.spec.lease_seconds
    return case.task.lease_seconds if given is None else given or None


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
