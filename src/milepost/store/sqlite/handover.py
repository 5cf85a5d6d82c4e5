"""What goes between the server and its committing process: groups there, and what came of them.

Both are frames: their length in four bytes, then MessagePack.
"""

from __future__ import annotations

import struct
from enum import Enum
from typing import NamedTuple

import msgspec

from milepost.store.sqlite.rows import Row
from milepost.store.sqlite.writing import Batch

LENGTH = struct.Struct("!I")


class Verdict(Enum):
    """What came of a group: it is durable, the database failed, or one of its rows is at fault."""

    DONE = "done"
    UNAVAILABLE = "unavailable"
    AT_FAULT = "at_fault"


class Reply(NamedTuple):
    """What came of a group, and the text of the fault; ``READY`` is the first one of all."""

    verdict: Verdict
    text: str = ""


READY = Reply(Verdict.DONE, "ready")


class Group(NamedTuple):
    """The rows of a group, and those that are kept with its bundles."""

    made: list[Row]
    updates: list[tuple[tuple[str, ...], list[Row]]]
    events: list[Row]
    overlong: list[Row]
    kept: list[Row]


encode = msgspec.msgpack.Encoder().encode
decode_group = msgspec.msgpack.Decoder(Group).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode


def group_frame(batch: Batch, kept: list[Row]) -> bytes:
    """A group as a frame. Raises ``UnicodeEncodeError`` and ``OverflowError`` for a wrong value."""
    made, updates, events, overlong = batch
    return framed(encode(Group(made, list(updates.items()), events, overlong, kept)))


def read_group(data: bytes) -> tuple[Batch, list[Row]]:
    made, updates, events, overlong, kept = decode_group(data)
    return Batch(made, dict(updates), events, overlong), kept


def reply_frame(reply: Reply) -> bytes:
    return framed(encode(reply))


def framed(data: bytes) -> bytes:
    return LENGTH.pack(len(data)) + data
