"""The query strings of ``/v1``: filters in the singular, each of which may be repeated."""

from __future__ import annotations

from typing import NamedTuple

from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.instants import read_instant
from milepost.rules.reasons import BAD_PARAMETER
from milepost.rules.values import Instant
from milepost.wire.queries import BadQuery, Query, flag, only, read_status, split_target, wanted_set

FILTERS = ("task", "service", "operation", "status", "target", "user", "parent")
TIMES = tuple(
    f"{moment}_{end}"
    for moment in ("created", "updated", "finished")
    for end in ("after", "before")
)
ORDERS = {"-created": True, "created": False}
PAGES = ("page_size", "page_token")
DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
LONGEST_NUMBER = 4
MOST_VALUES = 1000


class PageOf(NamedTuple):
    """Which page: at most ``size``, behind the one whose token this is."""

    size: int
    token: str | None


class ListQuery(NamedTuple):
    """What a list is asked for."""

    selection: Selection
    page: PageOf
    exclude_result: bool
    counts: bool


def filter_of(query: Query) -> TaskFilter:
    """The filter of a list or a stream; its parameters are taken out of the query."""
    lists = {name: query.pop(name, []) for name in FILTERS}
    for name, values in lists.items():
        if len(values) > MOST_VALUES:
            says = f"at most {MOST_VALUES} values"
            raise BadQuery(BAD_PARAMETER, name, f"given {len(values)} times", says)
    targets = [split_target("", text, "target") for text in lists["target"]]
    return TaskFilter(
        ids=wanted_set(lists["task"]),
        services=wanted_set(lists["service"]),
        operations=wanted_set(lists["operation"]),
        status=wanted_set(read_status("", text) for text in lists["status"]),
        targets=wanted_set((target.type, target.id) for target in targets),
        users=wanted_set(lists["user"]),
        parents=wanted_set(lists["parent"]),
    )


def list_query(query: Query) -> ListQuery:
    """What a list is asked for. Raises ``BadQuery``."""
    rest = dict(query)
    wanted = filter_of(rest)
    only(rest, (*TIMES, *PAGES, "text", "order", "exclude_result", "counts"))
    selection = Selection(
        wanted=wanted,
        text=one(rest, "text") or None,
        newest_first=order_of(rest),
        **{name: instant_of(rest, name) for name in TIMES},
    )
    return ListQuery(selection, page_of(rest), flag(rest, "exclude_result"), flag(rest, "counts"))


def page_query(query: Query) -> PageOf:
    """Which page of something without filters. Raises ``BadQuery``."""
    only(query, PAGES)
    return page_of(query)


def user_page_query(query: Query) -> tuple[str | None, PageOf]:
    """Whose things, and which page of them. Raises ``BadQuery``."""
    only(query, (*PAGES, "user"))
    return one(query, "user"), page_of(query)


def page_of(query: Query) -> PageOf:
    text = one(query, "page_size")
    if text is None:
        return PageOf(DEFAULT_PAGE, one(query, "page_token"))
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    if not is_number or not 1 <= int(text) <= LARGEST_PAGE:
        raise BadQuery(BAD_PARAMETER, "page_size", text, f"1 to {LARGEST_PAGE}")
    return PageOf(int(text), one(query, "page_token"))


def one(query: Query, name: str) -> str | None:
    values = query.get(name)
    return None if values is None else values[0]


def order_of(query: Query) -> bool:
    text = one(query, "order")
    if text is None:
        return True
    if text not in ORDERS:
        raise BadQuery(BAD_PARAMETER, "order", text, " or ".join(ORDERS))
    return ORDERS[text]


def instant_of(query: Query, name: str) -> Instant | None:
    text = one(query, name)
    if text is None:
        return None
    try:
        return read_instant(text)
    except ValueError:
        raise BadQuery(
            BAD_PARAMETER, name, text, "a date and time like 2015-01-01T22:13:05.651Z"
        ) from None
