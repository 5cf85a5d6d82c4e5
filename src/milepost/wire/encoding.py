"""What things mean, written as values of a dialect.

The result is made of dicts, lists and scalars, ready for ``msgspec.json.encode``; a kept opaque
value goes in as its own text.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from milepost.rules.instants import write_instant
from milepost.rules.reading import Info
from milepost.rules.values import (
    ErrorValue,
    Instant,
    Message,
    NestedMessage,
    Opaque,
    Param,
    Progress,
    Target,
)

Maps = Literal["entries", "object"]
to_json = msgspec.json.Encoder().encode


def raw(value: Opaque) -> msgspec.Raw:
    """A kept value as the text it came as."""
    return msgspec.Raw(value.plain.encode())


def message_value(message: Message, maps: Maps) -> dict[str, Any]:
    """A message with its params and its ``localized`` text where there is one."""
    value: dict[str, Any] = {
        "id": message.id,
        "default_message": message.default_message,
        "args": message.args,
    }
    if message.params is not None:
        value["params"] = params_value(message.params, maps)
    if message.localized is not None:
        value["localized"] = message.localized
    return value


def params_value(params: dict[str, Param], maps: Maps) -> Any:
    written = {key: param_value(param, maps) for key, param in params.items()}
    if maps == "object":
        return written
    return [{"key": key, "value": value} for key, value in written.items()]


def param_value(param: Param, maps: Maps) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for name in param.__struct_fields__:
        part = getattr(param, name)
        if part is None:
            continue
        if name == "dt":
            part = write_instant(part)
        elif name == "l":
            part = nested_value(part, maps)
        value[name] = part
    return value


def nested_value(message: NestedMessage, maps: Maps) -> dict[str, Any]:
    if message.params is None:
        return {"id": message.id}
    return {"id": message.id, "params": params_value(message.params, maps)}


def progress_value(progress: Progress, maps: Maps) -> dict[str, Any]:
    return {
        "total": progress.total,
        "completed": progress.completed,
        "message": message_value(progress.message, maps),
    }


def target_value(target: Target) -> dict[str, Any]:
    return {"type": target.type, "id": target.id}


def error_fields(error: ErrorValue, maps: Maps) -> dict[str, Any]:
    """The members of an error: its messages and whatever came with them."""
    value: dict[str, Any] = {
        "messages": [message_value(message, maps) for message in error.messages]
    }
    value.update({name: raw(field) for name, field in error.fields.items()})
    return value


def info_value(info: Info, maps: Maps, error: Any) -> dict[str, Any]:
    """A task as shown; ``error`` is its error in the spelling of the door, or ``None``."""
    value: dict[str, Any] = {
        "description": message_value(info.description, maps),
        "service": info.service,
        "operation": info.operation,
        "status": info.status,
        "cancelable": info.cancelable,
    }
    optional = {
        "parent": info.parent,
        "target": None if info.target is None else target_value(info.target),
        "error": error,
        "start_time": instant_value(info.start_time),
        "end_time": instant_value(info.end_time),
        "user": info.user,
        "progress": None if info.progress is None else progress_value(info.progress, maps),
        "result": None if info.result is None else raw(info.result),
    }
    value.update({name: part for name, part in optional.items() if part is not None})
    return value


def session_value(user: str, created: Instant, last_accessed: Instant) -> dict[str, Any]:
    """A session as shown."""
    return {
        "user": user,
        "created_time": write_instant(created),
        "last_accessed_time": write_instant(last_accessed),
    }


def instant_value(instant: int | None) -> str | None:
    return None if instant is None else write_instant(instant)
