"""The services of JSON-RPC as one table: operations, what goes in, what comes out, which errors.

The decoder of inputs, the encoder of outputs, introspection and the client binding follow it. The
names are those of the published slice and of the official bindings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from milepost.rules.values import ErrorName as E
from milepost.wire import shapes
from milepost.wire.shapes import BOOLEAN, SECRET, TEXT, ListOf, MapOf, Member, Ref, SetOf, Type

NAMESPACE = "com.vmware."

SESSION = "com.vmware.cis.session"
TASKS = "com.vmware.cis.tasks"
EXTENSION_TASKS = "com.vmware.vcenter.extension.tasks"
PROVIDER = "com.vmware.vapi.std.introspection.provider"
SERVICE = "com.vmware.vapi.std.introspection.service"
OPERATION = "com.vmware.vapi.std.introspection.operation"

GET_SPEC = "cis.tasks.get_spec"
FILTER_SPEC = "cis.tasks.filter_spec"
PROVIDER_INFO = "vapi.std.introspection.provider.info"
SERVICE_INFO = "vapi.std.introspection.service.info"
OPERATION_INFO = "vapi.std.introspection.operation.info"
DEFINITION = "vapi.std.introspection.operation.data_definition"


# What these tell is no secret; a login is what a session begins with.
OPEN_SERVICES = (PROVIDER, SERVICE, OPERATION)
LOGIN = (SESSION, "create")


class Operation(NamedTuple):
    """One operation. ``output`` is ``None`` for one that answers nothing."""

    parameters: tuple[Member, ...] = ()
    output: Type | None = None
    errors: tuple[E, ...] = ()


def required(name: str, kind: Type) -> Member:
    return Member(name, kind, required=True)


# The structures that JSON-RPC has beside those of the published page.
STRUCTURES: dict[str, tuple[Member, ...]] = {
    **shapes.STRUCTURES,
    GET_SPEC: (Member("return_all", BOOLEAN), Member("exclude_result", BOOLEAN)),
    FILTER_SPEC: (
        Member("tasks", SetOf(TEXT)),
        Member("services", SetOf(TEXT)),
        Member("operations", SetOf(TEXT)),
        Member("status", SetOf(shapes.STATUS)),
        Member("targets", ListOf(Ref(shapes.DYNAMIC_ID))),
        Member("users", SetOf(TEXT)),
    ),
    PROVIDER_INFO: (required("id", TEXT), required("checksum", TEXT)),
    SERVICE_INFO: (required("operations", ListOf(TEXT)),),
    OPERATION_INFO: (
        required("input_definition", Ref(DEFINITION)),
        required("output_definition", Ref(DEFINITION)),
        required("error_definitions", ListOf(Ref(DEFINITION))),
    ),
    DEFINITION: (
        required("type", TEXT),
        Member("element_definition", Ref(DEFINITION)),
        Member("name", TEXT),
        Member("fields", MapOf(Ref(DEFINITION))),
    ),
}

SESSION_ERRORS = (E.UNAUTHENTICATED, E.SERVICE_UNAVAILABLE)
ACCESS_ERRORS = (
    E.RESOURCE_INACCESSIBLE,
    E.SERVICE_UNAVAILABLE,
    E.UNAUTHENTICATED,
    E.UNAUTHORIZED,
)
CHANGE_ERRORS = (E.ERROR, E.NOT_ALLOWED_IN_CURRENT_STATE, E.INVALID_ARGUMENT)

OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    SESSION: {
        "create": Operation(output=SECRET, errors=SESSION_ERRORS),
        "delete": Operation(errors=SESSION_ERRORS),
        "get": Operation(output=Ref(shapes.SESSION_INFO), errors=SESSION_ERRORS),
    },
    TASKS: {
        "get": Operation(
            (required("task", TEXT), Member("spec", Ref(GET_SPEC))),
            Ref(shapes.INFO),
            (E.ERROR, E.NOT_FOUND, *ACCESS_ERRORS),
        ),
        "list": Operation(
            (Member("filter_spec", Ref(FILTER_SPEC)), Member("result_spec", Ref(GET_SPEC))),
            MapOf(Ref(shapes.INFO)),
            (E.INVALID_ARGUMENT, *ACCESS_ERRORS),
        ),
        "cancel": Operation(
            (required("task", TEXT),),
            None,
            (E.ERROR, E.NOT_ALLOWED_IN_CURRENT_STATE, E.NOT_FOUND, *ACCESS_ERRORS, E.UNSUPPORTED),
        ),
    },
    EXTENSION_TASKS: {
        "create": Operation((required("spec", Ref(shapes.CREATE_SPEC)),), TEXT, CHANGE_ERRORS),
        "update": Operation(
            (required("task_id", TEXT), required("spec", Ref(shapes.UPDATE_SPEC))),
            None,
            CHANGE_ERRORS,
        ),
    },
    PROVIDER: {"get": Operation(output=Ref(PROVIDER_INFO))},
    SERVICE: {
        "list": Operation(output=ListOf(TEXT)),
        "get": Operation((required("id", TEXT),), Ref(SERVICE_INFO), (E.NOT_FOUND,)),
    },
    OPERATION: {
        "list": Operation((required("service_id", TEXT),), ListOf(TEXT), (E.NOT_FOUND,)),
        "get": Operation(
            (required("service_id", TEXT), required("operation_id", TEXT)),
            Ref(OPERATION_INFO),
            (E.NOT_FOUND,),
        ),
    },
}


def full_name(name: str) -> str:
    """The dotted name of a structure as the official bindings have it."""
    return NAMESPACE + name
