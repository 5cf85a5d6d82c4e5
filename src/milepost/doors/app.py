"""The edge: a request in, an answer out, and the checks all doors share, in the contract's order.

Route and method, then the session, then what the handler checks: media type, size, body. Every
refusal leaves in the one error shape of its door; a fault inside is logged under a request id and
answered without its text.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from milepost.doors import languages
from milepost.doors.credentials import Gate
from milepost.doors.errorshapes import shape_of
from milepost.doors.messages import Answer, Disconnected, Request
from milepost.doors.refusals import Headers, Refuse, RefusedWith
from milepost.doors.routing import Auth, Router
from milepost.logs import logger
from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.service.faults import refusal_of
from milepost.service.localizing import Texts
from milepost.wire.faults import Malformed
from milepost.wire.queries import BadQuery

LONGEST_SHOWN = 120

log = logger(__name__)
Lifespan = Callable[[], Awaitable[None]]


class Application:
    """Answers requests by a set of routes; ``start`` and ``stop`` are called around its life."""

    def __init__(
        self, router: Router, gate: Gate, texts: Texts, *, start: Lifespan, stop: Lifespan
    ) -> None:
        self.router = router
        self._gate = gate
        self._texts = texts
        self.start = start
        self.stop = stop

    async def answer(self, request: Request) -> Answer:
        """The answer to one request, whatever happens. Raises ``Disconnected`` only."""
        try:
            return await self._handle(request)
        except RefusedWith as refused:
            return self._refused(request, refused.refusal, refused.headers)
        except (Malformed, BadQuery) as fault:
            return self._refused(request, fault.refusal)
        except Disconnected:
            raise
        except Exception as fault:  # noqa: BLE001  the last line of defence answers 500
            refusal = refusal_of(fault) or internal_fault(request, fault)
            return self._refused(request, refusal)

    def _refused(self, request: Request, refusal: Refusal, headers: Headers = ()) -> Answer:
        shown, about_language = languages.refused(request, self._texts, refusal)
        return shape_of(request.path).answer(shown, (*headers, *about_language))

    async def _handle(self, request: Request) -> Answer:
        match = self.router.find(request.path)
        if match is None:
            raise Refuse(reasons.NO_SUCH_PATH, shown_path(request.path))
        route = match.routes.get(request.method)
        if route is None:
            allowed = ", ".join(sorted(match.routes))
            refusal = Refusal(reasons.NO_SUCH_METHOD, (request.method, allowed))
            raise RefusedWith(refusal, ((b"allow", allowed.encode()),))
        request.params = match.params
        request.check_headers()
        if route.auth is Auth.SESSION:
            await self._gate.let_in(request)
        return await route.handler(request)


def internal_fault(request: Request, fault: Exception) -> Refusal:
    """What is told of a fault of the program; its text goes to the log only."""
    request_id = secrets.token_hex(8)
    log.error(
        "internal fault",
        request_id=request_id,
        method=request.method,
        path=shown_path(request.path),
        exc_info=fault,
    )
    return Refusal(reasons.INTERNAL_FAULT, (request_id,))


def shown_path(path: bytes) -> str:
    """A path as an error message shows it."""
    text = path.decode("latin-1")
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
