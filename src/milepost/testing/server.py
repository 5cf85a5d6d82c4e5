"""The handle of a server under test: what the fixture ``milepost_server`` gives.

Tasks are given as the door ``/v1`` shows them. What the handle asks the server itself is not
recorded, no fault strikes it, and it counts as no use of the sessions of the test.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote, urlencode, urlsplit

from milepost.access.principals import Role
from milepost.rules.values import TERMINAL, Status
from milepost.server import ADMINISTRATOR
from milepost.store.base import User
from milepost.testing import expecting, timeline
from milepost.testing.clock import Clock
from milepost.testing.expecting import Text, Unset
from milepost.testing.faults import Faults
from milepost.testing.hosts import Host, Inside, OnlyInProcess, Reply
from milepost.testing.recording import FIRST_REFUSED, Recorded

TASKS = "/v1/tasks"
PAGE = 1000
POLL_SECONDS = 0.02
UNAUTHENTICATED, NOT_FOUND = 401, 404
OPEN = tuple(status.value for status in Status if status not in TERMINAL)
SHOWN = 20

Task = dict[str, Any]


class Person(NamedTuple):
    """Someone who can log in, and the token of a session that is open already."""

    user: str
    password: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request in that session."""
        return {"vmware-api-session-id": self.token}


class MilepostServer:
    """A running server; as a context manager it is closed at the end of the block."""

    def __init__(self, host: Host, mode: str) -> None:
        self._host = host
        self._token: str | None = None
        self._people: dict[tuple[str, str | None], Person] = {}
        self.mode = mode
        self.url = host.url
        self.ca_file = host.ca_file
        self.user = ADMINISTRATOR
        self.password = host.password

    def __repr__(self) -> str:
        return f"<MilepostServer {self.url} ({self.mode})>"

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
        """End the server and remove its data. Once more does nothing."""
        self._host.close()

    # Who talks to it.

    @property
    def address(self) -> str:
        """``HOST:PORT``, for clients that take no URL."""
        return urlsplit(self.url).netloc

    @property
    def token(self) -> str:
        """The token of a session of the administrator."""
        return self.person(Role.ADMINISTRATOR).token

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request in that session."""
        return self.person(Role.ADMINISTRATOR).headers

    @property
    def environ(self) -> dict[str, str]:
        """Variables for a program under test; the names are those the commands look at."""
        found = {"MILEPOST_URL": self.url, "MILEPOST_USER": self.user}
        found["MILEPOST_PASSWORD_FILE"] = str(self._host.password_file)
        if self.ca_file is not None:
            found["MILEPOST_CA_FILE"] = str(self.ca_file)
        return found

    def person(
        self, role: str, extension: str | None = None, *, new_session: bool = False
    ) -> Person:
        """Someone of a role, made when first asked for; an extension's principal has its key.

        The session stays the same, also when it has ended, until a new one is asked for. Raises
        ``ValueError`` for a role there is none of, or that has no key and needs one.
        """
        key = (str(role), extension)
        if key not in self._people:
            self._people[key] = self._made(Role(role), extension)
        elif new_session:
            known = self._people[key]
            token = self._host.open_session(known.user, known.password)
            self._people[key] = known._replace(token=token)
        return self._people[key]

    def extension(self, key: str) -> Person:
        """The principal of an extension, who sees and changes its tasks only."""
        return self.person(Role.EXTENSION, key)

    def _made(self, role: Role, extension: str | None) -> Person:
        if (role is Role.EXTENSION) != (extension is not None):
            raise ValueError(f"exactly the role extension has a key: {role.value}, {extension}")
        name, password = ADMINISTRATOR, self.password
        if role is not Role.ADMINISTRATOR:
            name = role.value if extension is None else extension
            user = User(name=name, role=role.value, extension=extension, password=password)
            self._host.add_user(user, self._own_token())
        return Person(name, password, self._host.open_session(name, password))

    # What only a server in this process has.

    @property
    def clock(self) -> Clock:
        """The clock of the server, for the test to write. Raises ``OnlyInProcess``."""
        return self._inside("clock").clock

    @property
    def faults(self) -> Faults:
        """Faults to put between the server and its clients. Raises ``OnlyInProcess``."""
        return self._inside("faults").faults

    @property
    def requests(self) -> list[Recorded]:
        """The last 10,000 requests, oldest first. Raises ``OnlyInProcess``."""
        return self._inside("requests").records()

    def _inside(self, name: str) -> Inside:
        if self._host.inside is None:
            raise OnlyInProcess(
                f"server.{name} needs a server in the process of the test, and this one has its"
                ' own: take mode="process" for this test'
            )
        return self._host.inside

    # What it knows of tasks.

    def tasks(self, **filters: str) -> list[Task]:
        """All tasks, oldest first; ``filters`` are those of ``GET /v1/tasks``."""
        found: list[Task] = []
        query = {"order": "created", "page_size": str(PAGE), **filters}
        while True:
            page = self._get(f"{TASKS}?{urlencode(query)}")
            found += page["tasks"]
            if "next_page_token" not in page:
                return found
            query["page_token"] = page["next_page_token"]

    def task(self, task_id: str) -> Task:
        """One task. Raises ``AssertionError`` when there is none of that id."""
        __tracebackhide__ = True
        reply = self._ask("GET", one(task_id))
        if reply.status == NOT_FOUND:
            raise AssertionError(f"{reply.json['detail']}\n{self._all_told()}")
        return dict(checked(reply).json)

    def history(self, task_id: str) -> list[Task]:
        """The events of a task, oldest first."""
        found: list[Task] = []
        query = {"page_size": str(PAGE)}
        while True:
            page = self._get(f"{one(task_id)}/events?{urlencode(query)}")
            found += page["events"]
            if "next_page_token" not in page:
                return found[::-1]
            query["page_token"] = page["next_page_token"]

    @property
    def events(self) -> list[Task]:
        """The events of all tasks, in the order of their commits; ``task`` is whose each is."""
        events = [
            {"task": task["id"], **event}
            for task in self.tasks()
            for event in self.history(task["id"])
        ]
        return sorted(events, key=lambda event: int(event["position"]))

    def timeline(self, task_id: str) -> str:
        """What has happened to a task, to be read by people."""
        refused: list[Recorded] = []
        if self._host.inside is not None:
            records = self._host.inside.records()
            refused = [each for each in records if each.task == task_id and each.went_wrong]
        return timeline.told(self.task(task_id), self.history(task_id), refused[-SHOWN:])

    # What a test demands.

    def assert_task(
        self,
        task_id: str,
        *,
        status: str | None = None,
        completed: int | None = None,
        total: int | None = None,
        message: Text | None = None,
        description: Text | None = None,
        error: str | None = None,
        result: Any = Unset.UNSET,
        cancel: str | None = None,
    ) -> Task:
        """Demand that a task is like this; what is not given is not looked at.

        ``message`` is that of the progress. A text must be equal, a compiled pattern must be found
        in it. ``error`` is a standard name such as ``TIMED_OUT``. The answer is the task.
        """
        __tracebackhide__ = True
        task = self.task(task_id)
        expected = expecting.Expected(
            status, completed, total, message, description, error, result, cancel
        )
        differences = expecting.differences(task, expected)
        if differences:
            lines = "\n".join(f"  {line}" for line in differences)
            raise AssertionError(f"the task is another:\n{lines}\n{self.timeline(task_id)}")
        return task

    def assert_no_open_tasks(self) -> None:
        """Demand that every task has ended."""
        __tracebackhide__ = True
        found = [task for status in OPEN for task in self.tasks(status=status)]
        if found:
            told = "\n".join(self.timeline(task["id"]) for task in found[:SHOWN])
            raise AssertionError(f"{len(found)} tasks have not ended:\n{told}")

    def wait_for(
        self,
        task_id: str,
        status: str | Collection[str] = tuple(TERMINAL),
        timeout: float = 10.0,
    ) -> Task:
        """Wait, in real time, until a task has a status, or one of several; then the task.

        Raises ``AssertionError`` when the time is over, or the task has ended otherwise.
        """
        __tracebackhide__ = True
        wanted = expecting.known_statuses({status} if isinstance(status, str) else status)
        until = time.monotonic() + timeout
        while True:
            task = self.task(task_id)
            if task["status"] in wanted:
                return task
            is_over = task["status"] in TERMINAL
            if is_over or time.monotonic() >= until:
                why = "it has ended otherwise" if is_over else f"it was not in {timeout:g} s"
                names = " or ".join(sorted(wanted))
                raise AssertionError(
                    f"the task was to be {names}, and {why}\n{self.timeline(task_id)}"
                )
            time.sleep(POLL_SECONDS)

    def wait_for_task(self, timeout: float = 10.0, **filters: str) -> Task:
        """Wait, in real time, until there is a task; then the first that fits the filters."""
        __tracebackhide__ = True
        until = time.monotonic() + timeout
        while True:
            found = self.tasks(**filters)
            if found:
                return found[0]
            if time.monotonic() >= until:
                raise AssertionError(
                    f"no task was made that fits {filters or 'anything'} in {timeout:g} s\n"
                    f"{self._all_told()}"
                )
            time.sleep(POLL_SECONDS)

    # What an operator does.

    def cancel(self, task_id: str) -> Task:
        """Ask for the end of a task, as an operator does; then the task."""
        return self._act(task_id, "cancel")

    def force_close(self, task_id: str) -> Task:
        """End a task that was asked to end and has not, as an operator does; then the task."""
        return self._act(task_id, "force-close")

    def log(self) -> str:
        """What a server in another process has logged; one in this process uses ``logging``."""
        return self._host.log()

    def _act(self, task_id: str, verb: str) -> Task:
        reply = self._ask("POST", f"{one(task_id)}:{verb}")
        return dict(checked(reply).json)

    def _all_told(self) -> str:
        """All there is, in short."""
        lines = [f"  {timeline.headline(task)}" for task in self.tasks()[-SHOWN:]]
        text = "\n".join(["The tasks:", *(lines or ["  none"])])
        return text if self._host.inside is None else f"{text}\n{self.requests_told()}"

    def requests_told(self) -> str:
        """The last requests, to be read by people."""
        lines = [f"  {record}" for record in self.requests[-SHOWN:]]
        return "\n".join(["The last requests:", *(lines or ["  none"])])

    def told(self) -> str:
        """What a failed test shows of its server: the last requests, or the log."""
        return self.log() if self._host.inside is None else self.requests_told()

    def _get(self, target: str) -> Any:
        return checked(self._ask("GET", target)).json

    def _ask(self, method: str, target: str) -> Reply:
        """Ask in a session of the handle's own, begun anew when it has ended."""
        reply = self._host.call(method, target, None, self._own_token())
        if reply.status == UNAUTHENTICATED:
            self._token = None
            reply = self._host.call(method, target, None, self._own_token())
        return reply

    def _own_token(self) -> str:
        if self._token is None:
            self._token = self._host.open_session(self.user, self.password)
        return self._token


def one(task_id: str) -> str:
    return f"{TASKS}/{quote(task_id, safe='')}"


def checked(reply: Reply) -> Reply:
    """The reply, when it is none of the refusals. Raises ``ValueError``, saying why."""
    if reply.status >= FIRST_REFUSED:
        raise ValueError(reply.json["detail"])
    return reply
