"""A job that reports on itself as a task: what ``task(…)`` gives.

The work is the caller's; a ``Job`` only notes what it says. A thread of its own looks at the
numbers a few times a second and tells the service, see ``reporter``. So nothing here waits for
the service, and nothing of the service is raised here. What is raised: ``TypeError`` for wrong
arguments, and ``TaskCancelled`` where the job asks for it.
"""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, NoReturn, ParamSpec, Protocol, Self, TypeVar, Unpack

from milepost.client.blocked import Blocked
from milepost.client.errors import TaskCancelled
from milepost.client.failures import clean, failure_of
from milepost.client.jobsettings import (
    JobOptions,
    JobSettings,
    TaskHandle,
    options_of,
    settings_of,
    whole,
)
from milepost.client.outbox import Ending, Move, Outbox, Seen
from milepost.client.phrases import Argument, encoded_result, message_of
from milepost.client.values import Message, TaskError
from milepost.rules.values import Status

P = ParamSpec("P")
T = TypeVar("T")

_current: ContextVar[Job | None] = ContextVar("milepost_job", default=None)


class Desk(Protocol):
    """Where jobs are handed in: what the reporter is to a job."""

    @property
    def url(self) -> str | None:
        """The service, when it is known already."""

    def begin(self, job: Job) -> None:
        """A job has begun."""

    def hurry(self) -> None:
        """Something is to be told at once."""

    def collect(self) -> None:
        """What other processes have counted is wanted now."""


