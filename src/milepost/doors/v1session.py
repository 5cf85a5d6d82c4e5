"""The door ``/v1/session``: sign in, who am I, sign out; what the console needs of sessions.

A refused login has no challenge, so that a browser does not ask for the password by itself.
"""

from __future__ import annotations

from milepost.access.policy import rights_of
from milepost.access.sessions import Login, SessionLimits
from milepost.doors.credentials import Gate, cookie_header
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.refusals import RefusedWith, retry_after
from milepost.doors.routing import Auth, Route
from milepost.rules.reasons import Refusal
from milepost.service.logins import LoginService, Wait
from milepost.wire import queries, v1shapes
from milepost.wire.v1 import V1Dialect
from milepost.wire.v1overview import encode_session

PATH = "/v1/session"
SESSION = "milepost.v1.session"
NO_STORE = (b"cache-control", b"no-store")


class V1SessionDoor:
    """Handlers of ``/v1/session``."""

    def __init__(
        self, logins: LoginService, gate: Gate, limits: SessionLimits, dialect: V1Dialect
    ) -> None:
        self._logins = logins
        self._gate = gate
        self._limits = limits
        self._dialect = dialect

    async def sign_in(self, request: Request) -> Answer:
        """Begin a session; its token is in the cookie alone, out of reach of scripts."""
        self._gate.refuse_foreign(request)
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        name, password = self._dialect.decode_new_session(body)
        token = await self._logins.log_in(name, password, request.source)
        if isinstance(token, Wait):
            raise RefusedWith(token.refusal, (retry_after(token.seconds),))
        if isinstance(token, Refusal):
            raise RefusedWith(token)
        login = await self._gate.login_of(token)
        cookie = cookie_header(token, secure=request.secure)
        return json_answer(self._told(login), cookie, NO_STORE, status=201)

    async def tell(self, request: Request) -> Answer:
        """Whose the session is, and what it may do."""
        queries.only(queries.parse_query(request.query), ())
        return json_answer(self._told(request.who), NO_STORE)

    async def sign_out(self, request: Request) -> Answer:
        """End the session."""
        queries.only(queries.parse_query(request.query), ())
        await self._gate.log_out(request)
        return Answer(204, headers=(cookie_header("", secure=request.secure),))

    def _told(self, login: Login) -> bytes:
        who, began, token = login.principal, login.session.created_at, login.token
        return encode_session(
            {
                "user": who.name,
                "role": who.role.value,
                "scope": who.scope.value,
                "extension": who.extension,
            },
            (act.name.lower().replace("_", "-") for act in rights_of(who)),
            began,
            began + self._limits.absolute if token is None else token.expires_at,
            self._limits.idle // 1000 if token is None else None,
        )


def session_routes(door: V1SessionDoor) -> list[Route]:
    """The routes of ``/v1/session``."""
    return [
        Route(
            "POST",
            PATH,
            door.sign_in,
            Auth.OPEN,
            operation="v1.session.create",
            summary="Sign in: the session is in a cookie that only a browser sends.",
            request=v1shapes.NEW_SESSION,
            answer=SESSION,
            status=201,
            errors=(400, 401, 403, 413, 415, 429, 503),
        ),
        Route(
            "GET",
            PATH,
            door.tell,
            Auth.SESSION,
            operation="v1.session.get",
            summary="Get whose the session is, what it may do, and when it ends.",
            answer=SESSION,
            errors=(400, 401, 503),
        ),
        Route(
            "DELETE",
            PATH,
            door.sign_out,
            Auth.SESSION,
            operation="v1.session.delete",
            summary="Sign out; a token stays.",
            status=204,
            errors=(400, 401, 403, 429, 503),
        ),
    ]
