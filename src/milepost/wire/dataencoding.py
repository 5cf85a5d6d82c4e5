"""The spelling of JSON-RPC: what things mean, as vAPI data values.

An encoder is compiled for each type of the table. An optional member is always there, set or not,
as the official runtime writes it. A kept opaque value goes out as the text it came as, or, when it
came from ``/rest``, as structures without a name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from milepost.rules.instants import write_instant
from milepost.rules.values import ErrorValue, Instant, Message, Opaque, Value
from milepost.wire import shapes
from milepost.wire.datavalues import STANDARD_FIELDS
from milepost.wire.errorvalues import BY_TYPE
from milepost.wire.interfaces import OPERATIONS, STRUCTURES, full_name
from milepost.wire.shapes import Enumeration, ListOf, MapOf, Member, Ref, Scalar, SetOf, Type
from milepost.wire.wrappers import (
    ERROR,
    MAP_ENTRY,
    OPTIONAL,
    SECRET,
    STRUCTURE,
    UNSET,
    data_value,
)

Encode = Callable[[Any], Any]


class SessionInfo(Value, frozen=True, kw_only=True):
    """The published structure ``com.vmware.cis.session.info``."""

    user: str
    created_time: Instant
    last_accessed_time: Instant


def same(value: Any) -> Any:
    return value


def encoder(kind: Type | None) -> Encode:
    """What writes a value of a type; ``None`` is the type of nothing."""
    if isinstance(kind, Ref):
        # Structures hold each other in a circle, so the encoder is looked up when it is needed.
        name = kind.name
        return lambda value: ENCODERS[name](value)  # noqa: PLW0108  bound late
    if isinstance(kind, ListOf | SetOf):
        item = encoder(kind.item)
        return lambda values: [item(value) for value in values]
    if isinstance(kind, MapOf):
        return map_encoder(encoder(kind.item))
    if kind is None or isinstance(kind, Enumeration):
        return same
    return SCALARS.get(kind, same)


def map_encoder(item: Encode) -> Encode:
    return lambda values: [
        {STRUCTURE: {MAP_ENTRY: {"key": key, "value": item(value)}}}
        for key, value in values.items()
    ]


def structure_encoder(name: str, members: tuple[Member, ...]) -> Encode:
    """What writes a structure; its members are the attributes of the value."""
    full = full_name(name)
    fields = [(member.name, member.required, encoder(member.type)) for member in members]

    def encode(value: Any) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for field, is_required, write in fields:
            part = getattr(value, field)
            if is_required:
                written[field] = write(part)
            else:
                written[field] = UNSET if part is None else {OPTIONAL: write(part)}
        return {STRUCTURE: {full: written}}

    return encode


def opaque_value(value: Opaque) -> Any:
    """A kept value as it came, or made a data value when it came as JSON."""
    if value.typed is not None:
        return msgspec.Raw(value.typed.encode())
    return data_value(msgspec.json.decode(value.plain))


def message_data(message: Message) -> Any:
    """A message as a structure."""
    return ENCODERS[shapes.MESSAGE](message)


def error_data(error: ErrorValue) -> dict[str, Any]:
    """An error by its name, with its messages and whatever came with them."""
    fields: dict[str, Any] = {"messages": [message_data(message) for message in error.messages]}
    standard = BY_TYPE.get(error.type)
    if standard is not None:
        fields["data"] = UNSET
        fields["error_type"] = {OPTIONAL: standard.value}
    for name, field in error.fields.items():
        from_rest = standard is not None and field.typed is None and name in STANDARD_FIELDS
        fields[name] = {OPTIONAL: standard_field(name, field)} if from_rest else opaque_value(field)
    return {ERROR: {error.type: fields}}


def standard_field(name: str, field: Opaque) -> Any:
    """A field of a standard error that came from ``/rest``, made what clients can read.

    ``data`` is a structure, the others are texts; ``/rest`` takes any value for them.
    """
    value = msgspec.json.decode(field.plain)
    if name == "data":
        return data_value(value if type(value) is dict else {"value": value})
    return value if type(value) is str else field.plain


SCALARS: dict[Scalar, Encode] = {
    Scalar.INSTANT: write_instant,
    Scalar.OPAQUE: opaque_value,
    Scalar.ERROR: error_data,
    Scalar.SECRET: lambda value: {SECRET: value},
}
ENCODERS: dict[str, Encode] = {
    name: structure_encoder(name, members) for name, members in STRUCTURES.items()
}
OUTPUTS: dict[tuple[str, str], Encode] = {
    (service, name): encoder(operation.output)
    for service, operations in OPERATIONS.items()
    for name, operation in operations.items()
}
