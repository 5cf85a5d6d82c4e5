"""The common update, read in one step.

Most bodies are small and report progress. Those are decoded straight into typed structures; what
is unusual in any way is left to the decoder that knows every rule and names every fault. So this
reader never refuses: it gives the same value as that decoder, or ``None``.

Two things the parser underneath does not see are made sure of otherwise. A key given twice: what
was read, written again, has as many colons as the body, or a member was dropped. And limits: a
body of 1,000 bytes is too small to reach any of them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from milepost.rules.instants import read_instant
from milepost.rules.task import UpdateTask
from milepost.rules.values import (
    DateTimeFormat,
    Message,
    NestedMessage,
    Param,
    Progress,
    Status,
)
from milepost.wire.decoding import Limits

LARGEST_BODY = 1000
LARGEST_PRECISION = 20

Long = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Precision = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_PRECISION)]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the structures as they are written in a body of ``/rest``."""


class ParamShape(Shape, frozen=True):
    """An argument of a message."""

    s: str | None = None
    dt: str | None = None
    i: Long | None = None
    d: float | None = None
    l: NestedShape | None = None  # noqa: E741  the published name of the member
    format: DateTimeFormat | None = None
    precision: Precision | None = None


class EntryShape(Shape, frozen=True):
    """An argument with its name."""

    key: str
    value: ParamShape


class NestedShape(Shape, frozen=True):
    """A message as an argument."""

    id: str
    params: list[EntryShape] | None = None


class MessageShape(Shape, frozen=True):
    """A message."""

    id: str
    default_message: str
    args: tuple[str, ...]
    params: list[EntryShape] | None = None
    localized: str | None = None


class ProgressShape(Shape, frozen=True):
    """How far the work is."""

    total: Long
    completed: Long
    message: MessageShape


class UpdateShape(Shape, frozen=True):
    """The members of an update spec that a common update has."""

    percent_done: ProgressShape | None = None
    description: MessageShape | None = None
    status: Status | None = None


class BodyShape(Shape, frozen=True):
    """What is around the spec."""

    spec: UpdateShape


decode = msgspec.json.Decoder(BodyShape).decode
encode = msgspec.json.Encoder().encode


def reaches_no_limit(limits: Limits) -> bool:
    """Whether a body of ``LARGEST_BODY`` bytes is too small to reach any of these limits.

    A level of nested messages takes at least 40 bytes, an entry of params 11, an arg 3.
    """
    return (
        limits.message_depth * 40 > LARGEST_BODY
        and limits.params * 11 > LARGEST_BODY
        and limits.args * 3 > LARGEST_BODY
        and limits.text >= LARGEST_BODY
    )


def read_update(body: bytes) -> UpdateTask | None:
    """The update spec of a common body of ``/rest``, or ``None`` for the other decoder."""
    if len(body) > LARGEST_BODY or b"\\u" in body:
        return None
    try:
        shape = decode(body)
        if encode(shape).count(b":") != body.count(b":"):
            return None
        return update_of(shape.spec)
    except ValueError:
        return None


def update_of(shape: UpdateShape) -> UpdateTask:
    progress = description = None
    if shape.percent_done is not None:
        message = message_of(shape.percent_done.message)
        progress = Progress(shape.percent_done.total, shape.percent_done.completed, message)
    if shape.description is not None:
        description = message_of(shape.description)
    return UpdateTask(progress=progress, description=description, status=shape.status)


def message_of(shape: MessageShape) -> Message:
    params = None if shape.params is None else params_of(shape.params)
    return Message(shape.id, shape.default_message, shape.args, params, shape.localized)


def params_of(entries: list[EntryShape]) -> dict[str, Param]:
    params = {entry.key: param_of(entry.value) for entry in entries}
    if len(params) != len(entries):
        raise ValueError(entries)
    return params


def param_of(shape: ParamShape) -> Param:
    instant = None if shape.dt is None else read_instant(shape.dt)
    nested = None if shape.l is None else nested_of(shape.l)
    return Param(shape.s, instant, shape.i, shape.d, nested, shape.format, shape.precision)


def nested_of(shape: NestedShape) -> NestedMessage:
    return NestedMessage(shape.id, None if shape.params is None else params_of(shape.params))
