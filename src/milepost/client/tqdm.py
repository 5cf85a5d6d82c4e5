"""``tqdm`` that reports: the bar in the terminal stays as it is, and is a task as well.

Needs the package ``tqdm`` (``pip install milepost[tqdm]``). A drop-in::

    from milepost.client.tqdm import tqdm

    for number in tqdm([1, 2, 3], desc="Count", disable=True):
        print(number)

``job=`` reports on a job that is under way instead, whose block says how it ends. Otherwise the
task ends with the bar: as FAILED when an exception leaves its ``with`` block, or when a bar with a
total is closed before its end; else as SUCCEEDED.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any

from tqdm.auto import tqdm as auto_tqdm

from milepost.client.job import Job
from milepost.client.reporting import left_early, task

NAME = "Progress"


class tqdm(auto_tqdm):  # type: ignore[type-arg]  # noqa: N801  it stands in for this one
    """``tqdm.auto.tqdm`` with a job. Its own arguments are passed on."""

    def __init__(self, *args: Any, job: Job | None = None, **more: Any) -> None:
        self._own = job is None
        self._ended = False
        super().__init__(*args, **more)
        total = None if self.total is None else int(self.total)
        # A bar that is switched off keeps no description.
        desc = more.get("desc", args[1] if len(args) > 1 else None) or NAME
        self.job = job or task(str(desc), total=total, cancelable=False)
        if job is None:
            self.job.start()
        elif total is not None:
            self.job.total = total
        # Read by the reporting thread when it reports, so that counting costs nothing more.
        self.job.source = lambda: int(self.n)

    def __iter__(self) -> Iterator[Any]:
        """The items. A bar that is switched off, as in a log, shows nothing but is told."""
        if not self.disable:
            yield from super().__iter__()
            return
        try:
            for item in self.iterable:
                yield item
                self.n += 1
        finally:
            self.close()

    def update(self, n: float | None = 1) -> bool | None:
        """Count."""
        if self.disable:
            self.n += n or 0
        return super().update(n)

    def reset(self, total: float | None = None) -> None:
        """Begin anew, perhaps with another total; what is told does not fall."""
        if self.disable:
            self.n, self.total = 0, total or self.total
        super().reset(total)
        if total is not None:
            self.job.total = int(total)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if fault is not None and self._own:
            self._settle()
            self.job.fail(fault)
        super().__exit__(kind, fault, trace)

    def close(self) -> None:
        """End the bar, and its task with it."""
        super().close()
        # tqdm closes a bar that could not be made, and a bar twice.
        if self._ended or not hasattr(self, "job"):
            return
        self._settle()
        if self._own and self.total is not None and self.n < self.total:
            self.job.fail(left_early(self.job))
        elif self._own:
            self.job.succeed()

    def _settle(self) -> None:
        """Keep the last count; the bar may be gone when it is told."""
        self._ended = True
        self.job.set(int(self.n))
        self.job.source = None
