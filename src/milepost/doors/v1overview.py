"""The doors ``/v1/overview`` and ``/v1/server``: all tasks together, and the server itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.routing import Auth, Route
from milepost.rules.values import Instant
from milepost.service.overview import Overview
from milepost.wire import queries
from milepost.wire.v1overview import encode_overview, encode_server

Facts = Callable[[], Awaitable[dict[str, Any]]]
ERRORS = (400, 401, 503)


class V1OverviewDoor:
    """Handlers of what is told of the whole. ``facts`` is what the server says of itself."""

    def __init__(self, overview: Overview, facts: Facts, clock: Callable[[], Instant]) -> None:
        self._overview = overview
        self._facts = facts
        self._clock = clock
        self._started_at = clock()

    async def overview(self, request: Request) -> Answer:
        """What is open, and what has ended within the last day, as far as the caller may see."""
        queries.only(queries.parse_query(request.query), ())
        found = await self._overview.figures(request.who.principal)
        hours = ((one.begins, one.succeeded, one.failed, one.took) for one in found.hours)
        complete = found.complete_since, found.complete
        return json_answer(
            encode_overview(found.at, found.open.by_service, found.ended, hours, complete)
        )

    async def server(self, request: Request) -> Answer:
        """The version, the store, and whether it takes changes."""
        queries.only(queries.parse_query(request.query), ())
        return json_answer(encode_server(await self._facts(), self._started_at, self._clock()))


def overview_routes(door: V1OverviewDoor) -> list[Route]:
    """The routes of what is told of the whole."""
    return [
        Route(
            "GET",
            "/v1/overview",
            door.overview,
            Auth.SESSION,
            operation="v1.overview.get",
            summary="Get what is open, and what has ended within the last 24 hours.",
            answer="milepost.v1.overview",
            errors=ERRORS,
        ),
        Route(
            "GET",
            "/v1/server",
            door.server,
            Auth.SESSION,
            operation="v1.server.get",
            summary="Get the version of the server, its store, and whether it takes changes.",
            answer="milepost.v1.server",
            errors=ERRORS,
        ),
    ]
