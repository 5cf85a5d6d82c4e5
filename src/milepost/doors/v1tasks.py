"""The door ``/v1``: tasks, with all that is known of them.

What reads and changes tasks is the same as behind the other doors; what differs is how it is
spelled, pages instead of one list, and what only this door has.
"""

from __future__ import annotations

from milepost.doors.languages import all_localized, telling_for, told
from milepost.doors.lists import encoded
from milepost.doors.longpoll import waited
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.preconditions import idempotency_key, if_match, is_known
from milepost.doors.refusals import Header, Headers, RefusedWith
from milepost.doors.routing import Auth, Parameter, Route
from milepost.doors.tasks import about_task, accepted, decoded, etag, told_of_cancel, updated
from milepost.rules.reading import info_of
from milepost.rules.reasons import Refusal
from milepost.rules.task import Refused, Task
from milepost.service.localizing import Texts
from milepost.service.reading import Reading
from milepost.service.repeats import Repeatable
from milepost.service.tasks import TaskService
from milepost.service.watching import WatchService
from milepost.wire import queries, shapes, v1queries, v1shapes, waits
from milepost.wire.decoding import decode_nothing
from milepost.wire.faults import Malformed
from milepost.wire.queries import BadQuery
from milepost.wire.v1 import Derived, V1Dialect, encode_events, encode_page, encode_task

ROOT = "/v1/tasks"


