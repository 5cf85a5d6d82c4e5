"""Whether a recorded history of one versioned object is linearizable.

Each write makes the next version, so the order of the writes is known and only their points in
time must fit. Earliest points are best: a write takes its point as soon as it was called and all
reads of the version before it were called; a read of a version fits when that version existed
before the read returned.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Literal, NamedTuple


class Op(NamedTuple):
    """One operation: when it was called and answered, and the version it made or saw."""

    kind: Literal["write", "read"]
    called: float
    answered: float
    version: int


class Clock:
    """Logical time: every call gives a later instant."""

    def __init__(self) -> None:
        self._count = itertools.count()

    def __call__(self) -> int:
        return next(self._count)


def fault_in(history: Iterable[Op]) -> str | None:
    """What cannot have happened in any order, or ``None``; versions start at 0, unwritten."""
    writes: dict[int, Op] = {}
    reads: dict[int, list[Op]] = {}
    for op in history:
        if op.kind == "read":
            reads.setdefault(op.version, []).append(op)
        elif op.version in writes:
            return f"two writes made version {op.version}"
        else:
            writes[op.version] = op
    point = float("-inf")
    for version in range(max([0, *writes, *reads]) + 1):
        if version:
            write = writes.get(version)
            if write is None:
                return f"version {version} was seen, but no write made it"
            point = max(point, write.called)
            if point > write.answered:
                return f"version {version} was answered before it could be made"
        seen = reads.get(version, [])
        if any(point > read.answered for read in seen):
            return f"version {version} was read before it existed"
        point = max([point, *(read.called for read in seen)])
    return None
