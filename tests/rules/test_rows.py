"""The rows of the update table one by one, at their boundaries."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from milepost.rules import reasons
from milepost.rules.instants import read_instant
from milepost.rules.machine import case_of, update
from milepost.rules.reasons import Reason
from milepost.rules.rows import ROWS
from milepost.rules.task import DEFAULT_RULES, Ruleset, Task, UpdateTask
from milepost.rules.values import EMPTY_MESSAGE, NO_PROGRESS, Opaque, Progress, Status
from tests.rules.samples import (
    DAY,
    ENDED,
    HOUR,
    IGNORE,
    INT64_MAX,
    INT64_MIN,
    NOON,
    SECOND,
    STARTED,
    STORED_ERROR,
    STORED_PROGRESS,
    changed,
    failure,
    refused,
    stored,
    text,
    unchanged,
    written,
)

PENDING, RUNNING, BLOCKED = Status.PENDING, Status.RUNNING, Status.BLOCKED
SUCCEEDED, FAILED = Status.SUCCEEDED, Status.FAILED

PROGRESS = Progress(10, 4)
OVER_TOTAL = Progress(10, 11)
BACKWARDS = Progress(10, 2)
ERROR = failure("Disk on fire")
RESULT = Opaque('"new"')
TOO_LATE = NOON + DAY + 1


class No(NamedTuple):
    """An update that is refused, and what the message must say."""

    name: str
    task: Task
    spec: UpdateTask
    reason: Reason
    field: str
    says: tuple[str, ...]


# fmt: off
NOES = [
    No("1 finished", stored(SUCCEEDED), UpdateTask(status=RUNNING),
       reasons.FINISHED, "status", ("SUCCEEDED", "RUNNING")),
    No("1 the other end", stored(FAILED), UpdateTask(status=SUCCEEDED),
       reasons.FINISHED, "status", ("FAILED", "SUCCEEDED")),
    No("2 running", stored(RUNNING), UpdateTask(status=PENDING),
       reasons.BACK_TO_PENDING, "status", ("RUNNING", "PENDING")),
    No("2 blocked", stored(BLOCKED), UpdateTask(status=PENDING),
       reasons.BACK_TO_PENDING, "status", ("BLOCKED", "PENDING")),
    No("3 stays blocked", stored(BLOCKED), UpdateTask(progress=PROGRESS),
       reasons.PROGRESS_NOT_RUNNING, "percent_done", ("4 of 10", "BLOCKED before")),
    No("3 finished", stored(SUCCEEDED), UpdateTask(progress=PROGRESS),
       reasons.PROGRESS_NOT_RUNNING, "percent_done", ("4 of 10", "SUCCEEDED")),
    No("4 completed below 0", stored(RUNNING), UpdateTask(progress=Progress(10, -1)),
       reasons.PROGRESS_NEGATIVE, "percent_done.completed", ("-1",)),
    No("4 total below 0", stored(RUNNING, progress=NO_PROGRESS),
       UpdateTask(progress=Progress(-1, 0)),
       reasons.PROGRESS_NEGATIVE, "percent_done.total", ("-1",)),
    No("4 both below 0", stored(RUNNING), UpdateTask(progress=Progress(-5, -7)),
       reasons.PROGRESS_NEGATIVE, "percent_done.completed", ("-7",)),
    No("4 the smallest long", stored(RUNNING), UpdateTask(progress=Progress(INT64_MAX, INT64_MIN)),
       reasons.PROGRESS_NEGATIVE, "percent_done.completed", (str(INT64_MIN),)),
    No("4 the smallest total", stored(RUNNING, progress=NO_PROGRESS),
       UpdateTask(progress=Progress(INT64_MIN, 0)),
       reasons.PROGRESS_NEGATIVE, "percent_done.total", (str(INT64_MIN),)),
    No("4 one over total", stored(RUNNING), UpdateTask(progress=OVER_TOTAL),
       reasons.PROGRESS_OVER_TOTAL, "percent_done.completed", ("11", "10")),
    No("4 one of none", stored(RUNNING, progress=NO_PROGRESS), UpdateTask(progress=Progress(0, 1)),
       reasons.PROGRESS_OVER_TOTAL, "percent_done.completed", ("1", "0")),
    No("4 the largest long", stored(RUNNING),
       UpdateTask(progress=Progress(INT64_MAX - 1, INT64_MAX)),
       reasons.PROGRESS_OVER_TOTAL, "percent_done.completed", (str(INT64_MAX), str(INT64_MAX - 1))),
    No("4 total below completed", stored(RUNNING), UpdateTask(progress=Progress(2, 3)),
       reasons.PROGRESS_OVER_TOTAL, "percent_done.completed", ("3", "2")),
    No("5 one back", stored(RUNNING), UpdateTask(progress=BACKWARDS),
       reasons.PROGRESS_BACKWARDS, "percent_done.completed", ("2", "3")),
    No("5 back to nothing", stored(RUNNING), UpdateTask(progress=NO_PROGRESS),
       reasons.PROGRESS_BACKWARDS, "percent_done.completed", ("0", "3")),
    No("5 one below the largest", stored(RUNNING, progress=Progress(INT64_MAX, INT64_MAX)),
       UpdateTask(progress=Progress(INT64_MAX, INT64_MAX - 1)),
       reasons.PROGRESS_BACKWARDS, "percent_done.completed", (str(INT64_MAX - 1), str(INT64_MAX))),
    No("5 in the step back to running", stored(BLOCKED),
       UpdateTask(status=RUNNING, progress=BACKWARDS),
       reasons.PROGRESS_BACKWARDS, "percent_done.completed", ("2", "3")),
    No("6 pending", stored(PENDING), UpdateTask(start_time=NOON),
       reasons.START_NOT_ALLOWED, "start_time", ("2015-01-01T12:00:00.000Z", "PENDING")),
    No("6 finished", stored(FAILED), UpdateTask(start_time=NOON),
       reasons.START_NOT_ALLOWED, "start_time", ("2015-01-01T12:00:00.000Z", "FAILED")),
    No("7 running", stored(RUNNING), UpdateTask(end_time=NOON),
       reasons.END_NOT_ALLOWED, "end_time", ("2015-01-01T12:00:00.000Z", "RUNNING")),
    No("7 pending", stored(PENDING), UpdateTask(end_time=NOON),
       reasons.END_NOT_ALLOWED, "end_time", ("2015-01-01T12:00:00.000Z", "PENDING")),
    No("8 end before the start beside it", stored(RUNNING),
       UpdateTask(status=SUCCEEDED, start_time=NOON, end_time=NOON - 1),
       reasons.END_BEFORE_START, "end_time",
       ("2015-01-01T11:59:59.999Z", "2015-01-01T12:00:00.000Z")),
    No("8 end before a start given earlier", stored(RUNNING, start_given=True),
       UpdateTask(status=SUCCEEDED, end_time=STARTED - 1),
       reasons.END_BEFORE_START, "end_time",
       ("2015-01-01T09:59:59.999Z", "2015-01-01T10:00:00.000Z")),
    No("8 a correction before a given start", stored(SUCCEEDED, start_given=True),
       UpdateTask(end_time=STARTED - 1),
       reasons.END_BEFORE_START, "end_time",
       ("2015-01-01T09:59:59.999Z", "2015-01-01T10:00:00.000Z")),
    No("8 end before the service's start, once the client gives it", stored(BLOCKED),
       UpdateTask(status=SUCCEEDED, start_time=STARTED, end_time=STARTED - 1),
       reasons.END_BEFORE_START, "end_time",
       ("2015-01-01T09:59:59.999Z", "2015-01-01T10:00:00.000Z")),
    No("8 start in the future", stored(PENDING), UpdateTask(status=RUNNING, start_time=TOO_LATE),
       reasons.TIME_IN_FUTURE, "start_time", ("2015-01-02T12:00:00.001Z", "86400 seconds")),
    No("8 end in the future", stored(RUNNING), UpdateTask(status=SUCCEEDED, end_time=TOO_LATE),
       reasons.TIME_IN_FUTURE, "end_time", ("2015-01-02T12:00:00.001Z", "86400 seconds")),
    No("8 both in the future", stored(RUNNING),
       UpdateTask(status=SUCCEEDED, start_time=TOO_LATE, end_time=TOO_LATE + 1),
       reasons.TIME_IN_FUTURE, "start_time", ("2015-01-02T12:00:00.001Z", "86400 seconds")),
    No("9 failed without error", stored(RUNNING), UpdateTask(status=FAILED),
       reasons.ERROR_MISSING, "error", ("FAILED",)),
    No("9 failed again, still without error", stored(FAILED), UpdateTask(status=FAILED),
       reasons.ERROR_MISSING, "error", ("FAILED",)),
    No("10 running", stored(RUNNING), UpdateTask(error=ERROR),
       reasons.ERROR_NOT_FAILED, "error", ("com.vmware.vapi.std.errors.error", "RUNNING")),
    No("10 succeeded", stored(SUCCEEDED), UpdateTask(error=ERROR),
       reasons.ERROR_NOT_FAILED, "error", ("com.vmware.vapi.std.errors.error", "SUCCEEDED")),
    No("11 pending", stored(PENDING), UpdateTask(result=RESULT),
       reasons.RESULT_PENDING, "result", ('"new"', "PENDING")),
    No("11 a short result whole", stored(PENDING), UpdateTask(result=Opaque("7" * 60)),
       reasons.RESULT_PENDING, "result", ("result: " + "7" * 60 + " was given",)),
    No("11 a long result cut", stored(PENDING), UpdateTask(result=Opaque("7" * 61)),
       reasons.RESULT_PENDING, "result", ("result: " + "7" * 59 + "… was given",)),
]
# fmt: on


@pytest.mark.parametrize("no", NOES, ids=lambda no: no.name)
def test_refused_with_field_and_value(no: No) -> None:
    before = written(no.task)
    decision = refused(update(no.task, no.spec, now=NOON), no.reason)
    assert decision.task is no.task
    assert written(no.task) == before
    message = decision.refusal.message
    assert message.id == no.reason.id
    assert message.default_message.startswith(f"{no.field}: ")
    for said in no.says:
        assert said in message.default_message


def test_every_reason_of_the_table_is_shown() -> None:
    assert {no.name.split()[0] for no in NOES} == {str(number) for number in range(1, 12)}
    assert len({no.name for no in NOES}) == len(NOES)


class Yes(NamedTuple):
    """An update that is accepted and changes the named fields, and no others."""

    name: str
    task: Task
    spec: UpdateTask
    changes: dict[str, object]


RUNNING_GIVEN = stored(RUNNING, start_given=True)
FULL = Progress(INT64_MAX, INT64_MAX)
FINISHED_NOW = {"end_time": NOON, "finished_at": NOON}

# fmt: off
YESES = [
    Yes("3 entering running", stored(BLOCKED), UpdateTask(status=RUNNING, progress=PROGRESS),
        {"status": RUNNING, "progress": PROGRESS}),
    Yes("3 leaving running for blocked", stored(RUNNING),
        UpdateTask(status=BLOCKED, progress=PROGRESS), {"status": BLOCKED, "progress": PROGRESS}),
    Yes("3 leaving running for good", stored(RUNNING),
        UpdateTask(status=SUCCEEDED, progress=PROGRESS),
        {"status": SUCCEEDED, "progress": PROGRESS, **FINISHED_NOW}),
    Yes("4 all done", stored(RUNNING), UpdateTask(progress=Progress(10, 10)),
        {"progress": Progress(10, 10)}),
    Yes("4 0 of some", stored(RUNNING, progress=NO_PROGRESS), UpdateTask(progress=Progress(5, 0)),
        {"progress": Progress(5, 0)}),
    Yes("4 0 of 0", stored(PENDING), UpdateTask(status=RUNNING, progress=NO_PROGRESS),
        {"status": RUNNING, "start_time": NOON}),
    Yes("4 0 of 0 after 0 of some", stored(RUNNING, progress=Progress(5, 0)),
        UpdateTask(progress=NO_PROGRESS), {"progress": NO_PROGRESS}),
    Yes("4 the largest long", stored(RUNNING), UpdateTask(progress=FULL), {"progress": FULL}),
    Yes("5 equal, total grows", stored(RUNNING), UpdateTask(progress=Progress(INT64_MAX, 3)),
        {"progress": Progress(INT64_MAX, 3)}),
    Yes("5 equal, total falls", stored(RUNNING), UpdateTask(progress=Progress(3, 3)),
        {"progress": Progress(3, 3)}),
    Yes("5 equal, another message", stored(RUNNING),
        UpdateTask(progress=Progress(10, 3, text("Still copying"))),
        {"progress": Progress(10, 3, text("Still copying"))}),
    Yes("5 one more", stored(RUNNING), UpdateTask(progress=PROGRESS), {"progress": PROGRESS}),
    Yes("6 start while blocked", stored(BLOCKED), UpdateTask(start_time=NOON - HOUR),
        {"start_time": NOON - HOUR, "start_given": True}),
    Yes("6 start moved back and forth", RUNNING_GIVEN, UpdateTask(start_time=STARTED - DAY),
        {"start_time": STARTED - DAY}),
    Yes("6 start in the step to the end", stored(PENDING),
        UpdateTask(status=SUCCEEDED, start_time=STARTED),
        {"status": SUCCEEDED, "start_time": STARTED, "start_given": True, **FINISHED_NOW}),
    Yes("7 end in the step to the end", RUNNING_GIVEN,
        UpdateTask(status=SUCCEEDED, end_time=ENDED),
        {"status": SUCCEEDED, "end_time": ENDED, "finished_at": NOON}),
    Yes("7 end corrected", stored(SUCCEEDED), UpdateTask(end_time=NOON), {"end_time": NOON}),
    Yes("8 equal times beside each other", stored(RUNNING),
        UpdateTask(status=SUCCEEDED, start_time=ENDED, end_time=ENDED),
        {"status": SUCCEEDED, "start_time": ENDED, "start_given": True, "end_time": ENDED,
         "finished_at": NOON}),
    Yes("8 end equals a start given earlier", RUNNING_GIVEN,
        UpdateTask(status=SUCCEEDED, end_time=STARTED),
        {"status": SUCCEEDED, "end_time": STARTED, "finished_at": NOON}),
    Yes("8 the service's start yields", stored(RUNNING),
        UpdateTask(status=SUCCEEDED, end_time=STARTED - 1),
        {"status": SUCCEEDED, "start_time": STARTED - 1, "end_time": STARTED - 1,
         "finished_at": NOON}),
    Yes("8 the service's start yields to a correction", stored(SUCCEEDED),
        UpdateTask(end_time=STARTED - HOUR),
        {"start_time": STARTED - HOUR, "end_time": STARTED - HOUR}),
    Yes("8 the start of this very step yields", stored(PENDING),
        UpdateTask(status=SUCCEEDED, end_time=ENDED),
        {"status": SUCCEEDED, "start_time": ENDED, "end_time": ENDED, "finished_at": NOON}),
    Yes("8 start exactly 24 h ahead", stored(PENDING),
        UpdateTask(status=RUNNING, start_time=NOON + DAY),
        {"status": RUNNING, "start_time": NOON + DAY, "start_given": True}),
    Yes("8 end exactly 24 h ahead", stored(RUNNING),
        UpdateTask(status=SUCCEEDED, end_time=NOON + DAY),
        {"status": SUCCEEDED, "end_time": NOON + DAY, "finished_at": NOON}),
    Yes("8 a default end never before the start", stored(RUNNING, start_time=NOON + HOUR),
        UpdateTask(status=SUCCEEDED),
        {"status": SUCCEEDED, "end_time": NOON + HOUR, "finished_at": NOON}),
    Yes("8 nor before the start beside it", stored(RUNNING),
        UpdateTask(status=SUCCEEDED, start_time=NOON + HOUR),
        {"status": SUCCEEDED, "start_time": NOON + HOUR, "start_given": True,
         "end_time": NOON + HOUR, "finished_at": NOON}),
    Yes("9 failed with an error", stored(BLOCKED), UpdateTask(status=FAILED, error=ERROR),
        {"status": FAILED, "error": ERROR, **FINISHED_NOW}),
    Yes("10 the error corrected", stored(FAILED), UpdateTask(error=ERROR), {"error": ERROR}),
    Yes("11 a result while blocked", stored(BLOCKED), UpdateTask(result=RESULT),
        {"result": RESULT}),
    Yes("finished: result, description and error corrected at once", stored(FAILED),
        UpdateTask(result=RESULT, description=text("x"), error=ERROR),
        {"result": RESULT, "description": text("x"), "error": ERROR}),
    Yes("pending: description", stored(PENDING), UpdateTask(description=text("x")),
        {"description": text("x")}),
]
# fmt: on


@pytest.mark.parametrize("yes", YESES, ids=lambda yes: yes.name)
def test_accepted_and_only_that_changed(yes: Yes) -> None:
    before = written(yes.task)
    after = changed(update(yes.task, yes.spec, now=NOON))
    assert written(yes.task) == before
    differs = {
        field: getattr(after, field)
        for field in Task.__struct_fields__
        if getattr(after, field) != getattr(yes.task, field)
    }
    assert differs == {**yes.changes, "revision": 8, "updated_at": NOON}


@pytest.mark.parametrize(
    ("skew", "start", "fits"),
    [
        (0, NOON, True),
        (0, NOON + 1, False),
        (60, NOON + 60 * SECOND, True),
        (60, NOON + 60 * SECOND + 1, False),
    ],
)
def test_the_skew_is_a_setting(*, skew: int, start: int, fits: bool) -> None:
    spec, rules = UpdateTask(start_time=start), Ruleset(max_clock_skew=skew)
    decision = update(stored(RUNNING), spec, now=NOON, rules=rules)
    if fits:
        assert changed(decision).start_time == start
    else:
        said = refused(decision, reasons.TIME_IN_FUTURE).refusal.message.default_message
        assert f"more than {skew} seconds" in said


# The order: where two rows refuse, the one with the lower number is reported.

# fmt: off
BOTH: dict[tuple[int, int], tuple[Task, UpdateTask]] = {
    (1, 3): (stored(SUCCEEDED), UpdateTask(status=BLOCKED, progress=PROGRESS)),
    (1, 4): (stored(SUCCEEDED), UpdateTask(status=RUNNING, progress=OVER_TOTAL)),
    (1, 5): (stored(SUCCEEDED), UpdateTask(status=RUNNING, progress=BACKWARDS)),
    (1, 6): (stored(SUCCEEDED), UpdateTask(status=RUNNING, start_time=NOON)),
    (1, 7): (stored(SUCCEEDED), UpdateTask(status=RUNNING, end_time=NOON)),
    (1, 8): (stored(SUCCEEDED), UpdateTask(status=FAILED, error=ERROR, end_time=TOO_LATE)),
    (1, 9): (stored(SUCCEEDED), UpdateTask(status=FAILED)),
    (1, 10): (stored(FAILED), UpdateTask(status=RUNNING, error=ERROR)),
    (1, 11): (stored(FAILED), UpdateTask(status=PENDING, result=RESULT)),
    (2, 3): (stored(BLOCKED), UpdateTask(status=PENDING, progress=PROGRESS)),
    (2, 4): (stored(RUNNING), UpdateTask(status=PENDING, progress=OVER_TOTAL)),
    (2, 5): (stored(RUNNING), UpdateTask(status=PENDING, progress=BACKWARDS)),
    (2, 6): (stored(RUNNING), UpdateTask(status=PENDING, start_time=NOON)),
    (2, 7): (stored(RUNNING), UpdateTask(status=PENDING, end_time=NOON)),
    (2, 8): (stored(RUNNING), UpdateTask(status=PENDING, start_time=TOO_LATE)),
    (2, 10): (stored(RUNNING), UpdateTask(status=PENDING, error=ERROR)),
    (2, 11): (stored(RUNNING), UpdateTask(status=PENDING, result=RESULT)),
    (3, 4): (stored(BLOCKED), UpdateTask(progress=OVER_TOTAL)),
    (3, 5): (stored(BLOCKED), UpdateTask(progress=BACKWARDS)),
    (3, 6): (stored(PENDING), UpdateTask(progress=PROGRESS, start_time=NOON)),
    (3, 7): (stored(BLOCKED), UpdateTask(progress=PROGRESS, end_time=NOON)),
    (3, 8): (stored(BLOCKED), UpdateTask(progress=PROGRESS, start_time=TOO_LATE)),
    (3, 9): (stored(PENDING), UpdateTask(status=FAILED, progress=PROGRESS)),
    (3, 10): (stored(BLOCKED), UpdateTask(progress=PROGRESS, error=ERROR)),
    (3, 11): (stored(PENDING), UpdateTask(progress=PROGRESS, result=RESULT)),
    (4, 5): (stored(RUNNING), UpdateTask(progress=Progress(1, 2))),
    (4, 7): (stored(RUNNING), UpdateTask(progress=OVER_TOTAL, end_time=NOON)),
    (4, 8): (stored(RUNNING), UpdateTask(progress=OVER_TOTAL, start_time=TOO_LATE)),
    (4, 9): (stored(RUNNING), UpdateTask(progress=OVER_TOTAL, status=FAILED)),
    (4, 10): (stored(RUNNING), UpdateTask(progress=OVER_TOTAL, error=ERROR)),
    (5, 7): (stored(RUNNING), UpdateTask(progress=BACKWARDS, end_time=NOON)),
    (5, 8): (stored(RUNNING), UpdateTask(progress=BACKWARDS, start_time=TOO_LATE)),
    (5, 9): (stored(RUNNING), UpdateTask(progress=BACKWARDS, status=FAILED)),
    (5, 10): (stored(RUNNING), UpdateTask(progress=BACKWARDS, error=ERROR)),
    (6, 7): (stored(PENDING), UpdateTask(start_time=NOON, end_time=NOON)),
    (6, 8): (stored(PENDING), UpdateTask(start_time=TOO_LATE)),
    (6, 9): (stored(FAILED), UpdateTask(status=FAILED, start_time=NOON)),
    (6, 10): (stored(PENDING), UpdateTask(start_time=NOON, error=ERROR)),
    (6, 11): (stored(PENDING), UpdateTask(start_time=NOON, result=RESULT)),
    (7, 8): (stored(RUNNING), UpdateTask(end_time=TOO_LATE)),
    (7, 10): (stored(RUNNING), UpdateTask(end_time=NOON, error=ERROR)),
    (7, 11): (stored(PENDING), UpdateTask(end_time=NOON, result=RESULT)),
    (8, 9): (stored(RUNNING), UpdateTask(status=FAILED, end_time=TOO_LATE)),
    (8, 10): (stored(RUNNING), UpdateTask(start_time=TOO_LATE, error=ERROR)),
    (10, 11): (stored(PENDING), UpdateTask(error=ERROR, result=RESULT)),
}
NEVER_ALONE = {
    # before is either terminal or not; status is FAILED or PENDING, with an error or without.
    (1, 2), (2, 9), (7, 9), (9, 10), (9, 11),
    # These two need an update that a row before both of them refuses.
    (4, 6), (4, 11), (5, 6), (5, 11), (8, 11),
}
# fmt: on

OF_ROW = {
    1: {reasons.FINISHED},
    2: {reasons.BACK_TO_PENDING},
    3: {reasons.PROGRESS_NOT_RUNNING},
    4: {reasons.PROGRESS_NEGATIVE, reasons.PROGRESS_OVER_TOTAL},
    5: {reasons.PROGRESS_BACKWARDS},
    6: {reasons.START_NOT_ALLOWED},
    7: {reasons.END_NOT_ALLOWED},
    8: {reasons.TIME_IN_FUTURE, reasons.END_BEFORE_START},
    9: {reasons.ERROR_MISSING},
    10: {reasons.ERROR_NOT_FAILED},
    11: {reasons.RESULT_PENDING},
}


def test_every_pair_of_rows_is_decided() -> None:
    pairs = {(low, high) for high in range(1, 12) for low in range(1, high)}
    assert set(BOTH) | NEVER_ALONE == pairs
    assert not set(BOTH) & NEVER_ALONE


def test_the_rows_are_numbered_in_their_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, 14))


@pytest.mark.parametrize("pair", BOTH, ids=lambda pair: f"{pair[0]} before {pair[1]}")
def test_the_first_row_that_refuses_wins(pair: tuple[int, int]) -> None:
    task, spec = BOTH[pair]
    case = case_of(task, spec, NOON, DEFAULT_RULES, creating=False)
    checks = {row.number: row.check for row in ROWS}
    first, second = (checks[number](case) for number in pair)
    assert first is not None
    assert second is not None
    assert first.reason in OF_ROW[pair[0]]
    assert second.reason in OF_ROW[pair[1]]
    refused(update(task, spec, now=NOON), first.reason)


# The same PATCH again: named status, equal fields.

GIVEN = {"start_given": True, "start_time": NOON + DAY}

# fmt: off
REPEATS: list[tuple[str, Task, UpdateTask]] = [
    ("pending, no progress", stored(PENDING), UpdateTask(status=PENDING, progress=NO_PROGRESS)),
    ("running, all of it", stored(RUNNING),
     UpdateTask(status=RUNNING, progress=STORED_PROGRESS, start_time=STARTED)),
    ("3 blocked, progress", stored(BLOCKED), UpdateTask(status=BLOCKED, progress=STORED_PROGRESS)),
    ("3 finished, progress", stored(SUCCEEDED),
     UpdateTask(status=SUCCEEDED, progress=STORED_PROGRESS)),
    ("6 finished, start", stored(SUCCEEDED), UpdateTask(status=SUCCEEDED, start_time=STARTED)),
    ("7 finished, start and end", stored(FAILED),
     UpdateTask(status=FAILED, error=STORED_ERROR, start_time=STARTED, end_time=ENDED)),
    ("6 times by instant", stored(SUCCEEDED),
     UpdateTask(status=SUCCEEDED, start_time=read_instant("2015-01-01T12:00:00.0009+02:00"),
                end_time=read_instant("2015-01-01T05:30:00-05:30"))),
    ("8 a start that was near enough when it came", stored(RUNNING, **GIVEN),
     UpdateTask(status=RUNNING, start_time=NOON + DAY)),
]
# fmt: on


@pytest.mark.parametrize(("task", "spec"), [r[1:] for r in REPEATS], ids=[r[0] for r in REPEATS])
def test_a_repeat_passes_and_changes_nothing(task: Task, spec: UpdateTask) -> None:
    unchanged(update(task, spec, now=NOON - HOUR), task)


# fmt: off
NO_REPEATS: list[tuple[str, Task, UpdateTask, Reason]] = [
    ("pending, status not named", stored(PENDING), UpdateTask(progress=NO_PROGRESS),
     reasons.PROGRESS_NOT_RUNNING),
    ("blocked, status not named", stored(BLOCKED), UpdateTask(progress=STORED_PROGRESS),
     reasons.PROGRESS_NOT_RUNNING),
    ("finished, status not named", stored(SUCCEEDED), UpdateTask(start_time=STARTED),
     reasons.START_NOT_ALLOWED),
    ("future start, status not named", stored(RUNNING, **GIVEN), UpdateTask(start_time=NOON + DAY),
     reasons.TIME_IN_FUTURE),
    ("another status named", stored(BLOCKED),
     UpdateTask(status=SUCCEEDED, progress=STORED_PROGRESS), reasons.PROGRESS_NOT_RUNNING),
    ("another total", stored(BLOCKED),
     UpdateTask(status=BLOCKED, progress=Progress(11, 3, text("Copying"))),
     reasons.PROGRESS_NOT_RUNNING),
    ("another completed", stored(BLOCKED),
     UpdateTask(status=BLOCKED, progress=Progress(10, 4, text("Copying"))),
     reasons.PROGRESS_NOT_RUNNING),
    ("another message", stored(BLOCKED),
     UpdateTask(status=BLOCKED, progress=Progress(10, 3, text("Waiting"))),
     reasons.PROGRESS_NOT_RUNNING),
    ("a start one millisecond later", stored(SUCCEEDED),
     UpdateTask(status=SUCCEEDED, start_time=STARTED + 1), reasons.START_NOT_ALLOWED),
    ("row 9 knows no repeat", stored(FAILED), UpdateTask(status=FAILED, end_time=ENDED),
     reasons.ERROR_MISSING),
]
# fmt: on


@pytest.mark.parametrize(
    ("task", "spec", "reason"), [n[1:] for n in NO_REPEATS], ids=[n[0] for n in NO_REPEATS]
)
def test_what_is_no_repeat_is_refused(task: Task, spec: UpdateTask, reason: Reason) -> None:
    refused(update(task, spec, now=NOON - HOUR), reason)


def test_a_repeated_start_beside_an_earlier_end_does_not_yield() -> None:
    # Were it accepted, the same PATCH again would be refused: its start would be another one.
    spec = UpdateTask(status=SUCCEEDED, start_time=STARTED, end_time=STARTED - 1)
    task = stored(SUCCEEDED)
    assert refused(update(task, spec, now=NOON), reasons.END_BEFORE_START).task is task


# Messages of progress, kept and ignored.


def test_an_ignored_message_is_not_stored() -> None:
    task = stored(RUNNING, progress=NO_PROGRESS)
    spec = UpdateTask(progress=Progress(10, 4, text("Copying")))
    assert changed(update(task, spec, now=NOON)).progress == Progress(10, 4, text("Copying"))
    ignored = changed(update(task, spec, now=NOON, rules=IGNORE))
    assert ignored.progress == Progress(10, 4, EMPTY_MESSAGE)


def test_another_message_is_no_change_where_it_is_ignored() -> None:
    task = stored(BLOCKED, progress=Progress(10, 3))
    spec = UpdateTask(status=BLOCKED, progress=Progress(10, 3, text("Waiting")))
    refused(update(task, spec, now=NOON), reasons.PROGRESS_NOT_RUNNING)
    unchanged(update(task, spec, now=NOON, rules=IGNORE), task)


@pytest.mark.parametrize("status", [RUNNING, BLOCKED, SUCCEEDED])
def test_a_message_kept_before_the_setting_changed_is_no_difference(status: Status) -> None:
    task = stored(status)
    spec = UpdateTask(status=status, progress=STORED_PROGRESS)
    unchanged(update(task, spec, now=NOON, rules=IGNORE), task)


@pytest.mark.parametrize("progress", [Progress(11, 3), Progress(10, 4)])
def test_numbers_still_count_where_messages_are_ignored(progress: Progress) -> None:
    task = stored(BLOCKED, progress=Progress(10, 3))
    spec = UpdateTask(status=BLOCKED, progress=progress)
    refused(update(task, spec, now=NOON, rules=IGNORE), reasons.PROGRESS_NOT_RUNNING)
