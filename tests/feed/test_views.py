"""The views that a task concerns are those whose filter matches it, however they are filed."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from milepost.feed.views import Views
from milepost.rules.finding import TaskFilter
from milepost.rules.task import Task
from milepost.rules.values import Status, Target
from tests.feed.book import ALL, of_tasks, task
from tests.rules.samples import stored

SOME: dict[str, list[Any]] = {
    "ids": ["a" * 22, "b" * 22],
    "parents": ["p" * 22, "q" * 22],
    "targets": [("Folder", "1"), ("Folder", "2")],
    "users": ["ann", "bob"],
    "operations": ["copy", "move"],
    "services": ["com.acme", "com.other"],
    "status": [Status.RUNNING, Status.BLOCKED],
}
sets = {name: st.none() | st.frozensets(st.sampled_from(pool)) for name, pool in SOME.items()}
filters = st.builds(
    TaskFilter, **sets, visible_service=st.none() | st.sampled_from(SOME["services"])
)


def concerned(target: tuple[str, str], status: Status, **fields: Any) -> Task:
    return stored(status, target=Target(*target), **fields)


tasks = st.builds(
    concerned,
    target=st.sampled_from(SOME["targets"]),
    status=st.sampled_from(SOME["status"]),
    id=st.sampled_from(SOME["ids"]),
    parent=st.none() | st.sampled_from(SOME["parents"]),
    user=st.none() | st.sampled_from(SOME["users"]),
    operation=st.sampled_from(SOME["operations"]),
    service=st.sampled_from(SOME["services"]),
)


@given(st.lists(filters, max_size=8), st.lists(filters, max_size=8), tasks)
def test_what_is_found_is_what_matches(
    staying: list[TaskFilter], leaving: list[TaskFilter], one: Task
) -> None:
    views = Views()
    entered = [views.enter(wanted) for wanted in leaving]
    stayed = [views.enter(wanted) for wanted in staying]
    for view in entered:
        views.leave(view)
    assert len(views) == len(set(staying))
    found = list(views.matching(one))
    assert {view.wanted for view in found} == {each for each in staying if each.matches(one)}
    assert len(found) == len(set(found))
    for view in stayed:
        views.leave(view)
    assert list(views.matching(one)) == []
    assert (len(views), views._filed, views._others) == (0, {}, {})


def test_the_same_filter_is_the_same_view() -> None:
    views = Views()
    view = views.enter(of_tasks(1, 2))
    assert views.enter(of_tasks(2, 1)) is view
    assert view.members == 2
    views.leave(view)
    assert list(views.matching(task(1))) == [view]


def test_only_the_views_of_a_task_are_looked_at() -> None:
    looked_at: list[Task] = []

    class Counted(TaskFilter, frozen=True):
        def matches(self, task: Task) -> bool:
            looked_at.append(task)
            return super().matches(task)

    views = Views()
    for number in range(1000):
        views.enter(Counted(ids=frozenset({task(number).id})))
    everything = views.enter(ALL)
    found = list(views.matching(task(7)))
    assert len(found) == 2
    assert everything in found
    assert len(looked_at) == 1
