"""A request as the doors see it, and an answer as they give it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from milepost.access.sessions import Login
from milepost.doors.refusals import Header, Headers, Refuse
from milepost.rules import reasons

Scope = MutableMapping[str, Any]
AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]

JSON = (b"content-type", b"application/json")
SINGLE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"cookie",
        b"host",
        b"origin",
        b"vmware-api-session-id",
    }
)
SECRET = frozenset({b"authorization", b"cookie", b"vmware-api-session-id"})


class Answer(msgspec.Struct, frozen=True):
    """Status, body and further headers; the length is added when it is sent."""

    status: int
    body: bytes = b""
    headers: Headers = ()


def json_answer(body: bytes, *headers: Header, status: int = 200) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, body, (JSON, *headers))


class Request:
    """One request. ``params`` are the decoded path parameters; ``login`` is set once known."""

    __slots__ = ("_most", "_receive", "headers", "login", "method", "params", "query", "scope")

    def __init__(self, scope: Scope, receive: Receive, most: int) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.query: bytes = scope["query_string"]
        self.headers = single_headers(scope["headers"])
        if b"host" not in self.headers and scope["http_version"] == "1.1":
            raise Refuse(reasons.NO_HOST)
        self.params: tuple[str, ...] = ()
        self.login: Login | None = None
        self._receive = receive
        self._most = most

    @property
    def who(self) -> Login:
        """The login of a request that was let in with a session."""
        assert self.login is not None  # noqa: S101  routes with a session set it before
        return self.login

    @property
    def source(self) -> str:
        """Where the request came from: the peer's address."""
        client = self.scope.get("client")
        return client[0] if client else ""

    @property
    def secure(self) -> bool:
        """Whether it came over TLS."""
        return bool(self.scope["scheme"] == "https")

    @property
    def header_names(self) -> set[str]:
        """The names of the headers, in lower case."""
        return {name.decode("latin-1") for name in self.headers}

    def header(self, name: bytes) -> str | None:
        """A header that may occur once, as text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    async def read(self) -> bytes:
        """The body. Raises ``Refuse`` when it is of another type than JSON, or too large."""
        declared = self.headers.get(b"content-length")
        if declared is not None and int(declared) > 0:
            self._check_type()
            if int(declared) > self._most:
                raise self._too_large()
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            part = message.get("body", b"")
            more = message.get("more_body", False)
            if part:
                if not parts:
                    self._check_type()
                parts.append(part)
                size += len(part)
                if size > self._most:
                    raise self._too_large()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _check_type(self) -> None:
        given = self.headers.get(b"content-type", b"").decode("latin-1")
        if given.partition(";")[0].strip().lower() != "application/json":
            raise Refuse(reasons.WRONG_MEDIA_TYPE, given or "nothing")

    def _too_large(self) -> Refuse:
        return Refuse(reasons.BODY_TOO_LARGE, str(self._most))


class Disconnected(Exception):
    """The client went away before its request was whole."""


def single_headers(pairs: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name. Raises ``Refuse`` when one that decides something is given twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[bytes] = set()
        for name, value in pairs:
            if name in seen and name in SINGLE:
                text = "not shown" if name in SECRET else value.decode("latin-1")
                raise Refuse(reasons.REPEATED_HEADER, name.decode("latin-1"), text)
            seen.add(name)
    return found
