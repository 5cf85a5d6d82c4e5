"""The structures of ``/v1`` as JSON Schema, beside the published ones in the style of ``/api``."""

from __future__ import annotations

from milepost.rules.task import LONGEST_LEASE
from milepost.rules.values import Status
from milepost.wire import shapes, v1shapes
from milepost.wire.descriptions import (
    SCALARS,
    DoorSchemas,
    Schema,
    list_schema,
    object_schema,
    or_null,
    reference,
)
from milepost.wire.shapes import STRUCTURES, Member, Ref, Scalar
from milepost.wire.v1batch import MOST_REQUESTS
from milepost.wire.v1overview import overview_schemas
from milepost.wire.v1shapes import V1_STRUCTURES

PREFIX = "milepost.v1."
TEXT, INSTANT, BOOLEAN = SCALARS[Scalar.TEXT], SCALARS[Scalar.INSTANT], SCALARS[Scalar.BOOLEAN]
COUNT: Schema = {"type": "integer", "minimum": 0}
POSITIVE: Schema = {"type": "number", "minimum": 0}
SECONDS: Schema = {"type": "integer", "minimum": 0, "maximum": LONGEST_LEASE}
WEIGHT: Schema = {
    "type": "number",
    "minimum": v1shapes.SMALLEST_WEIGHT,
    "maximum": v1shapes.LARGEST_WEIGHT,
}
LIFETIME: Schema = {"type": "integer", "minimum": 1}
BOUNDED = {"lease_seconds": SECONDS, "weight": WEIGHT, "lifetime_seconds": LIFETIME}
MESSAGE = "message"
SPECS = (v1shapes.PROGRESS, v1shapes.UPDATE_SPEC, v1shapes.CREATE_SPEC)


