"""What a job says: messages that a catalogue can say in other languages, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from milepost.client.failures import clean
from milepost.client.values import Message, Param

Argument = str | float | datetime | Param
ARGUMENTS: dict[type, str] = {bool: "s", int: "i", float: "d", str: "s", datetime: "dt"}


def message_of(
    text: str | Message,
    ident: str,
    params: Mapping[str, Argument] | None,
) -> Message:
    """A message of its parts. Raises ``TypeError``."""
    if isinstance(text, Message):
        return text
    if type(text) is not str:
        raise TypeError(f"a message is a text or a Message, not {text!r}")
    given = params or {}
    args = tuple(str(value) for value in given.values() if not isinstance(value, Param))
    typed = {name: param(value) for name, value in given.items()}
    return Message(clean(text), id=ident, args=args, params=typed or None)


def param(value: Argument) -> Param:
    if isinstance(value, Param):
        return value
    member = ARGUMENTS.get(type(value))
    if member is None:
        raise TypeError(f"an argument of a message is a text, a number or a time, not {value!r}")
    return Param(**{member: str(value) if member == "s" else value})  # type: ignore[arg-type]


def encoded_result(result: Any) -> msgspec.Raw | None:
    """A result as JSON, now: the job may change it later. One that JSON has not is told as text."""
    if result is None:
        return None
    try:
        return msgspec.Raw(msgspec.json.encode(result))
    except Exception:  # noqa: BLE001  whatever the result does, the job has succeeded
        return msgspec.Raw(msgspec.json.encode(clean(f"{type(result).__qualname__}")))
