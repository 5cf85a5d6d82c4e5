"""Who sends a request: which credential counts, and whose it is.

A token stands wherever a session does. The header ``vmware-api-session-id`` comes first, on
``/v1`` then ``Authorization: Bearer``, then what the body of a JSON-RPC request brings, then the
cookie of the header's name; the first that is there decides alone. Basic counts only where a
session is created.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from urllib.parse import urlsplit

from milepost.access.sessions import Login, Sessions, reason_against
from milepost.doors.hosts import Hosts
from milepost.doors.messages import Request
from milepost.doors.refusals import Refuse
from milepost.rules import reasons
from milepost.rules.reasons import shortened
from milepost.rules.values import Instant

SESSION = "vmware-api-session-id"
SESSION_HEADER = SESSION.encode()
READING = frozenset({"GET", "HEAD"})
BEARER_PATHS = b"/v1/"


class Gate:
    """Lets requests in by their session; ``hosts`` are the names that a browser may use."""

    def __init__(
        self, sessions: Sessions, clock: Callable[[], Instant], hosts: Hosts | None = None
    ) -> None:
        self.sessions = sessions
        self.clock = clock
        self._hosts = hosts or Hosts()

    async def let_in(self, request: Request, in_body: str | None = None) -> Login:
        """The login of a request, noted on it. Raises ``Refuse``.

        ``in_body`` is the token that its body brings, if it does.
        """
        token = request.header(SESSION_HEADER)
        if token is None and request.path.startswith(BEARER_PATHS):
            token = bearer_of(request)
        if token is None:
            token = in_body
        if token is None:
            token = self._cookie(request)
        if not token:
            raise Refuse(reasons.NO_SESSION)
        login = await self.login_of(token)
        request.login = login
        return login

    async def login_of(self, token: str) -> Login:
        """Whose a token is. Raises ``Refuse``."""
        login = await self.sessions.resolve(token, self.clock())
        if login is None:
            raise Refuse(reason_against(token))
        return login

    async def log_out(self, request: Request, in_body: str | None = None) -> None:
        """End the session of a request that was let in. Raises ``Refuse``.

        Whoever logs out believes that what was sent counts no more. A token is for other programs
        too, so it does not end by the way, and that must be said.
        """
        if request.who.token is not None:
            raise Refuse(reasons.TOKEN_STAYS)
        await self.sessions.log_out(token_of(request, in_body))

    def _cookie(self, request: Request) -> str | None:
        token = cookie_of(request.header(b"cookie") or "")
        if token is not None and request.method not in READING:
            self.refuse_foreign(request)
        return token

    def refuse_foreign(self, request: Request) -> None:
        """Raise ``Refuse`` for a page of another host, or of a name that is not the server's."""
        refuse_foreign_origin(request)
        refuse_foreign_host(request, self._hosts)


def cookie_of(text: str) -> str | None:
    """The session among the cookies; what else is there does no harm."""
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and name == SESSION:
            return value.strip('"')
    return None


def token_of(request: Request, in_body: str | None = None) -> str:
    """The token a request was let in with."""
    token = request.header(SESSION.encode())
    if token is None and request.path.startswith(BEARER_PATHS):
        token = bearer_of(request)
    if token is None:
        token = in_body
    return cookie_of(request.header(b"cookie") or "") or "" if token is None else token


def bearer_of(request: Request) -> str | None:
    """The token behind ``Authorization: Bearer``, or ``None`` without that."""
    scheme, _, token = (request.header(b"authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def refuse_foreign_origin(request: Request) -> None:
    """A browser sends the cookie for any page; only pages of this host may change things."""
    origin = request.header(b"origin")
    if origin is None:
        return
    try:
        scheme, host, *_ = urlsplit(origin.lower())
    except ValueError:
        scheme = host = ""
    # Whoever is between can make a page of the same host without TLS.
    is_same = host == (request.header(b"host") or "").lower() and (
        scheme == "https" or not request.secure
    )
    if not host or not is_same:
        raise Refuse(reasons.FOREIGN_ORIGIN, shortened(origin))


def refuse_foreign_host(request: Request, hosts: Hosts) -> None:
    """A browser names where its page is from; over TLS that name is proved by a certificate."""
    origin = request.header(b"origin")
    if origin is None or request.secure or origin.lower().startswith("https://"):
        return
    host = request.header(b"host") or ""
    if not hosts.knows(host):
        raise Refuse(reasons.FOREIGN_HOST, shortened(host))


def basic_of(request: Request) -> tuple[str, str]:
    """Name and password of a login. Raises ``Refuse`` when there are none."""
    scheme, _, text = (request.header(b"authorization") or "").partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        name, colon, password = (
            base64.b64decode(text.strip(), validate=True).decode().partition(":")
        )
    except (ValueError, binascii.Error):
        raise Refuse(reasons.LOGIN_NEEDS_BASIC) from None
    if not colon:
        raise Refuse(reasons.LOGIN_NEEDS_BASIC)
    return name, password


def cookie_header(token: str, *, secure: bool) -> tuple[bytes, bytes]:
    """The cookie of a new session; of an ended one with an empty token."""
    ending = "" if token else "; Max-Age=0"
    text = f"{SESSION}={token}; Path=/; HttpOnly; SameSite=Lax{ending}"
    return b"set-cookie", (text + ("; Secure" if secure else "")).encode()
