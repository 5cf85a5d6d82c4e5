"""Which numbers tasks have that were created within some time.

Tasks are numbered in the order of their creation, and their instants of creation rise with the
numbers, but where the clock went back. How far it ever did is in ``clock_back``: no task was made
more than so many milliseconds before any with a lower number. So the first task behind an instant
is found among those created within that time of the earliest of them.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import msgspec

from milepost.rules.finding import Selection
from milepost.rules.values import Instant

MOST_LOOKED_AT = 5_000
"""Tasks that may share the instants at an end of a span; with more of them the end stays open."""

EARLIEST, LATEST = -(2**63), 2**63 - 1
"""Instants that SQLite can hold."""

SELECT_BACK = "SELECT coalesce((SELECT milliseconds FROM clock_back), 0)"
SELECT_FIRST = "SELECT min(created_at) FROM tasks WHERE created_at >= ?"
SELECT_LAST = "SELECT max(created_at) FROM tasks WHERE created_at < ?"
SELECT_AMONG = """
SELECT min(number), max(number), count(*) FROM (
    SELECT number FROM tasks WHERE created_at BETWEEN ? AND ? LIMIT ?)
"""


class Span(NamedTuple):
    """The first and the last number of some tasks, ``None`` where the span is open."""

    first: int | None = None
    last: int | None = None


NOTHING = Span(1, 0)


def narrowed(connection: sqlite3.Connection, selection: Selection) -> tuple[Span, Selection]:
    """Where the tasks of a selection are, and what remains to be asked of each task there."""
    after, before = selection.created_after, selection.created_before
    if after is None and before is None:
        return Span(), selection
    (back,) = connection.execute(SELECT_BACK).fetchone()
    first = last = None
    if after is not None:
        (found,) = connection.execute(SELECT_FIRST, (after,)).fetchone()
        if found is None:
            return NOTHING, selection
        first = among(connection, found, min(found + back, LATEST)).first
    if before is not None:
        (found,) = connection.execute(SELECT_LAST, (before,)).fetchone()
        if found is None:
            return NOTHING, selection
        last = among(connection, max(found - back, EARLIEST), found).last
    if back == 0 and (first is None) == (after is None) and (last is None) == (before is None):
        # The instants rise with the numbers, so the span is all that was asked for.
        selection = msgspec.structs.replace(selection, created_after=None, created_before=None)
    return Span(first, last), selection


def among(connection: sqlite3.Connection, begin: Instant, end: Instant) -> Span:
    """The lowest and the highest number of the tasks created from an instant through another."""
    first, last, count = connection.execute(
        SELECT_AMONG, (begin, end, MOST_LOOKED_AT + 1)
    ).fetchone()
    return Span() if count > MOST_LOOKED_AT else Span(first, last)
