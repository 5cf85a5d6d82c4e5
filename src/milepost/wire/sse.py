"""Server-sent events, as ``GET /v1/events`` tells them, and what may be asked of it.

The form is that of the HTML standard, section 9.2: lines of fields, and an empty line behind each
event. An event has the position of the change in the log as its ``id``, so that a reader that
comes back names the last one it has seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from milepost.rules import reasons
from milepost.rules.finding import TaskFilter
from milepost.rules.instants import write_instant
from milepost.rules.reasons import Refusal
from milepost.rules.task import Task
from milepost.rules.values import Instant
from milepost.wire.encoding import to_json
from milepost.wire.problems import encode_problem
from milepost.wire.queries import BadQuery, Query, only
from milepost.wire.v1 import changes_value, task_value
from milepost.wire.v1queries import FILTERS, filter_of

MOST_VALUES = 256
"""Values that the filters of one watch may have together."""
MOST_DIGITS = 18
RETRY_MILLISECONDS = 2000
HEARTBEAT = b": nothing new\n\n"


def encode_event(
    position: int,
    task: Task,
    changes: Iterable[tuple[str, object, object]],
    principal: str,
    at: Instant,
) -> bytes:
    """A change: the task at its new revision without its result, what moved, who, and when."""
    data: dict[str, Any] = {
        "task": task_value(task, exclude_result=True),
        "changes": changes_value(changes),
        "principal": principal,
        "at": write_instant(at),
    }
    return b"id: %d\ndata: %b\n\n" % (position, to_json(data))


def beginning(position: int) -> bytes:
    """The first of a stream: when to come back after a break, and where it begins."""
    return b"retry: %d\n" % RETRY_MILLISECONDS + bookmark(position)


def bookmark(position: int) -> bytes:
    """Nothing that the reader wants lies between what it was told last and this position."""
    return b'event: bookmark\nid: %d\ndata: {"position":%d}\n\n' % (position, position)


def ending(position: int, refusal: Refusal, status: int) -> bytes:
    """The last of a stream: why it ends, and where to go on."""
    return b"event: end\nid: %d\ndata: %b\n\n" % (position, encode_problem(refusal, status))


def watch_query(query: Query, last_event_id: str | None) -> tuple[TaskFilter, int | None]:
    """The filter of a watch, and the position behind which it begins, if one is given.

    ``Last-Event-ID`` goes before ``after``: a browser that comes back asks for the same URL.
    Raises ``BadQuery``.
    """
    count = sum(len(query.get(name, ())) for name in FILTERS)
    if count > MOST_VALUES:
        raise BadQuery(reasons.WATCH_FILTER_TOO_LARGE, str(count), str(MOST_VALUES))
    rest = dict(query)
    wanted = filter_of(rest)
    only(rest, ("after",))
    after = None if "after" not in rest else position_of("after", rest["after"][0])
    if last_event_id is not None:
        after = position_of("Last-Event-ID", last_event_id)
    return wanted, after


def position_of(name: str, text: str) -> int:
    """A position as a reader gives it back. Raises ``BadQuery``."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise BadQuery(reasons.BAD_POSITION, name, text)
    return int(text)
