"""The door ``POST /api``: JSON-RPC, as the official client runtime speaks it.

The request is read before anyone is asked who they are, since the body may tell. From then on the
answer is 200, whatever is in it, and a refusal has its name in the header ``vapi-error``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from milepost.doors.credentials import SESSION, Gate, basic_of
from milepost.doors.languages import all_localized, telling_for
from milepost.doors.languages import told as told_language
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.refusals import (
    Header,
    Headers,
    Refuse,
    RefusedWith,
    headers_of,
    retry_after,
    status_of,
)
from milepost.doors.routing import Auth, Route
from milepost.doors.tasks import (
    LARGE_BODY,
    about_task,
    accepted,
    decoded,
    etag,
    told_of_cancel,
    updated,
)
from milepost.rules import reasons
from milepost.rules.finding import TaskFilter
from milepost.rules.reading import info_of
from milepost.rules.reasons import Refusal, shortened
from milepost.rules.values import ErrorName, Message
from milepost.service.faults import refusal_of
from milepost.service.localizing import Texts
from milepost.service.logins import LoginService, Wait
from milepost.service.tasks import TaskService
from milepost.wire import interfaces, introspection, jsonrpc, official, queries
from milepost.wire.dataencoding import SessionInfo
from milepost.wire.datavalues import DataValueDecoder
from milepost.wire.faults import Malformed, shown
from milepost.wire.interfaces import full_name
from milepost.wire.jsonrpc import Call, NotCalled
from milepost.wire.shapes import CREATE_SPEC, UPDATE_SPEC

PATH = "/api"
SCHEMES = "com.vmware.vapi.std.security."
SESSION_SCHEME = SCHEMES + "session_id"
PASSWORD_SCHEME = SCHEMES + "user_pass"
NO_SCHEME = SCHEMES + "no_authentication"

# The structure of the spec that an operation takes, for messages about it.
SPECS = {"create": full_name(CREATE_SPEC), "update": full_name(UPDATE_SPEC)}


class Outcome(NamedTuple):
    """What an operation answers: a value of its output type, and headers."""

    value: Any = None
    headers: Headers = ()


class Unfit(RefusedWith):
    """An input that does not fit, with what the official runtime says of it."""

    def __init__(self, fault: Malformed, headers: Headers = ()) -> None:
        super().__init__(fault.refusal, headers)
        self.official = official.message_of(fault)


T = TypeVar("T")
Run = Callable[[Request, Call, dict[str, Any]], Awaitable[Outcome]]
Report = Callable[[Request, Exception], Refusal]


class JsonRpcDoor:
    """Answers calls; each operation decodes, asks the service, and gives its value."""

    def __init__(
        self,
        tasks: TaskService,
        logins: LoginService,
        gate: Gate,
        texts: Texts,
        decoder: DataValueDecoder,
        *,
        report: Report,
    ) -> None:
        self._tasks = tasks
        self._logins = logins
        self._gate = gate
        self._texts = texts
        self._decoder = decoder
        self._report = report
        self._operations: dict[tuple[str, str], Run] = {
            (interfaces.SESSION, "create"): self._log_in,
            (interfaces.SESSION, "delete"): self._log_out,
            (interfaces.SESSION, "get"): self._session,
            (interfaces.TASKS, "get"): self._get,
            (interfaces.TASKS, "list"): self._list,
            (interfaces.TASKS, "cancel"): self._cancel,
            (interfaces.EXTENSION_TASKS, "create"): self._create,
            (interfaces.EXTENSION_TASKS, "update"): self._update,
            (interfaces.PROVIDER, "get"): told(lambda _given: introspection.provider_info()),
            (interfaces.SERVICE, "list"): told(lambda _given: introspection.services()),
            (interfaces.SERVICE, "get"): told(
                lambda given: introspection.service_info(given["id"])
            ),
            (interfaces.OPERATION, "list"): told(
                lambda given: introspection.operations(given["service_id"])
            ),
            (interfaces.OPERATION, "get"): told(
                lambda given: introspection.operation_info(
                    given["service_id"], given["operation_id"]
                )
            ),
        }

    async def call(self, request: Request) -> Answer:
        """Answer one request."""
        queries.only(queries.parse_query(request.query), ())
        body = await request.read()
        try:
            call = await decoded(jsonrpc.read_call, body)
            service, operation = request.header(b"vapi-service"), request.header(b"vapi-operation")
            jsonrpc.check_headers(call, service, operation)
            return await self._answer(request, call, len(body))
        except NotCalled as fault:
            return json_answer(jsonrpc.encode_not_called(fault.refusal, fault.ident))

    async def _answer(self, request: Request, call: Call, size: int) -> Answer:
        try:
            outcome = await self._run(request, call, size)
        except NotCalled:
            raise
        except RefusedWith as refused:
            return self._refused(request, call, refused)
        except Exception as fault:  # noqa: BLE001  whoever called gets an answer under its id
            refusal = refusal_of(fault) or self._report(request, fault)
            return self._refused(request, call, RefusedWith(refusal))
        return json_answer(jsonrpc.encode_output(call, outcome.value), *outcome.headers)

    def _refused(self, request: Request, call: Call, refused: RefusedWith) -> Answer:
        """A refusal, in the language that the caller asks for."""
        telling = telling_for(request, self._texts, call.application)
        if telling is not None:
            refused.refusal = telling.refusal(refused.refusal)
            refused.headers = (*refused.headers, *told_language(telling))
        return refusal_answer(call, refused)

    async def _run(self, request: Request, call: Call, size: int) -> Outcome:
        """What the operation answers, once it exists, the caller may call, and the input fits."""
        run = self._operations.get((call.service, call.operation))
        if run is None:
            raise RefusedWith(no_such_operation(call))
        if not call.is_open:
            await self._gate.let_in(request, session_in(request, call))
        try:
            given = await self._input(call, size)
        except RefusedWith as fault:
            if run == self._update:
                raise await self._about_task(request, call, fault) from None
            raise
        return await run(request, call, given)

    async def _input(self, call: Call, size: int) -> dict[str, Any]:
        """The parameters of a call. Raises ``NotCalled`` and ``RefusedWith``."""
        if call.fault is not None:
            raise RefusedWith(call.fault.refusal)
        try:
            return await in_turn(
                lambda: self._decoder.read_input(call.service, call.operation, call.given), size
            )
        except Malformed as fault:
            if fault.reason is reasons.BAD_DATA_VALUE:
                raise NotCalled(fault.refusal, call.ident) from None
            raise Unfit(fault) from None

    async def _create(self, request: Request, _call: Call, given: dict[str, Any]) -> Outcome:
        """Make a task; the answer is its id."""
        who = request.who.principal
        task = accepted(await self._tasks.create(who, given["spec"], request.source))
        return Outcome(task.id, (etag(task),))

    async def _update(self, request: Request, _call: Call, given: dict[str, Any]) -> Outcome:
        """Change a task."""
        who, task_id, spec = request.who.principal, given["task_id"], given["spec"]
        task = updated(await self._tasks.update(who, task_id, spec, request.source))
        return Outcome(None, told_of_cancel(task))

    async def _about_task(self, request: Request, call: Call, refused: RefusedWith) -> RefusedWith:
        """A refusal of an input that does not fit; it too tells the revision of the task."""
        task_id = call.parameter("task_id")
        # A text that JSON itself has something against may be no text for the store.
        if type(task_id) is str and task_id.isascii():
            about = await about_task(self._tasks, request, task_id, refused.refusal)
            refused.headers = about.headers
        return refused

    async def _get(self, request: Request, call: Call, given: dict[str, Any]) -> Outcome:
        """One task."""
        task = accepted(await self._tasks.get(request.who.principal, given["task"]))
        info = info_of(task, exclude_result=given.get("spec", False))
        telling = telling_for(request, self._texts, call.application)
        if telling is not None:
            info = telling.info(info)
        return Outcome(info, (etag(task), *told_language(telling)))

    async def _list(self, request: Request, call: Call, given: dict[str, Any]) -> Outcome:
        """All tasks that match a filter, at most 1,000, by their ids."""
        wanted: TaskFilter = given.get("filter_spec") or TaskFilter()
        found = await self._tasks.list(request.who.principal, wanted)
        if isinstance(found, Refusal):
            raise RefusedWith(found)
        exclude = given.get("result_spec", False)
        infos = ((task.id, info_of(task, exclude_result=exclude)) for task in found)
        telling = telling_for(request, self._texts, call.application)
        if telling is None:
            return Outcome(dict(infos))
        return Outcome(dict(await all_localized(infos, telling)), told_language(telling))

    async def _cancel(self, request: Request, _call: Call, given: dict[str, Any]) -> Outcome:
        """Ask for the end of a task."""
        who = request.who.principal
        task = accepted(await self._tasks.cancel(who, given["task"], request.source))
        return Outcome(None, (etag(task),))

    async def _log_in(self, request: Request, call: Call, _given: dict[str, Any]) -> Outcome:
        """A token for a name and a password."""
        name, password = password_in(request, call)
        token = await self._logins.log_in(name, password, request.source)
        if isinstance(token, Wait):
            raise RefusedWith(token.refusal, (retry_after(token.seconds),))
        if isinstance(token, Refusal):
            raise RefusedWith(token)
        return Outcome(token)

    async def _log_out(self, request: Request, call: Call, _given: dict[str, Any]) -> Outcome:
        """End the session."""
        await self._gate.log_out(request, session_in(request, call))
        return Outcome()

    async def _session(self, request: Request, _call: Call, _given: dict[str, Any]) -> Outcome:
        """Who the session is, since when, and when it was last used."""
        session = request.who.session
        return Outcome(
            SessionInfo(
                user=session.user,
                created_time=session.created_at,
                last_accessed_time=self._gate.sessions.last_used(request.who),
            )
        )


async def in_turn(work: Callable[[], T], size: int) -> T:
    """What comes of some work on a body of that size; the work on a large one is for a thread."""
    return work() if size <= LARGE_BODY else await asyncio.to_thread(work)


def told(tell: Callable[[dict[str, Any]], Any]) -> Run:
    """An operation that tells what is written in a table."""

    async def run(_request: Request, _call: Call, given: dict[str, Any]) -> Outcome:
        found = tell(given)
        if isinstance(found, Refusal):
            raise RefusedWith(found)
        return Outcome(found)

    return run


def no_such_operation(call: Call) -> Refusal:
    """Why there is nothing to call."""
    if call.service in interfaces.OPERATIONS:
        return Refusal(reasons.RPC_OPERATION, (shortened(call.operation), call.service))
    return Refusal(reasons.RPC_SERVICE, (shortened(call.service),))


def session_in(request: Request, call: Call) -> str | None:
    """The token in a body. It does not count where the header has one. Raises ``Refuse``."""
    scheme = call.security.get("schemeId")
    if SESSION.encode() in request.headers or scheme in (None, "", NO_SCHEME):
        return None
    if scheme != SESSION_SCHEME:
        raise Refuse(reasons.UNKNOWN_SCHEME, shown(scheme), SESSION_SCHEME)
    token = call.security.get("sessionId")
    return token if type(token) is str else ""


def password_in(request: Request, call: Call) -> tuple[str, str]:
    """Name and password of a login. Raises ``Refuse`` when there are none."""
    security = call.security
    if security.get("schemeId") == PASSWORD_SCHEME:
        name, password = security.get("userName"), security.get("password")
        if type(name) is str and type(password) is str:
            return name, password
    elif b"authorization" in request.headers:
        return basic_of(request)
    raise Refuse(reasons.LOGIN_NEEDS_PASSWORD, PASSWORD_SCHEME)


def refusal_answer(call: Call, refused: RefusedWith) -> Answer:
    """A refusal as the result of a call: its name, what the official runtime says, what we say."""
    refusal = refused.refusal
    error = refusal.error
    if refusal.reason is reasons.TASK_UNKNOWN and call.operation == "update":
        # The operation declares no not_found, and generated clients break on what is not declared.
        error = ErrorName.INVALID_ARGUMENT
    theirs = refused.official if isinstance(refused, Unfit) else said_about(call, refusal)
    messages = (refusal.message,) if theirs is None else (theirs, refusal.message)
    headers = headers_of(status_of(refusal), refused.headers)
    name: Header = (b"vapi-error", error.type_name.encode())
    return json_answer(jsonrpc.encode_error(call, error, messages), name, *headers)


def said_about(call: Call, refusal: Refusal) -> Message | None:
    return official.message_about(refusal, SPECS.get(call.operation))


def jsonrpc_routes(door: JsonRpcDoor) -> list[Route]:
    """The one route of JSON-RPC."""
    return [
        Route(
            "POST",
            PATH,
            door.call,
            Auth.OPEN,
            operation="jsonrpc.invoke",
            summary="Invoke an operation with JSON-RPC 2.0.",
        )
    ]
