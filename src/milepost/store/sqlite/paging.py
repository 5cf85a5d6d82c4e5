"""Pages of a selection: how they are read, so that no page looks at more than a bounded part.

A page walks one index in the order of creation, or a few that are merged: by id, parent, user,
target, operation, service and status, or status, whichever is given first in that order. What
else the selection asks for is looked at task by task, for at most ``MOST_EXAMINED`` tasks. When
that ends before the page is full, the page is cut short there, and the next begins behind it.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from milepost.rules.finding import Selection, TaskFilter, small
from milepost.rules.values import Status
from milepost.store.base import Counts, Page
from milepost.store.sqlite import rows

MOST_EXAMINED = 10_000
MOST_WALKS = 20
LARGEST_PAGE = 8 * 1024 * 1024
TIMES = ("created", "updated", "finished")

Clause = tuple[str, list[Any]]


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


class Way(NamedTuple):
    """The direction of a page, in the words of SQL."""

    order: str
    beyond: str
    within: str

    @classmethod
    def of(cls, *, newest_first: bool) -> Way:
        return cls("DESC", "<", ">=") if newest_first else cls("ASC", ">", "<=")


def read_page(
    connection: sqlite3.Connection, selection: Selection, size: int, after: int | None
) -> Page:
    """A page of at most ``size`` tasks behind the task numbered ``after``."""
    plan, way = plan_of(selection), Way.of(newest_first=selection.newest_first)
    numbers: list[int] = []
    ends: list[int] = []
    with one_view(connection):
        for walk in plan.walks:
            found, end = read_walk(connection, behind(walk, way, after), plan.rest, way, size + 1)
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


def behind(walk: Clause, way: Way, after: int | None) -> Clause:
    """What of a walk lies behind a mark."""
    where, values = walk
    return walk if after is None else (f"{where} AND number {way.beyond} ?", [*values, after])


def read_walk(
    connection: sqlite3.Connection, walk: Clause, rest: Clause, way: Way, most: int
) -> tuple[list[int], int | None]:
    """The numbers along one walk, and where it was given up, if it was."""
    where, values = walk
    end = None
    if rest[0]:
        end = walked(connection, walk, way)
        if end is not None:
            where, values = f"{where} AND number {way.within} ?", [*values, end]
        where, values = f"{where} AND {rest[0]}", [*values, *rest[1]]
    found = connection.execute(
        f"SELECT number FROM tasks WHERE {where} ORDER BY number {way.order} LIMIT ?",  # noqa: S608  own names only
        (*values, most),
    ).fetchall()
    return [number for (number,) in found], end if len(found) < most else None


def walked(connection: sqlite3.Connection, walk: Clause, way: Way) -> int | None:
    """The last task that is looked at on a walk, or ``None`` when the walk ends before."""
    where, values = walk
    row = connection.execute(
        f"SELECT number FROM tasks WHERE {where} ORDER BY number {way.order} LIMIT 1 OFFSET ?",  # noqa: S608  own names only
        (*values, MOST_EXAMINED - 1),
    ).fetchone()
    return None if row is None else int(row[0])


def read_counts(connection: sqlite3.Connection, selection: Selection) -> Counts:
    """How many tasks of each status there are; the status that was asked for does not count."""
    wanted = msgspec.structs.replace(selection.wanted, status=None)
    plan = plan_of(msgspec.structs.replace(selection, wanted=wanted))
    way = Way.of(newest_first=True)
    counts, complete = dict.fromkeys(Status, 0), True
    with one_view(connection):
        for where, values in plan.walks:
            if plan.rest[0]:
                end = walked(connection, (where, values), way)
                complete = complete and end is None
                where = f"{where} AND number >= ? AND {plan.rest[0]}"  # noqa: PLW2901  narrower
                values = [*values, end or 0, *plan.rest[1]]  # noqa: PLW2901  narrower
            # The plus keeps SQLite from walking all of an index for the sake of its order.
            order = "+status" if plan.rest[0] else "status"
            for status, count in connection.execute(
                f"SELECT status, count(*) FROM tasks WHERE {where} GROUP BY {order}",  # noqa: S608  own names only
                values,
            ):
                counts[Status(status)] += count
    return Counts(counts, complete)


@contextmanager
def one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """Several reads of the same moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
