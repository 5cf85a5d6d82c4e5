"""The door ``/rest``: the published paths of extension tasks, tasks and sessions."""

from __future__ import annotations

from milepost.doors.messages import Answer, Request
from milepost.doors.resources import (
    LOGIN_ERRORS,
    ResourceDoor,
    Style,
    logout_route,
    task_routes,
)
from milepost.doors.routing import Auth, Parameter, Route
from milepost.wire import queries, rest
from milepost.wire.decoding import decode_nothing

SESSION_PATH = "/rest/com/vmware/cis/session"


class RestDoor(ResourceDoor):
    """Handlers of ``/rest``."""

    style = Style(
        root="/rest",
        writer=rest,
        created=200,
        done=200,
        get_prefix="spec.",
        filter_prefix="filter_spec.",
        result_prefix="result_spec.",
    )

    async def post_session(self, request: Request) -> Answer:
        """Log in with Basic; or, with ``?~action=get``, tell about the session."""
        query = queries.parse_query(request.query)
        queries.only(query, ("~action",))
        if "~action" in query:
            await self._gate.let_in(request)
            queries.action(query, "~action", "get")
            decode_nothing(await request.read())
            return self.session_info(request)
        return await self.log_in(request)


def rest_routes(door: RestDoor) -> list[Route]:
    """The routes of ``/rest``."""
    return [
        *task_routes(door),
        Route(
            "POST",
            SESSION_PATH,
            door.post_session,
            Auth.BASIC,
            operation="rest.cis.session.create",
            summary="Log in with Basic; with ~action=get, get the session that the request has.",
            answer="milepost.session_answer",
            parameters=(Parameter("~action", "text", only="get"),),
            errors=LOGIN_ERRORS,
        ),
        logout_route(door, SESSION_PATH),
    ]
