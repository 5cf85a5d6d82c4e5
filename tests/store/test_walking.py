"""How far the walks of a page go at once: bounded together, by tasks and by time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.rules.finding import Selection, TaskFilter
from milepost.store.sqlite import walking
from milepost.store.sqlite.counting import read_counts
from milepost.store.sqlite.paging import read_page
from milepost.store.sqlite.walking import Budget
from tests.store.test_creation import opened, put

MANY = 300


class Clock:
    """Goes on by so many seconds at each look."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


@given(walks=st.integers(1, 20))
def test_all_walks_together_look_at_no_more_than_may_be(walks: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walking, "time", Clock(0.0))
        budget = Budget(walks)
        shares = [list(budget.share().sizes()) for _ in range(walks)]
    assert sum(sum(sizes) for sizes in shares) == walking.MOST_EXAMINED
    assert all(sizes[:-1] == sorted(sizes[:-1]) for sizes in shares)


@given(walks=st.integers(1, 20))
def test_when_the_time_is_over_each_walk_still_gets_somewhere(walks: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walking, "time", Clock(walking.PAGE_SECONDS))
        budget = Budget(walks)
        shares = [list(budget.share().sizes()) for _ in range(walks)]
    assert all(len(sizes) == 1 for sizes in shares)


@pytest.fixture
def shelf() -> Iterator[sqlite3.Connection]:
    """Tasks of four services, and what is asked of each task can be counted."""
    database = opened([])
    for number in range(1, MANY + 1):
        service = f"com.acme.{number % 4}"
        put(database, number, service=service)
    yield database
    database.close()


SERVICES = frozenset(f"com.acme.{number}" for number in range(4))


@pytest.mark.parametrize(
    "wanted", [TaskFilter(), TaskFilter(services=SERVICES)], ids=["one walk", "twenty walks"]
)
def test_a_page_and_counts_look_at_so_many_tasks(
    shelf: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, wanted: TaskFilter
) -> None:
    monkeypatch.setattr(walking, "MOST_EXAMINED", 40)
    monkeypatch.setattr(walking, "PAGE_SECONDS", 3600.0)
    looked_at: list[str] = []

    def lower(text: str) -> str:
        looked_at.append(text)
        return text.lower()

    shelf.create_function("lower", 1, lower)
    selection = Selection(wanted=wanted, text="nowhere")
    page = read_page(shelf, selection, 10, None)
    # Four texts of each task are looked through.
    assert 0 < len(looked_at) <= 4 * 40
    assert page.next is not None
    looked_at.clear()
    assert not read_counts(shelf, selection).complete
    assert 0 < len(looked_at) <= 4 * 40


def test_what_lies_behind_the_end_of_one_walk_comes_later(
    shelf: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MOST_EXAMINED", 40)
    monkeypatch.setattr(walking, "PAGE_SECONDS", 0.0)
    selection = Selection(wanted=TaskFilter(services=SERVICES), updated_after=0)
    numbers: list[int] = []
    mark = None
    while True:
        page = read_page(shelf, selection, 7, mark)
        numbers += [int(task.id) for task in page.tasks]
        if page.next is None:
            break
        mark = page.next
    assert numbers == list(range(MANY, 0, -1))
