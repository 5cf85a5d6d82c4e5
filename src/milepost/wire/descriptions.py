"""The structures as JSON Schema, for ``/openapi.json``; made from the table, never by hand.

Each REST door has its own schemas: those of ``/rest`` have the published names, those of ``/api``
the same names behind ``milepost.api.``. Enumerations are spelled alike and shared.
"""

from __future__ import annotations

import copy
from typing import Any

from milepost.wire import shapes
from milepost.wire.encoding import Maps
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
    Scalar.SECRET: {"type": "string", "format": "password"},
}


def component_schemas() -> dict[str, Schema]:
    """Every named schema of the doors ``/rest`` and ``/api``."""
    rest = DoorSchemas(maps="entries", wraps=True)
    api = DoorSchemas("milepost.api.", "milepost.api.", maps="object", wraps=False)
    schemas: dict[str, Schema] = {
        kind.name: {"type": "string", "enum": [item.value for item in kind.values]}
        for kind in ENUMERATIONS
    }
    schemas |= rest.all() | api.all()
    schemas["milepost.session_answer"] = {
        "anyOf": [reference("cis.session.create_resp"), reference("cis.session_resp")]
    }
    schemas["milepost.health"] = object_schema({"status": {"type": "string"}}, ["status"])
    # Parts are shared between schemas; a caller may change what it got.
    return copy.deepcopy(schemas)


class DoorSchemas:
    """The schemas of one door.

    ``published`` stands before the published names, ``own`` before the names of what the
    published description does not name. ``wraps``: whether bodies are inside an object.
    """

    def __init__(
        self, published: str = "", own: str = "milepost.", *, maps: Maps, wraps: bool
    ) -> None:
        self._published = published
        self._own = own
        self._maps = maps
        self._wraps = wraps

    def all(self) -> dict[str, Schema]:
        """Every schema of this door by its name."""
        structures = {name: self.structure(name) for name in STRUCTURES}
        return {
            **{self._published + name: part for name, part in (structures | self.bodies()).items()},
            self._own + "error_value": self.error_value(),
            self._own + "refusal": self.refusal(),
        }

    def structure(self, name: str) -> Schema:
        """A published structure."""
        members = STRUCTURES[name]
        nullable = name not in ANSWERED_ONLY
        properties = {
            member.name: self.nullable(member) if nullable else self.type(member.type)
            for member in members
        }
        return object_schema(properties, [member.name for member in members if member.required])

    def nullable(self, member: Member) -> Schema:
        """``null`` counts as unset, so an optional member of a request may be ``null``."""
        schema = self.type(member.type)
        if member.required or member.type is Scalar.OPAQUE:
            return schema
        return or_null(schema)

    def type(self, kind: Type) -> Schema:
        """A type as a schema."""
        if isinstance(kind, Enumeration):
            return reference(kind.name)
        if isinstance(kind, Ref):
            return reference(self._published + kind.name)
        if isinstance(kind, ListOf | SetOf):
            return list_schema(self.type(kind.item))
        if isinstance(kind, MapOf):
            return self.map(self.type(kind.item), may_lack=True)
        if kind is Scalar.ERROR:
            return reference(self._own + "error_value")
        return SCALARS[kind]

    def map(self, value: Schema, *, may_lack: bool = False) -> Schema:
        """A map; an entry may leave its value out, as the sample of the published page does."""
        if self._maps == "object":
            return {"type": "object", "additionalProperties": value}
        entry = {"key": SCALARS[Scalar.TEXT], "value": or_null(value) if may_lack else value}
        return list_schema(object_schema(entry, []))

    def bodies(self) -> dict[str, Schema]:
        """What requests and answers hold."""
        info = self.type(Ref(shapes.INFO))
        bodies: dict[str, tuple[str, Schema]] = {
            "vcenter.extension.tasks_create": ("spec", self.type(Ref(shapes.CREATE_SPEC))),
            "vcenter.extension.tasks_update": ("spec", self.type(Ref(shapes.UPDATE_SPEC))),
            "vcenter.extension.tasks.create_resp": ("value", SCALARS[Scalar.TEXT]),
            "cis.tasks.list_resp": ("value", self.map(info)),
            "cis.tasks_resp": ("value", info),
            "cis.session.create_resp": ("value", SCALARS[Scalar.SECRET]),
            "cis.session_resp": ("value", self.type(Ref(shapes.SESSION_INFO))),
        }
        return {
            name: object_schema({member: schema}, [member]) if self._wraps else schema
            for name, (member, schema) in bodies.items()
        }

    def error_value(self) -> Schema:
        """The error of a failed task."""
        shown = "type and value" if self._wraps else "error_type and messages"
        messages = list_schema(self.type(Ref(shapes.MESSAGE)))
        return {
            "type": "object",
            "description": (
                "Why a task failed, in one of three spellings: type and value; error_type and"
                f" messages; or messages alone. It comes back as {shown}."
            ),
            "properties": {
                "type": or_null(SCALARS[Scalar.TEXT]),
                "value": {"type": ["object", "null"]},
                "error_type": or_null(reference(shapes.ERROR_TYPE.name)),
                "messages": or_null(messages),
            },
        }

    def refusal(self) -> Schema:
        """The one error shape of this door."""
        value = object_schema(
            {
                "messages": list_schema(self.type(Ref(shapes.MESSAGE))),
                "error_type": reference(shapes.ERROR_TYPE.name),
            },
            ["messages", "error_type"],
        )
        if not self._wraps:
            return value
        return object_schema({"type": SCALARS[Scalar.TEXT], "value": value}, ["type", "value"])


def reference(name: str) -> Schema:
    """A schema by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_schema(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def or_null(schema: Schema) -> Schema:
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def object_schema(properties: dict[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": required} if required else schema
