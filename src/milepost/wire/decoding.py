"""Values to what they mean: one decoder, driven by the table of structures.

The decoder is built once per dialect and limits. It is compiled into nested functions, one per
type; the path of a fault is put together only when there is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import msgspec

from milepost.rules.instants import read_instant
from milepost.rules.reasons import (
    BAD_DATE_TIME,
    DUPLICATE_KEY,
    MISSING_MEMBER,
    TOO_DEEP,
    TOO_LONG,
    UNKNOWN_ENUM,
    UNKNOWN_MEMBER,
    shortened,
)
from milepost.rules.values import ErrorValue, Opaque
from milepost.wire import shapes
from milepost.wire.building import BUILDERS
from milepost.wire.errorvalues import ErrorReader
from milepost.wire.faults import Malformed, shown, wrong_type
from milepost.wire.jsontext import deeper_than, parse
from milepost.wire.shapes import (
    STRUCTURES,
    Enumeration,
    ListOf,
    MapOf,
    Member,
    Ref,
    Scalar,
    SetOf,
    Type,
)

Read = Callable[[Any, int], Any]
"""Reads a value at a nesting depth of messages; raises ``Malformed``."""

ReadMembers = Callable[[Any, Mapping[str, Read], list[str], int], dict[str, Any]]
"""Reads the members of a structure, given their readers and the names that must be there."""

BYTES_PER_CHARACTER = 4


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one value may hold. Sizes are bytes of UTF-8, depths are levels."""

    body: int = 1024 * 1024
    message_depth: int = 32
    result_depth: int = 64
    params: int = 256
    args: int = 1000
    result: int = 256 * 1024
    text: int = 64 * 1024


