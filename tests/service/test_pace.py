"""How fast a task goes, by a written clock."""

from __future__ import annotations

import msgspec
import pytest

from milepost.rules.task import Task
from milepost.rules.values import Progress, Status
from milepost.service import pace
from milepost.service.pace import Estimate, Pace
from tests.rules.samples import NOON, SECOND, STARTED, stored

RUNNING = Status.RUNNING


class Worker:
    """A task that reports, and what is known of it."""

    def __init__(self, total: int = 100) -> None:
        self.pace = Pace()
        self.now = NOON
        self.task = stored(RUNNING, start_time=NOON, progress=Progress(total, 0))
        self.pace.note(None, self.task, NOON)

    def report(self, seconds: float, completed: int) -> None:
        self.now += int(seconds * SECOND)
        before = self.task
        progress = Progress(before.progress.total, completed)
        self.task = msgspec.structs.replace(before, progress=progress)
        self.pace.note(before, self.task, self.now)

    def estimate(self, later: float = 0) -> Estimate:
        return self.pace.of(self.task, self.now + int(later * SECOND))


def test_nothing_is_known_before_something_has_moved() -> None:
    worker = Worker()
    assert worker.estimate(5) == Estimate(5.0)
    worker.report(5, 0)
    assert worker.estimate() == Estimate(5.0)
    assert Pace().of(stored(Status.PENDING), NOON) == Estimate()
    assert Pace().of(stored(RUNNING), STARTED + 3 * SECOND) == Estimate(3.0)


def test_a_steady_task() -> None:
    worker = Worker()
    for _ in range(10):
        worker.report(2, worker.task.progress.completed + 4)
    assert worker.estimate() == Estimate(20.0, 2.0, 30.0)
    # Without a word the rest goes on, and never below nothing.
    assert worker.estimate(10) == Estimate(30.0, 2.0, 20.0)
    assert worker.estimate(1000).remaining == 0


def test_only_the_last_minutes_count() -> None:
    worker = Worker(100_000)
    for _ in range(100):
        worker.report(2, worker.task.progress.completed + 2)
    assert worker.estimate().rate == 1.0
    for _ in range(100):
        worker.report(2, worker.task.progress.completed + 20)
    assert worker.estimate().rate == 10.0
    estimate = worker.estimate()
    assert estimate.remaining == (100_000 - worker.task.progress.completed) / 10


def test_a_clock_that_goes_back_makes_nothing_negative() -> None:
    worker = Worker()
    worker.report(10, 10)
    worker.now -= 3600 * SECOND
    estimate = worker.estimate()
    assert estimate.elapsed == 0
    assert estimate.remaining == 90
    worker.report(0, 20)
    assert worker.estimate().rate is None


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.SUCCEEDED, Status.FAILED])
def test_only_a_running_task_has_a_rest(status: Status) -> None:
    worker = Worker()
    worker.report(10, 10)
    task = msgspec.structs.replace(worker.task, status=status, end_time=None)
    if status is not Status.BLOCKED:
        task = msgspec.structs.replace(task, end_time=NOON + 15 * SECOND)
    worker.pace.note(worker.task, task, worker.now)
    expected = 10.0 if status is Status.BLOCKED else 15.0
    assert worker.pace.of(task, worker.now) == Estimate(expected)
    assert (task.id in worker.pace._known) == (status is Status.BLOCKED)


def test_what_does_not_report_is_not_kept() -> None:
    pace_of = Pace()
    waiting = stored(Status.PENDING)
    pace_of.note(None, waiting, NOON)
    described = msgspec.structs.replace(waiting, revision=8)
    pace_of.note(waiting, described, NOON)
    assert not pace_of._known


def test_no_more_are_known_than_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_KNOWN", 3)
    known = Pace()

    def report(name: str, before: Task | None = None) -> Task:
        task = msgspec.structs.replace(stored(RUNNING), id=name, progress=Progress(9, 1))
        known.note(before, task, NOON)
        return task

    first = report("a")
    for name in ("b", "c"):
        report(name)
    report("a", first)
    report("d")
    assert set(known._known) == {"a", "c", "d"}
