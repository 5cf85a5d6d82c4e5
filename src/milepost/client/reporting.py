"""``task`` and ``track``: how a program reports on its work.

Where to, and who reports, is in the environment or the stored login (``environment``); with
``client.task`` it is the client's. A service that is away, or a setting that is missing, is no
fault of the job: it is logged, and the job goes on.
"""

from __future__ import annotations

import operator
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, Generic, Self, TypeVar, Unpack

from milepost.client.blocking import Client
from milepost.client.channel import Connection
from milepost.client.job import Job
from milepost.client.jobsettings import JobOptions, TaskHandle, settings_of, whole
from milepost.client.reporter import ReportDesk
from milepost.client.values import Message, TaskError

T = TypeVar("T")


def task(
    name: str,
    *,
    total: int | None = None,
    parent: Job | TaskHandle | str | None = None,
    **options: Unpack[JobOptions],
) -> Job:
    """A job that reports on itself as a task; see ``Job`` for what it can do.

    ``name`` is shown, ``total`` is how many units of work there are, ``parent`` the job, handle or
    id of the task that it is a part of. The options are in ``JobOptions``::

        from milepost import task

        with task("Backup of web-01", total=10) as job:
            for disk in range(10):
                job.advance()


        @task("Clean up")
        def clean_up() -> None: ...
    """
    settings = settings_of(name, total, options)
    if isinstance(parent, Job):
        return Job(parent.desk, settings, parent)
    url = parent.url if isinstance(parent, TaskHandle) else None
    known = parent.id if isinstance(parent, TaskHandle) else parent
    return Job(desk(url), settings, known)


def desk(url: str | None = None) -> ReportDesk:
    """Where jobs without a client are handed in.

    What the environment says is read when it is needed, and again when who asks has ended.
    """
    return ReportDesk(("environment", url), lambda: connection(url), url)


def connection(url: str | None) -> Connection:
    return Client(url, retry_seconds=0).connection()


def track(
    iterable: Iterable[T] | AsyncIterable[T],
    name: str | None = None,
    *,
    total: int | None = None,
    job: Job | None = None,
    **options: Unpack[JobOptions],
) -> Track[T]:
    """Go through something and report how far it is: for ``for`` and ``async for``.

    The total is its length, when it has one. The task begins with the loop and ends with it. A
    loop that is left early, by ``break`` or by an exception, cannot tell why: its task is FAILED.
    Where that is a good end, give a ``job`` that is under way: its block says how it ends::

        from milepost import track

        for number in track([1, 2, 3], "Count"):
            print(number)
    """
    if (name is None) == (job is None):
        raise TypeError("track needs a name, or a job that is under way")
    if job is not None:
        if options:
            raise TypeError(f"these are said where the job is made: {sorted(options)}")
        return Track(iterable, job, total, own=False)
    cancelable = options.get("cancelable", options.get("raise_on_cancel", False))
    count = length_of(iterable) if total is None else whole("total", total)
    options = {**options, "cancelable": cancelable}
    return Track(iterable, task(name or "", total=count, **options), None, own=True)


def length_of(iterable: object) -> int | None:
    """How many items there are, when that is known."""
    try:
        return operator.length_hint(iterable, -1) if hasattr(iterable, "__len__") else None
    except Exception:  # noqa: BLE001  a length that cannot be told must not stop the loop
        return None


class Track(Generic[T]):
    """What ``track`` gives: the items of something, each counted when the next is asked for."""

    def __init__(
        self, iterable: Iterable[T] | AsyncIterable[T], job: Job, total: int | None, *, own: bool
    ) -> None:
        self.job = job
        self._iterable: Any = iterable
        self._own = own
        if total is not None:
            job.total = total

    def __iter__(self) -> Iterator[T]:
        with Ended(self):
            advance = self.job.advance
            for item in self._iterable:
                yield item
                advance()

    async def __aiter__(self) -> AsyncIterator[T]:
        with Ended(self):
            advance = self.job.advance
            async for item in self._iterable:
                yield item
                advance()


class Ended:
    """The time of a loop, for the job of a ``Track``."""

    def __init__(self, track: Track[Any]) -> None:
        self._job = track.job
        self._own = track._own  # noqa: SLF001  the two are one

    def __enter__(self) -> Self:
        if self._own:
            self._job.start()
        return self

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if not self._own:
            return
        if fault is None:
            self._job.succeed()
        elif isinstance(fault, GeneratorExit):
            self._job.fail(left_early(self._job))
        else:
            self._job.fail(fault)


def left_early(job: Job) -> TaskError:
    """The error of a loop that was left."""
    done, total = str(job.completed), "?" if job.total is None else str(job.total)
    text = f"The loop was left after {done} of {total}."
    return TaskError(messages=(Message(text, id="com.milepost.python.left", args=(done, total)),))