class V1Schemas(DoorSchemas):
    """The schemas of ``/v1``. What is sent may have a plain text for a message."""

    def __init__(self) -> None:
        super().__init__(PREFIX, PREFIX, maps="object", wraps=False)

    def all(self) -> dict[str, Schema]:
        """Every schema of this door by its name."""
        return {
            **{PREFIX + name: self.structure(name) for name in STRUCTURES},
            PREFIX + "error_value": self.error_value(),
            PREFIX + MESSAGE: {
                "anyOf": [TEXT, reference(PREFIX + shapes.MESSAGE)],
                "description": "A message, or the plain text of one.",
            },
            **{name: self.sent(members) for name, members in V1_STRUCTURES.items()},
            v1shapes.CANCEL_SAID.name: {"type": "string", "enum": list(v1shapes.CancelSaid)},
            **self.answers(),
            **self.batches(),
            **overview_schemas(PREFIX),
        }

    def sent(self, members: tuple[Member, ...]) -> Schema:
        """A structure that only requests have."""
        properties = {member.name: self.member(member) for member in members}
        return object_schema(properties, [member.name for member in members if member.required])

    def member(self, member: Member) -> Schema:
        if member.type == Ref(shapes.MESSAGE):
            schema = reference(PREFIX + MESSAGE)
        elif isinstance(member.type, Ref) and member.type.name in V1_STRUCTURES:
            schema = reference(member.type.name)
        else:
            schema = BOUNDED.get(member.name) or self.type(member.type)
        return schema if member.required or not schema_has_type(schema) else or_null(schema)

    def batches(self) -> dict[str, Schema]:
        """A batch and its answer."""
        update = object_schema(
            {"task": TEXT, "spec": reference(v1shapes.UPDATE_SPEC), "if_revision": or_null(COUNT)},
            ["task", "spec"],
        )
        parts: list[Schema] = [
            object_schema({"create": reference(v1shapes.CREATE_SPEC)}, ["create"]),
            object_schema({"update": update}, ["update"]),
            # It is the answer to the part that is a refusal, not the one to the batch.
            {"description": "Anything else: it is refused in its place."},
        ]
        result = object_schema(
            {
                "status": {"type": "integer"},
                "task": reference(PREFIX + "task"),
                "problem": reference("milepost.problem"),
            },
            ["status"],
        )
        requests = {**list_schema({"anyOf": parts}), "maxItems": MOST_REQUESTS}
        return {
            PREFIX + "batch": object_schema({"requests": requests}, ["requests"]),
            PREFIX + "batch_answer": object_schema({"results": list_schema(result)}, ["results"]),
        }

    def error_value(self) -> Schema:
        """The error of a failed task; its messages may be plain texts."""
        schema = super().error_value()
        messages = or_null(list_schema(reference(PREFIX + MESSAGE)))
        return {**schema, "properties": {**schema["properties"], "messages": messages}}

    def answers(self) -> dict[str, Schema]:
        """What only answers have."""
        user = {"name": TEXT, "role": TEXT, "extension": TEXT, "disabled": BOOLEAN}
        token = {
            **dict.fromkeys(("id", "name", "user", "scope", "extension"), TEXT),
            **dict.fromkeys(("created_at", "expires_at", "used_at", "revoked_at"), INSTANT),
        }
        always = ["id", "name", "user", "scope", "created_at"]
        change = object_schema(
            {"field": TEXT, "before": {}, "after": {}},
            ["field"],
        )
        return {
            PREFIX + "task": self.task(),
            PREFIX + "task_page": object_schema(
                {
                    "tasks": list_schema(reference(PREFIX + "task")),
                    "next_page_token": TEXT,
                    "counts": object_schema(dict.fromkeys(Status, COUNT), list(Status)),
                    "counts_complete": BOOLEAN,
                },
                ["tasks"],
            ),
            PREFIX + "children": object_schema(
                {
                    "count": COUNT,
                    "by_status": object_schema(dict.fromkeys(Status, COUNT), list(Status)),
                    "fraction": {**POSITIVE, "maximum": 1},
                    "complete": BOOLEAN,
                    "succeeded_over_failed": BOOLEAN,
                },
                ["count", "by_status", "fraction", "complete"],
            ),
            PREFIX + "event": object_schema(
                {
                    "position": COUNT,
                    "kind": TEXT,
                    "revision": COUNT,
                    "at": INSTANT,
                    "principal": TEXT,
                    "source": TEXT,
                    "changes": list_schema(change),
                },
                ["position", "kind", "revision", "at", "principal", "source", "changes"],
            ),
            PREFIX + "event_page": object_schema(
                {"events": list_schema(reference(PREFIX + "event")), "next_page_token": TEXT},
                ["events"],
            ),
            PREFIX + "user": object_schema(user, ["name", "role", "disabled"]),
            PREFIX + "users": object_schema(
                {"users": list_schema(reference(PREFIX + "user"))}, ["users"]
            ),
            PREFIX + "token": object_schema(token, always),
            PREFIX + "made_token": object_schema({**token, "token": TEXT}, [*always, "token"]),
            PREFIX + "token_page": object_schema(
                {"tokens": list_schema(reference(PREFIX + "token")), "next_page_token": TEXT},
                ["tokens"],
            ),
        }

    def task(self) -> Schema:
        """A task: the published members and those of this door."""
        info = self.structure(shapes.INFO)
        own = {
            "id": TEXT,
            "revision": COUNT,
            "principal": TEXT,
            "created_at": INSTANT,
            "updated_at": INSTANT,
            "finished_at": INSTANT,
            "cancel": {"type": "string", "enum": ["requested", "acknowledged"]},
            "cancel_requested": INSTANT,
            "cancel_acknowledged": INSTANT,
            "lease": object_schema(
                {"seconds": SECONDS, "remaining_seconds": POSITIVE},
                ["seconds"],
            ),
            "weight": WEIGHT,
            "pinned": BOOLEAN,
            "children": reference(PREFIX + "children"),
            "elapsed_seconds": POSITIVE,
            "rate_per_second": POSITIVE,
            "remaining_seconds": POSITIVE,
        }
        always = ["id", "revision", "principal", "created_at", "updated_at", "weight", "pinned"]
        return object_schema({**own, **info["properties"]}, [*always, *info["required"]])


def schema_has_type(schema: Schema) -> bool:
    """Whether a schema says anything; any value may be null already."""
    return "type" in schema or "$ref" in schema
