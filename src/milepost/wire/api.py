"""The dialect of ``/api``, the style of later vSphere releases: bare bodies in and out.

Maps are objects, errors are ``{"error_type", "messages"}``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from milepost.rules.reading import Info
from milepost.rules.reasons import Refusal
from milepost.rules.task import CreateTask, UpdateTask
from milepost.rules.values import ErrorValue, Instant
from milepost.wire import shapes
from milepost.wire.decoding import DEFAULT_LIMITS, Decoder, Dialect, Limits
from milepost.wire.encoding import (
    error_fields,
    info_value,
    message_value,
    session_value,
    to_json,
)
from milepost.wire.errorvalues import error_name
from milepost.wire.jsontext import parse

NAMING = ("type", "error_type")
"""The members that name an error; here they stand beside its fields."""


class ApiDialect:
    """Reads the bodies of ``/api``. Every ``decode_`` raises ``Malformed``."""

    def __init__(self, *, limits: Limits = DEFAULT_LIMITS) -> None:
        decoder = Decoder(Dialect(maps="object"), limits)
        self._create = decoder.structure(shapes.CREATE_SPEC)
        self._update = decoder.structure(shapes.UPDATE_SPEC)

    def decode_create(self, body: bytes) -> CreateTask:
        """The create spec that a request body is."""
        spec: CreateTask = self._create(parse(body), 0)
        return spec

    def decode_update(self, body: bytes) -> UpdateTask:
        """The update spec that a request body is."""
        spec: UpdateTask = self._update(parse(body), 0)
        return spec


def encode_value(value: Any) -> bytes:
    """A plain value as an answer."""
    return to_json(value)


def encode_info(info: Info) -> bytes:
    """The answer of ``get``."""
    return to_json(api_info(info))


def encode_infos(infos: Iterable[tuple[str, Info]]) -> bytes:
    """The answer of ``list``: an object of tasks by their ids."""
    return to_json({key: api_info(info) for key, info in infos})


def encode_session(user: str, created: Instant, last_accessed: Instant) -> bytes:
    """The answer about a session."""
    return to_json(session_value(user, created, last_accessed))


def encode_refusal(refusal: Refusal) -> bytes:
    """The one error shape of this door."""
    messages = [message_value(refusal.message, "object")]
    return to_json({"error_type": refusal.error.value, "messages": messages})


def api_info(info: Info) -> dict[str, Any]:
    return info_value(info, "object", None if info.error is None else api_error(info.error))


def api_error(error: ErrorValue) -> dict[str, Any]:
    """An error; a foreign name has the type ERROR and stands in ``type``.

    A field that is itself called ``type`` could not be told from that name, so it is left out.
    """
    name = error_name(error.type)
    fields = error_fields(error, "object")
    value = {"error_type": name.value}
    value |= {member: part for member, part in fields.items() if member not in NAMING}
    return value if error.type == name.type_name else {**value, "type": error.type}