class Job:
    """A job under way. Make it with ``task(…)``; all methods may be called from any thread.

    As a context manager it starts with the block and ends with it: as SUCCEEDED, or as FAILED
    with the exception that left it. As a decorator it does so for each call. ``result`` may be
    set to any JSON value before the end.
    """

    def __init__(self, desk: Desk, settings: JobSettings, parent: Job | str | None = None) -> None:
        self.settings = settings
        self.parent = parent
        self.result: Any = None
        self.outbox: Outbox | None = None
        self.desk = desk
        # Reentrant, so that a signal handler or a finalizer that advances cannot stop the job.
        self._lock: Any = threading.RLock()
        self._done = 0
        self._total = settings.total
        self._message: Message | None = None
        self._must_raise = False
        self._began = 0.0
        self._started = datetime.fromtimestamp(0, UTC)
        self._tokens: list[Token[Job | None]] = []
        self.created = threading.Event()
        self.settled = threading.Event()
        self.relays = False
        self.source: Callable[[], int] | None = None

    def __reduce__(self) -> NoReturn:
        raise TypeError("a job stays in its process; give others job.handle, see TaskHandle")

    # Its life.

    def start(self) -> Self:
        """Begin to report. The block of a ``with`` does it."""
        if self.outbox is not None:
            raise TypeError("this job has begun already; make another one with task(…)")
        if isinstance(self.parent, Job) and self.parent.outbox is None:
            raise TypeError("the job that this one is a part of has not begun")
        self._started, self._began = datetime.now(UTC), time.monotonic()
        self.outbox = Outbox(self.settings.operation, options_of(self.settings), self._started)
        self.desk.begin(self)
        return self

    def succeed(self, result: Any = None) -> None:
        """End as SUCCEEDED, with a result if there is one. The first end counts."""
        if result is not None:
            self.result = result
        self._end(Status.SUCCEEDED)

    def fail(self, error: TaskError | BaseException | str) -> None:
        """End as FAILED. The first end counts."""
        acknowledges = isinstance(error, TaskCancelled)
        if isinstance(error, BaseException):
            error = failure_of(error)
        elif isinstance(error, str):
            error = TaskError(messages=(Message(clean(error)),))
        self._end(Status.FAILED, error, acknowledges=acknowledges)

    def _end(
        self, status: Status, error: TaskError | None = None, *, acknowledges: bool = False
    ) -> None:
        outbox = self._outbox
        if self.relays or outbox.ended:
            return
        at = self._started + timedelta(seconds=time.monotonic() - self._began)
        # What other processes have counted by now is part of it.
        self.desk.collect()
        outbox.end(Ending(status, at, error, encoded_result(self.result), acknowledges))
        self.desk.hurry()

    def __enter__(self) -> Self:
        self.start()
        self._tokens.append(_current.set(self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            _current.reset(self._tokens.pop())
        except ValueError:
            # An asynchronous generator may be closed in another context than it began in.
            _current.set(None)
        if fault is None or (isinstance(fault, SystemExit) and fault.code in (None, 0)):
            self.succeed()
        else:
            self.fail(fault)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, fault, trace)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function, also a coroutine function: each call is a task of its own."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: P.args, **more: P.kwargs) -> Any:
                async with Job(self.desk, self.settings, self.parent):
                    return await function(*args, **more)

            return awaited  # type: ignore[return-value]

        @functools.wraps(function)
        def called(*args: P.args, **more: P.kwargs) -> T:
            with Job(self.desk, self.settings, self.parent):
                return function(*args, **more)

        return called

    # What it says.

    def advance(self, by: int = 1) -> None:
        """Note that so many more units are done. Costs less than a microsecond."""
        with self._lock:
            self._done += by
        if self._must_raise:
            self.check_cancelled()

    def set(self, completed: int, total: int | None = None) -> None:
        """Note how many units are done, and how many there are. What is told never falls."""
        completed = whole("completed", completed)
        if total is not None:
            self.total = total
        with self._lock:
            # In a forked process only what is added can be told to the parent.
            self._done = self._done if self.relays else completed
        if self._must_raise:
            self.check_cancelled()

    @property
    def completed(self) -> int:
        """How many units are done, as noted in this process."""
        return self._done

    @property
    def total(self) -> int | None:
        """How many units there are; ``None`` while that is not known."""
        return self._total

    @total.setter
    def total(self, total: int | None) -> None:
        self._total = None if total is None else whole("total", total)

    def message(
        self,
        text: str | Message,
        *,
        id: str = "",  # noqa: A002  the name it has on the wire
        params: Mapping[str, Argument] | None = None,
    ) -> None:
        """Note what is being done.

        With ``id`` and ``params`` a catalogue can say it in the reader's language; ``text`` has
        them put in already.
        """
        self._message = message_of(text, id, params)

    def blocked(self, reason: str | Message = "") -> Blocked:
        """Note that the job waits for something outside. In a ``with`` it runs again behind it."""
        said = message_of(reason, "", None) if reason else None
        self._outbox.move(Move(Status.BLOCKED, said))
        self.desk.hurry()
        return Blocked(self.running)

    def running(self) -> None:
        """Note that the job runs again."""
        self._outbox.move(Move(Status.RUNNING))
        self.desk.hurry()

    def child(self, name: str, *, total: int | None = None, **options: Unpack[JobOptions]) -> Job:
        """A task for a part of this one, with the options of ``task``; ``weight`` is its share."""
        return Job(self.desk, settings_of(name, total, options), parent=self)

    # What it hears.

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked for the end, as far as was heard; see ``check_cancelled``."""
        return self.outbox is not None and self.outbox.asked

    def check_cancelled(self) -> None:
        """Raise ``TaskCancelled`` when somebody asked for the end of the task.

        The service is told that it was heard; the task ends when the exception leaves the block.
        """
        if self.cancel_requested:
            self._must_raise = False
            self._outbox.acknowledge()
            self.desk.hurry()
            raise TaskCancelled(f"somebody asked for the end of the task: {self.settings.name}")

    @property
    def id(self) -> str | None:
        """The id of the task; ``None`` until the service has made it."""
        return None if self.outbox is None else self.outbox.id

    @property
    def handle(self) -> TaskHandle:
        """The task as other processes may know it."""
        return TaskHandle(self.id, self.desk.url)

    def wait_created(self, timeout: float | None = 10.0) -> str | None:
        """The id once the service has made the task; ``None`` when that takes longer."""
        self.created.wait(timeout)
        return self.id

    def wait_sent(self, timeout: float | None = 10.0) -> bool:
        """Wait until the end of the job has been told; whether it was."""
        return self.settled.wait(timeout) and self._outbox.lost is None

    # For the reporter.

    @property
    def _outbox(self) -> Outbox:
        if self.outbox is None:
            raise TypeError("this job has not begun: use it in a with block, or call start()")
        return self.outbox

    def seen(self) -> Seen:
        """The job as it is now; ``source`` counts for a job that something else counts for."""
        done = self._done if self.source is None else self.source()
        return Seen(int(done), self._total, self._message)

    @property
    def parent_id(self) -> str | None:
        """The id of the task that this one is a part of, as far as it is known."""
        return self.parent.id if isinstance(self.parent, Job) else self.parent

    @property
    def awaits_parent(self) -> bool:
        """Whether that task is still to be made."""
        parent = self.parent
        if not isinstance(parent, Job) or parent.relays:
            return False
        return parent.id is None and not parent.outbox_closed

    @property
    def outbox_closed(self) -> bool:
        return self.outbox is None or self.outbox.closed

    def hear(self) -> None:
        """Let the job know that somebody asked for its end, as it wants to be told."""
        self._must_raise = self.settings.raise_on_cancel

    def relay(self, lock: Any) -> None:
        """In a forked process: count from 0 under a lock that no lost thread holds."""
        self._lock, self._done = lock, 0
        self.relays, self._must_raise = True, False

    def relay_lock(self, lock: Any) -> None:
        """The lock from now on."""
        self._lock = lock

    def count(self, by: int) -> None:
        """Add what was counted elsewhere, or was not told."""
        with self._lock:
            self._done += by

    def take(self) -> int:
        """What was counted since the last time; the count begins anew."""
        with self._lock:
            done, self._done = self._done, 0
        return int(done)


def current_job() -> Job | None:
    """The job in whose block, or decorated function, this is called."""
    return _current.get()
