"""Tasks, events, users and sessions as rows, and rows as what they stand for.

``COLUMNS`` is the one place that knows which column holds what of a task.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
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
    """A column, the attribute of the task it holds (a part of), and how it is written."""

    name: str
    attribute: str
    write: Callable[[Any], object]


def same(value: object) -> object:
    return value


def text(value: object) -> str | None:
    return None if value is None else encode(value).decode()


COLUMNS = (
    Column("id", "id", same),
    Column("revision", "revision", same),
    Column("service", "service", same),
    Column("operation", "operation", same),
    Column("cancelable", "cancelable", same),
    Column("target_type", "target", lambda target: target.type),
    Column("target_id", "target", lambda target: target.id),
    Column("principal", "principal", same),
    Column("user", "user", same),
    Column("parent", "parent", same),
    Column("created_at", "created_at", same),
    Column("updated_at", "updated_at", same),
    Column("status", "status", lambda status: status.value),
    Column("description", "description", text),
    Column("progress_total", "progress", lambda progress: progress.total),
    Column("progress_completed", "progress", lambda progress: progress.completed),
    Column("progress_message", "progress", lambda progress: text(progress.message)),
    Column("error", "error", text),
    Column("result", "result", lambda result: None if result is None else result.plain),
    Column("result_typed", "result", lambda result: None if result is None else result.typed),
    Column("start_time", "start_time", same),
    Column("start_given", "start_given", same),
    Column("end_time", "end_time", same),
    Column("finished_at", "finished_at", same),
    Column("cancel_requested", "cancel_requested", same),
    Column("cancel_acknowledged", "cancel_acknowledged", same),
    Column("lease_seconds", "lease_seconds", same),
    Column("weight", "weight", same),
    Column("pinned", "pinned", same),
)
COLUMNS_OF = {
    field: [column for column in COLUMNS if column.attribute == field]
    for field in Task.__struct_fields__
}
NAMES = ", ".join([*(column.name for column in COLUMNS), "last_position"])
TASK_WIDTH = len(COLUMNS) + 1
INSERT_TASK = f"INSERT INTO tasks ({NAMES})"

EVENT_COLUMNS = "position, previous, task_id, revision, kind, at, principal, source, changes, task"
EVENT_WIDTH = EVENT_COLUMNS.count(",") + 1
INSERT_EVENT = f"INSERT INTO events ({EVENT_COLUMNS})"
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
    return tuple(column.write(getattr(task, column.attribute)) for column in COLUMNS)


def task_update(
    before: Task, after: Task, fields: Iterable[str], position: Position
) -> tuple[tuple[str, ...], Row]:
    """What turns one revision into a later one: the names of columns, and their values.

    Behind them stand the id and the revision it starts from. Of the others only ``fields`` are
    written, those that differ, so that an index is touched only when its column moves;
    ``position`` is that of the last event.
    """
    names = ["last_position", "revision", "updated_at"]
    values: list[object] = [position, after.revision, after.updated_at]
    for field in fields:
        new = getattr(after, field)
        for column in COLUMNS_OF[field]:
            names.append(column.name)
            values.append(column.write(new))
    return tuple(names), (*values, after.id, before.revision)


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
