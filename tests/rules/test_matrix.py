"""Every stored status against every spec, written by hand from the contract's table.

A grid stands for one stored status (or for the empty task of a create). Its lines are the status
that the spec names, its columns the one further field that the spec gives, with a value that
differs from the stored one; the line FAILED+e gives an error in every column. A cell says:

    ok   accepted, a new revision        =   accepted, nothing changed
    rN   refused by row N of the table   S   refused by the strict check

A cell such as ``r10/S`` has two answers: with ``spec_validation`` effective, and with strict.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from milepost.rules.machine import create, update
from milepost.rules.strict import check_spec
from milepost.rules.task import Accepted, Decision, Refused, Ruleset, Task, UpdateTask
from milepost.rules.values import TERMINAL, Opaque, Progress, Status
from tests.rules.samples import (
    ENDED,
    HOUR,
    MINUTE,
    NOON,
    STARTED,
    STRICT,
    creation,
    failure,
    stored,
    text,
)

GRIDS = {
    "PENDING": """
                nothing percent_done description error    result   start_time end_time
    -           =       r3           ok          r10/S    r11/S    r6/S       r7/S
    PENDING     =       r3           ok          r10/S    r11/S    r6/S       r7/S
    RUNNING     ok      ok           ok          r10/S    ok       ok         r7/S
    BLOCKED     ok      r3           ok          r10/S    ok       ok         r7/S
    SUCCEEDED   ok      r3           ok          r10/S    ok       ok         ok
    FAILED      r9      r3           r9          ok       r9       r9         r9
    FAILED+e    ok      r3           ok          ok       ok       ok         ok
    """,
    "RUNNING": """
                nothing percent_done description error    result   start_time end_time
    -           =       ok           ok          r10/S    ok/S     ok/S       r7/S
    PENDING     r2      r2           r2          r2/S     r2/S     r2/S       r2/S
    RUNNING     =       ok           ok          r10/S    ok       ok         r7/S
    BLOCKED     ok      ok           ok          r10/S    ok       ok         r7/S
    SUCCEEDED   ok      ok           ok          r10/S    ok       ok         ok
    FAILED      r9      r9           r9          ok       r9       r9         r9
    FAILED+e    ok      ok           ok          ok       ok       ok         ok
    """,
    "BLOCKED": """
                nothing percent_done description error    result   start_time end_time
    -           =       r3           ok          r10/S    ok/S     ok/S       r7/S
    PENDING     r2      r2           r2          r2/S     r2/S     r2/S       r2/S
    RUNNING     ok      ok           ok          r10/S    ok       ok         r7/S
    BLOCKED     =       r3           ok          r10/S    ok       ok         r7/S
    SUCCEEDED   ok      r3           ok          r10/S    ok       ok         ok
    FAILED      r9      r3           r9          ok       r9       r9         r9
    FAILED+e    ok      r3           ok          ok       ok       ok         ok
    """,
    "SUCCEEDED": """
                nothing percent_done description error    result   start_time end_time
    -           =       r3           ok          r10/S    ok/S     r6/S       ok/S
    PENDING     r1      r1           r1          r1/S     r1/S     r1/S       r1/S
    RUNNING     r1      r1           r1          r1/S     r1       r1         r1/S
    BLOCKED     r1      r1           r1          r1/S     r1       r1         r1/S
    SUCCEEDED   =       r3           ok          r10/S    ok       r6         ok
    FAILED      r1      r1           r1          r1       r1       r1         r1
    FAILED+e    r1      r1           r1          r1       r1       r1         r1
    """,
    "FAILED": """
                nothing percent_done description error    result   start_time end_time
    -           =       r3           ok          ok/S     ok/S     r6/S       ok/S
    PENDING     r1      r1           r1          r1/S     r1/S     r1/S       r1/S
    RUNNING     r1      r1           r1          r1/S     r1       r1         r1/S
    BLOCKED     r1      r1           r1          r1/S     r1       r1         r1/S
    SUCCEEDED   r1      r1           r1          r1/S     r1       r1         r1
    FAILED      r9      r3           r9          ok       r9       r6         r9
    FAILED+e    ok      r3           ok          ok       ok       r6         ok
    """,
    "create": """
                nothing percent_done description error    result   start_time end_time
    -           ok      r3           ok          r10/S    r11/S    r6/S       r7/S
    PENDING     ok      r3           ok          r10/S    r11/S    r6/S       r7/S
    RUNNING     ok      ok           ok          r10/S    ok       ok         r7/S
    BLOCKED     ok      ok           ok          r10/S    ok       ok         r7/S
    SUCCEEDED   ok      ok           ok          r10/S    ok       ok         ok
    FAILED      r9      r9           r9          ok       r9       r9         r9
    FAILED+e    ok      ok           ok          ok       ok       ok         ok
    """,
}

REFUSALS = {
    "r1": ("milepost.task.finished", "NOT_ALLOWED_IN_CURRENT_STATE"),
    "r2": ("milepost.task.back_to_pending", "INVALID_ARGUMENT"),
    "r3": ("milepost.task.progress_not_running", "NOT_ALLOWED_IN_CURRENT_STATE"),
    "r6": ("milepost.task.start_not_allowed", "NOT_ALLOWED_IN_CURRENT_STATE"),
    "r7": ("milepost.task.end_not_allowed", "NOT_ALLOWED_IN_CURRENT_STATE"),
    "r9": ("milepost.task.error_missing", "INVALID_ARGUMENT"),
    "r10": ("milepost.task.error_not_failed", "INVALID_ARGUMENT"),
    "r11": ("milepost.task.result_pending", "INVALID_ARGUMENT"),
    "S": ("milepost.spec.field_needs_status", "INVALID_ARGUMENT"),
}

FIELDS = {
    "nothing": UpdateTask(),
    "percent_done": UpdateTask(progress=Progress(10, 4, text("Copying more"))),
    "description": UpdateTask(description=text("Nightly backup")),
    "error": UpdateTask(error=failure("Disk on fire")),
    "result": UpdateTask(result=Opaque('"new"')),
    "start_time": UpdateTask(start_time=STARTED + 30 * MINUTE),
    "end_time": UpdateTask(end_time=ENDED + 30 * MINUTE),
}

EFFECTIVE = Ruleset(spec_validation="effective")


class Cell(NamedTuple):
    """One square of the grids."""

    before: str
    status: str
    field: str
    rules: Ruleset
    expected: str


def cells() -> list[Cell]:
    found = []
    for before, grid in GRIDS.items():
        heading, *lines = grid.strip().splitlines()
        assert heading.split() == list(FIELDS)
        for line in lines:
            status, *outcomes = line.split()
            for field, outcome in zip(FIELDS, outcomes, strict=True):
                effective, _, strict = outcome.partition("/")
                found.append(Cell(before, status, field, EFFECTIVE, effective))
                found.append(Cell(before, status, field, STRICT, strict or effective))
    return found


def name_of(cell: Cell) -> str:
    return f"{cell.before}-{cell.status}-{cell.field}-{cell.rules.spec_validation}"


def spec_of(cell: Cell) -> UpdateTask:
    name, _, with_error = cell.status.partition("+")
    given = FIELDS[cell.field]
    return UpdateTask(
        status=None if name == "-" else Status(name),
        progress=given.progress,
        description=given.description,
        error=FIELDS["error"].error if with_error else given.error,
        result=given.result,
        start_time=given.start_time,
        end_time=given.end_time,
    )


def decide(task: Task | None, spec: UpdateTask, rules: Ruleset, now: int) -> Decision:
    """What the service does: the strict check first, then the table."""
    refusal = check_spec(spec, rules)
    if refusal is not None:
        return Refused(refusal, task)
    if task is not None:
        return update(task, spec, now=now, rules=rules)
    return create(
        creation(spec), task_id="n" * 22, service="com.acme.ext", principal="acme",
        now=now, rules=rules,
    )  # fmt: skip


def stored_for(cell: Cell) -> Task | None:
    return None if cell.before == "create" else stored(Status(cell.before))


CELLS = cells()
REFUSING = [cell for cell in CELLS if cell.expected in REFUSALS]
ACCEPTING = [cell for cell in CELLS if cell.expected in ("ok", "=")]


def test_the_grids_are_complete() -> None:
    assert len(CELLS) == 6 * 7 * 7 * 2 == len(REFUSING) + len(ACCEPTING)
    assert len(set(map(name_of, CELLS))) == len(CELLS)
    assert set(GRIDS) == {*Status, "create"}
    assert {cell.status for cell in CELLS} == {*Status, "-", "FAILED+e"}


@pytest.mark.parametrize("cell", REFUSING, ids=name_of)
def test_refused_and_nothing_changed(cell: Cell) -> None:
    task = stored_for(cell)
    decision = decide(task, spec_of(cell), cell.rules, NOON)
    assert isinstance(decision, Refused), decision
    reason_id, error = REFUSALS[cell.expected]
    assert (decision.refusal.reason.id, decision.refusal.error) == (reason_id, error)
    assert decision.task is task
    assert task == stored_for(cell)


@pytest.mark.parametrize("cell", ACCEPTING, ids=name_of)
def test_accepted_and_done(cell: Cell) -> None:
    task, spec = stored_for(cell), spec_of(cell)
    decision = decide(task, spec, cell.rules, NOON)
    assert isinstance(decision, Accepted), decision
    assert (decision.change is None) == (cell.expected == "=")
    after = decision.task
    assert after.status == (spec.status or (task.status if task else "PENDING"))
    assert after.revision == (0 if task is None else task.revision) + (decision.change is not None)
    for field in ("progress", "description", "error", "result", "start_time", "end_time"):
        given = getattr(spec, field)
        assert given is None or getattr(after, field) == given
    assert (after.start_time is None) == (after.status == "PENDING")
    assert (after.end_time is None) == (after.status not in TERMINAL)
    assert (after.error is None) == (after.status != "FAILED")


NAMED = [cell for cell in ACCEPTING if cell.status != "-"]


@pytest.mark.parametrize("cell", NAMED, ids=name_of)
def test_sent_again_it_changes_nothing(cell: Cell) -> None:
    spec = spec_of(cell)
    first = decide(stored_for(cell), spec, cell.rules, NOON)
    assert isinstance(first, Accepted), first
    again = decide(first.task, spec, cell.rules, NOON + HOUR)
    assert again == Accepted(first.task, None)
