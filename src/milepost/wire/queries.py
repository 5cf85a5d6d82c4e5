"""Query strings to what they mean.

Unknown parameters, a repeated single parameter and a wrong value are refused by name; nothing in
a query is silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from milepost.rules.finding import TaskFilter
from milepost.rules.reasons import (
    BAD_PARAMETER,
    MISSING_PARAMETER,
    REPEATED_PARAMETER,
    UNKNOWN_PARAMETER,
    Reason,
    Refusal,
    shortened,
)
from milepost.rules.values import Status, Target

BOOLEANS = {"true": True, "false": False}
FILTERS = ("tasks", "services", "operations", "status", "targets", "users")


class BadQuery(Exception):
    """A query string that does not fit; ``refusal`` names the parameter and the value."""

    def __init__(self, reason: Reason, *args: str) -> None:
        super().__init__(reason.id)
        self.refusal = Refusal(reason, tuple(shortened(arg) for arg in args))


T = TypeVar("T")
Query = dict[str, list[str]]


def parse_query(text: bytes) -> Query:
    """The parameters of a query string in the order given. Raises ``BadQuery``."""
    found: Query = {}
    if not text:
        return found
    for pair in text.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            found.setdefault(plain(name), []).append(plain(value))
    return found


def plain(text: bytes) -> str:
    """Percent-decoded text; a plus stands for a blank, as forms write it."""
    try:
        decoded = unquote_to_bytes(text.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        shown = text.decode("latin-1")
        raise BadQuery(BAD_PARAMETER, shown, "not UTF-8", "UTF-8 text") from None
    if "\0" in decoded:
        raise BadQuery(BAD_PARAMETER, text.decode("latin-1"), "a NUL", "text without it")
    return decoded


def only(query: Query, known: Iterable[str]) -> None:
    """Refuse parameters beyond the known ones and those given twice."""
    if not query:
        return
    allowed = set(known)
    for name, values in query.items():
        if name not in allowed:
            raise BadQuery(UNKNOWN_PARAMETER, name, values[0])
        if len(values) > 1:
            raise BadQuery(REPEATED_PARAMETER, name, values[1])


def flag(query: Query, name: str) -> bool:
    """A boolean parameter; unset is false."""
    values = query.get(name)
    if values is None:
        return False
    if values[0] not in BOOLEANS:
        raise BadQuery(BAD_PARAMETER, name, values[0], "true or false")
    return BOOLEANS[values[0]]


def action(query: Query, name: str, expected: str) -> None:
    """Refuse a missing or other action."""
    values = query.get(name)
    if values is None:
        raise BadQuery(MISSING_PARAMETER, name, expected)
    if values[0] != expected:
        raise BadQuery(BAD_PARAMETER, name, values[0], expected)


def list_query(query: Query, *, filter_prefix: str, result_prefix: str) -> tuple[TaskFilter, bool]:
    """The filter of a list and whether results are left out."""
    rest = dict(query)
    lists = {name: rest.pop(filter_prefix + name, []) for name in FILTERS}
    targets = [split_target(filter_prefix, text) for text in lists["targets"]]
    targets += indexed_targets(rest, filter_prefix + "targets.")
    only(rest, [result_prefix + "exclude_result", result_prefix + "return_all"])
    flag(rest, result_prefix + "return_all")
    status = [read_status(filter_prefix, text) for text in lists["status"]]
    wanted = TaskFilter(
        ids=wanted_set(lists["tasks"]),
        services=wanted_set(lists["services"]),
        operations=wanted_set(lists["operations"]),
        status=wanted_set(status),
        targets=wanted_set((target.type, target.id) for target in targets),
        users=wanted_set(lists["users"]),
    )
    return wanted, flag(rest, result_prefix + "exclude_result")


def wanted_set(values: Iterable[T]) -> frozenset[T] | None:
    """An empty list counts as unset."""
    return frozenset(values) or None


def read_status(prefix: str, text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise BadQuery(BAD_PARAMETER, f"{prefix}status", text, ", ".join(Status)) from None


def split_target(prefix: str, text: str, name: str = "targets") -> Target:
    kind, colon, ident = text.partition(":")
    if not colon:
        raise BadQuery(BAD_PARAMETER, f"{prefix}{name}", text, "TYPE:ID")
    return Target(kind, ident)


def indexed_targets(query: Query, prefix: str) -> list[Target]:
    """Targets written as ``targets.N.type`` and ``targets.N.id``; taken out of the query."""
    found: dict[str, dict[str, str]] = {}
    for name in [name for name in query if name.startswith(prefix)]:
        number, dot, member = name.removeprefix(prefix).partition(".")
        if not (dot and number.isascii() and number.isdigit() and member in ("type", "id")):
            continue
        values = query.pop(name)
        if len(values) > 1:
            raise BadQuery(REPEATED_PARAMETER, name, values[1])
        found.setdefault(number, {})[member] = values[0]
    for number, members in found.items():
        for member in ("type", "id"):
            if member not in members:
                raise BadQuery(MISSING_PARAMETER, f"{prefix}{number}.{member}", "a text")
    return [Target(members["type"], members["id"]) for members in found.values()]
