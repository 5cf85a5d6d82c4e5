"""What a long poll asks for."""

from __future__ import annotations

import pytest

from milepost.rules.waiting import Wait
from milepost.wire.queries import BadQuery, parse_query
from milepost.wire.waits import wait_query


def asked(query: str, held: set[int] | None = None) -> Wait | None:
    """The wait of a query, which must have nothing left of it."""
    found = parse_query(query.encode())
    wait = wait_query(found, None if held is None else frozenset(held))
    assert set(found) <= {"exclude_result"}
    return wait


@pytest.mark.parametrize(
    ("query", "held", "wait"),
    [
        ("", None, None),
        ("", {3}, None),
        ("exclude_result=true", None, None),
        ("wait=30s&for=terminal", None, Wait(seconds=30)),
        ("wait=60&for=terminal", None, Wait(seconds=60)),
        ("wait=0s&for=terminal", {3}, Wait(seconds=0)),
        ("wait=0.25s&for=terminal&after_revision=2", None, Wait(seconds=0.25)),
        ("wait=1s&after_revision=4", None, Wait(seconds=1, known=frozenset({4}))),
        ("wait=1s&for=change&after_revision=0", None, Wait(seconds=1, known=frozenset({0}))),
        ("wait=1s", {3}, Wait(seconds=1, known=frozenset({3}))),
        ("wait=1s", {3, 12}, Wait(seconds=1, known=frozenset({3, 12}))),
        ("wait=1s", set(), Wait(seconds=1, known=frozenset())),
        ("wait=1s&after_revision=4", {3}, Wait(seconds=1, known=frozenset({4}))),
    ],
)
def test_a_wait(query: str, held: set[int] | None, wait: Wait | None) -> None:
    assert asked(query, held) == wait


@pytest.mark.parametrize(
    ("query", "reason", "args"),
    [
        ("wait=61s&for=terminal", "bad_parameter", ("wait", "61s", "a time from 0s to 60s")),
        ("wait=60.001&for=terminal", "bad_parameter", ("wait", "60.001", "a time from 0s to 60s")),
        *(
            (f"wait={text}&for=terminal", "bad_parameter", ("wait", text, "a time from 0s to 60s"))
            for text in ("", "s", "-1s", "1m", "1e1", "NaN", "٣s", "0.1234s", "123456s", " 1s")
        ),
        ("wait=1s&for=ever", "bad_parameter", ("for", "ever", "change or terminal")),
        (
            "wait=1s",
            "missing_parameter",
            ("after_revision", "a revision, there or in If-None-Match"),
        ),
        ("wait=1s&after_revision=x", "bad_parameter", ("after_revision", "x", "a revision")),
        ("wait=1s&after_revision=-1", "bad_parameter", ("after_revision", "-1", "a revision")),
        (
            "wait=1s&for=terminal&after_revision=1.0",
            "bad_parameter",
            ("after_revision", "1.0", "a revision"),
        ),
        ("wait=1s&wait=2s", "repeated_parameter", ("wait", "2s")),
        ("for=terminal", "missing_parameter", ("wait", "a time like 30s")),
        ("after_revision=3", "missing_parameter", ("wait", "a time like 30s")),
    ],
)
def test_what_is_no_wait(query: str, reason: str, args: tuple[str, ...]) -> None:
    with pytest.raises(BadQuery) as bad:
        asked(query)
    assert bad.value.refusal.reason.id == f"milepost.query.{reason}"
    assert bad.value.refusal.args == args
