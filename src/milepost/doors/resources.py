"""Tasks and sessions as resources of HTTP: what the doors ``/rest`` and ``/api`` have in common.

The doors differ in how they spell bodies, in a few statuses and in the names of parameters. All of
that is in a ``Style``; each handler decodes, asks the service, encodes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple, Protocol

from milepost.doors.credentials import Gate, basic_of, cookie_header
from milepost.doors.languages import all_localized, telling_for, told
from milepost.doors.lists import encoded
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.refusals import Refuse, RefusedWith, retry_after
from milepost.doors.routing import Auth, Parameter, Route
from milepost.doors.shown import ShownTasks
from milepost.doors.tasks import about_task, accepted, decoded, etag, told_of_cancel, updated
from milepost.rules.reading import Info, info_of
from milepost.rules.reasons import Refusal
from milepost.rules.task import CreateTask, UpdateTask
from milepost.rules.values import Instant
from milepost.service.localizing import Texts
from milepost.service.logins import LoginService, Wait
from milepost.service.tasks import TaskService
from milepost.wire import queries, shapes
from milepost.wire.decoding import decode_nothing
from milepost.wire.faults import Malformed
from milepost.wire.queries import BadQuery

CHALLENGE = (b"www-authenticate", b'Basic realm="milepost", charset="UTF-8"')


class Reader(Protocol):
    """Reads the bodies of a door. Both raise ``Malformed``."""

    def decode_create(self, body: bytes) -> CreateTask:
        """The create spec of a body."""

    def decode_update(self, body: bytes) -> UpdateTask:
        """The update spec of a body."""


class Writer(Protocol):
    """Writes the answers of a door; the module of a dialect is one."""

    def encode_value(self, value: Any) -> bytes:
        """An id or a token."""

    def encode_info(self, info: Info) -> bytes:
        """A task."""

    def encode_infos(self, infos: Iterable[tuple[str, Info]]) -> bytes:
        """Tasks by their ids."""

    def encode_session(self, user: str, created: Instant, last_accessed: Instant) -> bytes:
        """A session."""


class Style(NamedTuple):
    """How a door differs from the other.

    ``root`` begins its paths, ``created`` and ``done`` are the statuses of an answer with a new
    id and of an empty one, the three prefixes stand before the names of query parameters, and
    ``schemas`` before the names of its structures in the description.
    """

    root: str
    writer: Writer
    created: int
    done: int
    get_prefix: str = ""
    filter_prefix: str = ""
    result_prefix: str = ""
    schemas: str = ""


class ResourceDoor:
    """Handlers of tasks and sessions in a style."""

    style: ClassVar[Style]

    def __init__(
        self, tasks: TaskService, logins: LoginService, gate: Gate, texts: Texts, reader: Reader
    ) -> None:
        self._tasks = tasks
        self._logins = logins
        self._gate = gate
        self._texts = texts
        self._reader = reader
        self._shown = ShownTasks()

    async def create_task(self, request: Request) -> Answer:
        """Make a task; the answer is its id."""
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        spec = await decoded(self._reader.decode_create, body)
        decision = await self._tasks.create(request.who.principal, spec, request.source)
        task = accepted(decision)
        answer = self.style.writer.encode_value(task.id)
        return json_answer(answer, etag(task), status=self.style.created)

    async def update_task(self, request: Request) -> Answer:
        """The founding operation: change a task; the answer is empty."""
        (task_id,) = request.params
        try:
            body = await request.read()
            queries.only(queries.parse_query(request.query), ())
            spec = await decoded(self._reader.decode_update, body)
        except (BadQuery, Malformed, RefusedWith) as fault:
            raise await about_task(self._tasks, request, task_id, fault.refusal) from None
        who = request.who.principal
        task = updated(await self._tasks.update(who, task_id, spec, request.source))
        return Answer(self.style.done, headers=told_of_cancel(task))

    async def get_task(self, request: Request) -> Answer:
        """One task."""
        (task_id,) = request.params
        exclude_result = self._asks_without_result(request.query)
        task = accepted(await self._tasks.get(request.who.principal, task_id))
        telling = telling_for(request, self._texts)

        def answer() -> Answer:
            info = info_of(task, exclude_result=exclude_result)
            if telling is not None:
                info = telling.info(info)
            return json_answer(self.style.writer.encode_info(info), etag(task), *told(telling))

        # Catalogues change, so what is told in a language holds for this time only.
        return answer() if telling else self._shown.answer(task, exclude_result, answer)

    def _asks_without_result(self, text: bytes) -> bool:
        if not text:
            return False
        query, prefix = queries.parse_query(text), self.style.get_prefix
        queries.only(query, (f"{prefix}exclude_result", f"{prefix}return_all"))
        queries.flag(query, f"{prefix}return_all")
        return queries.flag(query, f"{prefix}exclude_result")

    async def list_tasks(self, request: Request) -> Answer:
        """All tasks that match a filter, at most 1,000."""
        wanted, exclude_result = queries.list_query(
            queries.parse_query(request.query),
            filter_prefix=self.style.filter_prefix,
            result_prefix=self.style.result_prefix,
        )
        found = await self._tasks.list(request.who.principal, wanted)
        if isinstance(found, Refusal):
            raise RefusedWith(found)
        infos = ((task.id, info_of(task, exclude_result=exclude_result)) for task in found)
        telling = telling_for(request, self._texts)
        shown = infos if telling is None else await all_localized(infos, telling)
        body = await encoded(lambda: self.style.writer.encode_infos(shown), len(found))
        return json_answer(body, *told(telling))

    async def cancel_task(self, request: Request) -> Answer:
        """Ask for the end of a task; the answer is empty."""
        (task_id,) = request.params
        try:
            decode_nothing(await request.read())
            query = queries.parse_query(request.query)
            queries.only(query, ("action",))
            queries.action(query, "action", "cancel")
        except (BadQuery, Malformed, RefusedWith) as fault:
            raise await about_task(self._tasks, request, task_id, fault.refusal) from None
        who = request.who.principal
        task = accepted(await self._tasks.cancel(who, task_id, request.source))
        return Answer(self.style.done, headers=(etag(task),))

    async def delete_session(self, request: Request) -> Answer:
        """Log out."""
        queries.only(queries.parse_query(request.query), ())
        await self._gate.log_out(request)
        return Answer(self.style.done, headers=(cookie_header("", secure=request.secure),))

    async def log_in(self, request: Request) -> Answer:
        """Begin a session with Basic; the answer is its token."""
        try:
            name, password = basic_of(request)
        except Refuse as refuse:
            raise RefusedWith(refuse.refusal, (CHALLENGE,)) from None
        self._gate.refuse_foreign(request)
        decode_nothing(await request.read())
        token = await self._logins.log_in(name, password, request.source)
        if isinstance(token, Wait):
            raise RefusedWith(token.refusal, (retry_after(token.seconds),))
        if isinstance(token, Refusal):
            raise RefusedWith(token, (CHALLENGE,))
        plain = "vmware-use-header-authn" in request.header_names
        cookies = () if plain else (cookie_header(token, secure=request.secure),)
        answer = self.style.writer.encode_value(token)
        return json_answer(answer, *cookies, status=self.style.created)

    def session_info(self, request: Request) -> Answer:
        """The session that a request was let in with."""
        session = request.who.session
        used_at = self._gate.sessions.last_used(request.who)
        return json_answer(
            self.style.writer.encode_session(session.user, session.created_at, used_at)
        )


READ_ERRORS = (400, 401, 403, 404, 503)
SESSION_ERRORS = (400, 401, 503)
LOGIN_ERRORS = (*SESSION_ERRORS, 403, 413, 415, 429)


# long: it is one table
def task_routes(door: ResourceDoor) -> list[Route]:
    """The routes of tasks, in the style of the door."""
    style = door.style
    tasks, extension_tasks = f"{style.root}/cis/tasks", f"{style.root}/vcenter/extension/tasks"
    name = style.root.removeprefix("/")
    return [
        Route(
            "POST",
            extension_tasks,
            door.create_task,
            Auth.SESSION,
            operation=f"{name}.vcenter.extension.tasks.create",
            summary="Create a task and get its id.",
            request=f"{style.schemas}vcenter.extension.tasks_create",
            answer=f"{style.schemas}vcenter.extension.tasks.create_resp",
            status=style.created,
            errors=(400, 401, 403, 413, 415, 429, 503),
        ),
        Route(
            "PATCH",
            extension_tasks + "/{task_id}",
            door.update_task,
            Auth.SESSION,
            operation=f"{name}.vcenter.extension.tasks.update",
            summary="Update a task: its progress, description, status, error, result or times.",
            request=f"{style.schemas}vcenter.extension.tasks_update",
            status=style.done,
            errors=(400, 401, 403, 404, 413, 415, 429, 503),
        ),
        Route(
            "GET",
            tasks,
            door.list_tasks,
            Auth.SESSION,
            operation=f"{name}.cis.tasks.list",
            summary="Get at most 1,000 tasks that match a filter of tasks or services.",
            answer=f"{style.schemas}cis.tasks.list_resp",
            parameters=(
                *(list_parameter(style, name) for name in ("tasks", "services", "operations")),
                list_parameter(style, "status", shapes.STATUS.name),
                list_parameter(style, "targets", "target"),
                list_parameter(style, "users"),
                *flag_parameters(style.result_prefix),
            ),
            errors=(400, 401, 503),
        ),
        Route(
            "GET",
            tasks + "/{task}",
            door.get_task,
            Auth.SESSION,
            operation=f"{name}.cis.tasks.get",
            summary="Get a task.",
            answer=f"{style.schemas}cis.tasks_resp",
            parameters=flag_parameters(style.get_prefix),
            errors=READ_ERRORS,
        ),
        Route(
            "POST",
            tasks + "/{task}",
            door.cancel_task,
            Auth.SESSION,
            operation=f"{name}.cis.tasks.cancel",
            summary="Request the cancellation of a task.",
            parameters=(Parameter("action", "text", required=True, only="cancel"),),
            status=style.done,
            errors=(*READ_ERRORS, 413, 415, 429),
        ),
    ]


def logout_route(door: ResourceDoor, path: str) -> Route:
    """The route that ends a session."""
    return Route(
        "DELETE",
        path,
        door.delete_session,
        Auth.SESSION,
        operation=f"{door.style.root.removeprefix('/')}.cis.session.delete",
        summary="Log out.",
        status=door.style.done,
        errors=(*SESSION_ERRORS, 429),
    )


def flag_parameters(prefix: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(prefix + name, "boolean") for name in ("return_all", "exclude_result"))


def list_parameter(style: Style, name: str, schema: str = "text") -> Parameter:
    return Parameter(style.filter_prefix + name, schema, many=True)
