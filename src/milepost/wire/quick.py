"""The common update, read in one step.

Most bodies are small and report progress. Those are decoded straight into typed structures; what
is unusual in any way is left to the decoder that knows every rule and names every fault. So this
reader never refuses: it gives the same value as that decoder, or ``None``.

Two things the parser underneath does not see are made sure of otherwise. A key given twice: each
member has one colon outside of texts, so the colons of the body are those of the members and of
the texts that were read, or something was dropped. And limits: a body of 1,000 bytes is too small
to reach any of them.
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


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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


MEMBERS = ParamShape.__struct_fields__
decode = msgspec.json.Decoder(BodyShape).decode


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
        spec = decode(body).spec
        update, colons = update_of(spec)
    except ValueError:
        return None
    return update if colons + 1 == body.count(b":") else None


# Each of these gives a value and the colons that a body has for it.


def update_of(shape: UpdateShape) -> tuple[UpdateTask, int]:
    progress = description = None
    colons = 0 if shape.status is None else 1
    if shape.percent_done is not None:
        message, inside = message_of(shape.percent_done.message)
        progress = Progress(shape.percent_done.total, shape.percent_done.completed, message)
        colons += 4 + inside
    if shape.description is not None:
        description, inside = message_of(shape.description)
        colons += 1 + inside
    return UpdateTask(progress=progress, description=description, status=shape.status), colons


def message_of(shape: MessageShape) -> tuple[Message, int]:
    params = None
    colons = 3 + shape.id.count(":") + shape.default_message.count(":")
    for arg in shape.args:
        colons += arg.count(":")
    if shape.params is not None:
        params, inside = params_of(shape.params)
        colons += 1 + inside
    if shape.localized is not None:
        colons += 1 + shape.localized.count(":")
    return Message(shape.id, shape.default_message, shape.args, params, shape.localized), colons


def params_of(entries: list[EntryShape]) -> tuple[dict[str, Param], int]:
    params: dict[str, Param] = {}
    colons = 0
    for entry in entries:
        params[entry.key], inside = param_of(entry.value)
        colons += 2 + inside + entry.key.count(":")
    if len(params) != len(entries):
        raise ValueError(entries)
    return params, colons


def param_of(shape: ParamShape) -> tuple[Param, int]:
    nested = instant = None
    colons = len(MEMBERS) - (
        (shape.s is None)
        + (shape.dt is None)
        + (shape.i is None)
        + (shape.d is None)
        + (shape.l is None)
        + (shape.format is None)
        + (shape.precision is None)
    )
    if shape.s is not None:
        colons += shape.s.count(":")
    if shape.dt is not None:
        instant = read_instant(shape.dt)
        colons += shape.dt.count(":")
    if shape.l is not None:
        nested, inside = nested_of(shape.l)
        colons += inside
    return Param(shape.s, instant, shape.i, shape.d, nested, shape.format, shape.precision), colons


def nested_of(shape: NestedShape) -> tuple[NestedMessage, int]:
    colons = 1 + shape.id.count(":")
    if shape.params is None:
        return NestedMessage(shape.id), colons
    params, inside = params_of(shape.params)
    return NestedMessage(shape.id, params), colons + 1 + inside
