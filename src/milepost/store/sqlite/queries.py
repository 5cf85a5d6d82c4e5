"""What is asked of the database: the statements, and the filter of a list as one."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable
from typing import Any

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Task
from milepost.store.base import MOST_FOUND_BYTES, MOST_PAGE_BYTES, Event, TooLarge
from milepost.store.sqlite import rows

KEY_BYTES = 32
SELECT_TASK = f"SELECT {rows.NAMES} FROM tasks WHERE id = ?"  # noqa: S608  own names only
SELECT_EVENTS = f"SELECT {rows.EVENT_NAMES} FROM events"  # noqa: S608  own names only
# A page of the log as one text: Python's lock is asked for once a row, and a reader beside the busy
# event loop waits for it each time. The first event is there whatever its size.
SELECT_LOG_PAGE = (
    "SELECT '[' || group_concat('[' || position || ',' || json_quote(kind) || ',' || task || ','"  # noqa: S608  own names only
    " || changes || ',' || at || ',' || json_quote(principal) || ',' || json_quote(source) || ']')"
    " || ']' FROM ("
    "SELECT *, sum(length(task) + length(changes)) OVER (ORDER BY position) AS size"
    f" FROM (SELECT {rows.EVENT_NAMES} FROM events WHERE position > ? ORDER BY position LIMIT ?))"
    f" WHERE size <= {MOST_PAGE_BYTES} OR size = length(task) + length(changes)"
)
# The number given last outlives its event.
SELECT_SPAN = (
    "SELECT max(coalesce((SELECT min(position) - 1 FROM events), last, 0),"
    " coalesce((SELECT through FROM compaction), 0)), coalesce(last, 0),"
    " coalesce((SELECT max(through) FROM shortened), 0)"
    " FROM (SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'events') AS last)"
)
# The events of a task are a chain from its newest one backwards: an index of them would cost as
# much as all else that a change writes.
CHAIN = (
    "WITH RECURSIVE chain (position, previous) AS ("  # noqa: S608  own names only
    "SELECT position, previous FROM events WHERE position = ({})"
    " UNION ALL SELECT events.position, events.previous"
    " FROM chain JOIN events ON events.position = chain.previous LIMIT :limit)"
    f" {SELECT_EVENTS} WHERE position IN (SELECT position FROM chain) ORDER BY position DESC"
)
SELECT_HISTORY = CHAIN.format("SELECT last_position FROM tasks WHERE id = :id")
# The event asked for may have been taken out since; then the chain is walked to the next older one.
SELECT_HISTORY_BEFORE = CHAIN.format(
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM events WHERE position = :before AND task_id = :id)"
    " THEN (SELECT previous FROM events WHERE position = :before) ELSE"
    " (WITH RECURSIVE walk (position, previous) AS ("
    "SELECT position, previous FROM events"
    " WHERE position = (SELECT last_position FROM tasks WHERE id = :id)"
    " UNION ALL SELECT events.position, events.previous"
    " FROM walk JOIN events ON events.position = walk.previous)"
    " SELECT max(position) FROM walk WHERE position < :before) END"
)
SELECT_LEASED = "SELECT id, lease_seconds FROM tasks WHERE lease_seconds IS NOT NULL"
SELECT_KEPT = "SELECT digest, note FROM kept WHERE scope = ? AND key = ? AND at > ?"
FORGET_KEPT = (
    "DELETE FROM kept WHERE (scope, key) IN (SELECT scope, key FROM kept WHERE at < ? LIMIT ?)"
)
SELECT_SESSION = (
    "SELECT sessions.token, sessions.user, sessions.created_at, sessions.used_at,"
    " users.name, users.role, users.extension, users.password, users.disabled"
    " FROM sessions JOIN users ON users.name = sessions.user WHERE sessions.token = ?"
)


def made_key(connection: sqlite3.Connection, name: str) -> str:
    """The key of that name; it is made when there is none."""
    made = secrets.token_urlsafe(KEY_BYTES)
    connection.execute("INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING", (name, made))
    (key,) = connection.execute("SELECT value FROM keys WHERE name = ?", (name,)).fetchone()
    return str(key)


def bounded_tasks(found: Iterable[rows.Row]) -> list[Task]:
    """The tasks of some rows, read one by one and given up when they are too much together."""
    tasks, size = [], 0
    for row in found:
        size += sum(len(value) for value in row if isinstance(value, str))
        if size > MOST_FOUND_BYTES:
            raise TooLarge(MOST_FOUND_BYTES)
        tasks.append(rows.read_task(row))
    return tasks


def bounded_events(found: Iterable[rows.Row]) -> list[Event]:
    """The events of some rows, as far as they are not too much together; the first in any case."""
    events: list[Event] = []
    size = 0
    for row in found:
        size += sum(len(value) for value in row if isinstance(value, str))
        if events and size > MOST_PAGE_BYTES:
            break
        events.append(rows.read_event(row))
    return events


def conditions(wanted: TaskFilter) -> tuple[str, list[Any]]:
    """The WHERE clause of a filter and its values; sets go in as one JSON value each."""
    sets = {
        "id": wanted.ids,
        "service": wanted.services,
        "operation": wanted.operations,
        "status": wanted.status,
        "user": wanted.users,
        "parent": wanted.parents,
    }
    clauses, values = [], []
    for name, members in sets.items():
        if members is not None:
            clauses.append(f"{name} IN (SELECT value FROM json_each(?))")  # noqa: S608  own names only
            values.append(json.dumps(sorted(members)))
    if wanted.targets is not None:
        clauses.append(
            "(target_type, target_id) IN"
            " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
        )
        values.append(json.dumps(sorted(wanted.targets)))
    if wanted.visible_service is not None:
        clauses.append("service = ?")
        values.append(wanted.visible_service)
    return (" WHERE " + " AND ".join(clauses) if clauses else ""), values
