"""The long poll: an answer about a task that waits until there is something new to tell."""

from __future__ import annotations

from typing import NamedTuple

from milepost.doors.messages import Request
from milepost.doors.preconditions import etags, is_revision
from milepost.doors.tasks import accepted
from milepost.rules.task import Task
from milepost.service.watching import WatchService
from milepost.wire.queries import Query
from milepost.wire.waits import wait_query


class Waited(NamedTuple):
    """A task after a wait. ``is_news`` is false when the caller has it as it is: a 304."""

    task: Task
    is_news: bool


async def waited(
    watching: WatchService, request: Request, task_id: str, query: Query
) -> Waited | None:
    """The task after the wait that a request asks for, or ``None`` when it asks for none.

    What asks for it is taken out of the query. It comes back early when the server stops, and is
    cancelled when the peer goes. Raises ``BadQuery`` and ``RefusedWith``.
    """
    wait = wait_query(query, held_revisions(request))
    if wait is None:
        return None
    task = accepted(await watching.wait(request.who, task_id, wait, request.wait_long))
    return Waited(task, wait.known is None or wait.is_over(task))


def held_revisions(request: Request) -> frozenset[int] | None:
    """The revisions in ``If-None-Match``; ``*`` names none. Raises ``Refuse``."""
    text = request.header(b"if-none-match")
    if text is None or text.strip() == "*":
        return None
    found = etags("If-None-Match", text)
    return frozenset(int(tag) for _, tag in found if is_revision(tag))
