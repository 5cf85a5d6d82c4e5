"""Which tasks a filter wants."""

from __future__ import annotations

import pytest

from milepost.rules.finding import TaskFilter
from milepost.rules.values import Status, Target
from tests.rules.samples import stored

TASK = stored(Status.RUNNING, target=Target("VirtualMachine", "vm-1"), user="ann", parent="p" * 22)
NOBODY = stored(Status.RUNNING)

WANTED = [
    TaskFilter(ids=frozenset({"t" * 22, "u" * 22})),
    TaskFilter(services=frozenset({"com.acme.ext"})),
    TaskFilter(operations=frozenset({"com.acme.ext.backup"})),
    TaskFilter(status=frozenset({Status.RUNNING, Status.BLOCKED})),
    TaskFilter(targets=frozenset({("VirtualMachine", "vm-1")})),
    TaskFilter(users=frozenset({"ann"})),
    TaskFilter(parents=frozenset({"p" * 22, "q" * 22})),
    TaskFilter(visible_service="com.acme.ext"),
]
UNWANTED = [
    TaskFilter(ids=frozenset({"t" * 21})),
    TaskFilter(services=frozenset({"com.acme.ext.backup"})),
    TaskFilter(operations=frozenset({"com.acme.ext"})),
    TaskFilter(status=frozenset({Status.PENDING})),
    TaskFilter(targets=frozenset({("Folder", "vm-1")})),
    TaskFilter(targets=frozenset({("VirtualMachine", "vm-2")})),
    TaskFilter(users=frozenset({"bob"})),
    TaskFilter(parents=frozenset({"t" * 22})),
    TaskFilter(visible_service="com.acme.other"),
]


def test_no_filter_wants_every_task() -> None:
    assert TaskFilter().matches(TASK)
    assert TaskFilter().matches(NOBODY)


@pytest.mark.parametrize("wanted", WANTED)
def test_one_member_that_holds_it(wanted: TaskFilter) -> None:
    assert wanted.matches(TASK)


@pytest.mark.parametrize("unwanted", UNWANTED)
def test_one_member_that_does_not(unwanted: TaskFilter) -> None:
    assert not unwanted.matches(TASK)


def test_every_member_must_hold_it() -> None:
    eight = TaskFilter(
        ids=frozenset({TASK.id}),
        services=frozenset({TASK.service}),
        operations=frozenset({TASK.operation}),
        status=frozenset({TASK.status}),
        targets=frozenset({("VirtualMachine", "vm-1")}),
        users=frozenset({"ann"}),
        parents=frozenset({"p" * 22}),
        visible_service=TASK.service,
    )
    assert eight.matches(TASK)
    assert not eight.matches(NOBODY)


def test_a_task_of_nobody_is_in_no_list_of_users() -> None:
    assert not TaskFilter(users=frozenset({"ann"})).matches(NOBODY)
    assert not TaskFilter(users=frozenset()).matches(NOBODY)


def test_a_task_without_a_parent_is_in_no_list_of_parents() -> None:
    assert not TaskFilter(parents=frozenset({"p" * 22})).matches(NOBODY)


def test_asking_for_more_shows_no_more() -> None:
    asked = TaskFilter(services=frozenset({"com.acme.ext"}), visible_service="com.acme.other")
    assert not asked.matches(TASK)
