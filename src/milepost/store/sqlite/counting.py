"""How many tasks of each status a selection has.

Of services and of everything they are counted with each change; of any other selection the newest
tasks are looked at, as far as a page would.
"""

from __future__ import annotations

import json
import sqlite3

import msgspec

from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.values import Status
from milepost.store.base import Counts
from milepost.store.sqlite.paging import plan_of
from milepost.store.sqlite.walking import Budget, Part, Way, narrowed, one_view, parts


def read_counts(connection: sqlite3.Connection, selection: Selection) -> Counts:
    """How many tasks of each status there are; the status that was asked for does not count."""
    wanted = msgspec.structs.replace(selection.wanted, status=None)
    selection = msgspec.structs.replace(selection, wanted=wanted)
    services = tallied_services(selection)
    with one_view(connection):
        if services is not NOT_TALLIED:
            return Counts(read_tallies(connection, services))
        return examined_counts(connection, selection)


NOT_TALLIED: frozenset[str] = frozenset({""})
"""No service has this name."""


def tallied_services(selection: Selection) -> frozenset[str] | None:
    """The services of a selection that asks for nothing else, ``None`` for all of them."""
    wanted = selection.wanted
    plain = TaskFilter(services=wanted.services, visible_service=wanted.visible_service)
    if selection != Selection(wanted=plain, newest_first=selection.newest_first):
        return NOT_TALLIED
    if wanted.visible_service is None:
        return wanted.services
    seen = frozenset({wanted.visible_service})
    return seen if wanted.services is None else seen & wanted.services


def read_tallies(
    connection: sqlite3.Connection, services: frozenset[str] | None
) -> dict[Status, int]:
    """The tasks of some services, or of all, as they are counted with each change."""
    found = connection.execute(
        "SELECT status, sum(count) FROM tallies"
        " WHERE ?1 IS NULL OR service IN (SELECT value FROM json_each(?1)) GROUP BY status",
        (None if services is None else json.dumps(sorted(services)),),
    )
    return dict.fromkeys(Status, 0) | {Status(status): count for status, count in found}


def examined_counts(connection: sqlite3.Connection, selection: Selection) -> Counts:
    """The newest tasks of each walk, as far as they may be looked at."""
    plan, way = plan_of(selection), Way.of(newest_first=True)
    counts, complete = dict.fromkeys(Status, 0), True
    budget = Budget(len(plan.walks))
    for walk in plan.walks:
        part = Part(walk, None)
        for part in parts(connection, walk, way, budget.share()):
            where, values = narrowed(part.walk, plan.rest)
            # The plus keeps SQLite from walking all of an index for the sake of its order.
            for status, count in connection.execute(
                f"SELECT status, count(*) FROM tasks WHERE {where} GROUP BY +status",  # noqa: S608  own names only
                values,
            ):
                counts[Status(status)] += count
        complete = complete and part.end is None
    return Counts(counts, complete)
