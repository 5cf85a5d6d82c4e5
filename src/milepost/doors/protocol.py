"""HTTP/1.1 on the wire: uvicorn's protocol, with bounds for peers that are slow or rude.

uvicorn has no deadline for a silent or trickling peer and takes headers of any size and number.
Here every request must be whole within its deadline, the request line and the headers are
bounded, and what breaks HTTP itself is answered in the one error shape and cut off. It builds on
the insides of uvicorn, so its version is pinned and ``tests/doors`` and ``tests/acceptance`` hold
the behaviour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

import httptools
import msgspec
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from milepost.doors.errorshapes import shape_of
from milepost.rules import reasons
from milepost.rules.reasons import Refusal

PARSED_URL = 65_535
"""Bytes of a URL that the parser of the stack takes apart."""


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one connection. Times are seconds, sizes bytes.

    ``head`` is for the request line and the headers to arrive, ``body`` for what follows, and
    ``closing`` for a peer to take what was sent before it is cut off.
    """

    head: float = 10.0
    body: float = 30.0
    closing: float = 10.0
    url: int = 128 * 1024
    headers: int = 100
    header_bytes: int = 64 * 1024
    connections: int = 20_000


class BoundedProtocol(HttpToolsProtocol):
    """One connection.

    ``due`` is when the request being read must be whole, in loop time. ``running`` is the request
    being answered; uvicorn itself knows only the newest one read.
    """

    limits: ClassVar[ConnectionLimits] = ConnectionLimits()

    due: float | None = None
    running: RequestResponseCycle | None = None
    begun = False
    in_head = False
    upgrading = False
    ended = False
    header_bytes = 0
    closing_since: float | None = None
    unread = 0
    unread_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.due = self.loop.time() + self.limits.head
        if len(self.connections) > self.limits.connections:
            self.refuse(Refusal(reasons.TOO_MANY_CONNECTIONS, (str(self.limits.connections),)))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.running is not None:
            self.running.disconnected = not self.running.response_complete
            self.running.message_event.set()

    def data_received(self, data: bytes) -> None:
        if self.ended or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.go_on_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.refuse(Refusal(reasons.BROKEN_HTTP))
        if self.due is None and self.timeout_keep_alive_task is None and self.is_idle():
            # Blank lines are no request, yet they must not hold the connection either.
            self.due = self.loop.time() + self.limits.head

    def go_on_without_upgrade(self, rest: bytes) -> None:
        """Read a request that asks for another protocol as one that does not.

        The parser takes all behind the head of such a request for the other protocol; a body
        would be read as a further request. So the head is read again without ``Upgrade``.
        """
        if not self.upgrading:
            self.refuse(Refusal(reasons.BROKEN_HTTP))
            return
        self.upgrading = False
        line = b"%b %b HTTP/%b" % (
            self.parser.get_method(),
            self.url,
            self.parser.get_http_version().encode(),
        )
        headers = (b"%b: %b" % pair for pair in self.headers if pair[0] != b"upgrade")
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([line, *headers, b"", rest]))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.begun = self.in_head = True
        self.header_bytes = 0
        self.due = self.loop.time() + self.limits.head

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.url:
            self.refuse(Refusal(reasons.URL_TOO_LONG, (str(self.limits.url),)))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_bytes += len(name) + len(value)
        if self.in_head:
            # What follows a chunked body are trailers; they decide nothing.
            super().on_header(name, value)
        limits = self.limits
        if len(self.headers) > limits.headers or self.header_bytes > limits.header_bytes:
            args = (str(limits.headers), str(limits.header_bytes))
            self.refuse(Refusal(reasons.HEADERS_TOO_LARGE, args))

    def on_headers_complete(self) -> None:
        self.in_head = False
        if self.ended or self.transport.is_closing():
            return
        if not is_served(self.parser.get_http_version(), self.headers):
            self.refuse(Refusal(reasons.BROKEN_HTTP))
            return
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self.upgrading = True
            return
        self.due = self.loop.time() + self.limits.body
        if len(self.url) <= PARSED_URL:
            super().on_headers_complete()
            return
        # The parser of the stack gives up on a URL of this length; its query needs no parser.
        self.url, _, query = self.url.partition(b"?")
        super().on_headers_complete()
        self.scope["query_string"] = query

    def on_body(self, body: bytes) -> None:
        if not (self.ended or self.transport.is_closing()):
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.upgrading:
            return
        self.due = None
        if not (self.ended or self.transport.is_closing()):
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.running is None or self.running.response_complete

    def refuse(self, refusal: Refusal) -> None:
        """Answer what cannot be handled as a request, and end the connection.

        A whole request before it still gets its answer; the connection ends with that one.
        """
        if self.ended or self.transport.is_closing():
            return
        self.ended = True
        running = self.running
        if running is not None and not running.response_complete:
            if not running.more_body:
                self.pipeline.clear()
                running.keep_alive = False
                return
            if running.response_started:
                self.transport.close()
                return
        path = self.url.partition(b"?")[0] if self.begun else b""
        self.transport.write(refusal_bytes(path, refusal))
        self.transport.close()

    def cut_when_late(self, now: float) -> None:
        """Close the connection when its request is late, abort it when it does not end."""
        if self.transport.is_closing():
            self.closing_since = self.closing_since or now
            if now - self.closing_since > self.limits.closing:
                self.transport.abort()
        elif self.flow.write_paused:
            self.abort_when_unread(now)
        elif self.flow.read_paused:
            # We are not reading, so the peer cannot be late.
            self.due = None if self.due is None else now + self.limits.body
        elif self.due is not None and now > self.due:
            self.refuse(Refusal(reasons.REQUEST_LATE))

    def abort_when_unread(self, now: float) -> None:
        """Abort when the peer has taken nothing of its answer for too long."""
        size = self.transport.get_write_buffer_size()
        if size != self.unread:
            self.unread, self.unread_since = size, now
        elif now - self.unread_since > self.limits.body:
            self.transport.abort()


def is_served(version: str, headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a request of this version is read here: 1.1, and 1.0 without chunks."""
    if version == "1.0":
        return not any(name == b"transfer-encoding" for name, _ in headers)
    return version == "1.1"


def bounded(limits: ConnectionLimits) -> type[BoundedProtocol]:
    """The protocol with these limits."""
    return type("Protocol", (BoundedProtocol,), {"limits": limits})


def cut_late(connections: Iterable[Any], now: float) -> None:
    """Look after all connections; to be called about once a second."""
    for connection in list(connections):
        connection.cut_when_late(now)


def refusal_bytes(path: bytes, refusal: Refusal) -> bytes:
    """A whole answer in the shape of the path's door, written without a request to answer."""
    answer = shape_of(path).answer(refusal)
    headers = (
        (b"content-length", b"%d" % len(answer.body)),
        (b"connection", b"close"),
        *answer.headers,
    )
    lines = (b"%b: %b\r\n" % pair for pair in headers)
    return b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", answer.body])
