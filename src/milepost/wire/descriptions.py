"""The structures as JSON Schema, for ``/openapi.json``; made from the table, never by hand."""

from __future__ import annotations

from typing import Any

from milepost.wire import shapes
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

Schema = dict[str, Any]

ANSWERED_ONLY = frozenset({shapes.INFO, shapes.SESSION_INFO})
ENUMERATIONS = (shapes.STATUS, shapes.DATE_TIME_FORMAT, shapes.ERROR_TYPE)
INT64 = {"minimum": -(2**63), "maximum": 2**63 - 1}

SCALARS: dict[Scalar, Schema] = {
    Scalar.TEXT: {"type": "string"},
    Scalar.BOOLEAN: {"type": "boolean"},
    Scalar.LONG: {"type": "integer", "format": "int64", **INT64},
    Scalar.DOUBLE: {"type": "number", "format": "double"},
    Scalar.INSTANT: {"type": "string", "format": "date-time"},
    Scalar.OPAQUE: {"description": "Any JSON value; it comes back equal."},
    Scalar.ERROR: {"$ref": "#/components/schemas/milepost.error_value"},
    Scalar.SECRET: {"type": "string", "format": "password"},
}

ERROR_VALUE: Schema = {
    "type": "object",
    "description": (
        "Why a task failed, in one of three spellings: type and value; error_type and messages;"
        " or messages alone. It comes back as type and value."
    ),
    "properties": {
        "type": {"type": ["string", "null"]},
        "value": {"type": ["object", "null"]},
        "error_type": {
            "anyOf": [{"$ref": f"#/components/schemas/{shapes.ERROR_TYPE.name}"}, {"type": "null"}]
        },
        "messages": {
            "type": ["array", "null"],
            "items": {"$ref": f"#/components/schemas/{shapes.MESSAGE}"},
        },
    },
}


def component_schemas() -> dict[str, Schema]:
    """Every named schema of the ``/rest`` door."""
    schemas = {name: structure_schema(name) for name in STRUCTURES}
    schemas.update(
        {
            kind.name: {"type": "string", "enum": [item.value for item in kind.values]}
            for kind in ENUMERATIONS
        }
    )
    schemas.update(wrappers())
    schemas["milepost.session_answer"] = {
        "anyOf": [reference("cis.session.create_resp"), reference("cis.session_resp")]
    }
    schemas["milepost.error_value"] = ERROR_VALUE
    schemas["milepost.refusal"] = refusal_schema()
    schemas["milepost.health"] = object_schema({"status": {"type": "string"}}, ["status"])
    return schemas


def structure_schema(name: str) -> Schema:
    members = STRUCTURES[name]
    nullable = name not in ANSWERED_ONLY
    properties = {
        member.name: nullable_schema(member) if nullable else type_schema(member.type)
        for member in members
    }
    required = [member.name for member in members if member.required]
    return object_schema(properties, required)


def nullable_schema(member: Member) -> Schema:
    """``null`` counts as unset, so an optional member of a request may be ``null``."""
    schema = type_schema(member.type)
    if member.required or member.type is Scalar.OPAQUE:
        return schema
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def type_schema(kind: Type) -> Schema:
    """A type as a schema."""
    if isinstance(kind, Ref | Enumeration):
        return reference(kind.name)
    if isinstance(kind, ListOf | SetOf):
        return {"type": "array", "items": type_schema(kind.item)}
    if isinstance(kind, MapOf):
        # An entry may leave its value out, as the sample of the published page does.
        value: Schema = {"anyOf": [type_schema(kind.item), {"type": "null"}]}
        entry: dict[str, Schema] = {"key": {"type": "string"}, "value": value}
        return {"type": "array", "items": object_schema(entry, [])}
    return dict(SCALARS[kind])


def reference(name: str) -> Schema:
    """A schema by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_schema(properties: dict[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": required} if required else schema


def wrappers() -> dict[str, Schema]:
    """What ``/rest`` wraps around requests and answers."""
    entry = object_schema({"key": SCALARS[Scalar.TEXT], "value": reference(shapes.INFO)}, [])
    wrapped = {
        "vcenter.extension.tasks_create": ("spec", reference(shapes.CREATE_SPEC)),
        "vcenter.extension.tasks_update": ("spec", reference(shapes.UPDATE_SPEC)),
        "vcenter.extension.tasks.create_resp": ("value", SCALARS[Scalar.TEXT]),
        "cis.tasks.list_resp": ("value", {"type": "array", "items": entry}),
        "cis.tasks_resp": ("value", reference(shapes.INFO)),
        "cis.session.create_resp": ("value", SCALARS[Scalar.SECRET]),
        "cis.session_resp": ("value", reference(shapes.SESSION_INFO)),
    }
    return {
        name: object_schema({member: schema}, [member])
        for name, (member, schema) in wrapped.items()
    }


def refusal_schema() -> Schema:
    """The one error shape of ``/rest``."""
    value = object_schema(
        {
            "messages": {
                "type": "array",
                "items": {"$ref": f"#/components/schemas/{shapes.MESSAGE}"},
            },
            "error_type": {"$ref": f"#/components/schemas/{shapes.ERROR_TYPE.name}"},
        },
        ["messages", "error_type"],
    )
    return object_schema({"type": {"type": "string"}, "value": value}, ["type", "value"])
