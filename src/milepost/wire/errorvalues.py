"""The error of a failed task, in the spellings REST clients use.

* ``{"type": "com.vmware.vapi.std.errors.not_found", "value": {"messages": […], …}}``
* ``{"error_type": "NOT_FOUND", "messages": […], …}``, with ``type`` beside it for a foreign name
* ``{"messages": […]}`` or ``{}``, whose type is the general ``error``

A foreign dotted name and fields nobody knows are kept and come back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from milepost.rules.reasons import (
    BAD_TYPE_NAME,
    ERROR_TYPES_DISAGREE,
    MISSING_MEMBER,
    TOO_LONG,
    UNKNOWN_ENUM,
    UNKNOWN_MEMBER,
)
from milepost.rules.values import ErrorName, ErrorValue, Message, Opaque
from milepost.wire.faults import Malformed, shown, wrong_type

DOTTED_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)+", re.ASCII)
LONGEST_NAME = 255
MOST_MESSAGES = 1000
NAMES = {name.value: name for name in ErrorName}
BY_TYPE = {name.type_name: name for name in ErrorName}


class ErrorReader:
    """Reads error values with the message and opaque readers of a dialect."""

    def __init__(
        self,
        read_message: Callable[[Any, int], Message],
        read_opaque: Callable[[Any, int], Opaque],
    ) -> None:
        self._read_message = read_message
        self._read_opaque = read_opaque

    def read(self, value: Any) -> ErrorValue:
        """Read an error in any of its spellings. Raises ``Malformed``."""
        if type(value) is not dict:
            raise wrong_type("an error object", value)
        typed = value.get("type") is not None or value.get("messages") is None
        if typed and value.get("value") is not None:
            return self._read_typed(value)
        fields = {name: part for name, part in value.items() if name not in ("type", "error_type")}
        named = agreed_type(value.get("type"), value.get("error_type"))
        return self.build(named, fields)

    def _read_typed(self, value: dict[str, Any]) -> ErrorValue:
        for name, part in value.items():
            if name not in ("type", "value", "error_type"):
                raise Malformed(UNKNOWN_MEMBER, shown(part)).under(name)
        if value.get("type") is None:
            raise Malformed(MISSING_MEMBER).under("type")
        fields = value["value"]
        if type(fields) is not dict:
            raise wrong_type("an object", fields).under("value")
        agreed_type(value["type"], value.get("error_type"))
        try:
            named = agreed_type(value["type"], fields.get("error_type"))
            return self.build(named, fields)
        except Malformed as fault:
            raise fault.under("value") from None

    def build(self, type_name: str, fields: dict[str, Any]) -> ErrorValue:
        """An error of its name and its members as they came. Raises ``Malformed``."""
        messages = fields.get("messages")
        extra = {
            name: self._read_field(name, part)
            for name, part in fields.items()
            if name != "messages" and part is not None
        }
        return ErrorValue(type_name, self._read_messages(messages), extra)

    def _read_messages(self, value: Any) -> tuple[Message, ...]:
        if value is None:
            return ()
        if type(value) is not list:
            raise wrong_type("a list of messages", value).under("messages")
        if len(value) > MOST_MESSAGES:
            fault = Malformed(TOO_LONG, str(len(value)), "messages", str(MOST_MESSAGES))
            raise fault.under("messages")
        messages = []
        for index, part in enumerate(value):
            try:
                messages.append(self._read_message(part, 0))
            except Malformed as fault:
                raise fault.under(index).under("messages") from None
        return tuple(messages)

    def _read_field(self, name: str, value: Any) -> Opaque:
        try:
            return self._read_opaque(value, 0)
        except Malformed as fault:
            raise fault.under(name) from None


def agreed_type(type_name: Any, error_type: Any) -> str:
    """The dotted name that ``type`` and ``error_type`` agree on; the general error without both."""
    if type_name is None:
        name = ErrorName.ERROR if error_type is None else read_error_type(error_type)
        return name.type_name
    if type(type_name) is not str:
        raise wrong_type("a dotted name", type_name).under("type")
    if len(type_name) > LONGEST_NAME or not DOTTED_NAME.fullmatch(type_name):
        raise Malformed(BAD_TYPE_NAME, shown(type_name)).under("type")
    if error_type is not None and read_error_type(error_type) is not error_name(type_name):
        raise Malformed(ERROR_TYPES_DISAGREE, error_type, type_name).under("error_type")
    return type_name


def error_name(type_name: str) -> ErrorName:
    """The ``error_type`` of a dotted name: its own, or ERROR for a foreign one."""
    return BY_TYPE.get(type_name, ErrorName.ERROR)


def read_error_type(value: Any) -> ErrorName:
    if type(value) is not str:
        raise wrong_type("a text", value).under("error_type")
    if value not in NAMES:
        raise Malformed(UNKNOWN_ENUM, shown(value), ", ".join(NAMES)).under("error_type")
    return NAMES[value]
