"""What a vAPI data value is: its kinds, what is none, and its plain form.

A data value is a scalar, a list, ``null``, or an object with one member that tells its kind:
``{"STRUCTURE": {name: fields}}``, ``{"ERROR": {name: fields}}``, ``{"OPTIONAL": value or null}``,
``{"SECRET": text}``, ``{"BINARY": base64}``. A map is a list of structures ``map-entry``. The
source is what the official runtime reads and writes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any, NamedTuple

from milepost.rules.reasons import BAD_DATA_VALUE
from milepost.wire.faults import Malformed, shown

STRUCTURE, ERROR, OPTIONAL = "STRUCTURE", "ERROR", "OPTIONAL"
SECRET, BINARY = "SECRET", "BINARY"
NAMED = frozenset({STRUCTURE, ERROR})
KINDS = {
    STRUCTURE: "a structure",
    ERROR: "an error",
    OPTIONAL: "an optional",
    SECRET: "a secret",
    BINARY: "a binary",
}
MAP_ENTRY = "map-entry"
INPUT = "operation-input"
UNSET = {OPTIONAL: None}


class Place(NamedTuple):
    """Where a part is: in which other part, and under which name or index; None for neither."""

    parent: Place | None
    segment: str | int | None


def check_data_value(value: Any) -> None:
    """Raises ``Malformed``, naming the path, when something in a value is no data value.

    Without recursion, and in memory that grows with the value alone.
    """
    waiting: list[tuple[Any, Place | None]] = [(value, None)] if type(value) in (dict, list) else []
    while waiting:
        part, place = waiting.pop()
        if type(part) is list:
            inner: Iterable[tuple[str | int | None, Any]] = enumerate(part)
        else:
            fault = fault_of(part)
            if fault is not None:
                raise at(Malformed(BAD_DATA_VALUE, shown(part), fault), place)
            inner = inside(part)
        waiting += [
            (item, Place(place, name)) for name, item in inner if type(item) in (dict, list)
        ]


def at(fault: Malformed, place: Place | None) -> Malformed:
    """A fault with the path to its place."""
    while place is not None:
        if place.segment is not None:
            fault.under(place.segment)
        place = place.parent
    return fault


def fault_of(value: dict[str, Any]) -> str | None:
    """What is wrong with an object as a data value, looked at without its parts."""
    if len(value) != 1:
        return f"it has {len(value)} members, not 1"
    ((kind, inner),) = value.items()
    if kind in NAMED:
        return fault_of_named(inner)
    if kind not in KINDS:
        return f"{shown(kind)} is not one of {', '.join(KINDS)}"
    if kind == SECRET and type(inner) is not str:
        return "a secret is a text"
    return "a binary is base64" if kind == BINARY and not is_base64(inner) else None


def fault_of_named(inner: Any) -> str | None:
    if type(inner) is not dict or len(inner) != 1:
        return "one name with the fields is expected"
    return None if type(next(iter(inner.values()))) is dict else "the fields are no object"


def is_base64(value: Any) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return False
    return True


def inside(value: dict[str, Any]) -> Iterable[tuple[str | int | None, Any]]:
    """The parts of an object that is a data value, each with its name if it is a field."""
    ((kind, inner),) = value.items()
    if kind in NAMED:
        (fields,) = inner.values()
        return list(fields.items())
    return [(None, inner)] if kind == OPTIONAL else []


def without_optional(value: Any) -> Any:
    """What is in an optional, or in several around each other."""
    while type(value) is dict and OPTIONAL in value:
        value = value[OPTIONAL]
    return value


def plain_value(value: Any, deepest: int) -> Any:
    """A data value as ``/rest`` shows it; what nests deeper than ``deepest`` is left as it is.

    A structure or an error becomes its fields, an unset optional ``null``.
    """
    value = without_optional(value)
    if type(value) not in (dict, list) or deepest < 0:
        return value
    if type(value) is list:
        return [plain_value(part, deepest - 1) for part in value]
    ((kind, inner),) = value.items()
    if kind not in NAMED:
        return inner
    (fields,) = inner.values()
    return {field: plain_value(part, deepest - 1) for field, part in fields.items()}


def data_value(value: Any) -> Any:
    """A JSON value that came from ``/rest`` as a data value; its structures have no name.

    The official runtime does the same: it calls them ``None`` and makes ``null`` an unset optional.
    """
    if value is None:
        return UNSET
    if type(value) is list:
        return [data_value(part) for part in value]
    if type(value) is dict:
        fields = {name: data_value(part) for name, part in value.items()}
        return {STRUCTURE: {"None": fields}}
    return value
