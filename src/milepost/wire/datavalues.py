"""The spelling of JSON-RPC: vAPI data values in, for the one decoder of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from milepost.rules.finding import TaskFilter
from milepost.rules.reasons import (
    BAD_DATA_VALUE,
    BAD_TYPE_NAME,
    DUPLICATE_ELEMENT,
    DUPLICATE_KEY,
    MISSING_MEMBER,
    UNEXPECTED_FIELD,
    WRONG_STRUCTURE,
    shortened,
)
from milepost.rules.values import ErrorValue, Opaque
from milepost.wire import interfaces
from milepost.wire.building import BUILDERS
from milepost.wire.decoding import (
    DEFAULT_LIMITS,
    Decoder,
    Dialect,
    Limits,
    Read,
    ReadMembers,
    read_item,
    refuse_more,
)
from milepost.wire.errorvalues import BY_TYPE, DOTTED_NAME, LONGEST_NAME, agreed_type
from milepost.wire.faults import Malformed, shown, wrong_type
from milepost.wire.interfaces import FILTER_SPEC, GET_SPEC, STRUCTURES, Operation, full_name
from milepost.wire.shapes import Member, SetOf, Type
from milepost.wire.wrappers import (
    ERROR,
    INPUT,
    KINDS,
    MAP_ENTRY,
    NAMED,
    OPTIONAL,
    STRUCTURE,
    UNSET,
    check_data_value,
    fault_of_named,
    plain_value,
    without_optional,
)

# The fields that every standard error has beside its messages, and some have: all are optional.
STANDARD_FIELDS = frozenset({"data", "error_type", "challenge"})
# Whatever these structures are called, they are known by their place.
BY_PLACE = (MAP_ENTRY, INPUT)
DATA_VALUES = Dialect(maps="entries", strict_params=True)


class DataValueDecoder(Decoder):
    """Reads the inputs of operations."""

    structures: ClassVar[Mapping[str, tuple[Member, ...]]] = STRUCTURES

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(DATA_VALUES, limits)
        self._inputs = {
            (service, name): self._input_reader(operation)
            for service, operations in interfaces.OPERATIONS.items()
            for name, operation in operations.items()
        }

    def read_input(self, service: str, operation: str, value: Any) -> dict[str, Any]:
        """The input of an operation that exists, by parameter; unset ones are left out.

        Raises ``Malformed``. What is no data value at all, wherever it is, comes before what is
        one and does not fit.
        """
        try:
            return self._inputs[service, operation](value)
        except Malformed:
            check_data_value(value)
            raise

    def _input_reader(self, operation: Operation) -> Callable[[Any], dict[str, Any]]:
        readers = {member.name: self.member(member) for member in operation.parameters}
        required = [member.name for member in operation.parameters if member.required]
        read = fields_reader(INPUT)
        return lambda value: read(value, readers, required, 0)

    def builder(self, name: str) -> Callable[[dict[str, Any]], Any]:
        return SPECS.get(name) or BUILDERS[name]

    def members_reader(self, name: str) -> ReadMembers:
        return fields_reader(full_name(name))

    def member(self, member: Member) -> Read:
        """What is not required comes in an optional."""
        read = self.type(member.type)
        return read if member.required else optional_reader(read)

    def type(self, kind: Type) -> Read:
        read = super().type(kind)
        return set_reader(read) if isinstance(kind, SetOf) else read

    def map_reader(self, item: Read) -> Read:
        readers = {"key": self.read_text, "value": item}
        read_entry = fields_reader(MAP_ENTRY)
        limit = self.limits.params

        def read_map(value: Any, depth: int) -> dict[str, Any]:
            if type(value) is not list:
                raise wrong_type("a list of map entries", value)
            refuse_more(value, "entries", limit)
            found: dict[str, Any] = {}
            for index, part in enumerate(value):
                try:
                    entry = read_entry(part, readers, ["key", "value"], depth)
                    if entry["key"] in found:
                        raise Malformed(DUPLICATE_KEY, shortened(entry["key"]))
                except Malformed as fault:
                    raise fault.under(index) from None
                found[entry["key"]] = entry["value"]
            return found

        return read_map

    def read_opaque(self, value: Any, depth: int = 0) -> Opaque:
        """Any data value; it is kept as it came where its plain form holds less than it."""
        check_data_value(value)
        plain = super().read_opaque(plain_value(value, self.limits.result_depth), depth).plain
        text = msgspec.json.encode(value).decode()
        return Opaque(plain, None if text == plain else text)

    def read_error(self, value: Any, _depth: int = 0) -> ErrorValue:
        """An error by its name, with its fields; unset ones are left out."""
        name, fields = opened(value, ERROR)
        if len(name) > LONGEST_NAME or not DOTTED_NAME.fullmatch(name):
            raise Malformed(BAD_TYPE_NAME, shown(name))
        given = {
            field: part for field, part in fields.items() if without_optional(part) is not None
        }
        if name in BY_TYPE:
            check_standard_error(name, given)
        return self.errors.build(name, given)


def fields_reader(name: str) -> ReadMembers:
    """What reads the fields of the structure of that full name.

    A field nobody knows may be there as long as it is unset: a newer client sends it like that.
    """

    def read_fields(
        value: Any, readers: Mapping[str, Read], required: list[str], depth: int
    ) -> dict[str, Any]:
        given, fields = opened(value, STRUCTURE)
        if given != name and name not in BY_PLACE:
            raise Malformed(WRONG_STRUCTURE, shortened(given), name)
        found: dict[str, Any] = {}
        for field, part in fields.items():
            reader = readers.get(field)
            if reader is None:
                if part == UNSET:
                    continue
                raise Malformed(UNEXPECTED_FIELD, shown(part), name).under(field)
            read = read_item(reader, field, part, depth)
            if read is not None:
                found[field] = read
        for field in required:
            if field not in found:
                raise Malformed(MISSING_MEMBER).under(field)
        return found

    return read_fields


def optional_reader(read: Read) -> Read:
    """Reads what is in an optional; ``None`` when nothing is, however often that is wrapped."""

    def read_optional(value: Any, depth: int) -> Any:
        if type(value) is not dict or len(value) != 1 or OPTIONAL not in value:
            raise wrong_type("an optional", value)
        inner = value[OPTIONAL]
        return None if without_optional(inner) is None else read(inner, depth)

    return read_optional


def set_reader(read: Read) -> Read:
    """Reads a list that may hold nothing twice."""

    def read_set(value: Any, depth: int) -> frozenset[Any]:
        found: set[Any] = set()
        for index, part in enumerate(read(value, depth)):
            if part in found:
                raise Malformed(DUPLICATE_ELEMENT, shown(part)).under(index)
            found.add(part)
        return frozenset(found)

    return read_set


def check_standard_error(name: str, fields: dict[str, Any]) -> None:
    """Raises ``Malformed`` when a field that all standard errors have is of another kind.

    The official clients cannot read such an error, and so not the task that has it.
    """
    for field, value in fields.items():
        if field not in STANDARD_FIELDS:
            continue
        if type(value) is not dict or OPTIONAL not in value:
            raise wrong_type("an optional", value).under(field)
        inner = without_optional(value)
        if field == "data":
            if type(inner) is not dict or NAMED.isdisjoint(inner):
                raise wrong_type("a structure", inner).under(field)
        elif type(inner) is not str:
            raise wrong_type("a text", inner).under(field)
        if field == "error_type":
            agreed_type(name, inner)


def opened(value: Any, kind: str) -> tuple[str, dict[str, Any]]:
    """Name and fields of a structure or an error. Raises ``Malformed``."""
    inner = value.get(kind) if type(value) is dict and len(value) == 1 else None
    if inner is None:
        raise wrong_type(KINDS[kind], value)
    fault = fault_of_named(inner)
    if fault is not None:
        raise Malformed(BAD_DATA_VALUE, shown(value), fault)
    ((name, fields),) = inner.items()
    return name, fields


def build_filter(found: dict[str, Any]) -> TaskFilter:
    """The filter of a list; what is empty counts as unset."""
    targets = frozenset((target.type, target.id) for target in found.get("targets", ()))
    return TaskFilter(
        ids=found.get("tasks") or None,
        services=found.get("services") or None,
        operations=found.get("operations") or None,
        status=found.get("status") or None,
        targets=targets or None,
        users=found.get("users") or None,
    )


SPECS: dict[str, Callable[[dict[str, Any]], Any]] = {
    GET_SPEC: lambda found: found.get("exclude_result", False),
    FILTER_SPEC: build_filter,
}
