"""What is cut out of a history: as a pure calculation, and how the database looks it up."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.rules.finding import TaskFilter
from milepost.store.sqlite import shortening
from milepost.store.sqlite.connection import DATABASE
from milepost.store.sqlite.shortening import Happened, History, HistoryBound, cuts_of
from milepost.store.sqlite.store import open_store

positions = st.sets(st.integers(1, 10**6), max_size=40).map(sorted)


@st.composite
def histories(draw: st.DrawFn) -> History:
    return History("x", 1, [Happened(each, draw(st.booleans())) for each in draw(positions)])


@given(history=histories(), keep=st.integers(2, 20), at_once=st.integers(1, 30))
def test_each_step_leaves_a_whole_chain(history: History, keep: int, at_once: int) -> None:
    left = [event.position for event in history.events]
    oldest, newest, excess = left[:1], left[-1:], max(len(left) - keep, 0)
    previous = dict(zip(left[1:], left, strict=False))
    cuts = list(cuts_of(history, keep, at_once))
    for cut in cuts:
        assert len(cut.taken) <= at_once
        left = [position for position in left if position not in cut.taken]
        # Followed as the database does: from the newest backwards.
        previous |= dict(cut.links)
        walked = left[-1:]
        while walked and walked[-1] in previous:
            walked.append(previous[walked[-1]])
        assert walked == left[::-1]
        assert (left[:1], left[-1:]) == (oldest, newest)
    assert sum(len(cut.taken) for cut in cuts) == excess
    assert [cut.is_last for cut in cuts] == [False] * (len(cuts) - 1) + [True]


@given(history=histories(), keep=st.integers(2, 20), at_once=st.integers(1, 30))
def test_nothing_else_goes_while_there_is_an_older_report(
    history: History, keep: int, at_once: int
) -> None:
    gone = [position for cut in cuts_of(history, keep, at_once) for position in cut.taken]
    middle = history.events[1:-1]
    reports = [event.position for event in middle if event.is_progress]
    others = [event.position for event in middle if not event.is_progress]
    gone_reports = sorted(set(gone) & set(reports))
    gone_others = sorted(set(gone) & set(others))
    assert gone_reports == reports[: len(gone_reports)]
    assert gone_others == others[: len(gone_others)]
    assert not gone_others or gone_reports == reports


@pytest.mark.parametrize(
    ("most", "marked"),
    [(10, [11, 12, 13, 14]), (200, [201, 203, 205]), (10_000, [10_001, 10_101, 10_201])],
)
def test_a_task_is_marked_when_it_has_too_many_and_then_now_and_again(
    most: int, marked: list[int]
) -> None:
    bound = HistoryBound(most)
    reached = [number for number in range(1, marked[-1] + 1) if bound.is_reached(number)]
    assert reached == marked
    assert bound.kept + bound.step == most


@pytest.mark.parametrize(
    "wanted",
    [
        TaskFilter(),
        TaskFilter(visible_service="com.acme"),
        TaskFilter(ids=frozenset({"x"}), operations=frozenset({"backup"})),
    ],
)
def test_only_shortened_histories_are_looked_at(tmp_path: Path, wanted: TaskFilter) -> None:
    """A million tasks that were not shortened cost a watcher nothing."""
    asyncio.run(open_store(tmp_path).close())
    plans: list[str] = []

    class Explaining(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            plans.extend(
                row[-1] for row in super().execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            )
            return super().execute(sql, parameters)

    connection = sqlite3.connect(tmp_path / DATABASE, factory=Explaining)
    assert shortening.newest_taken_out(connection, wanted, 7) is None
    connection.close()
    assert plans
    assert not any("SCAN tasks" in plan or "SCAN shortened" in plan for plan in plans)
