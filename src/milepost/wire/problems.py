"""Refusals as RFC 9457 problems, the error shape of ``/v1``."""

from __future__ import annotations

from typing import Any

from milepost.rules.reasons import Refusal
from milepost.wire import shapes
from milepost.wire.descriptions import SCALARS, Schema, list_schema, object_schema, reference
from milepost.wire.encoding import message_value, to_json

NAMESPACE = "urn:milepost:problem:"


def encode_problem(refusal: Refusal, status: int) -> bytes:
    """A problem: ``type`` is a name for the reason, ``detail`` its text with the arguments put in.

    ``error_type`` and ``messages`` are what the other doors tell.
    """
    return to_json(problem_value(refusal, status))


def problem_value(refusal: Refusal, status: int) -> dict[str, Any]:
    """A problem as a value."""
    return {
        "type": NAMESPACE + refusal.reason.id.removeprefix("milepost."),
        "title": title_of(refusal),
        "status": status,
        "detail": refusal.message.default_message,
        "error_type": refusal.error.value,
        "messages": [message_value(message, "object") for message in refusal.messages],
    }


def title_of(refusal: Refusal) -> str:
    """The standard error in words; the same for every occurrence of it, as RFC 9457 asks."""
    return refusal.error.value.replace("_", " ").capitalize()


def problem_schema() -> Schema:
    """A problem, for ``/openapi.json``."""
    text = SCALARS[shapes.Scalar.TEXT]
    members = {
        **dict.fromkeys(("type", "title", "detail"), text),
        "status": {"type": "integer"},
        "error_type": reference(shapes.ERROR_TYPE.name),
        "messages": list_schema(reference(f"milepost.api.{shapes.MESSAGE}")),
    }
    return object_schema(members, list(members))
