"""A request as the doors see it, and an answer as they give it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, Self

import msgspec

from milepost.access.sessions import Login
from milepost.doors.refusals import Header, Headers, Refuse
from milepost.rules import reasons

JSON = (b"content-type", b"application/json")
SINGLE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"cookie",
        b"host",
        b"last-event-id",
        b"idempotency-key",
        b"if-match",
        b"origin",
        b"vmware-api-session-id",
    }
)
SECRET = frozenset({b"authorization", b"cookie", b"vmware-api-session-id"})

Pairs = list[tuple[bytes, bytes]]


class Stream(Protocol):
    """A body that comes part by part, each when its peer has taken the one before."""

    def __aiter__(self) -> Self:
        """The parts."""

    async def __anext__(self) -> bytes:
        """The next part; after the last one it raises ``StopAsyncIteration``."""

    def finish(self) -> None:
        """Come to an end soon: the server stops."""

    def close(self) -> None:
        """No more parts are wanted."""


class Answer(msgspec.Struct, frozen=True):
    """Status, body and further headers; the length is added when it is sent.

    With ``stream`` the body is that instead.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    stream: Stream | None = None


def json_answer(body: bytes, *headers: Header, status: int = 200) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, body, (JSON, *headers))


class Head(msgspec.Struct, frozen=True):
    """What stands before the body. ``target`` is the request target as it was sent."""

    method: str
    target: bytes
    pairs: Pairs
    version: str = "1.1"
    source: str = ""
    secure: bool = False
    keep_alive: bool = True


class Peer(Protocol):
    """The connection a request came over, as far as the request needs it."""

    @property
    def is_stopping(self) -> bool:
        """Whether the server stops."""

    def want_body(self, request: Request) -> None:
        """Somebody waits for the rest of the body: let it come."""


class Disconnected(Exception):
    """The client went away before its request was whole."""


class Request:
    """One request. ``params`` are the decoded path parameters; ``login`` is set once known.

    ``path`` and ``query`` are the raw parts of the target. The body arrives while the request is
    being handled: the connection calls ``take`` for each part and ``end`` after the last.
    ``wanted`` says that somebody waits for it, ``answered`` that nobody will. ``counted`` says that
    it is among the changing requests under way. With ``hurry`` the
    answer may take long: it makes the answer come soon, and when the peer goes nobody needs it.
    """

    __slots__ = (
        "_expectation_met", "_headers", "_most", "_parts", "_peer", "_waiting", "answered",
        "complete", "counted", "gone", "head", "hurry", "login", "method", "params", "path",
        "query", "size", "wanted",
    )  # fmt: skip

    def __init__(self, head: Head, most: int, peer: Peer | None = None) -> None:
        self.head = head
        self.method = head.method
        self.path, self.query = split_target(head.target)
        self.params: tuple[str, ...] = ()
        self.login: Login | None = None
        self.size = 0
        self.complete = peer is None
        self.wanted = False
        self.answered = False
        self.counted = False
        self._expectation_met = False
        self.gone = False
        self.hurry: Callable[[], None] | None = None
        self._headers: dict[bytes, bytes] | None = None
        self._parts: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None
        self._most = most
        self._peer = peer

    @property
    def headers(self) -> dict[bytes, bytes]:
        """The headers by name, in lower case. Raises ``Refuse`` when they contradict each other."""
        if self._headers is None:
            self._headers = single_headers(self.head.pairs)
        return self._headers

    def check_headers(self) -> None:
        """Raise ``Refuse`` for headers that contradict each other, or without a host."""
        if b"host" not in self.headers and self.head.version == "1.1":
            raise Refuse(reasons.NO_HOST)

    def take_expectation(self) -> bool:
        """Whether the peer waits for leave to send the body; it is given once."""
        waits = not self._expectation_met and (b"expect", b"100-continue") in self.head.pairs
        self._expectation_met = True
        return waits

    @property
    def is_read(self) -> bool:
        """Whether what comes of the body is taken away: by a reader, or as nobody's."""
        return self.wanted or self.answered

    @property
    def who(self) -> Login:
        """The login of a request that was let in with a session."""
        assert self.login is not None  # noqa: S101  routes with a session set it before
        return self.login

    @property
    def source(self) -> str:
        """Where the request came from: the peer's address."""
        return self.head.source

    @property
    def secure(self) -> bool:
        """Whether it came over TLS."""
        return self.head.secure

    @property
    def header_names(self) -> set[str]:
        """The names of the headers, in lower case."""
        return {name.decode("latin-1") for name in self.headers}

    def header(self, name: bytes) -> str | None:
        """A header that may occur once, as text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def wait_long(self, hurry: Callable[[], None]) -> None:
        """Say that the answer may take long, and how to make it come soon.

        From now on the handler is cancelled when the peer goes.
        """
        self.hurry = hurry
        if self._peer is not None and self._peer.is_stopping:
            hurry()

    def take(self, part: bytes) -> None:
        """A part of the body has come."""
        self._parts.append(part)
        self.size += len(part)
        self._wake()

    def end(self, *, gone: bool = False) -> None:
        """The body is whole, or the peer is gone."""
        self.complete, self.gone = not gone, gone
        self._wake()

    async def read(self) -> bytes:
        """The body. Raises ``Refuse`` when it is of another type than JSON, or too large.

        Raises ``Disconnected`` when the peer goes away in the middle of it.
        """
        declared = int(self.headers.get(b"content-length", b"0"))
        is_checked = False
        while True:
            if not is_checked and (declared or self.size):
                self._check_type()
                is_checked = True
            if max(declared, self.size) > self._most:
                raise self._too_large()
            if self.complete:
                return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            await self._more()

    async def _more(self) -> None:
        """Wait until more of the body has come."""
        if self.gone:
            raise Disconnected
        self.wanted = True
        if self._peer is not None:
            self._peer.want_body(self)
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _check_type(self) -> None:
        value = self.headers.get(b"content-type", b"")
        if value == JSON[1]:
            return
        given = value.decode("latin-1")
        if given.partition(";")[0].strip().lower() != "application/json":
            raise Refuse(reasons.WRONG_MEDIA_TYPE, given or "nothing")

    def _too_large(self) -> Refuse:
        return Refuse(reasons.BODY_TOO_LARGE, str(self._most))


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request target; one in absolute form loses its scheme and host."""
    target = target.partition(b"#")[0]
    if not target.startswith(b"/"):
        _, scheme, rest = target.partition(b"://")
        if scheme:
            _, slash, below = rest.partition(b"/")
            target = slash + below
    path, _, query = target.partition(b"?")
    return path, query


def single_headers(pairs: Pairs) -> dict[bytes, bytes]:
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
