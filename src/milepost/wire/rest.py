"""The dialect of ``/rest``, the published page: ``{"spec": …}`` in, ``{"value": …}`` out.

Maps are lists of ``{"key", "value"}``, errors are ``{"type", "value"}``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from milepost.rules.reading import Info
from milepost.rules.reasons import Refusal
from milepost.rules.task import CreateTask, UpdateTask
from milepost.rules.values import ErrorValue, Instant
from milepost.wire import quick, shapes
from milepost.wire.decoding import DEFAULT_LIMITS, Decoder, Dialect, Limits, read_members
from milepost.wire.encoding import (
    error_fields,
    info_value,
    message_value,
    session_value,
    to_json,
)
from milepost.wire.jsontext import parse

Answer = bytes


class RestDialect:
    """Reads and writes the bodies of ``/rest``. Every ``decode_`` raises ``Malformed``."""

    def __init__(self, *, strict: bool = False, limits: Limits = DEFAULT_LIMITS) -> None:
        decoder = Decoder(Dialect(maps="entries", strict_params=strict), limits)
        self._create = decoder.structure(shapes.CREATE_SPEC)
        self._update = decoder.structure(shapes.UPDATE_SPEC)
        self._quick = quick.reaches_no_limit(limits)

    def decode_create(self, body: bytes) -> CreateTask:
        """The create spec of a request body."""
        spec: CreateTask = read_members(parse(body), {"spec": self._create}, ["spec"], 0)["spec"]
        return spec

    def decode_update(self, body: bytes) -> UpdateTask:
        """The update spec of a request body."""
        if self._quick and (common := quick.read_update(body)) is not None:
            return common
        spec: UpdateTask = read_members(parse(body), {"spec": self._update}, ["spec"], 0)["spec"]
        return spec


def encode_value(value: Any) -> Answer:
    """An answer around a plain value."""
    return to_json({"value": value})


def encode_info(info: Info) -> Answer:
    """The answer of ``get``."""
    return to_json({"value": rest_info(info)})


def encode_infos(infos: Iterable[tuple[str, Info]]) -> Answer:
    """The answer of ``list``: a map from task id to task."""
    return to_json({"value": [{"key": key, "value": rest_info(info)} for key, info in infos]})


def encode_session(user: str, created: Instant, last_accessed: Instant) -> Answer:
    """The answer about a session."""
    return encode_value(session_value(user, created, last_accessed))


def encode_refusal(refusal: Refusal) -> Answer:
    """The one error shape of this door."""
    error = refusal.error
    value = {"messages": [message_value(refusal.message, "entries")], "error_type": error.value}
    return to_json({"type": error.type_name, "value": value})


def rest_info(info: Info) -> dict[str, Any]:
    return info_value(info, "entries", None if info.error is None else rest_error(info.error))


def rest_error(error: ErrorValue) -> dict[str, Any]:
    return {"type": error.type, "value": error_fields(error, "entries")}
