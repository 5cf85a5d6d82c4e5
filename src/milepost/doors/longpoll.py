"""The long poll: an answer about a task that waits until there is something new to tell."""

from __future__ import annotations

from typing import NamedTuple

from milepost.doors.messages import Request
from milepost.doors.tasks import accepted
from milepost.rules.task import Task
from milepost.rules.waiting import Wait
from milepost.service.watching import WatchService


class Waited(NamedTuple):
    """A task after a wait. ``is_news`` is false when the caller has it as it is: a 304."""

    task: Task
    is_news: bool


async def waited(watching: WatchService, request: Request, task_id: str, wait: Wait) -> Waited:
    """Wait for a task. Raises ``RefusedWith``.

    It comes back early when the server stops, and is cancelled when the peer goes.
    """
    found = await watching.wait(request.who, task_id, wait, request.wait_long)
    task = accepted(found)
    return Waited(task, wait.known is None or wait.is_over(task))
