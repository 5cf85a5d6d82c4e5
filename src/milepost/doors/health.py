"""Is the process alive, can it take work, and what does it offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.refusals import Refuse
from milepost.doors.routing import Auth, Route
from milepost.rules import reasons

Ready = Callable[[], Awaitable[bool]]


class HealthDoor:
    """For load balancers and supervisors."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    async def alive(self, _request: Request) -> Answer:
        """The process answers."""
        return json_answer(b'{"status":"alive"}')

    async def ready(self, _request: Request) -> Answer:
        """A change asked for now could be made."""
        if not await self._ready():
            raise Refuse(reasons.NOT_READY)
        return json_answer(b'{"status":"ready"}')


def health_routes(door: HealthDoor) -> list[Route]:
    """The routes of health, for GET and HEAD."""
    return [
        Route(
            method,
            path,
            handler,
            Auth.OPEN,
            operation=f"{path[1:]}.{method.lower()}",
            summary=summary,
            answer="milepost.health",
            errors=errors,
        )
        for path, handler, summary, errors in (
            ("/livez", door.alive, "Whether the process answers.", ()),
            ("/readyz", door.ready, "Whether a change asked for now could be made.", (429, 503)),
        )
        for method in ("GET", "HEAD")
    ]
