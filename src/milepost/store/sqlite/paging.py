"""Pages of a selection: how they are read, so that no page looks at more than a bounded part.

A page walks one index in the order of creation, or a few that are merged: by id, parent, user,
target, operation, service and status, or status, whichever is given first in that order. When they
were created narrows the walk (``creation``). What else the selection asks for is looked at task by
task, within a ``Budget``. When that ends before the page is full, the page is cut short there, and
the next begins behind it.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from milepost.rules.finding import Selection, TaskFilter, small
from milepost.rules.values import Status
from milepost.store.base import Page
from milepost.store.sqlite import creation, rows
from milepost.store.sqlite.walking import (
    Budget,
    Clause,
    Wanted,
    Way,
    behind,
    one_view,
    read_walk,
    within,
)

MOST_WALKS = 20
LARGEST_PAGE = 8 * 1024 * 1024
TIMES = ("created", "updated", "finished")


class Plan(NamedTuple):
    """How a selection is read: the walks, each with the index it uses, and what remains to ask."""

    walks: list[Clause]
    rest: Clause


def plan_of(selection: Selection) -> Plan:
    """The walks of a selection, and the conditions on each task."""
    wanted = selection.wanted
    walks, wanted = walks_of(wanted)
    clauses = [*set_clauses(wanted), *more_clauses(selection)]
    rest = " AND ".join(clause for clause, _ in clauses)
    return Plan(walks, (rest, [value for _, values in clauses for value in values]))


def walks_of(wanted: TaskFilter) -> tuple[list[Clause], TaskFilter]:
    """The walks for a filter, and what of it they leave."""
    if wanted.visible_service is not None:
        services = {wanted.visible_service}
        seen = services if wanted.services is None else services & wanted.services
        wanted = msgspec.structs.replace(wanted, services=frozenset(seen), visible_service=None)
    for name, member in (
        ("id", "ids"),
        ("parent", "parents"),
        ("user", "users"),
        ("target", "targets"),
        ("operation", "operations"),
    ):
        members = getattr(wanted, member)
        if members is not None and (name == "id" or len(members) <= MOST_WALKS):
            left = msgspec.structs.replace(wanted, **{member: None})
            return [*walks_along(name, members)], left
    return walks_by_service_and_status(wanted)


def walks_along(name: str, members: Iterable[Any]) -> Iterator[Clause]:
    if name == "id":
        # The ids are few, so they are one walk that is sorted at its end.
        yield "id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(members))]
        return
    for member in sorted(members):
        if name == "target":
            yield "target_type = ? AND target_id = ?", [*member]
        else:
            yield f"{name} = ?", [member]


def walks_by_service_and_status(wanted: TaskFilter) -> tuple[list[Clause], TaskFilter]:
    services, statuses = wanted.services, wanted.status
    every: Iterable[Status] = Status if statuses is None else statuses
    if services is not None and len(services) * len(list(every)) <= MOST_WALKS:
        pairs = itertools.product(sorted(services), sorted(every))
        left = msgspec.structs.replace(wanted, services=None, status=None)
        return [("service = ? AND status = ?", [service, at]) for service, at in pairs], left
    if statuses is not None:
        left = msgspec.structs.replace(wanted, status=None)
        return [("status = ?", [status]) for status in sorted(statuses)], left
    return [("1", [])], wanted


def set_clauses(wanted: TaskFilter) -> Iterator[Clause]:
    """Conditions that use no index: the plus keeps SQLite from taking another than the walk's."""
    for name, members in (
        ("service", wanted.services),
        ("operation", wanted.operations),
        ("status", wanted.status),
        ("user", wanted.users),
        ("parent", wanted.parents),
    ):
        if members is not None:
            yield f"+{name} IN (SELECT value FROM json_each(?))", [json.dumps(sorted(members))]  # noqa: S608  own names only
    if wanted.targets is not None:
        pairs = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"
        yield f"(+target_type, +target_id) IN ({pairs})", [json.dumps(sorted(wanted.targets))]


def more_clauses(selection: Selection) -> Iterator[Clause]:
    if selection.text is not None:
        columns = ("json_extract(description, '$.default_message')", "operation", "target_id")
        found = [f"instr(lower({column}), ?)" for column in (*columns, "coalesce(user, '')")]
        yield f"({' OR '.join(found)})", [small(selection.text)] * len(found)
    for name in TIMES:
        for end, sign in (("after", ">="), ("before", "<")):
            at = getattr(selection, f"{name}_{end}")
            if at is not None:
                yield f"{name}_at {sign} ?", [at]


def read_page(
    connection: sqlite3.Connection, selection: Selection, size: int, after: int | None
) -> Page:
    """A page of at most ``size`` tasks behind the task numbered ``after``."""
    way = Way.of(newest_first=selection.newest_first)
    numbers: list[int] = []
    ends: list[int] = []
    with one_view(connection):
        span, selection = creation.narrowed(connection, selection)
        plan = plan_of(selection)
        budget = Budget(len(plan.walks))
        for walk in plan.walks:
            narrow = within(behind(walk, way, after), span.first, span.last)
            wanted = Wanted(narrow, plan.rest, size + 1)
            found, end = read_walk(connection, wanted, way, budget.share())
            numbers += found
            if end is not None:
                ends.append(end)
        return gather(connection, numbers, ends, way, size)


def gather(
    connection: sqlite3.Connection, numbers: list[int], ends: list[int], way: Way, size: int
) -> Page:
    """The page out of what the walks found; what lies behind the nearest end is not known yet."""
    newest_first = way.order == "DESC"
    numbers.sort(reverse=newest_first)
    end = None
    if ends:
        end = max(ends) if newest_first else min(ends)
        numbers = [one for one in numbers if (one >= end if newest_first else one <= end)]
    if len(numbers) > size:
        numbers = numbers[:size]
        end = numbers[-1]
    statement = (
        f"SELECT number, {rows.NAMES} FROM tasks"  # noqa: S608  own names only
        f" WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number {way.order}"
    )
    tasks, held = [], 0
    for number, *row in connection.execute(statement, (json.dumps(numbers),)):
        held += sum(len(value) for value in row if isinstance(value, str))
        tasks.append(rows.read_task(tuple(row)))
        if held > LARGEST_PAGE and number != numbers[-1]:
            return Page(tuple(tasks), number)
    return Page(tuple(tasks), end)