DEFAULT_LIMITS = Limits()


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How a door spells values.

    ``maps``: a list of ``{"key", "value"}`` or an object. ``strict_params``: whether a params
    entry without a value is refused; the page's own sample ends with such an entry.
    """

    maps: Literal["entries", "object"]
    strict_params: bool = False


class Decoder:
    """Reads structures by name. ``wire/datavalues.py`` has the spelling of JSON-RPC."""

    structures: ClassVar[Mapping[str, tuple[Member, ...]]] = STRUCTURES

    def __init__(self, dialect: Dialect, limits: Limits = DEFAULT_LIMITS) -> None:
        self.dialect = dialect
        self.limits = limits
        self._structures: dict[str, Read] = {}
        self.errors = ErrorReader(self.structure(shapes.MESSAGE), self.read_opaque)

    def structure(self, name: str) -> Read:
        """The function that reads the structure of that name."""
        if name not in self._structures:
            # Structures refer to each other in a circle, so the name is taken before it is filled.
            self._structures[name] = self._later(name)
            self._structures[name] = self._compile(name)
        return self._structures[name]

    def _later(self, name: str) -> Read:
        return lambda value, depth: self._structures[name](value, depth)  # noqa: PLW0108  bound late

    def read(self, name: str, value: object) -> Any:
        """Read one structure. Raises ``Malformed``."""
        return self.structure(name)(value, 0)

    def _compile(self, name: str) -> Read:
        members, build = self.structures[name], self.builder(name)
        readers = {member.name: self.member(member) for member in members}
        required = [member.name for member in members if member.required]
        read_fields = self.members_reader(name)
        deeper = 1 if name == shapes.NESTED_MESSAGE else 0
        max_depth = self.limits.message_depth

        def read_structure(value: Any, depth: int) -> Any:
            found = read_fields(value, readers, required, depth + deeper)
            return build(found)

        def read_nested(value: Any, depth: int) -> Any:
            if depth >= max_depth:
                raise Malformed(TOO_DEEP, str(max_depth))
            return read_structure(value, depth)

        return read_nested if deeper else read_structure

    def builder(self, name: str) -> Callable[[dict[str, Any]], Any]:
        """What makes a structure of its members."""
        return BUILDERS[name]

    def members_reader(self, name: str) -> ReadMembers:  # noqa: ARG002  other spellings ask for it
        """What reads the members of the structure of that name."""
        return read_members

    def member(self, member: Member) -> Read:
        """The function that reads a member of a structure."""
        return self.type(member.type)

    def type(self, kind: Type) -> Read:
        """The function that reads a type."""
        if isinstance(kind, Ref):
            return self.structure(kind.name)
        if isinstance(kind, Enumeration):
            return enumeration_reader(kind)
        if isinstance(kind, ListOf | SetOf):
            return self.list_reader(self.type(kind.item))
        if isinstance(kind, MapOf):
            return self.map_reader(self.type(kind.item))
        return self._scalar_reader(kind)

    def map_reader(self, item: Read) -> Read:
        """The function that reads a map of what ``item`` reads."""
        entries = self.dialect.maps == "entries"
        return self._entries_reader(item) if entries else self._object_reader(item)

    def _scalar_reader(self, kind: Scalar) -> Read:
        readers: dict[Scalar, Read] = {
            Scalar.TEXT: self.read_text,
            Scalar.BOOLEAN: read_boolean,
            Scalar.LONG: read_long,
            Scalar.DOUBLE: read_double,
            Scalar.INSTANT: read_date_time,
            Scalar.OPAQUE: self.read_opaque,
            Scalar.ERROR: self.read_error,
        }
        return readers[kind]

    def read_text(self, value: Any, _depth: int = 0) -> str:
        if type(value) is not str:
            raise wrong_type("a text", value)
        limit = self.limits.text
        if len(value) * BYTES_PER_CHARACTER > limit and len(value.encode()) > limit:
            raise Malformed(TOO_LONG, str(len(value.encode())), "bytes of text", str(limit))
        return value

    def read_opaque(self, value: Any, _depth: int = 0) -> Opaque:
        text = msgspec.json.encode(value)
        if len(text) > self.limits.result:
            raise Malformed(TOO_LONG, str(len(text)), "bytes of JSON", str(self.limits.result))
        depth = self.limits.result_depth
        if text.count(b"[") + text.count(b"{") > depth and deeper_than(value, depth):
            raise Malformed(TOO_DEEP, str(depth))
        return Opaque(text.decode())

    def read_error(self, value: Any, _depth: int = 0) -> ErrorValue:
        return self.errors.read(value)

    def list_reader(self, item: Read) -> Read:
        """The function that reads a list of what ``item`` reads."""
        limit = self.limits.args

        def read_list(value: Any, depth: int) -> tuple[Any, ...]:
            if type(value) is not list:
                raise wrong_type("a list", value)
            refuse_more(value, "entries", limit)
            return tuple(read_item(item, index, part, depth) for index, part in enumerate(value))

        return read_list

    def _object_reader(self, item: Read) -> Read:
        limit = self.limits.params

        def read_object(value: Any, depth: int) -> dict[str, Any]:
            if type(value) is not dict:
                raise wrong_type("an object", value)
            refuse_more(value, "entries", limit)
            return {
                self.read_text(key): read_item(item, key, part, depth)
                for key, part in value.items()
            }

        return read_object

    def _entries_reader(self, item: Read) -> Read:
        limit, text = self.limits.params, self.read_text
        readers: dict[str, Read] = {"key": text, "value": item}
        required = ["key", "value"] if self.dialect.strict_params else ["key"]

        def read_entries(value: Any, depth: int) -> dict[str, Any]:
            if type(value) is not list:
                raise wrong_type("a list of entries with key and value", value)
            refuse_more(value, "entries", limit)
            found: dict[str, Any] = {}
            for index, part in enumerate(value):
                try:
                    entry = read_members(part, readers, required, depth)
                    key = entry["key"]
                    if key in found:
                        raise Malformed(DUPLICATE_KEY, shortened(key))
                    found[key] = entry["value"] if "value" in entry else item({}, depth)
                except Malformed as fault:
                    raise fault.under(index) from None
            return found

        return read_entries


def read_members(
    value: Any, readers: Mapping[str, Read], required: list[str], depth: int
) -> dict[str, Any]:
    """The members of an object, each read by its reader; ``null`` counts as unset."""
    if type(value) is not dict:
        raise wrong_type("an object", value)
    found: dict[str, Any] = {}
    for name, part in value.items():
        reader = readers.get(name)
        if reader is None:
            raise Malformed(UNKNOWN_MEMBER, shown(part)).under(name)
        if part is not None:
            found[name] = read_item(reader, name, part, depth)
    for name in required:
        if name not in found:
            raise Malformed(MISSING_MEMBER).under(name)
    return found


def decode_nothing(body: bytes) -> None:
    """Accept no body or an empty object, as clients send it to operations without input."""
    if body:
        read_members(parse(body), {}, [], 0)


def read_item(reader: Read, name: str | int, value: Any, depth: int) -> Any:
    try:
        return reader(value, depth)
    except Malformed as fault:
        raise fault.under(name) from None


def refuse_more(value: list[Any] | dict[str, Any], what: str, limit: int) -> None:
    if len(value) > limit:
        raise Malformed(TOO_LONG, str(len(value)), what, str(limit))


def read_boolean(value: Any, _depth: int = 0) -> bool:
    if type(value) is not bool:
        raise wrong_type("true or false", value)
    return value


def read_long(value: Any, _depth: int = 0) -> int:
    if type(value) is not int:
        raise wrong_type("a whole number", value)
    return value


def read_double(value: Any, _depth: int = 0) -> float:
    if type(value) not in (float, int):
        raise wrong_type("a number", value)
    return float(value)


def read_date_time(value: Any, _depth: int = 0) -> int:
    if type(value) is not str:
        raise wrong_type("a date-time as text", value)
    try:
        return read_instant(value)
    except ValueError:
        raise Malformed(BAD_DATE_TIME, shown(value)) from None


def enumeration_reader(kind: Enumeration) -> Read:
    """Reads a text out of a closed set, letter by letter the same."""
    known = {item.value: item for item in kind.values}

    def read_enumeration(value: Any, _depth: int) -> Any:
        if type(value) is not str:
            raise wrong_type("a text", value)
        if value not in known:
            raise Malformed(UNKNOWN_ENUM, shown(value), ", ".join(known))
        return known[value]

    return read_enumeration
