"""What a reader is shown of a task.

A task that is not PENDING always shows ``progress`` and ``start_time``, and when terminal
``end_time``; a PENDING one shows none of ``progress``, ``result``, ``error``, ``start_time``,
``end_time``. The official clients refuse an answer that breaks this.
"""

from __future__ import annotations

from milepost.rules.task import Task
from milepost.rules.values import (
    TERMINAL,
    ErrorValue,
    Instant,
    Message,
    Opaque,
    Progress,
    Status,
    Target,
    Value,
)


class Info(Value, frozen=True, kw_only=True):
    """The published structure ``com.vmware.cis.task.info``; field names are the published ones."""

    description: Message
    service: str
    operation: str
    status: Status
    cancelable: bool
    parent: str | None = None
    target: Target | None = None
    error: ErrorValue | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    user: str | None = None
    progress: Progress | None = None
    result: Opaque | None = None


def info_of(task: Task, *, exclude_result: bool = False) -> Info:
    """The task as ``get`` and ``list`` show it."""
    pending = task.status is Status.PENDING
    return Info(
        description=task.description,
        service=task.service,
        operation=task.operation,
        status=task.status,
        cancelable=task.cancelable,
        parent=task.parent,
        target=task.target,
        user=task.user,
        error=None if pending else task.error,
        start_time=None if pending else task.start_time,
        end_time=task.end_time if task.status in TERMINAL else None,
        progress=None if pending else task.progress,
        result=None if pending or exclude_result else task.result,
    )
