"""A task, what can be asked of it, and what comes of asking.

Commands are imperative (``UpdateTask``), events are past (``EventKind.UPDATED``).
"""

from __future__ import annotations

import enum
import operator
from typing import Literal

from milepost.rules.reasons import Refusal
from milepost.rules.values import (
    EMPTY_MESSAGE,
    NO_PROGRESS,
    ROOT_FOLDER,
    ErrorValue,
    Instant,
    Message,
    Opaque,
    Progress,
    Status,
    Target,
    Value,
)

DAY_SECONDS = 86_400
LONGEST_LEASE = DAY_SECONDS


class Task(Value, frozen=True, kw_only=True):
    """The record of one run of an operation, at one revision.

    ``start_given`` says whether a client named the start; a start the service set itself may
    still yield to an earlier end. ``finished_at`` is the service's own clock. ``lease_seconds``
    is how long an open task may stay silent before the service ends it; renewals are not stored.
    ``weight`` is its share in the progress of its parent. A pinned task outlives the retention.
    """

    id: str
    revision: int
    service: str
    operation: str
    cancelable: bool
    target: Target
    principal: str
    created_at: Instant
    updated_at: Instant
    user: str | None = None
    parent: str | None = None
    status: Status = Status.PENDING
    description: Message = EMPTY_MESSAGE
    progress: Progress = NO_PROGRESS
    error: ErrorValue | None = None
    result: Opaque | None = None
    start_time: Instant | None = None
    start_given: bool = False
    end_time: Instant | None = None
    finished_at: Instant | None = None
    cancel_requested: Instant | None = None
    cancel_acknowledged: Instant | None = None
    lease_seconds: int | None = None
    weight: float = 1.0
    pinned: bool = False


class UpdateTask(Value, frozen=True, kw_only=True):
    """What an update asks for; an unset field leaves the stored value.

    The last three come from ``/v1`` only: ``lease_seconds`` 0 removes the lease, and
    ``acknowledge_cancel`` says that the extension has heard of the wish to cancel.
    """

    progress: Progress | None = None
    description: Message | None = None
    status: Status | None = None
    error: ErrorValue | None = None
    result: Opaque | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    lease_seconds: int | None = None
    acknowledge_cancel: bool = False
    pinned: bool | None = None


class CreateTask(UpdateTask, frozen=True, kw_only=True):
    """What a create asks for: an update of an empty task, and what never changes afterwards.

    ``extension`` names the service of the task; only an administrator may, and only on ``/v1``.
    """

    operation: str
    cancelable: bool
    target: Target = ROOT_FOLDER
    user: str | None = None
    parent: str | None = None
    extension: str | None = None
    weight: float | None = None


class IfMatch(Value, frozen=True):
    """An update only for these revisions; ``text`` is how they were written."""

    revisions: frozenset[int]
    text: str


class TaskUpdate(Value, frozen=True):
    """An update of one task among others."""

    id: str
    spec: UpdateTask
    if_match: IfMatch | None = None


class Ruleset(Value, frozen=True, kw_only=True):
    """The settings the rules depend on.

    ``max_clock_skew`` is in seconds. ``operations`` holds the registered operations of each
    extension; it counts only when ``operations_closed``. ``cancel_pending`` holds those whose
    PENDING tasks a cancel ends at once. ``leases`` and ``weights`` are by extension and operation;
    they are for tasks that name none.
    """

    spec_validation: Literal["effective", "strict"] = "effective"
    progress_messages: Literal["keep", "ignore"] = "keep"
    max_clock_skew: int = DAY_SECONDS
    operations_closed: bool = False
    operations: dict[str, frozenset[str]] = {}
    cancel_pending: dict[str, frozenset[str]] = {}
    leases: dict[str, dict[str, int]] = {}
    weights: dict[str, dict[str, float]] = {}


DEFAULT_RULES = Ruleset()


class EventKind(enum.StrEnum):
    """What has happened to a task."""

    CREATED = "created"
    UPDATED = "updated"
    CANCEL_REQUESTED = "cancel_requested"
    FORCE_CLOSED = "force_closed"
    LEASE_EXPIRED = "lease_expired"


class Change(Value, frozen=True):
    """One accepted step of one task: ``before`` is ``None`` when the step created it.

    ``moved`` are the fields that differ, beside ``revision`` and ``updated_at``; none for a
    created task.
    """

    kind: EventKind
    before: Task | None
    after: Task
    moved: tuple[str, ...] = ()


class Accepted(Value, frozen=True):
    """The decision was yes. ``change`` is ``None`` when there was nothing to change."""

    task: Task
    change: Change | None = None


class Refused(Value, frozen=True):
    """The decision was no. ``task`` is the task as it stays, where the caller may see it."""

    refusal: Refusal
    task: Task | None = None


Decision = Accepted | Refused

STAMPS = frozenset({"revision", "updated_at"})
MOVABLE = tuple(name for name in Task.__struct_fields__ if name not in STAMPS)
movable_values = operator.attrgetter(*MOVABLE)


def moved(before: Task, after: Task) -> tuple[str, ...]:
    """The fields in which two tasks differ, beside the stamps, in the order of the fields."""
    # Most of a task is the very same object after a change; that is cheaper to see than equality.
    pairs = zip(MOVABLE, movable_values(before), movable_values(after), strict=True)
    return tuple([name for name, old, new in pairs if old is not new and old != new])


def step(kind: EventKind, before: Task | None, after: Task) -> Change:
    """The change from one revision of a task, or from none, to another."""
    return Change(kind, before, after, () if before is None else moved(before, after))
