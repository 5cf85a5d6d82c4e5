"""How SQLite reads pages: along an index or the order of creation, never by a sort of all tasks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.values import Status
from milepost.store.sqlite import queries
from milepost.store.sqlite.connection import migrate
from milepost.store.sqlite.counting import read_counts
from milepost.store.sqlite.paging import read_page

ONE = frozenset({"x"})
WALKS: dict[str, tuple[TaskFilter, str]] = {
    "everything": (TaskFilter(), "SCAN tasks"),
    "a task": (TaskFilter(ids=ONE), "INDEX sqlite_autoindex_tasks_1 (id=?"),
    "a parent": (TaskFilter(parents=ONE), "INDEX tasks_by_parent (parent=?"),
    "a user": (TaskFilter(users=ONE), "INDEX tasks_by_user (user=?"),
    "a target": (
        TaskFilter(targets=frozenset({("a", "b")})),
        "INDEX tasks_by_target (target_id=? AND target_type=?",
    ),
    "an operation": (TaskFilter(operations=ONE), "INDEX tasks_by_operation (operation=?"),
    "a service": (TaskFilter(services=ONE), "INDEX tasks_by_service (service=? AND status=?"),
    "what an extension sees": (
        TaskFilter(visible_service="x"),
        "INDEX tasks_by_service (service=? AND status=?",
    ),
    "a status": (
        TaskFilter(status=frozenset({Status.RUNNING})),
        "INDEX tasks_by_status (status=?",
    ),
}
MARKS: tuple[int | None, ...] = (None, 7)


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(":memory:", isolation_level=None)
    migrate(database)
    yield database
    database.close()


class Watched(sqlite3.Connection):
    """A connection that keeps the plan of every statement that reads tasks."""

    plans: list[str]

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if "FROM tasks" in sql:
            rows = super().execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            self.plans.append("; ".join(row[3] for row in rows))
        return super().execute(sql, parameters)


@pytest.fixture
def watched() -> Iterator[Watched]:
    database = sqlite3.connect(":memory:", isolation_level=None, factory=Watched)
    assert isinstance(database, Watched)
    database.plans = []
    migrate(database)
    yield database
    database.close()


@pytest.mark.parametrize("after", MARKS)
@pytest.mark.parametrize("rest", ["bare", "with more to ask"])
@pytest.mark.parametrize("name", WALKS)
def test_a_walk_follows_its_index(
    watched: Watched, name: str, rest: str, after: int | None
) -> None:
    wanted, index = WALKS[name]
    for newest_first in (True, False):
        selection = Selection(
            wanted=wanted,
            newest_first=newest_first,
            text="x" if rest != "bare" else None,
            updated_after=7 if rest != "bare" else None,
        )
        watched.plans.clear()
        read_page(watched, selection, 10, after)
        *walks, last = watched.plans
        assert walks
        for plan in walks:
            if name == "everything" and after is not None:
                assert "SEARCH tasks USING INTEGER PRIMARY KEY (rowid" in plan
            else:
                assert index in plan
            assert "TEMP B-TREE" not in plan or name == "a task"
        assert "USING INTEGER PRIMARY KEY (rowid=?)" in last


@pytest.mark.parametrize("wanted", [TaskFilter(), TaskFilter(services=ONE)])
def test_counts_of_services_look_at_no_task(watched: Watched, wanted: TaskFilter) -> None:
    read_counts(watched, Selection(wanted=wanted))
    assert not watched.plans
    read_counts(watched, Selection(wanted=wanted, text="x"))
    assert watched.plans


@pytest.mark.parametrize("statement", [queries.SELECT_HISTORY, queries.SELECT_HISTORY_BEFORE])
def test_a_history_follows_its_chain(database: sqlite3.Connection, statement: str) -> None:
    values = dict.fromkeys(("id", "before", "limit"), "x")
    rows = database.execute(f"EXPLAIN QUERY PLAN {statement}", values)
    plan = [row[3] for row in rows]
    assert not [line for line in plan if line.startswith("SCAN events")]
    assert [line for line in plan if "events USING INTEGER PRIMARY KEY" in line]
