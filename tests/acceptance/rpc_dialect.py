"""A spec of the ``/api`` style as a vAPI data value, and a client that sends it over JSON-RPC."""

from __future__ import annotations

from typing import Any

from milepost.wire.interfaces import STRUCTURES, full_name
from milepost.wire.shapes import (
    CREATE_SPEC,
    MESSAGE,
    UPDATE_SPEC,
    ListOf,
    MapOf,
    Ref,
    Scalar,
    Type,
)
from tests.rpc import EXTENSION, UNSET, Answer, error, invoke, mapped, optional, structure
from tests.serving import Caller, Spec
from tests.spelling import ERRORS

JUNK = structure("com.acme.junk", {})
# The same faults have reasons of their own here, as the official runtime tells them apart.
REASONS = {
    "milepost.value.unexpected_field": "milepost.value.unknown_member",
    "milepost.value.wrong_structure": "milepost.value.wrong_type",
}
NAMES = {"unexpected_input": "invalid_argument"}
BAD_REQUEST = 400


class Unsayable(Exception):
    """A spec that no data value can stand for."""


def structured(name: str, value: Any) -> Any:
    """A structure of the published name; what is no object is left as it is, and wrong."""
    if not isinstance(value, dict):
        return loose(value)
    members = {member.name: member for member in STRUCTURES[name]}
    fields = {}
    for key, part in value.items():
        member = members.get(key)
        if member is None:
            fields[key] = optional(JUNK)
        elif not member.required:
            fields[key] = UNSET if part is None else optional(spelled(member.type, part))
        elif part is not None:
            fields[key] = spelled(member.type, part)
    return structure(full_name(name), fields)


def spelled(kind: Type, value: Any) -> Any:
    """A value of a type."""
    if isinstance(kind, Ref):
        return structured(kind.name, value)
    if isinstance(kind, ListOf):
        return [spelled(kind.item, part) for part in value] if is_list(value) else JUNK
    if isinstance(kind, MapOf):
        return spelled_map(kind, value)
    if kind is Scalar.OPAQUE:
        return opaque(value)
    if kind is Scalar.ERROR:
        return spelled_error(value)
    return loose(value)


def spelled_map(kind: MapOf, value: Any) -> Any:
    if not isinstance(value, dict):
        return JUNK
    return mapped({key: spelled(kind.item, part) for key, part in value.items()})


def spelled_error(value: Any) -> Any:
    """An error in the one spelling there is; specs may have it in three."""
    if not isinstance(value, dict):
        return JUNK
    name, fields = value.get("type", ERRORS + "error"), value.get("value", value)
    if set(value) - {"type", "value"} or not isinstance(name, str) or not isinstance(fields, dict):
        raise Unsayable
    if set(fields) - {"messages"} or ("value" in value and "type" not in value):
        raise Unsayable
    given = fields.get("messages")
    messages = spelled(ListOf(Ref(MESSAGE)), [] if given is None else given)
    return error(name, {"messages": messages})


def opaque(value: Any) -> Any:
    """Any JSON value as the data value that REST shows as the same."""
    if value is None:
        return UNSET
    if isinstance(value, list):
        return [opaque(part) for part in value]
    if isinstance(value, dict):
        return structure("com.acme.result", {key: opaque(part) for key, part in value.items()})
    return value


def loose(value: Any) -> Any:
    """A scalar as it is; all else is wrong where a scalar is expected."""
    return JUNK if value is None or isinstance(value, dict | list) else value


def is_list(value: Any) -> bool:
    return isinstance(value, list)


class OverJsonRpc:
    """Says things over JSON-RPC. Both raise ``Unsayable``."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(self, spec: Spec) -> Answer:
        return invoke(self._caller, EXTENSION, "create", {"spec": structured(CREATE_SPEC, spec)})

    def update(self, task_id: str, spec: Spec) -> Answer:
        fields = {"task_id": task_id, "spec": structured(UPDATE_SPEC, spec)}
        return invoke(self._caller, EXTENSION, "update", fields)


def refused(answer: Answer) -> tuple[int, str, str] | None:
    """Status, error and reason of a refusal, as a REST door would tell them; ``None`` without."""
    if "vapi-error" not in answer.reply.headers:
        assert answer.reply.status == 200, answer
        return None
    name, reason = answer.refusal, str(answer.ours["id"])
    return BAD_REQUEST, NAMES.get(name, name), REASONS.get(reason, reason)
