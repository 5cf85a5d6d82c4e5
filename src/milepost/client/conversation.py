"""The core of both clients: what is said to the service, in which order. No I/O.

A conversation is a generator. It yields steps, and is sent back what came of them:

``Send``    send this request; comes back with a ``Reply``, or ``Away`` or ``Untrusted`` is thrown
``Pause``   let so many seconds pass
``Tell``    call a function of the caller with a task

Its return value is the answer. So logging in, trying again and waiting are written once, and
``Client`` and ``AsyncClient`` only do the steps, each in its way. Time and chance come in.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

from milepost.client import calls
from milepost.client.answers import FIRST_ERROR, Reply, nothing, reads, refused
from milepost.client.calls import Call
from milepost.client.environment import Login
from milepost.client.errors import MilepostError, NotInTime, Unauthenticated
from milepost.client.retries import Retries
from milepost.client.values import Task

T = TypeVar("T")
LONGEST_WAIT = 60.0
UNHURRIED = 30.0
UNAUTHENTICATED = 401
BEARER = ("authorization", "Bearer {}")
SESSION_HEADER = ("vmware-api-session-id", "{}")


class Send(NamedTuple):
    """A request with everything; ``waits`` seconds may pass before the answer begins."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    waits: float
    streams: bool


class Pause(NamedTuple):
    """Time that is to pass, in seconds."""

    seconds: float


class Tell(NamedTuple):
    """Something that the caller wanted to be told."""

    listener: Callable[[Task], object]
    task: Task


Step = Send | Pause | Tell
Conversation = Generator[Step, Any, T]


class Core:
    """What both clients know: who they are, their session, how patient they are."""

    def __init__(
        self,
        login: Login,
        *,
        language: str | None = None,
        retries: Retries,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.login = login
        self.retries = retries
        self.clock = clock
        self.chance = chance
        self.token = login.token
        self._kept: str | None = None
        self._language = {} if language is None else {"accept-language": language}

    def converse(self, call: Call[T], retries: Retries | None = None) -> Conversation[T]:
        """Make a call: log in when needed, try again as far as that is safe."""
        patience = self.retries if retries is None else retries
        began, tries, renewed = self.clock(), 0, False
        while True:
            tries += 1
            token = self.token
            try:
                token = yield from self._authenticated(token)
                reply: Reply = yield self._request(call, token)
                if reply.status >= FIRST_ERROR:
                    raise refused(reply)
                return call.read(reply)
            except Unauthenticated:
                if renewed or not self._renew(token):
                    raise
                renewed = True
            except MilepostError as fault:
                pause = patience.pause(
                    fault,
                    tries,
                    self.clock() - began,
                    self.chance(),
                    repeatable=call.repeatable,
                )
                if pause is None:
                    raise
                yield Pause(pause)

    def wait_for(
        self,
        task_id: str,
        timeout: float | None,
        on_progress: Callable[[Task], object] | None,
    ) -> Conversation[Task]:
        """Wait until a task has ended; tell each change that is seen on the way."""
        until = None if timeout is None else self.clock() + timeout
        task: Task = yield from self.converse(calls.get(task_id, result=True))
        while True:
            if on_progress is not None:
                yield Tell(on_progress, task)
            if task.ended:
                return task
            task = yield from self._next(task, until, changes=on_progress is not None)

    def _next(self, task: Task, until: float | None, *, changes: bool) -> Conversation[Task]:
        """The task at its next revision, or when it has ended."""
        after = task.revision if changes else None
        while True:
            left = LONGEST_WAIT if until is None else until - self.clock()
            if left <= 0:
                raise NotInTime(f"the task {task.id} has not ended; it is {task.status}", task)
            found = yield from self.converse(calls.wait(task.id, min(left, UNHURRIED), after))
            if found is not None and (found.ended or found.revision != task.revision):
                return found

    def _authenticated(self, token: str | None) -> Conversation[str]:
        """The token of a session, of a new one when there is none."""
        if token is not None:
            return token
        name, password = self.login.user or "", self.login.password or ""
        basic = base64.b64encode(f"{name}:{password}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "vmware-use-header-authn": "true"}
        log_in = Call(method="POST", path=calls.SESSION, read=reads(str), headers=headers)
        reply: Reply = yield self._request(log_in, None)
        if reply.status >= FIRST_ERROR:
            raise refused(reply)
        found = log_in.read(reply)
        self.token = found
        return found

    def _renew(self, token: str | None) -> bool:
        """Whether it is worth to come again: with the session of another thread, or a new one."""
        if token is None or self.login.password is None:
            return False
        if self.token == token:
            self.token = None
        return True

    def _request(self, call: Call[Any], token: str | None) -> Send:
        headers = {"accept": "application/json", **self._language, **call.headers}
        if token is not None:
            # Bearer is for /v1; the older doors know sessions only, by a header of their own.
            own = call.path.startswith("/v1/")
            name, text = BEARER if own else SESSION_HEADER
            headers[name] = text.format(token)
        if call.body is not None:
            headers["content-type"] = "application/json"
        return Send(call.method, call.path, headers, call.body, call.waits, call.streams)

    def log_in(self) -> Conversation[str]:
        """Begin a session, or keep the one there is: it does not end with the client."""
        yield from self.converse(calls.session())
        self._kept = self.token
        return self.token or ""

    def log_out(self) -> Conversation[None]:
        """End the session there is. A token that has ended already is as good."""
        token, self.token = self.token, None
        if token is not None:
            call = Call(method="DELETE", path=calls.SESSION, read=nothing)
            reply: Reply = yield self._request(call, token)
            if reply.status >= FIRST_ERROR and reply.status != UNAUTHENTICATED:
                raise refused(reply)

    def farewell(self) -> Conversation[None]:
        """End the session, if the client has begun it for itself."""
        if self.token is not None and self.token not in (self.login.token, self._kept):
            yield from self.log_out()
