"""The door ``/rest``: the published paths of extension tasks, tasks and sessions."""

from __future__ import annotations

from milepost.doors.credentials import Gate, basic_of, cookie_header, token_of
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.refusals import Refuse, RefusedWith, retry_after
from milepost.doors.routing import Auth, Parameter, Route
from milepost.doors.tasks import about_task, accepted, decoded, etag, told_of_cancel, updated
from milepost.rules.reading import info_of
from milepost.rules.reasons import Refusal
from milepost.service.logins import LoginService, Wait
from milepost.service.tasks import TaskService
from milepost.wire import queries, rest, shapes
from milepost.wire.faults import Malformed
from milepost.wire.queries import BadQuery

SESSION_PATH = "/rest/com/vmware/cis/session"
EXTENSION_TASKS = "/rest/vcenter/extension/tasks"
TASKS = "/rest/cis/tasks"
CHALLENGE = (b"www-authenticate", b'Basic realm="milepost", charset="UTF-8"')


class RestDoor:
    """Handlers of ``/rest``; each decodes, asks the service, encodes."""

    def __init__(
        self, tasks: TaskService, logins: LoginService, gate: Gate, dialect: rest.RestDialect
    ) -> None:
        self._tasks = tasks
        self._logins = logins
        self._gate = gate
        self._dialect = dialect

    async def create_task(self, request: Request) -> Answer:
        """Make a task; the answer is its id."""
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        spec = await decoded(self._dialect.decode_create, body)
        decision = await self._tasks.create(request.who.principal, spec, request.source)
        task = accepted(decision)
        return json_answer(rest.encode_value(task.id), etag(task))

    async def update_task(self, request: Request) -> Answer:
        """The founding operation: change a task; the answer is empty."""
        (task_id,) = request.params
        try:
            body = await request.read()
            queries.only(queries.parse_query(request.query), ())
            spec = await decoded(self._dialect.decode_update, body)
        except (BadQuery, Malformed, RefusedWith) as fault:
            raise await about_task(self._tasks, request, task_id, fault.refusal) from None
        who = request.who.principal
        task = updated(await self._tasks.update(who, task_id, spec, request.source))
        return Answer(200, headers=told_of_cancel(task))

    async def get_task(self, request: Request) -> Answer:
        """One task."""
        (task_id,) = request.params
        query = queries.parse_query(request.query)
        queries.only(query, ("spec.exclude_result", "spec.return_all"))
        queries.flag(query, "spec.return_all")
        exclude_result = queries.flag(query, "spec.exclude_result")
        task = accepted(await self._tasks.get(request.who.principal, task_id))
        return json_answer(
            rest.encode_info(info_of(task, exclude_result=exclude_result)), etag(task)
        )

    async def list_tasks(self, request: Request) -> Answer:
        """All tasks that match a filter, at most 1,000."""
        wanted, exclude_result = queries.list_query(
            queries.parse_query(request.query),
            filter_prefix="filter_spec.",
            result_prefix="result_spec.",
        )
        found = await self._tasks.list(request.who.principal, wanted)
        if isinstance(found, Refusal):
            raise RefusedWith(found)
        infos = ((task.id, info_of(task, exclude_result=exclude_result)) for task in found)
        return json_answer(rest.encode_infos(infos))

    async def cancel_task(self, request: Request) -> Answer:
        """Ask for the end of a task; the answer is empty."""
        (task_id,) = request.params
        try:
            rest.decode_nothing(await request.read())
            query = queries.parse_query(request.query)
            queries.only(query, ("action",))
            queries.action(query, "action", "cancel")
        except (BadQuery, Malformed, RefusedWith) as fault:
            raise await about_task(self._tasks, request, task_id, fault.refusal) from None
        who = request.who.principal
        task = accepted(await self._tasks.cancel(who, task_id, request.source))
        return Answer(200, headers=(etag(task),))

    async def post_session(self, request: Request) -> Answer:
        """Log in with Basic; or, with ``?~action=get``, tell about the session."""
        query = queries.parse_query(request.query)
        queries.only(query, ("~action",))
        if "~action" in query:
            await self._gate.let_in(request)
            queries.action(query, "~action", "get")
            rest.decode_nothing(await request.read())
            return self._session_info(request)
        return await self._log_in(request)

    async def delete_session(self, request: Request) -> Answer:
        """Log out."""
        queries.only(queries.parse_query(request.query), ())
        await self._gate.sessions.log_out(token_of(request))
        return Answer(200, headers=(cookie_header("", secure=request.secure),))

    async def _log_in(self, request: Request) -> Answer:
        try:
            name, password = basic_of(request)
        except Refuse as refuse:
            raise RefusedWith(refuse.refusal, (CHALLENGE,)) from None
        rest.decode_nothing(await request.read())
        token = await self._logins.log_in(name, password, request.source)
        if isinstance(token, Wait):
            raise RefusedWith(token.refusal, (retry_after(token.seconds),))
        if isinstance(token, Refusal):
            raise RefusedWith(token, (CHALLENGE,))
        plain = "vmware-use-header-authn" in request.header_names
        cookies = () if plain else (cookie_header(token, secure=request.secure),)
        return json_answer(rest.encode_value(token), *cookies)

    def _session_info(self, request: Request) -> Answer:
        session = request.who.session
        used_at = self._gate.sessions.last_used(request.who)
        return json_answer(rest.encode_session(session.user, session.created_at, used_at))


