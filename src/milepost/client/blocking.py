"""``Client``: the client for programs without an event loop. One may be shared by threads.

Its methods are those of ``AsyncClient``, word for word; a test compares them. What is said to the
service is in ``calls`` and ``conversation``; here the steps are only done.
"""

from __future__ import annotations

import contextlib
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from milepost.client import calls
from milepost.client.administration import Extensions, Tokens, Users
from milepost.client.calls import Call
from milepost.client.channel import Connection
from milepost.client.conversation import Conversation, Core
from milepost.client.credentials import load
from milepost.client.environment import Login, resolve
from milepost.client.errors import MilepostError, Refused
from milepost.client.job import Job
from milepost.client.jobsettings import JobOptions, settings_of
from milepost.client.reporter import ReportDesk
from milepost.client.retries import Retries
from milepost.client.shells import Shell
from milepost.client.specs import Create, EventFilter, TaskChanges, TaskFilter, TaskOptions, Update
from milepost.client.values import Counts, HistoryEvent, Page, Session, Task, TaskEvent
from milepost.client.watching import Watching

T = TypeVar("T")


class Client:
    """A client of Milepost.

    ``token`` is a session's or a machine's; with ``user`` and ``password`` it logs in when it
    must, and again when its session has ended. What is not given comes from the environment or
    the stored login, see ``milepost.client.environment``. ``ca_file`` has the certificates (PEM)
    that a server with an ``https`` URL is trusted by, without it the system's. ``timeout`` is in
    seconds, for connecting and for each wait on the network. ``retry_seconds`` is how long a
    request that can be repeated is tried again; 0 tries once. ``language`` asks for messages in a
    language, as ``Accept-Language`` does.

    Methods raise ``MilepostError``, drawn as a tree in ``milepost.client.errors``; wrong arguments
    are a ``TypeError``::

        from milepost import Client, Progress

        with Client() as client:
            task = client.create("backup", status="RUNNING", description="Backup of web-01")
            client.update(task.id, progress=Progress(10, 3, "3 of 10 disks"))
            client.update(task.id, status="SUCCEEDED", result={"disks": 10})
            print(client.wait(task.id).result)
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
        ca_file: Path | str | None = None,
        timeout: float = 10.0,
        retry_seconds: float = 10.0,
        language: str | None = None,
    ) -> None:
        login = resolve(
            url, user=user, password=password, token=token, ca_file=ca_file, stored=load
        )
        self._core = Core(
            login,
            language=language,
            retries=Retries(retry_seconds),
            clock=time.monotonic,
            chance=random.random,
        )
        self._shell = Shell(self._core, timeout)
        self.users = Users(self._call)
        self.tokens = Tokens(self._call)
        self.extensions = Extensions(self._call)

        self._desk = ReportDesk(login, lambda: reporting_as(login, timeout), login.url)

    def connection(self) -> Connection:
        """What the reporter needs of a client."""
        return Connection(self._call, self.close)

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._core.login.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session, if the client began it, and close the connections."""
        with contextlib.suppress(MilepostError):
            self._run(self._core.farewell())
        self._shell.close()

    # Tasks.

    def create(
        self, operation: str, *, idempotency_key: str | None = None, **options: Unpack[TaskOptions]
    ) -> Task:
        """Make a task. Without a key the client takes one, so that a repeat makes no second."""
        key = idempotency_key or uuid.uuid4().hex
        return self._call(calls.create(operation, options, key))

    def get(self, task: str, *, result: bool = True) -> Task:
        """One task; without ``result`` that is left out."""
        return self._call(calls.get(task, result=result))

    def update(
        self, task: str, *, if_revision: int | None = None, **changes: Unpack[TaskChanges]
    ) -> Task:
        """Change a task. With ``if_revision`` only at that revision, else ``Conflict``."""
        return self._call(calls.update(task, changes, if_revision))

    def list(
        self,
        *,
        order: str = "-created",
        limit: int | None = None,
        result: bool = True,
        **filters: Unpack[TaskFilter],
    ) -> Iterator[Task]:
        """The tasks that match a filter, newest first, page by page as they are asked for."""
        token, left = None, limit
        size = 100 if limit is None else max(1, min(limit, 100))
        while left is None or left > 0:
            page = self.page(order=order, size=size, token=token, result=result, **filters)
            found = page.tasks if left is None else page.tasks[:left]
            yield from found
            left = None if left is None else left - len(found)
            token = page.next_page_token
            if token is None:
                return

    def page(
        self,
        *,
        order: str = "-created",
        size: int = 100,
        token: str | None = None,
        result: bool = True,
        **filters: Unpack[TaskFilter],
    ) -> Page:
        """One page of the tasks that match a filter; ``token`` leads to the next."""
        return self._call(calls.page(filters, order=order, size=size, token=token, result=result))

    def counts(self, **filters: Unpack[TaskFilter]) -> Counts:
        """How many tasks match a filter, by their status."""
        return self._call(calls.counts(filters))

    def children(self, task: str) -> Iterator[Task]:
        """The direct children of a task, oldest first."""
        return self.list(parent=task, order="created")

    def history(self, task: str) -> Iterator[HistoryEvent]:
        """What has happened to a task, newest first."""
        token = None
        while True:
            page = self._call(calls.history(task, token))
            yield from page.events
            token = page.next_page_token
            if token is None:
                return

    def cancel(self, task: str) -> Task:
        """Ask for the end of a task; its extension ends it."""
        return self._call(calls.act(task, "cancel", repeatable=True))

    def heartbeat(self, task: str) -> Task:
        """Say that work on a task goes on: its lease begins anew."""
        return self._call(calls.act(task, "heartbeat", repeatable=True))

    def force_close(self, task: str) -> Task:
        """End a task that has not ended as asked; for operators and administrators."""
        return self._call(calls.act(task, "force-close", repeatable=False))

    def batch(
        self, parts: Sequence[Create | Update], *, idempotency_key: str | None = None
    ) -> tuple[Task | Refused, ...]:
        """At most 1,000 creates and updates in one step: for each the task, or its refusal."""
        key = idempotency_key or uuid.uuid4().hex
        return self._call(calls.batch(parts, key))

    def wait(self, task: str, timeout: float | None = None) -> Task:
        """The task once it has ended. Raises ``NotInTime`` after ``timeout`` seconds."""
        return self.wait_for(task, timeout)

    def wait_for(
        self,
        task: str,
        timeout: float | None = None,
        on_progress: Callable[[Task], object] | None = None,
    ) -> Task:
        """The task once it has ended, telling ``on_progress`` what is seen of it on the way.

        It is called with the task as it is, and then with each change that is seen, the last
        included. Raises ``NotInTime`` after ``timeout`` seconds.
        """
        return self._run(self._core.wait_for(task, timeout, on_progress))

    def watch(
        self, *, after: int | None = None, **filters: Unpack[EventFilter]
    ) -> Iterator[TaskEvent]:
        """What happens to the tasks that match a filter, from now on or behind a position.

        It goes on until it is closed. After a break it resumes by itself: each change is told
        once. Raises ``Gone`` when the position is so old that changes would be left out.
        """
        return self._shell.watch(Watching(self._core, filters, after))

    # Reports.

    def task(
        self,
        name: str,
        *,
        total: int | None = None,
        parent: Job | str | None = None,
        **options: Unpack[JobOptions],
    ) -> Job:
        """A job that reports on itself as a task of this service; see ``milepost.task``.

        The thread that reports has a client of its own, so it goes on when this one is closed.
        """
        return Job(self._desk, settings_of(name, total, options), parent)

    # The rest.

    def log_in(self) -> str:
        """Begin a session that outlives the client; the answer is its token."""
        return self._run(self._core.log_in())

    def log_out(self) -> None:
        """End the session of the token that the client was given, or has begun."""
        self._run(self._core.log_out())

    def session(self) -> Session:
        """Who the service takes this client for."""
        return self._call(calls.session())

    def request(self, method: str, path: str, body: Any = None, *, repeatable: bool = False) -> Any:
        """A request that has no method of its own, such as ``("GET", "/v1/tasks")``; its JSON."""
        return self._call(calls.other(method, path, body, repeatable=repeatable))

    def _call(self, call: Call[T]) -> T:
        return self._shell.run(self._core.converse(call))

    def _run(self, conversation: Conversation[T]) -> T:
        return self._shell.run(conversation)


def reporting_as(login: Login, timeout: float) -> Connection:
    """A client for the reporter, which tries once and waits by itself."""
    client = Client(
        login.url,
        user=login.user,
        password=login.password,
        token=login.token,
        ca_file=login.ca_file,
        timeout=timeout,
        retry_seconds=0,
    )
    return client.connection()
