"""The door ``/api``: the same operations in the style of later vSphere releases.

Nothing shows that the original ever offered extension tasks here; the style is that of its other
services: bare bodies, 201 for what is new, 204 for an empty answer, parameters without a prefix.
"""

from __future__ import annotations

from milepost.doors.messages import Answer, Request
from milepost.doors.resources import (
    LOGIN_ERRORS,
    SESSION_ERRORS,
    ResourceDoor,
    Style,
    logout_route,
    task_routes,
)
from milepost.doors.routing import Auth, Route
from milepost.wire import api, queries

SESSION_PATH = "/api/session"


class ApiDoor(ResourceDoor):
    """Handlers of ``/api``."""

    style = Style(root="/api", writer=api, created=201, done=204, schemas="milepost.api.")

    async def post_session(self, request: Request) -> Answer:
        """Log in with Basic."""
        queries.only(queries.parse_query(request.query), ())
        return await self.log_in(request)

    async def get_session(self, request: Request) -> Answer:
        """Tell about the session."""
        queries.only(queries.parse_query(request.query), ())
        return self.session_info(request)


def api_routes(door: ApiDoor) -> list[Route]:
    """The routes of ``/api``."""
    return [
        *task_routes(door),
        Route(
            "POST",
            SESSION_PATH,
            door.post_session,
            Auth.BASIC,
            operation="api.cis.session.create",
            summary="Log in with Basic and get the token of a new session.",
            answer="milepost.api.cis.session.create_resp",
            status=door.style.created,
            errors=LOGIN_ERRORS,
        ),
        Route(
            "GET",
            SESSION_PATH,
            door.get_session,
            Auth.SESSION,
            operation="api.cis.session.get",
            summary="Get the session that the request has.",
            answer="milepost.api.cis.session_resp",
            errors=SESSION_ERRORS,
        ),
        logout_route(door, SESSION_PATH),
    ]
