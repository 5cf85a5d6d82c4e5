"""Server-sent events as text, and what a watch may ask for."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.rules import reasons
from milepost.rules.finding import TaskFilter
from milepost.rules.reasons import Refusal
from milepost.rules.task import Task
from milepost.rules.values import Opaque, Status
from milepost.wire import sse
from milepost.wire.encoding import to_json
from milepost.wire.queries import BadQuery, parse_query
from milepost.wire.v1 import changes_value, task_value
from tests.contract.samples import tasks
from tests.rules.samples import STARTED, stored, text

TASK = stored(Status.RUNNING, result=Opaque('"secret"'))


def fields(event: bytes) -> list[tuple[str, str]]:
    """The fields of one event, taken apart as the standard says: lines end with a line feed."""
    assert event.endswith(b"\n\n")
    assert event.count(b"\n\n") == 1
    assert b"\r" not in event
    pairs = [line.partition(": ") for line in event.decode().removesuffix("\n\n").split("\n")]
    return [(name, value) for name, _, value in pairs]


def plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    return json.loads(to_json(value))


def test_an_event() -> None:
    changes = [("status", "PENDING", "RUNNING"), ("result", None, None)]
    event = sse.encode_event(17, TASK, changes, "anna", STARTED)
    (ident, data) = fields(event)
    assert ident == ("id", "17")
    assert data[0] == "data"
    told = json.loads(data[1])
    assert list(told) == ["task", "changes", "principal", "at"]
    assert told["task"] == plain(task_value(TASK, exclude_result=True))
    assert told["changes"] == plain(changes_value(changes))
    assert told["changes"][1] == {"field": "result"}
    assert (told["principal"], told["at"]) == ("anna", "2015-01-01T10:00:00.000Z")
    assert b"secret" not in event


@given(tasks(), st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_breaks_the_lines(task: Task, words: str) -> None:
    # The service's own clock is within the years that can be written.
    task = msgspec.structs.replace(task, created_at=0, updated_at=0, finished_at=None)
    task = msgspec.structs.replace(task, cancel_requested=None, cancel_acknowledged=None)
    event = sse.encode_event(1, task, [("description", text(words), None)], words, 0)
    assert [name for name, _ in fields(event)] == ["id", "data"]
    assert json.loads(fields(event)[1][1])["principal"] == words


def test_a_beginning_a_bookmark_and_a_sign_of_life() -> None:
    bookmark = [("event", "bookmark"), ("id", "3"), ("data", '{"position":3}')]
    assert fields(sse.bookmark(3)) == bookmark
    assert fields(sse.beginning(3)) == [("retry", "2000"), *bookmark]
    assert fields(sse.HEARTBEAT) == [("", "nothing new")]


def test_an_ending() -> None:
    event, ident, (_, data) = fields(sse.ending(9, Refusal(reasons.WATCHER_TOO_SLOW), 429))
    assert (event, ident) == (("event", "end"), ("id", "9"))
    told = json.loads(data)
    assert told["type"] == "urn:milepost:problem:watch.too_slow"
    assert told["status"] == 429


def asked(query: str, last: str | None = None) -> tuple[TaskFilter, int | None]:
    return sse.watch_query(parse_query(query.encode()), last)


@pytest.mark.parametrize(
    ("query", "last", "wanted"),
    [
        ("", None, (TaskFilter(), None)),
        ("after=0", None, (TaskFilter(), 0)),
        ("after=5", "17", (TaskFilter(), 17)),
        ("", "3", (TaskFilter(), 3)),
        ("task=a&task=b", None, (TaskFilter(ids=frozenset({"a", "b"})), None)),
        ("service=s&operation=o", None,
         (TaskFilter(services=frozenset({"s"}), operations=frozenset({"o"})), None)),
        ("status=RUNNING&status=FAILED", None,
         (TaskFilter(status=frozenset({Status.RUNNING, Status.FAILED})), None)),
        ("target=VirtualMachine:vm:1", None,
         (TaskFilter(targets=frozenset({("VirtualMachine", "vm:1")})), None)),
        ("user=anna&parent=p&after=7", None,
         (TaskFilter(users=frozenset({"anna"}), parents=frozenset({"p"})), 7)),
    ],
)  # fmt: skip
def test_what_is_asked_for(
    query: str, last: str | None, wanted: tuple[TaskFilter, int | None]
) -> None:
    assert asked(query, last) == wanted


@pytest.mark.parametrize(
    ("query", "last", "reason", "args"),
    [
        ("colour=red", None, reasons.UNKNOWN_PARAMETER, ("colour", "red")),
        ("after=1&after=2", None, reasons.REPEATED_PARAMETER, ("after", "2")),
        ("after=-1", None, reasons.BAD_POSITION, ("after", "-1")),
        ("after=", None, reasons.BAD_POSITION, ("after", "")),
        ("after=%D9%A3", None, reasons.BAD_POSITION, ("after", "٣")),
        ("after=1234567890123456789", None, reasons.BAD_POSITION, ("after", "1234567890123456789")),
        ("after=x", "3", reasons.BAD_POSITION, ("after", "x")),
        ("", "", reasons.BAD_POSITION, ("Last-Event-ID", "")),
        ("", "1.0", reasons.BAD_POSITION, ("Last-Event-ID", "1.0")),
        ("status=DONE", None, reasons.BAD_PARAMETER, ("status", "DONE", ", ".join(Status))),
        ("target=vm", None, reasons.BAD_PARAMETER, ("target", "vm", "TYPE:ID")),
        ("task=a" + "&user=b" * 256, None, reasons.WATCH_FILTER_TOO_LARGE, ("257", "256")),
    ],
)
def test_what_cannot_be_asked_for(
    query: str, last: str | None, reason: reasons.Reason, args: tuple[str, ...]
) -> None:
    with pytest.raises(BadQuery) as bad:
        asked(query, last)
    assert bad.value.refusal == Refusal(reason, args)


def test_as_many_values_as_allowed() -> None:
    wanted, _ = asked("&".join(f"task={number}" for number in range(256)))
    assert wanted.ids is not None
    assert len(wanted.ids) == 256