def flag_parameter(name: str) -> Parameter:
    return Parameter(name, "boolean")


def list_parameter(name: str) -> Parameter:
    return Parameter(f"filter_spec.{name}", "text", many=True)


READ_ERRORS = (400, 401, 403, 404, 503)
SESSION_ERRORS = (400, 401, 503)


# long: it is one table
def rest_routes(door: RestDoor) -> list[Route]:
    """The routes of ``/rest``."""
    return [
        Route(
            "POST",
            EXTENSION_TASKS,
            door.create_task,
            Auth.SESSION,
            operation="rest.vcenter.extension.tasks.create",
            summary="Create a task and get its id.",
            request="vcenter.extension.tasks_create",
            answer="vcenter.extension.tasks.create_resp",
            errors=(400, 401, 403, 413, 415, 429, 503),
        ),
        Route(
            "PATCH",
            EXTENSION_TASKS + "/{task_id}",
            door.update_task,
            Auth.SESSION,
            operation="rest.vcenter.extension.tasks.update",
            summary="Update a task: its progress, description, status, error, result or times.",
            request="vcenter.extension.tasks_update",
            errors=(400, 401, 403, 404, 413, 415, 429, 503),
        ),
        Route(
            "GET",
            TASKS,
            door.list_tasks,
            Auth.SESSION,
            operation="rest.cis.tasks.list",
            summary="Get at most 1,000 tasks that match a filter of tasks or services.",
            answer="cis.tasks.list_resp",
            parameters=(
                list_parameter("tasks"),
                list_parameter("services"),
                list_parameter("operations"),
                Parameter("filter_spec.status", shapes.STATUS.name, many=True),
                list_parameter("targets"),
                list_parameter("users"),
                flag_parameter("result_spec.return_all"),
                flag_parameter("result_spec.exclude_result"),
            ),
            errors=(400, 401, 503),
        ),
        Route(
            "GET",
            TASKS + "/{task}",
            door.get_task,
            Auth.SESSION,
            operation="rest.cis.tasks.get",
            summary="Get a task.",
            answer="cis.tasks_resp",
            parameters=(flag_parameter("spec.return_all"), flag_parameter("spec.exclude_result")),
            errors=READ_ERRORS,
        ),
        Route(
            "POST",
            TASKS + "/{task}",
            door.cancel_task,
            Auth.SESSION,
            operation="rest.cis.tasks.cancel",
            summary="Request the cancellation of a task.",
            parameters=(Parameter("action", "text", required=True, only="cancel"),),
            errors=(*READ_ERRORS, 413, 415, 429),
        ),
        Route(
            "POST",
            SESSION_PATH,
            door.post_session,
            Auth.OPEN,
            operation="rest.cis.session.create",
            summary="Log in with Basic; with ~action=get, get the session that the request has.",
            answer="milepost.session_answer",
            parameters=(Parameter("~action", "text", only="get"),),
            errors=(*SESSION_ERRORS, 413, 415, 429),
        ),
        Route(
            "DELETE",
            SESSION_PATH,
            door.delete_session,
            Auth.SESSION,
            operation="rest.cis.session.delete",
            summary="Log out.",
            errors=SESSION_ERRORS,
        ),
    ]
