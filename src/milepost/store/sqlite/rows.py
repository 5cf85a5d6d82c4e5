"""Tasks, events, users and sessions as rows, and rows as what they stand for.

``COLUMNS`` is the one place that knows which column holds what of a task.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from milepost.rules.task import Change, EventKind, Task
from milepost.rules.values import ErrorValue, Instant, Message, Opaque, Progress, Status, Target
from milepost.store.base import Corrupt, Event, Origin, Position, Session, User
from milepost.store.changes import Former, told

Row = tuple[Any, ...]

encode = msgspec.json.Encoder().encode
decode_message = msgspec.json.Decoder(Message).decode
decode_error = msgspec.json.Decoder(ErrorValue).decode
decode_task = msgspec.json.Decoder(Task).decode
decode_log_page = msgspec.json.Decoder(
    list[tuple[int, EventKind, Task, tuple[Former, ...], Instant, str, str]]
).decode
FIRST = operator.itemgetter(0)
decode_changes = msgspec.json.Decoder(tuple[Former, ...]).decode


class Column(NamedTuple):
    """A column, the field of the task it holds (a part of), and how its value is had of a task."""

    name: str
    field: str
    value: Callable[[Task], object]


def text(value: object) -> str | None:
    return None if value is None else encode(value).decode()


def plain(field: str) -> Column:
    """A field that is written as it is."""
    return Column(field, field, operator.attrgetter(field))


def part(name: str, path: str) -> Column:
    """A part of a field, that is never without."""
    return Column(name, path.partition(".")[0], operator.attrgetter(path))


def encoded(field: str) -> Column:
    """A field that is written as JSON."""
    get = operator.attrgetter(field)
    return Column(field, field, lambda task: text(get(task)))


COLUMNS = (
    plain("id"),
    plain("revision"),
    plain("service"),
    plain("operation"),
    plain("cancelable"),
    part("target_type", "target.type"),
    part("target_id", "target.id"),
    plain("principal"),
    plain("user"),
    plain("parent"),
    plain("created_at"),
    plain("updated_at"),
    part("status", "status.value"),
    encoded("description"),
    part("progress_total", "progress.total"),
    part("progress_completed", "progress.completed"),
    Column("progress_message", "progress", lambda task: text(task.progress.message)),
    encoded("error"),
    Column("result", "result", lambda task: task.result and task.result.plain),
    Column("result_typed", "result", lambda task: task.result and task.result.typed),
    plain("start_time"),
    plain("start_given"),
    plain("end_time"),
    plain("finished_at"),
    plain("cancel_requested"),
    plain("cancel_acknowledged"),
    plain("lease_seconds"),
    plain("weight"),
    plain("pinned"),
)
STAMPED = ("last_position", "revision", "updated_at")
NAMES = ", ".join([*(column.name for column in COLUMNS), "last_position"])
TASK_WIDTH = len(COLUMNS) + 1
INSERT_TASK = f"INSERT OR ROLLBACK INTO tasks ({NAMES})"

EVENT_COLUMNS = "position, previous, task_id, revision, kind, at, principal, source, changes, task"
EVENT_WIDTH = EVENT_COLUMNS.count(",") + 1
INSERT_EVENT = f"INSERT OR ROLLBACK INTO events ({EVENT_COLUMNS})"
EVENT_NAMES = "position, kind, task, changes, at, principal, source"
USER_NAMES = "name, role, extension, password, disabled"
INSERT_USER = f"INSERT INTO users ({USER_NAMES}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608  own names only
ADD_USER = f"{INSERT_USER} ON CONFLICT (name) DO NOTHING"
PUT_USER = (
    f"{INSERT_USER} ON CONFLICT (name) DO UPDATE SET role = excluded.role,"
    " extension = excluded.extension, password = excluded.password, disabled = excluded.disabled"
)
KEPT_NAMES = "scope, key, digest, note, at"
# An older note of the same request has outlived its time.
PUT_KEPT = f"INSERT OR REPLACE INTO kept ({KEPT_NAMES}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608  own names only
SESSION_NAMES = "token, user, created_at, used_at"


def task_row(task: Task) -> Row:
    """A task as a row in the order of ``COLUMNS``."""
    return tuple([column.value(task) for column in COLUMNS])


def task_update(
    before: Task, after: Task, fields: tuple[str, ...], position: Position
) -> tuple[tuple[str, ...], Row]:
    """What turns one revision into a later one: the names of columns, and their values.

    Behind them stand the id and the revision it starts from. Of the others only ``fields`` are
    written, those that differ, so that an index is touched only when its column moves;
    ``position`` is that of the last event.
    """
    names, values = columns_of(fields)
    moved = [value(after) for value in values]
    return names, (
        position, after.revision, after.updated_at, *moved, after.id, before.revision,
    )  # fmt: skip


@lru_cache(maxsize=256)
def columns_of(fields: tuple[str, ...]) -> tuple[tuple[str, ...], list[Callable[[Task], object]]]:
    """The columns to write when some fields move, and the values of those behind the stamps."""
    columns = [column for field in fields for column in COLUMNS if column.field == field]
    names = (*STAMPED, *(column.name for column in columns))
    return names, [column.value for column in columns]


def read_task(row: Row) -> Task:
    """The task a row stands for. Raises ``Corrupt`` when it stands for none."""
    try:
        return build_task(row[:-1])
    except (ValueError, TypeError, msgspec.MsgspecError) as fault:
        raise Corrupt(f"task {row[0]!r}: {fault}") from fault


def build_task(row: Row) -> Task:
    (
        task_id, revision, service, operation, cancelable, target_type, target_id, principal,
        user, parent, created_at, updated_at, status, description, total, completed, message,
        error, result, result_typed, start_time, start_given, end_time, finished_at,
        cancel_requested, cancel_acknowledged, lease_seconds, weight, pinned,
    ) = row  # fmt: skip
    return Task(
        id=task_id,
        revision=revision,
        service=service,
        operation=operation,
        cancelable=bool(cancelable),
        target=Target(target_type, target_id),
        principal=principal,
        user=user,
        parent=parent,
        created_at=created_at,
        updated_at=updated_at,
        status=Status(status),
        description=decode_message(description),
        progress=Progress(total, completed, decode_message(message)),
        error=None if error is None else decode_error(error),
        result=None if result is None else Opaque(result, result_typed),
        start_time=start_time,
        start_given=bool(start_given),
        end_time=end_time,
        finished_at=finished_at,
        cancel_requested=cancel_requested,
        cancel_acknowledged=cancel_acknowledged,
        lease_seconds=lease_seconds,
        weight=weight,
        pinned=bool(pinned),
    )


def event_row(change: Change, changes: tuple[Former, ...], origin: Origin) -> Row:
    """An event as a row, without its position."""
    task = change.after
    shown = task if task.result is None else msgspec.structs.replace(task, result=None)
    return (
        task.id,
        task.revision,
        change.kind.value,
        task.updated_at,
        origin.principal,
        origin.source,
        text(changes),
        text(shown),
    )


def read_event(row: Row) -> Event:
    """The event a row stands for. Raises ``Corrupt`` when it stands for none."""
    position, kind, text, changes, at, principal, source = row
    try:
        task = decode_task(text)
        return Event(
            position=position,
            kind=EventKind(kind),
            task=task,
            changes=told(task, decode_changes(changes)),
            at=at,
            origin=Origin(principal, source),
        )
    except (ValueError, TypeError, msgspec.MsgspecError) as fault:
        raise Corrupt(f"event {position}: {fault}") from fault


def read_log_page(text: str) -> list[Event]:
    """The events of a page of the log as one text. Raises ``Corrupt`` when it stands for none."""
    try:
        return [
            Event(
                position=position,
                kind=kind,
                task=task,
                changes=told(task, changes),
                at=at,
                origin=Origin(principal, source),
            )
            for position, kind, task, changes, at, principal, source in sorted(
                decode_log_page(text), key=FIRST
            )
        ]
    except (ValueError, TypeError, msgspec.MsgspecError) as fault:
        raise Corrupt(f"a page of the event log: {fault}") from fault


def user_row(user: User) -> Row:
    """A user as a row."""
    return user.name, user.role, user.extension, user.password, user.disabled


def read_user(row: Row) -> User:
    name, role, extension, password, disabled = row
    return User(
        name=name, role=role, extension=extension, password=password, disabled=bool(disabled)
    )


def read_session(row: Row) -> Session:
    token, user, created_at, used_at = row
    return Session(token=token, user=user, created_at=created_at, used_at=used_at)