class V1TasksDoor:
    """Handlers of ``/v1/tasks``."""

    def __init__(
        self,
        tasks: TaskService,
        reading: Reading,
        watching: WatchService,
        texts: Texts,
        dialect: V1Dialect,
    ) -> None:
        self._tasks = tasks
        self._watching = watching
        self._texts = texts
        self._reading = reading
        self._dialect = dialect

    async def create_task(self, request: Request) -> Answer:
        """Make a task; the answer is the task. With a key it is made once."""
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        key = idempotency_key(request)
        spec = await decoded(self._dialect.decode_create, body)
        once = None if key is None else Repeatable(f"POST {ROOT}", key)
        who = request.who.principal
        task = accepted(await self._tasks.create(who, spec, request.source, once))
        place = (b"location", f"{ROOT}/{task.id}".encode())
        return self._shown(request, task, etag(task), place, status=201)

    async def update_task(self, request: Request) -> Answer:
        """Change a task; the answer is the task."""
        (task_id,) = request.params
        try:
            body = await request.read()
            queries.only(queries.parse_query(request.query), ())
            wanted = if_match(request)
            spec = await decoded(self._dialect.decode_update, body)
        except (BadQuery, Malformed, RefusedWith) as fault:
            raise await about_task(self._tasks, request, task_id, fault.refusal) from None
        who = request.who.principal
        decision = await self._tasks.update(who, task_id, spec, request.source, if_match=wanted)
        task = updated(decision)
        return self._shown(request, task, *told_of_cancel(task))

    async def get_task(self, request: Request) -> Answer:
        """One task, at once or after a wait; 304 when the caller has this revision."""
        (task_id,) = request.params
        query = queries.parse_query(request.query)
        queries.only(query, ("exclude_result", *waits.PARAMETERS))
        exclude_result = queries.flag(query, "exclude_result")
        found = await waited(self._watching, request, task_id, query)
        if found is None:
            task = accepted(await self._tasks.get(request.who.principal, task_id))
            is_news = not is_known(request, task)
        else:
            task, is_news = found
        if not is_news:
            return Answer(304, headers=(etag(task),))
        children = await self._tasks.children(request.who.principal, task)
        time = self._tasks.estimate(task)
        derived = Derived(
            lease_left=self._tasks.lease_left(task),
            elapsed=time.elapsed,
            rate=time.rate,
            remaining=time.remaining,
            children=None if children is None else children.by_status,
            fraction=0.0 if children is None else children.fraction,
            all_children=children is None or children.complete,
        )
        return self._shown(
            request, task, etag(task), derived=derived, exclude_result=exclude_result
        )

    async def list_tasks(self, request: Request) -> Answer:
        """The tasks that match a filter, page by page."""
        asked = v1queries.list_query(queries.parse_query(request.query))
        who = request.who.principal
        page = await self._reading.page(who, asked.selection, asked.page.size, asked.page.token)
        if isinstance(page, Refusal):
            raise RefusedWith(page)
        counts = await self._reading.counts(who, asked.selection) if asked.counts else None
        counted = None if counts is None else (counts.by_status, counts.complete)
        infos = (
            (task.id, info_of(task, exclude_result=asked.exclude_result)) for task in page.tasks
        )
        telling = telling_for(request, self._texts)
        shown = infos if telling is None else await all_localized(infos, telling)
        times = [self._times(task) for task in page.tasks]
        rows = (
            (task, info, time)
            for task, (_, info), time in zip(page.tasks, shown, times, strict=True)
        )
        body = await encoded(lambda: encode_page(rows, page.token, counted), len(times))
        return json_answer(body, *told(telling))

    async def cancel_task(self, request: Request) -> Answer:
        """Ask for the end of a task; the answer is the task."""
        task_id = await self._without_input(request)
        who = request.who.principal
        task = accepted(await self._tasks.cancel(who, task_id, request.source))
        return self._shown(request, task, etag(task))

    async def heartbeat(self, request: Request) -> Answer:
        """Say that work on a task goes on; the answer is the task."""
        task_id = await self._without_input(request)
        found = await self._tasks.heartbeat(request.who.principal, task_id)
        task = found if isinstance(found, Task) else updated(found)
        return self._shown(request, task, *told_of_cancel(task))

    async def force_close(self, request: Request) -> Answer:
        """End a task whose extension does not; the answer is the task."""
        task_id = await self._without_input(request)
        who = request.who.principal
        task = accepted(await self._tasks.force_close(who, task_id, request.source))
        return self._shown(request, task, etag(task))

    async def list_events(self, request: Request) -> Answer:
        """What has happened to a task, newest first, page by page."""
        (task_id,) = request.params
        asked = v1queries.page_query(queries.parse_query(request.query))
        who = request.who.principal
        found = await self._reading.history(who, task_id, asked.size, asked.token)
        if isinstance(found, Refused):
            raise RefusedWith(found.refusal, headers_of(found.task))
        events = (
            {
                "position": event.position,
                "kind": event.kind.value,
                "revision": event.task.revision,
                "at": event.at,
                "principal": event.origin.principal,
                "source": event.origin.source,
                "changes": [(one.field, one.before, one.after) for one in event.changes],
            }
            for event in found.events
        )
        return json_answer(encode_events(events, found.token), etag(found.task))

    def _times(self, task: Task) -> Derived:
        """What is derived of a task without a read."""
        time = self._tasks.estimate(task)
        return Derived(elapsed=time.elapsed, rate=time.rate, remaining=time.remaining)

    def _shown(
        self,
        request: Request,
        task: Task,
        *headers: Header,
        derived: Derived | None = None,
        exclude_result: bool = False,
        status: int = 200,
    ) -> Answer:
        """A task as an answer, in the caller's language."""
        info = info_of(task, exclude_result=exclude_result)
        telling = telling_for(request, self._texts)
        if telling is not None:
            info = telling.info(info)
        body = encode_task(task, info, derived or Derived(lease_left=self._tasks.lease_left(task)))
        return json_answer(body, *headers, *told(telling), status=status)

    async def _without_input(self, request: Request) -> str:
        """The id of the task a request without input is about."""
        (task_id,) = request.params
        try:
            decode_nothing(await request.read())
            queries.only(queries.parse_query(request.query), ())
        except (BadQuery, Malformed, RefusedWith) as fault:
            raise await about_task(self._tasks, request, task_id, fault.refusal) from None
        return task_id


