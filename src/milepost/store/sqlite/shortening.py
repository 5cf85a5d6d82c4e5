"""Taking events out of the middle of a history that has grown too long.

A history keeps a number of events. When a task comes to have more, it is marked in the commit that
makes them, and again every hundredth part of that number later. Then some are taken out, so that
the number is kept until the next mark: the oldest reports of progress, then the oldest others. The
event that created the task and the newest one stay. The events are a chain, which is mended.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from milepost.rules.finding import TaskFilter
from milepost.store.base import Position
from milepost.store.sqlite import queries

MARKS = 100
"""A task is marked again when its history has grown by this part of what is kept."""

EVENTS_OF_A_TEXT = 1_000

SELECT_OVERLONG = "SELECT task_id FROM overlong ORDER BY task_id LIMIT ?"
# Some events as one text: Python's lock is asked for once for all of them, and not held for long.
SELECT_CHAIN = f"""
WITH RECURSIVE chain (position, previous, is_progress) AS (
    SELECT position, previous, 0 FROM events
    WHERE position = (SELECT last_position FROM tasks WHERE id = ?)
    UNION ALL SELECT events.position, events.previous,
        events.kind = 'updated' AND json_array_length(events.changes) = 1
        AND json_extract(events.changes, '$[0].field') = 'progress'
    FROM chain JOIN events ON events.position = chain.previous)
SELECT json_group_array(json_array(position, is_progress)),
    (SELECT revision FROM events WHERE position = (SELECT max(position) FROM chain))
FROM (SELECT position, is_progress,
    (row_number() OVER (ORDER BY position) - 1) / {EVENTS_OF_A_TEXT} AS number FROM chain)
GROUP BY number ORDER BY number
"""  # noqa: S608  own names only
UNMARK = "DELETE FROM overlong WHERE task_id = ? AND revision <= ?"
MEND = """
UPDATE events SET previous = link.previous FROM (
    SELECT json_extract(value, '$[0]') AS position, json_extract(value, '$[1]') AS previous
    FROM json_each(?)) AS link
WHERE events.position = link.position
"""
TAKE_OUT = "DELETE FROM events WHERE position IN (SELECT value FROM json_each(?))"
NOTE = """
INSERT INTO shortened VALUES (?, ?)
ON CONFLICT (task_id) DO UPDATE SET through = max(through, excluded.through)
"""
# The order of the join is ours: few histories are shortened, and the newest ones come first.
SELECT_NEWEST_OF = """
SELECT through FROM shortened CROSS JOIN tasks ON tasks.id = shortened.task_id
{} through > ? ORDER BY through DESC LIMIT 1
"""


class HistoryBound:
    """How many events a history keeps, and at which revisions a task is marked."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.step = max(1, most // MARKS)
        self.kept = most - self.step
        """How many are kept when a history is shortened."""

    def is_reached(self, revision: int) -> bool:
        """Whether a task is to be marked at a revision; each of them has an event."""
        return revision > self.most and (revision - self.most - 1) % self.step == 0


class Happened(NamedTuple):
    """An event of a history, and whether it only reports progress."""

    position: Position
    is_progress: bool


class History(NamedTuple):
    """The events of a task as it was at a revision, oldest first; none when there is no task."""

    task_id: str
    revision: int
    events: list[Happened]


class Cut(NamedTuple):
    """Events to take out of a history in one step, and who follows whom then.

    ``links`` are pairs of positions, the later one first.
    """

    taken: list[Position]
    links: list[tuple[Position, Position]]
    is_last: bool


def read_cuts(
    connection: sqlite3.Connection, task_id: str, keep: int, at_once: int
) -> tuple[History, list[Cut]]:
    """The history of a task as it is now, and the steps that shorten it."""
    history = read_history(connection, task_id)
    return history, list(cuts_of(history, keep, at_once))


def read_history(connection: sqlite3.Connection, task_id: str) -> History:
    """The history of a task as it is now."""
    events: list[Happened] = []
    newest = 0
    for text, revision in connection.execute(SELECT_CHAIN, (task_id,)).fetchall():
        found = (Happened(position, bool(told)) for position, told in json.loads(text))
        events += sorted(found)
        newest = revision
    return History(task_id, newest, events)


def cuts_of(history: History, keep: int, at_once: int) -> Iterator[Cut]:
    """The steps that leave ``keep`` events of a history, or as few as may be left; at least one."""
    events = history.events
    going = going_of(events, max(len(events) - keep, 0))
    # Who stands before and behind each, by their places; what goes is taken out of both.
    before, behind = list(range(-1, len(events) - 1)), list(range(1, len(events) + 1))
    for begin in range(0, max(len(going), 1), at_once):
        taken = going[begin : begin + at_once]
        for place in taken:
            behind[before[place]] = behind[place]
            before[behind[place]] = before[place]
        moved = {behind[place] for place in taken}.difference(taken)
        yield Cut(
            sorted(events[place].position for place in taken),
            sorted((events[place].position, events[before[place]].position) for place in moved),
            is_last=begin + at_once >= len(going),
        )


def going_of(events: Sequence[Happened], count: int) -> list[int]:
    """The places of so many events that go first: reports of progress, then others, each by age."""
    middle = range(1, len(events) - 1)
    reports = (place for place in middle if events[place].is_progress)
    others = (place for place in middle if not events[place].is_progress)
    return list(islice(chain(reports, others), count))


def take_out(connection: sqlite3.Connection, history: History, cut: Cut) -> int:
    """Take events out of a history; how many.

    Nothing is done when the task is no longer there: its whole chain is on its way out.
    """
    task_id = history.task_id
    if connection.execute("SELECT 1 FROM tasks WHERE id = ?", (task_id,)).fetchone() is None:
        return 0
    if cut.is_last:
        # A mark that was set since the history was read stays.
        connection.execute(UNMARK, (task_id, history.revision))
    if cut.taken:
        connection.execute(TAKE_OUT, (json.dumps(cut.taken),))
        connection.execute(MEND, (json.dumps(cut.links),))
        connection.execute(NOTE, (task_id, cut.taken[-1]))
    return len(cut.taken)


def newest_taken_out(
    connection: sqlite3.Connection, wanted: TaskFilter, after: Position
) -> Position | None:
    """The newest event behind a position that was taken out of the history of a wanted task."""
    where, values = queries.conditions(wanted)
    statement = SELECT_NEWEST_OF.format(f"{where} AND" if where else "WHERE")
    row = connection.execute(statement, (*values, after)).fetchone()
    return None if row is None else int(row[0])
