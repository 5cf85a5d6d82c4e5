"""What JSON-RPC tells about itself: services, operations and types, made from their table."""

from __future__ import annotations

import zlib

from milepost.rules.reasons import OPERATION_UNKNOWN, SERVICE_UNKNOWN, Refusal, shortened
from milepost.rules.values import ErrorName as E
from milepost.rules.values import Value
from milepost.wire import shapes
from milepost.wire.encoding import to_json
from milepost.wire.interfaces import OPEN_SERVICES, OPERATIONS, STRUCTURES, Operation, full_name
from milepost.wire.shapes import Enumeration, ListOf, MapOf, Member, Ref, Scalar, SetOf, Type
from milepost.wire.wrappers import INPUT, MAP_ENTRY

PROVIDER_ID = "milepost"

KINDS = {
    Scalar.TEXT: "STRING",
    Scalar.BOOLEAN: "BOOLEAN",
    Scalar.LONG: "LONG",
    Scalar.DOUBLE: "DOUBLE",
    Scalar.INSTANT: "STRING",
    Scalar.OPAQUE: "OPAQUE",
    Scalar.ERROR: "ANY_ERROR",
    Scalar.SECRET: "SECRET",
}
# What any operation may answer beside the errors it declares, and what only one with a session may.
ANYWHERE = (
    *(E.ERROR, E.INVALID_ARGUMENT, E.UNEXPECTED_INPUT, E.OPERATION_NOT_FOUND),
    *(E.RESOURCE_BUSY, E.SERVICE_UNAVAILABLE),
)
WITH_SESSION = (E.UNAUTHENTICATED, E.UNAUTHORIZED)
CHALLENGED = (E.UNAUTHENTICATED, E.UNAUTHORIZED)


class Definition(Value, frozen=True):
    """The published structure ``…introspection.operation.data_definition``."""

    type: str
    element_definition: Definition | None = None
    name: str | None = None
    fields: dict[str, Definition] | None = None


class OperationInfo(Value, frozen=True):
    """The published structure ``…introspection.operation.info``."""

    input_definition: Definition
    output_definition: Definition
    error_definitions: tuple[Definition, ...]


class ServiceInfo(Value, frozen=True):
    """The published structure ``…introspection.service.info``."""

    operations: tuple[str, ...]


class ProviderInfo(Value, frozen=True):
    """The published structure ``…introspection.provider.info``."""

    id: str
    checksum: str


def definition(kind: Type | None, around: tuple[str, ...] = ()) -> Definition:
    """A type as data; a structure inside itself is only referred to."""
    if kind is None:
        return Definition("VOID")
    if isinstance(kind, Enumeration):
        return Definition("STRING")
    if isinstance(kind, ListOf | SetOf):
        return Definition("LIST", definition(kind.item, around))
    if isinstance(kind, MapOf):
        entry = {"key": Definition("STRING"), "value": definition(kind.item, around)}
        return Definition("LIST", Definition("STRUCTURE", name=MAP_ENTRY, fields=entry))
    if isinstance(kind, Ref):
        if kind.name in around:
            return Definition("STRUCTURE_REF", name=full_name(kind.name))
        fields = field_definitions(STRUCTURES[kind.name], (*around, kind.name))
        return Definition("STRUCTURE", name=full_name(kind.name), fields=fields)
    return Definition(KINDS[kind])


def field_definitions(
    members: tuple[Member, ...], around: tuple[str, ...] = ()
) -> dict[str, Definition]:
    return {member.name: member_definition(member, around) for member in members}


def member_definition(member: Member, around: tuple[str, ...]) -> Definition:
    found = definition(member.type, around)
    return found if member.required else Definition("OPTIONAL", found)


def error_definition(error: E) -> Definition:
    """A standard error as data."""
    text = Definition("OPTIONAL", Definition("STRING"))
    fields = {
        "messages": definition(ListOf(Ref(shapes.MESSAGE))),
        "data": Definition("OPTIONAL", Definition("DYNAMIC_STRUCTURE")),
        "error_type": text,
    }
    if error in CHALLENGED:
        fields["challenge"] = text
    return Definition("ERROR", name=error.type_name, fields=fields)


def errors_of(service: str, operation: Operation) -> tuple[E, ...]:
    """All an operation may answer: what it declares, then what any operation may."""
    more = () if service in OPEN_SERVICES else WITH_SESSION
    return tuple(dict.fromkeys((*operation.errors, *ANYWHERE, *more)))


def describe(service: str, operation: Operation) -> OperationInfo:
    given = Definition("STRUCTURE", name=INPUT, fields=field_definitions(operation.parameters))
    errors = tuple(error_definition(error) for error in errors_of(service, operation))
    return OperationInfo(given, definition(operation.output), errors)


INFOS = {
    (service, name): describe(service, operation)
    for service, operations in OPERATIONS.items()
    for name, operation in operations.items()
}
CHECKSUM = f"{zlib.crc32(to_json(list(INFOS.items()))):08x}"


def provider_info() -> ProviderInfo:
    """Who answers, and a checksum that moves when something about the services does."""
    return ProviderInfo(PROVIDER_ID, CHECKSUM)


def services() -> tuple[str, ...]:
    """The names of all services."""
    return tuple(OPERATIONS)


def service_info(service: str) -> ServiceInfo | Refusal:
    """The operations of a service."""
    found = operations(service, field="id")
    return found if isinstance(found, Refusal) else ServiceInfo(found)


def operations(service: str, *, field: str = "service_id") -> tuple[str, ...] | Refusal:
    """The names of a service's operations; ``field`` is where its name came from."""
    if service not in OPERATIONS:
        return Refusal(SERVICE_UNKNOWN, (field, shortened(service)))
    return tuple(OPERATIONS[service])


def operation_info(service: str, operation: str) -> OperationInfo | Refusal:
    """What goes into an operation, what comes out, and which errors."""
    found = operations(service)
    if isinstance(found, Refusal):
        return found
    if operation not in found:
        return Refusal(OPERATION_UNKNOWN, (shortened(operation), service))
    return INFOS[service, operation]
