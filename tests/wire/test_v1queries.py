"""The query strings of ``/v1``."""

from __future__ import annotations

import pytest

from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.reasons import BAD_PARAMETER, REPEATED_PARAMETER, UNKNOWN_PARAMETER, Reason
from milepost.rules.values import Status
from milepost.wire.queries import BadQuery, parse_query
from milepost.wire.v1queries import ListQuery, PageOf, list_query, page_query, user_page_query

NOON_TEXT, NOON = "2015-01-01T12:00:00Z", 1_420_113_600_000


def asked(text: str) -> ListQuery:
    return list_query(parse_query(text.encode()))


def test_nothing_is_everything_newest_first() -> None:
    assert asked("") == ListQuery(
        Selection(), PageOf(100, None), exclude_result=False, counts=False
    )
    assert asked("text=") == asked("")


def test_filters_may_be_repeated() -> None:
    found = asked(
        "task=a&task=b&service=s&operation=o&status=RUNNING&status=FAILED&user=&parent=p"
        "&target=VirtualMachine:vm-1&target=a:b:c"
    )
    assert found.selection.wanted == TaskFilter(
        ids=frozenset({"a", "b"}),
        services=frozenset({"s"}),
        operations=frozenset({"o"}),
        status=frozenset({Status.RUNNING, Status.FAILED}),
        targets=frozenset({("VirtualMachine", "vm-1"), ("a", "b:c")}),
        users=frozenset({""}),
        parents=frozenset({"p"}),
    )


def test_the_rest_comes_once() -> None:
    found = asked(
        f"text=web+01&created_after={NOON_TEXT}&updated_before={NOON_TEXT}&order=created"
        "&page_size=7&page_token=abc&exclude_result=true&counts=true"
    )
    selection = Selection(
        text="web 01", created_after=NOON, updated_before=NOON, newest_first=False
    )
    assert found == ListQuery(selection, PageOf(7, "abc"), exclude_result=True, counts=True)
    assert asked("order=-created").selection.newest_first


REFUSED: dict[str, tuple[Reason, tuple[str, ...]]] = {
    "status=ALL": (BAD_PARAMETER, ("status", "ALL", ", ".join(Status))),
    "target=vm-1": (BAD_PARAMETER, ("target", "vm-1", "TYPE:ID")),
    "tasks=a": (UNKNOWN_PARAMETER, ("tasks", "a")),
    "text=a&text=b": (REPEATED_PARAMETER, ("text", "b")),
    "order=updated": (BAD_PARAMETER, ("order", "updated", "-created or created")),
    "created_after=today": (
        BAD_PARAMETER,
        ("created_after", "today", "a date and time like 2015-01-01T22:13:05.651Z"),
    ),
    "counts=yes": (BAD_PARAMETER, ("counts", "yes", "true or false")),
    **{
        f"page_size={text}": (BAD_PARAMETER, ("page_size", text, "1 to 1000"))
        for text in ("0", "1001", "-1", "x", "", "1.5", "00001", "²")
    },
    "&".join(["task=a"] * 1001): (
        BAD_PARAMETER,
        ("task", "given 1001 times", "at most 1000 values"),
    ),
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_what_does_not_fit(text: str) -> None:
    with pytest.raises(BadQuery) as caught:
        asked(text)
    assert (caught.value.refusal.reason, caught.value.refusal.args) == REFUSED[text]


def test_pages_of_somebody() -> None:
    assert user_page_query(parse_query(b"")) == (None, PageOf(100, None))
    found = user_page_query(parse_query(b"user=ann&page_size=2&page_token=x"))
    assert found == ("ann", PageOf(2, "x"))
    for wrong in (b"user=ann&user=bob", b"owner=ann"):
        with pytest.raises(BadQuery):
            user_page_query(parse_query(wrong))


def test_pages_alone() -> None:
    assert page_query(parse_query(b"")) == PageOf(100, None)
    assert page_query(parse_query(b"page_size=1000&page_token=x")) == PageOf(1000, "x")
    with pytest.raises(BadQuery):
        page_query(parse_query(b"text=a"))
