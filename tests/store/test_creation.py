"""Tasks of some time are found by their numbers, whatever the clock has done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.values import Status
from milepost.store.sqlite import creation
from milepost.store.sqlite.connection import migrate, migrations
from milepost.store.sqlite.counting import read_counts
from milepost.store.sqlite.creation import EARLIEST, LATEST, narrowed
from milepost.store.sqlite.paging import read_page
from tests.store.test_schema import TASK, insert

instants = st.integers(0, 60)
ends = st.none() | instants


TEXT = '{"id":"","default_message":""}'
RUNNING: dict[str, object] = {
    "status": "RUNNING",
    "start_time": 1,
    "end_time": None,
    "finished_at": None,
}


def put(database: sqlite3.Connection, number: int, **values: object) -> None:
    """A task of that number."""
    texts = {"description": TEXT, "progress_message": TEXT}
    row = {"number": number, "id": f"{number:022}", **texts, **values}
    insert(database, "tasks", row)


def opened(created: list[int]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    migrate(database)
    for number, at in enumerate(created, start=1):
        put(database, number, created_at=at)
    return database


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    database = opened([])
    yield database
    database.close()


def found(database: sqlite3.Connection, selection: Selection) -> list[int]:
    return [int(task.id) for task in read_page(database, selection, 100, None).tasks]


@example(created=[5, 3], after=3, before=None, newest=False)
@example(created=[3, 9, 2], after=None, before=4, newest=True)
@given(created=st.lists(instants, max_size=30), after=ends, before=ends, newest=st.booleans())
def test_what_is_found_was_created_then(
    created: list[int], after: int | None, before: int | None, *, newest: bool
) -> None:
    database = opened(created)
    selection = Selection(created_after=after, created_before=before, newest_first=newest)
    expected = [
        number
        for number, at in enumerate(created, start=1)
        if (after is None or after <= at) and (before is None or at < before)
    ]
    assert found(database, selection) == (expected[::-1] if newest else expected)
    database.close()


@given(created=st.lists(instants, max_size=30).map(sorted), after=ends, before=ends)
def test_with_a_clock_that_only_went_on_nothing_remains_to_be_asked(
    created: list[int], after: int | None, before: int | None
) -> None:
    database = opened(created)
    span, rest = narrowed(database, Selection(created_after=after, created_before=before))
    if span != creation.NOTHING:
        assert (rest.created_after, rest.created_before) == (None, None)
    database.close()


@given(created=st.lists(instants, max_size=30))
def test_how_far_the_clock_went_back_is_known(created: list[int]) -> None:
    before = [max(created[: place + 1]) - at for place, at in enumerate(created)]
    database = opened(created)
    assert database.execute(creation.SELECT_BACK).fetchone() == (max(before, default=0),)
    database.close()


def test_no_clock_goes_back_further_than_can_be_counted() -> None:
    database = opened([LATEST, EARLIEST, 5])
    for after, before, numbers in (
        (0, None, [3, 1]),
        (None, 6, [3, 2]),
        (EARLIEST, LATEST, [3, 2]),
    ):
        selection = Selection(wanted=TaskFilter(), created_after=after, created_before=before)
        assert found(database, selection) == numbers
    database.close()


def test_with_too_many_of_one_instant_the_end_stays_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(creation, "MOST_LOOKED_AT", 3)
    database = opened([1, 2, 2, 2, 2, 3])
    selection = Selection(created_after=2, newest_first=False)
    span, rest = narrowed(database, selection)
    assert (span.first, rest) == (None, selection)
    assert found(database, selection) == [2, 3, 4, 5, 6]
    database.close()


def test_the_plans_of_looking_for_an_end(database: sqlite3.Connection) -> None:
    for statement, values in (
        (creation.SELECT_FIRST, (1,)),
        (creation.SELECT_LAST, (1,)),
        (creation.SELECT_AMONG, (1, 2, 3)),
    ):
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        assert any("COVERING INDEX tasks_by_creation (created_at" in line for line in plan), plan
        assert not any("SCAN tasks" in line for line in plan), plan


SERVICES = ["com.acme", "com.other"]
steps = st.lists(
    st.tuples(
        st.sampled_from(["make", "move", "pin", "remove"]),
        st.integers(1, 8),
        st.sampled_from(SERVICES),
        st.sampled_from(["RUNNING", "BLOCKED"]),
    ),
    max_size=40,
)


@given(steps=steps)
def test_the_tallies_are_what_there_is(steps: list[tuple[str, int, str, str]]) -> None:
    database = opened([])
    for verb, number, service, status in steps:
        if verb == "make":
            taken = database.execute("SELECT 1 FROM tasks WHERE number = ?", (number,)).fetchone()
            if taken is None:
                put(database, number, service=service, **RUNNING)
        elif verb == "move":
            statement = "UPDATE tasks SET status = ?, start_time = 1 WHERE number = ?"
            database.execute(statement, (status, number))
        elif verb == "pin":
            database.execute("UPDATE tasks SET pinned = 1 - pinned WHERE number = ?", (number,))
        else:
            database.execute("DELETE FROM tasks WHERE number = ?", (number,))
    counted = database.execute(
        "SELECT service, status, pinned, count(*) FROM tasks GROUP BY 1, 2, 3"
    ).fetchall()
    tallied = database.execute("SELECT * FROM tallies WHERE count > 0").fetchall()
    assert sorted(tallied) == sorted(counted)
    for services in (None, frozenset(SERVICES[:1])):
        counts = read_counts(database, Selection(wanted=TaskFilter(services=services)))
        expected = dict.fromkeys(Status, 0)
        for service, status, _, count in counted:
            if services is None or service in services:
                expected[Status(status)] += count
        assert counts.by_status == expected
        assert counts.complete
    database.close()


def test_a_database_of_before_is_counted_and_its_clock_looked_at() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    *_, last = steps_of_schema = migrations()
    assert "tallies" in last
    for step in steps_of_schema[:-1]:
        database.executescript(step)
    for number, at in enumerate([5, 9, 3, 9], start=1):
        put(database, number, created_at=at)
    database.executescript(last)
    assert database.execute("SELECT sum(count) FROM tallies").fetchone() == (4,)
    assert database.execute("SELECT milliseconds FROM clock_back").fetchone() == (6,)
    assert TASK["service"] in {row[0] for row in database.execute("SELECT service FROM tallies")}
    database.close()
