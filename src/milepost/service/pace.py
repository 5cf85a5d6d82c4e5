"""How fast a task goes and how long it may still take, from the progress it has reported.

Kept in memory for the tasks that report: the reports of the last one to two minutes count. After a
restart nothing is known of a task until it has reported twice.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from milepost.rules.task import Task
from milepost.rules.values import TERMINAL, Instant, Status, Value

WINDOW = 60_000
MOST_KNOWN = 64 * 1024
SECOND = 1000


class Estimate(Value, frozen=True):
    """Seconds since the start, completed units a second, and seconds until the end.

    What is not known is ``None``; nothing is negative.
    """

    elapsed: float | None = None
    rate: float | None = None
    remaining: float | None = None


class Reports(msgspec.Struct):
    """The reports of a task: the first of the window before, of this one, and the last."""

    before: tuple[Instant, int]
    first: tuple[Instant, int]
    last: tuple[Instant, int]


class Pace:
    """The reports of at most 65,536 tasks; those that have not reported for longest go first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Reports] = OrderedDict()

    def note(self, before: Task | None, after: Task, now: Instant) -> None:
        """A change of a task was accepted."""
        if after.status in TERMINAL:
            self._known.pop(after.id, None)
            return
        if before is not None and before.progress is after.progress:
            return
        report = now, after.progress.completed
        known = self._known.get(after.id)
        if known is None:
            if after.status is Status.RUNNING:
                self._known[after.id] = Reports(report, report, report)
                if len(self._known) > MOST_KNOWN:
                    self._known.popitem(last=False)
            return
        if report[0] - known.first[0] >= WINDOW:
            known.before, known.first = known.first, report
        known.last = report
        self._known.move_to_end(after.id)

    def of(self, task: Task, now: Instant) -> Estimate:
        """What is known of a task's time. A clock that goes back makes nothing negative."""
        if task.start_time is None:
            return Estimate()
        end = now if task.end_time is None else task.end_time
        elapsed = max(end - task.start_time, 0) / SECOND
        known = self._known.get(task.id)
        rate = None if known is None or task.status is not Status.RUNNING else rate_of(known)
        if known is None or rate is None:
            return Estimate(elapsed)
        left = (task.progress.total - task.progress.completed) / rate
        waited = max(now - known.last[0], 0) / SECOND
        return Estimate(elapsed, rate, max(left - waited, 0.0))


def rate_of(known: Reports) -> float | None:
    """Units a second over the window, or ``None`` while nothing has moved."""
    (began, done), (ended, completed) = known.before, known.last
    if ended <= began or completed <= done:
        return None
    return (completed - done) * SECOND / (ended - began)
