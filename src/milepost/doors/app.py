"""The edge: ASGI in, ASGI out, and the checks all doors share, in the contract's order.

Route and method, then the session, then what the handler checks: media type, size, body. Every
refusal leaves in the one error shape of its door; a fault inside is logged under a request id and
answered without its text.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from milepost.doors.credentials import Gate
from milepost.doors.errorshapes import shape_of
from milepost.doors.messages import Answer, Disconnected, Receive, Request, Scope, Send
from milepost.doors.refusals import Headers, Refuse, RefusedWith
from milepost.doors.routing import Auth, Router
from milepost.logs import logger
from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.service.faults import refusal_of
from milepost.wire.faults import Malformed
from milepost.wire.queries import BadQuery

LONGEST_SHOWN = 120
NO_CONTENT = 204

log = logger(__name__)
Lifespan = Callable[[], Awaitable[None]]


class Application:
    """The ASGI application over a set of routes."""

    def __init__(
        self, router: Router, gate: Gate, *, most: int, start: Lifespan, stop: Lifespan
    ) -> None:
        self._router = router
        self._gate = gate
        self._most = most
        self._start = start
        self._stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's life."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1002})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Disconnected:
            return
        headers = [*answer.headers, *length_of(answer)]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            return await self._handle(scope, receive)
        except RefusedWith as refused:
            return shape_of(scope["raw_path"]).answer(refused.refusal, refused.headers)
        except (Malformed, BadQuery) as fault:
            return shape_of(scope["raw_path"]).answer(fault.refusal)
        except Disconnected:
            raise
        except Exception as fault:  # noqa: BLE001  the last line of defence answers 500
            refusal = refusal_of(fault) or internal_fault(scope, fault)
            return shape_of(scope["raw_path"]).answer(refusal)

    async def _handle(self, scope: Scope, receive: Receive) -> Answer:
        path = scope["raw_path"]
        match = self._router.find(path)
        if match is None:
            raise Refuse(reasons.NO_SUCH_PATH, shown_path(path))
        route = match.routes.get(scope["method"])
        if route is None:
            allowed = ", ".join(sorted(match.routes))
            refusal = Refusal(reasons.NO_SUCH_METHOD, (scope["method"], allowed))
            raise RefusedWith(refusal, ((b"allow", allowed.encode()),))
        request = Request(scope, receive, self._most)
        request.params = match.params
        if route.auth is Auth.SESSION:
            await self._gate.let_in(request)
        return await route.handler(request)

    async def _live(self, receive: Receive, send: Send) -> None:
        steps = {"lifespan.startup": self._start, "lifespan.shutdown": self._stop}
        while steps:
            kind = (await receive())["type"]
            try:
                await steps.pop(kind)()
            except Exception as fault:
                log.exception("lifespan step failed", step=kind)
                await send({"type": f"{kind}.failed", "message": str(fault)})
                return
            await send({"type": f"{kind}.complete"})


def length_of(answer: Answer) -> Headers:
    """The length of a body; none where there can be no body, as RFC 9110, 8.6 wants it."""
    if answer.status == NO_CONTENT:
        return ()
    return ((b"content-length", b"%d" % len(answer.body)),)


def internal_fault(scope: Scope, fault: Exception) -> Refusal:
    """What is told of a fault of the program; its text goes to the log only."""
    request_id = secrets.token_hex(8)
    log.error(
        "internal fault",
        request_id=request_id,
        method=scope["method"],
        path=shown_path(scope["raw_path"]),
        exc_info=fault,
    )
    return Refusal(reasons.INTERNAL_FAULT, (request_id,))


def shown_path(path: bytes) -> str:
    """A path as an error message shows it."""
    text = path.decode("latin-1")
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
