"""Who may do what to which task: the table of the contract, written out by hand."""

from __future__ import annotations

import msgspec
import pytest

from milepost.access.policy import (
    Act,
    judge,
    may_see,
    refusal_of_create,
    refusal_of_fields,
    refusal_of_users,
    service_of,
    visible_service,
)
from milepost.access.principals import Principal, Role
from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.rules.task import CreateTask, Refused, Task, UpdateTask
from milepost.rules.values import ROOT_FOLDER

OURS, THEIRS = "com.acme.backup", "com.other.copy"
WHO = {
    "administrator": Principal("root", Role.ADMINISTRATOR),
    "operator": Principal("oscar", Role.OPERATOR),
    "viewer": Principal("vera", Role.VIEWER),
    "extension": Principal("acme-1", Role.EXTENSION, OURS),
    "colleague": Principal("acme-2", Role.EXTENSION, OURS),
}

# + it may, - it sees it and may not (403), . it does not exist for it (404).
# The task of its own extension has the service OURS, the foreign one THEIRS.
TABLE = """
                 own-read own-update own-cancel foreign-read foreign-update foreign-cancel create
administrator    +        +          +          +            +              +              +
operator         +        -          +          +            -              +              -
viewer           +        -          -          +            -              -              -
extension        +        +          +          .            .              .              +
colleague        +        +          +          .            .              .              +
"""
# Whoever reads a task reads all of it, with a session.
WHOLE = """
                 own-result own-history foreign-result foreign-history
administrator    +          +           +              +
operator         +          +           +              +
viewer           +          +           +              +
extension        +          +           .              .
colleague        +          +           .              .
"""
FORCE_CLOSE = """
                 own-force-close foreign-force-close
administrator    +               +
operator         +               +
viewer           -               -
extension        -               .
colleague        -               .
"""


def cells(table: str) -> list[tuple[str, str, str]]:
    heading, *lines = table.strip().splitlines()
    columns = heading.split()
    return [
        (name, column, mark)
        for name, *marks in map(str.split, lines)
        for column, mark in zip(columns, marks, strict=True)
    ]


CELLS = [*cells(TABLE), *cells(FORCE_CLOSE), *cells(WHOLE)]
ACTS = {act.name.lower().removeprefix("read_").replace("_", "-"): act for act in Act}


def task_of(service: str) -> Task:
    return Task(
        id="t" * 26,
        revision=3,
        service=service,
        operation="op",
        cancelable=True,
        target=ROOT_FOLDER,
        principal="acme-1",
        created_at=0,
        updated_at=0,
    )


def mark_of(who: Principal, column: str) -> str:
    if column == "create":
        refusal = refusal_of_create(who)
        if refusal is None:
            return "+"
        assert refusal.reason is reasons.CREATE_NOT_ALLOWED
        assert refusal.args == (who.role.value,)
        return "-"
    whose, _, act = column.partition("-")
    task = task_of(OURS if whose == "own" else THEIRS)
    judged = judge(ACTS[act], who, task, task.id)
    if not isinstance(judged, Refused):
        assert judged is task
        return "+"
    if judged.refusal.reason is reasons.TASK_UNKNOWN:
        assert judged.task is None
        assert judged.refusal.args == (task.id,)
        return "."
    assert judged.refusal.reason is reasons.NOT_YOURS
    assert judged.task is task
    return "-"


@pytest.mark.parametrize(("name", "column", "mark"), CELLS)
def test_the_table(name: str, column: str, mark: str) -> None:
    assert mark_of(WHO[name], column) == mark


def test_the_table_is_complete() -> None:
    assert {WHO[name].role for name, _, _ in CELLS} == set(Role)
    acts = {column.removeprefix("own-").removeprefix("foreign-") for _, column, _ in CELLS}
    assert acts == set(ACTS)


@pytest.mark.parametrize("name", WHO)
@pytest.mark.parametrize("act", Act)
def test_a_task_that_is_not_there_is_unknown_to_all(name: str, act: Act) -> None:
    judged = judge(act, WHO[name], None, "x")
    assert isinstance(judged, Refused)
    assert (judged.refusal.reason, judged.task) == (reasons.TASK_UNKNOWN, None)


@pytest.mark.parametrize("name", WHO)
def test_what_a_list_shows_is_what_may_be_seen(name: str) -> None:
    who = WHO[name]
    assert visible_service(who) == (OURS if who.role is Role.EXTENSION else None)
    assert may_see(who, task_of(OURS))
    assert may_see(who, task_of(THEIRS)) == (who.role is not Role.EXTENSION)


@pytest.mark.parametrize("name", WHO)
def test_the_service_of_a_new_task(name: str) -> None:
    expected = OURS if WHO[name].role is Role.EXTENSION else "com.milepost.local"
    assert service_of(WHO[name], "com.milepost.local") == expected
    assert service_of(WHO[name], "com.milepost.local", "com.named") == "com.named"


CREATE = CreateTask(operation="op", cancelable=True)


@pytest.mark.parametrize("name", WHO)
def test_who_says_whose_a_task_is_and_how_long_it_is_kept(name: str) -> None:
    who, may = WHO[name], WHO[name].role is Role.ADMINISTRATOR
    assert refusal_of_fields(who, UpdateTask()) is None
    assert refusal_of_fields(who, CREATE) is None
    named = msgspec.structs.replace(CREATE, extension="com.named")
    for spec, reason, arg in (
        (named, reasons.EXTENSION_NOT_ALLOWED, "com.named"),
        (UpdateTask(pinned=False), reasons.PIN_NOT_ALLOWED, "false"),
        (msgspec.structs.replace(CREATE, pinned=True), reasons.PIN_NOT_ALLOWED, "true"),
    ):
        expected = None if may else Refusal(reason, (who.role.value, arg))
        assert refusal_of_fields(who, spec) == expected


@pytest.mark.parametrize("name", WHO)
def test_who_may_look_at_users(name: str) -> None:
    refusal = refusal_of_users(WHO[name])
    assert (refusal is None) == (WHO[name].role is Role.ADMINISTRATOR)
