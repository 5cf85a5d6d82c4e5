"""``rich`` progress that reports: each of its tasks is one of Milepost as well.

Needs the package ``rich`` (``pip install milepost[rich]``). Drop-ins::

    from milepost.client.rich import Progress, track

    with Progress() as progress:
        ident = progress.add_task("Copy files", total=10)
        progress.advance(ident, 10)

A task ends as SUCCEEDED when it has reached its total, or is stopped or removed; when the display
ends before, as FAILED, with the exception that left its block where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from rich import progress as original
from rich.progress import TaskID

from milepost.client.failures import failure_of
from milepost.client.job import Job
from milepost.client.reporting import left_early, task

T = TypeVar("T")


class Progress(original.Progress):
    """``rich.progress.Progress`` with a job for each task; ``jobs`` has them."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.jobs: dict[TaskID, Job] = {}

    def add_task(
        self,
        description: str,
        start: bool = True,  # noqa: FBT001, FBT002  as rich has it
        total: float | None = 100.0,
        completed: int = 0,
        visible: bool = True,  # noqa: FBT001, FBT002  as rich has it
        **fields: Any,
    ) -> TaskID:
        """Add a task to the display, and begin one of Milepost."""
        ident = super().add_task(description, start, total, completed, visible, **fields)
        shown = self._tasks[ident]
        units = None if total is None else int(total)
        job = task(description or "Progress", total=units, cancelable=False).start()
        # Read by the reporting thread when it reports, so that counting costs nothing more.
        job.source = lambda: int(shown.completed)
        self.jobs[ident] = job
        return ident

    def update(self, task_id: TaskID, **more: Any) -> None:
        """Change a task; a new total is told."""
        super().update(task_id, **more)
        if more.get("total") is not None and task_id in self.jobs:
            self.jobs[task_id].total = int(more["total"])

    def stop_task(self, task_id: TaskID) -> None:
        """Stop a task, which ends it."""
        super().stop_task(task_id)
        self._end(task_id)

    def remove_task(self, task_id: TaskID) -> None:
        """Take a task from the display, which ends it."""
        self._end(task_id)
        super().remove_task(task_id)

    def stop(self) -> None:
        """End the display, and what is still under way with it."""
        super().stop()
        for ident, shown in list(self._tasks.items()):
            reached = shown.total is None or shown.completed >= shown.total
            self._end(ident, reached=reached)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if fault is not None:
            for ident, shown in list(self._tasks.items()):
                if shown.total is None or shown.completed < shown.total:
                    self._end(ident, fault)
        super().__exit__(kind, fault, trace)

    def _end(
        self, ident: TaskID, fault: BaseException | None = None, *, reached: bool = True
    ) -> None:
        job = self.jobs.get(ident)
        if job is None or job.source is None:
            return
        job.set(job.source())
        job.source = None
        if fault is not None:
            job.fail(failure_of(fault))
        elif reached:
            job.succeed()
        else:
            job.fail(left_early(job))


def track(
    sequence: Iterable[T] | Sequence[T],
    description: str = "Working...",
    total: float | None = None,
    **more: Any,
) -> Iterable[T]:
    """Go through something with a bar, and report how far it is. ``more`` is for ``Progress``."""
    with Progress(**more) as progress:
        yield from progress.track(sequence, total=total, description=description)
