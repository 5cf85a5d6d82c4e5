"""The event log as it lies in the database file, read without the program that wrote it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

# A default is not written down.
SELECT = (
    "SELECT position, task_id, revision, json_extract(task, '$.status'),"
    " coalesce(json_extract(task, '$.progress.completed'), 0),"
    " coalesce(json_extract(task, '$.description.default_message'), '')"
    " FROM events ORDER BY position"
)


class Logged(NamedTuple):
    """One event, and what the task looked like after it."""

    position: int
    task_id: str
    revision: int
    status: str
    completed: int
    words: str


class Link(NamedTuple):
    """An event as a part of its task's chain."""

    task_id: str
    revision: int
    position: int
    previous: int | None


def event_links(data: Path) -> list[Link]:
    """The links of all events in a data directory, in order; a server may run on it."""
    statement = "SELECT task_id, revision, position, previous FROM events ORDER BY position"
    with reading(data) as database:
        return [Link(*row) for row in database.execute(statement)]


def event_log(data: Path) -> list[Logged]:
    """All events in a data directory, in order; a server may run on it."""
    with reading(data) as database:
        return [Logged(*row) for row in database.execute(SELECT)]


def reading(data: Path) -> contextlib.closing[sqlite3.Connection]:
    """The database of a data directory, for reading."""
    address = (data / "milepost.db").resolve().as_uri() + "?mode=ro"
    return contextlib.closing(sqlite3.connect(address, uri=True))


def lives(log: Iterable[Logged]) -> dict[str, list[Logged]]:
    """The events of each task in order; item *n* is revision *n + 1*. Fails where one is missing.

    Positions have no gap either, and completed work never falls.
    """
    found: dict[str, list[Logged]] = {}
    for position, event in enumerate(log, start=1):
        life = found.setdefault(event.task_id, [])
        assert event.position == position, event
        assert event.revision == len(life) + 1, event
        assert event.completed >= (life[-1].completed if life else 0), event
        life.append(event)
    return found