def headers_of(task: Task | None) -> Headers:
    return () if task is None else (etag(task),)


TASK, PAGE, EVENTS = "milepost.v1.task", "milepost.v1.task_page", "milepost.v1.event_page"
READ_ERRORS = (400, 401, 404, 503)
ACT_ERRORS = (400, 401, 403, 404, 413, 415, 429, 503)
WHOLE = Parameter("exclude_result", "boolean")
PAGES = (Parameter("page_size", "page size"), Parameter("page_token", "token"))
KEY = Parameter("Idempotency-Key", "key", place="header")
IF_MATCH = Parameter("If-Match", "etags", place="header")
IF_NONE_MATCH = Parameter("If-None-Match", "etags", place="header")
WAITS = (
    Parameter("wait", "wait"),
    Parameter("for", "wait kind"),
    Parameter("after_revision", "revision"),
)


# long: it is one table
def task_routes(door: V1TasksDoor) -> list[Route]:
    """The routes of tasks."""
    one = ROOT + "/{task_id}"
    return [
        Route(
            "POST",
            ROOT,
            door.create_task,
            Auth.SESSION,
            operation="v1.tasks.create",
            summary="Create a task and get it.",
            request=v1shapes.CREATE_SPEC,
            answer=TASK,
            parameters=(KEY,),
            status=201,
            errors=(400, 401, 403, 404, 409, 413, 415, 429, 503),
        ),
        Route(
            "PATCH",
            one,
            door.update_task,
            Auth.SESSION,
            operation="v1.tasks.update",
            summary="Update a task and get it; with If-Match only at that revision.",
            request=v1shapes.UPDATE_SPEC,
            answer=TASK,
            parameters=(IF_MATCH,),
            errors=(*ACT_ERRORS, 412),
        ),
        Route(
            "GET",
            one,
            door.get_task,
            Auth.SESSION,
            operation="v1.tasks.get",
            summary="Get a task, or 304 when it is still at a revision that the caller has; with"
            " wait, up to 60 s later, once it has changed or ended.",
            answer=TASK,
            parameters=(WHOLE, *WAITS, IF_NONE_MATCH),
            errors=(304, *READ_ERRORS),
        ),
        Route(
            "GET",
            ROOT,
            door.list_tasks,
            Auth.SESSION,
            operation="v1.tasks.list",
            summary="Get the tasks that match a filter, page by page.",
            answer=PAGE,
            parameters=(*filter_parameters(), *PAGES, WHOLE, Parameter("counts", "boolean")),
            errors=(400, 401, 503),
        ),
        *(
            Route(
                "POST",
                f"{one}:{verb}",
                handler,
                Auth.SESSION,
                operation=f"v1.tasks.{verb}",
                summary=summary,
                answer=TASK,
                errors=ACT_ERRORS,
            )
            for verb, handler, summary in (
                ("cancel", door.cancel_task, "Request the cancellation of a task."),
                ("heartbeat", door.heartbeat, "Say that work on a task goes on."),
                (
                    "force-close",
                    door.force_close,
                    "End a task that has not ended as asked; for administrators and operators.",
                ),
            )
        ),
        Route(
            "GET",
            one + "/events",
            door.list_events,
            Auth.SESSION,
            operation="v1.tasks.events",
            summary="Get what has happened to a task, newest first, page by page.",
            answer=EVENTS,
            parameters=PAGES,
            errors=READ_ERRORS,
        ),
    ]


def filter_parameters() -> tuple[Parameter, ...]:
    """What a list can be filtered and ordered by."""
    kinds = {"status": shapes.STATUS.name, "target": "target"}
    return (
        *(Parameter(name, kinds.get(name, "text"), many=True) for name in v1queries.FILTERS),
        Parameter("text", "text"),
        *(Parameter(name, "date-time") for name in v1queries.TIMES),
        Parameter("order", "order"),
    )
