"""What the answers of all doors about tasks have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from milepost.doors.messages import Request
from milepost.doors.refusals import Header, Headers, RefusedWith
from milepost.rules.reasons import Refusal
from milepost.rules.task import Accepted, Refused, Task
from milepost.rules.values import TERMINAL
from milepost.service.tasks import TaskService

LARGE_BODY = 32 * 1024
ASKED_TO_CANCEL = (b"milepost-cancel-requested", b"true")
T = TypeVar("T")


async def decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    """What a body means. A large one is read in a thread, so that nobody waits for it."""
    if len(body) <= LARGE_BODY:
        return decode(body)
    return await asyncio.to_thread(decode, body)


def accepted(decision: Accepted | Refused | Task) -> Task:
    """The task a decision accepted. Raises ``RefusedWith`` for a refusal, with its revision."""
    if isinstance(decision, Task):
        return decision
    if isinstance(decision, Accepted):
        return decision.task
    headers = () if decision.task is None else (etag(decision.task),)
    raise RefusedWith(decision.refusal, headers)


def updated(decision: Accepted | Refused) -> Task:
    """The task an update left. A refusal too tells whether someone wants the task ended."""
    if isinstance(decision, Refused):
        raise RefusedWith(decision.refusal, told_of_cancel(decision.task))
    return decision.task


async def about_task(
    tasks: TaskService, request: Request, task_id: str, refusal: Refusal
) -> RefusedWith:
    """A refusal of a request as such; it too tells the revision of the task it names."""
    return RefusedWith(refusal, told_of_cancel(await tasks.visible(request.who.principal, task_id)))


def etag(task: Task) -> Header:
    """The revision of a task, as every answer about it carries it."""
    return b"etag", b'"%d"' % task.revision


def told_of_cancel(task: Task | None) -> Headers:
    """The headers of an update answer: the revision, and whether someone wants the task ended.

    Who has acknowledged that need not hear it again.
    """
    if task is None:
        return ()
    is_wanted = task.cancel_requested is not None and task.cancel_acknowledged is None
    if not is_wanted or task.status in TERMINAL:
        return (etag(task),)
    return etag(task), ASKED_TO_CANCEL
