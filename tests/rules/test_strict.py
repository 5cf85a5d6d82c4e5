"""The strict check: what a spec may carry beside the status it names itself."""

from __future__ import annotations

import pytest

from milepost.rules import reasons
from milepost.rules.strict import check_spec
from milepost.rules.task import DEFAULT_RULES, Ruleset, UpdateTask
from milepost.rules.values import NO_PROGRESS, Opaque, Status
from tests.rules.samples import KEEP, NOON, STRICT, creation, failure, text

# From the contract: RUNNING and BLOCKED allow result and start_time, SUCCEEDED also end_time,
# FAILED also error, PENDING none; a spec without a status allows none either.
GRID = """
            error  result  start_time  end_time
-           no     no      no          no
PENDING     no     no      no          no
RUNNING     no     yes     yes         no
BLOCKED     no     yes     yes         no
SUCCEEDED   no     yes     yes         yes
FAILED      yes    yes     yes         yes
"""
FIELDS = {
    "error": UpdateTask(error=failure("Disk full")),
    "result": UpdateTask(result=Opaque("1")),
    "start_time": UpdateTask(start_time=NOON),
    "end_time": UpdateTask(end_time=NOON),
}
LINES = [line.split() for line in GRID.strip().splitlines()[1:]]
CELLS = [
    (line[0], field, answer)
    for line in LINES
    for field, answer in zip(FIELDS, line[1:], strict=True)
]


def spec_with(status: str, field: str) -> UpdateTask:
    given = FIELDS[field]
    return UpdateTask(
        status=None if status == "-" else Status(status),
        error=given.error,
        result=given.result,
        start_time=given.start_time,
        end_time=given.end_time,
    )


def test_the_grid_is_complete() -> None:
    assert GRID.split()[:4] == list(FIELDS)
    assert {line[0] for line in LINES} == {"-", *Status}


@pytest.mark.parametrize(("status", "field", "answer"), CELLS)
def test_each_guarded_field(status: str, field: str, answer: str) -> None:
    spec = spec_with(status, field)
    assert check_spec(spec, KEEP) is None
    refusal = check_spec(spec, STRICT)
    if answer == "yes":
        assert refusal is None
        return
    assert refusal is not None
    assert refusal.reason is reasons.FIELD_NEEDS_STATUS
    assert refusal.error == "INVALID_ARGUMENT"
    said = refusal.message.default_message
    assert said.startswith(f"{field}: ")
    assert ("no status" if status == "-" else f"the status {status}") in said


@pytest.mark.parametrize("status", [None, *Status])
def test_other_fields_are_not_guarded(status: Status | None) -> None:
    spec = UpdateTask(status=status, progress=NO_PROGRESS, description=text("x"))
    assert check_spec(spec, STRICT) is None


def test_it_never_asks_for_an_error() -> None:
    assert check_spec(UpdateTask(status=Status.FAILED), STRICT) is None


def test_one_bad_field_among_good_ones() -> None:
    spec = UpdateTask(
        status=Status.RUNNING, result=Opaque("1"), start_time=NOON, end_time=NOON
    )  # fmt: skip
    refusal = check_spec(spec, STRICT)
    assert refusal is not None
    assert refusal.args == ("end_time", "2015-01-01T12:00:00.000Z", "the status RUNNING")


def test_a_create_is_checked_alike() -> None:
    assert check_spec(creation(start_time=NOON), STRICT) is not None
    assert check_spec(creation(status=Status.RUNNING, start_time=NOON), STRICT) is None
    assert check_spec(creation(user="ann", parent="p"), STRICT) is None


def test_off_is_the_default() -> None:
    everything = UpdateTask(
        error=failure("x"), result=Opaque("1"), start_time=NOON, end_time=NOON
    )  # fmt: skip
    assert check_spec(everything, DEFAULT_RULES) is None
    assert check_spec(everything, Ruleset(progress_messages="ignore")) is None
