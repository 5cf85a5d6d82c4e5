"""HTTP/1.1 on the wire: one connection, with bounds for peers that are slow or rude.

``httptools`` parses. Every request must be whole within its deadline, the request line and the
headers are bounded, and what breaks HTTP itself is answered in the one error shape and cut off.
Requests of one connection are answered one after the other; while one is, the next few wait and
the peer is not read. An answer leaves in one write.
"""
# long: it is the state of one connection, and all that moves it

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from milepost.doors.answers import written
from milepost.doors.errorshapes import shape_of
from milepost.doors.heads import is_served, is_target, without_upgrade
from milepost.doors.hub import Hub
from milepost.doors.messages import Answer, Disconnected, Head, Pairs, Request, split_target
from milepost.doors.streaming import send_stream
from milepost.logs import logger
from milepost.rules import reasons
from milepost.rules.reasons import Refusal

HELD_BODY = 64 * 1024
"""Bytes of a body that are held before somebody asks for it; then the peer is not read."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
log = logger(__name__)


class Connection(asyncio.Protocol):
    """One connection.

    ``reading`` is the request whose body is coming, ``waiting`` are those not yet begun, and
    ``running`` is the one being answered. ``due`` is when the peer must have gone on, in loop
    time, or ``None`` while it is our turn. ``idle`` says that a request has been answered and no
    other has begun; ``last_read`` that the peer has asked for its last; ``ended`` that nothing
    more is read.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.transport: asyncio.Transport
        self.parser = httptools.HttpRequestParser(self)
        self.source = ""
        self.secure = False
        self.url = b""
        self.pairs: Pairs = []
        self.header_bytes = 0
        self.refused_at = -1
        self.in_head = False
        self.idle = False
        self.upgrading = False
        self.last_read = False
        self.ended = False
        self.reading: Request | None = None
        self.running: Request | None = None
        self.waiting: deque[Request] = deque()
        self.task: asyncio.Task[None] | None = None
        self.read_paused = False
        self.write_paused = False
        self.taken: asyncio.Future[None] | None = None
        self.due: float | None = None
        self.closing_since: float | None = None
        self.unread = 0
        self.unread_since = 0.0

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.source = peer[0] if isinstance(peer, tuple) else ""
        self.secure = transport.get_extra_info("sslcontext") is not None
        hub = self.hub
        hub.join(self)
        self.due = hub.loop.time() + hub.limits.head
        if len(hub.connections) > hub.limits.connections:
            self.refuse(Refusal(reasons.TOO_MANY_CONNECTIONS, (str(hub.limits.connections),)))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.hub.leave(self)
        self.waiting.clear()
        for request in (self.reading, self.running):
            if request is not None and not request.complete:
                request.end(gone=True)
        if self.task is not None and self.running is not None and self.running.hurry is not None:
            self.task.cancel()

    @property
    def is_stopping(self) -> bool:
        """Whether the server stops."""
        return self.hub.stopping

    def pause_writing(self) -> None:
        self.write_paused = True

    def resume_writing(self) -> None:
        self.write_paused = False
        if self.taken is not None and not self.taken.done():
            self.taken.set_result(None)
        self.go_on()

    def data_received(self, data: bytes) -> None:
        if self.ended or self.last_read or self.transport.is_closing():
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.read_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as fault:
            log.exception("internal fault", where="a request", exc_info=fault.__context__)
            self.refuse(Refusal(reasons.BROKEN_HTTP))
        except httptools.HttpParserError:
            # Behind the last request of a connection there is nothing to be right or wrong.
            if not self.last_read:
                self.refuse(Refusal(reasons.BROKEN_HTTP))
        if self.idle:
            # Blank lines are no request, yet something must follow them.
            self.idle = False
            self.due = self.hub.loop.time() + self.hub.limits.head
        self.go_on()

    # What the parser tells.

    def on_message_begin(self) -> None:
        self.url, self.pairs, self.header_bytes = b"", [], 0
        self.in_head, self.idle = True, False
        self.due = self.hub.loop.time() + self.hub.limits.head

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self.hub.limits.url:
            self.refuse(Refusal(reasons.URL_TOO_LONG, (str(self.hub.limits.url),)))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_bytes += len(name) + len(value)
        if self.in_head:
            # What follows a chunked body are trailers; they decide nothing.
            self.pairs.append((name.lower(), value))
        limits = self.hub.limits
        if len(self.pairs) > limits.headers or self.header_bytes > limits.header_bytes:
            args = (str(limits.headers), str(limits.header_bytes))
            self.refuse(Refusal(reasons.HEADERS_TOO_LARGE, args))

    def on_headers_complete(self) -> None:
        self.in_head = False
        if self.ended:
            return
        version = self.parser.get_http_version()
        if not (is_served(version, self.pairs) and is_target(self.url)):
            self.refuse(Refusal(reasons.BROKEN_HTTP))
            return
        method = self.parser.get_method().decode("ascii")
        if self.parser.should_upgrade() and method != "CONNECT":
            self.upgrading = True
            return
        keep_alive = version == "1.1" and self.parser.should_keep_alive()
        head = Head(
            method, self.url, self.pairs, version, self.source, self.secure, keep_alive=keep_alive
        )
        self.reading = Request(head, self.hub.limits.most_body, self)
        self.waiting.append(self.reading)
        self.due = self.hub.loop.time() + self.hub.limits.body

    def on_body(self, body: bytes) -> None:
        request = self.reading
        # What nobody will read any more is not kept; the deadline of the body bounds it.
        if request is None or request.answered or self.ended:
            return
        request.take(body)
        if request.size > HELD_BODY and not request.wanted:
            self.pause_reading()

    def on_message_complete(self) -> None:
        request, self.reading = self.reading, None
        if request is None or self.ended:
            return
        request.end()
        if request is self.running:
            self.hub.admission.count(request)
        self.due = None
        self.last_read = not request.head.keep_alive
        if request.answered:
            self.rest()

    # The order of work.

    def go_on(self) -> None:
        """Begin to answer the next request, if it is time to, and read on if there is room."""
        admission = self.hub.admission
        while self.running is None and self.waiting and not self.write_paused:
            request = self.waiting.popleft()
            refusal = admission.refusal(request, self)
            if refusal is None:
                self.running = request
                self.task = self.hub.loop.create_task(self.serve(request))
            elif not self.send(request, refusal):
                return
        if self.waiting:
            self.pause_reading()
        elif self.read_paused and (self.reading is None or self.reading.is_read):
            self.read_paused = False
            self.transport.resume_reading()

    async def serve(self, request: Request) -> None:
        """Answer one request."""
        answer = None
        try:
            answer = await self.hub.answer(request)
            if answer.stream is not None:
                request.answered = True
                if not await send_stream(answer, answer.stream, request, self):
                    answer = None
        except Disconnected:
            pass
        finally:
            self.finish(request, answer)

    async def until_taken(self) -> None:
        """Wait until the peer has taken most of what was sent."""
        while self.write_paused:
            self.taken = self.hub.loop.create_future()
            await self.taken

    def begin(self, answer: Answer, request: Request) -> None:
        """Send the head of an answer whose body comes later."""
        how = {"keep_alive": self.stays(request), "chunked": request.head.version == "1.1"}
        self.transport.write(written(answer, self.hub.date, body=False, **how))

    def stays(self, request: Request) -> bool:
        """Whether the connection goes on after the answer to a request."""
        return request.head.keep_alive and not self.ended and not self.hub.stopping

    def finish(self, request: Request, answer: Answer | None) -> None:
        """Send an answer and go on; without one the connection ends."""
        self.running = self.task = None
        if request.counted:
            self.hub.admission.under_way -= 1
        if self.send(request, answer):
            self.go_on()

    def send(self, request: Request, answer: Answer | None) -> bool:
        """Send an answer; whether the connection goes on after it."""
        request.answered = True
        if self.transport.is_closing():
            return False
        if answer is None:
            self.transport.abort()
            return False
        keep_alive = self.stays(request)
        if answer.stream is None:
            body = request.method != "HEAD"
            self.transport.write(written(answer, self.hub.date, body=body, keep_alive=keep_alive))
        if not keep_alive:
            self.transport.close()
            return False
        if request.complete and not self.waiting:
            self.rest()
        return True

    def rest(self) -> None:
        """All that was asked is answered: give the next request some time to begin."""
        if not self.in_head and self.reading is None:
            self.idle = True
            self.due = self.hub.loop.time() + self.hub.limits.keep_alive

    def want_body(self, request: Request) -> None:
        """Somebody waits for the rest of a body: let it come, and say so to who asked."""
        if self.read_paused and request is self.reading:
            self.read_paused = False
            self.transport.resume_reading()
        if not self.transport.is_closing() and request.take_expectation():
            self.transport.write(CONTINUE)

    def pause_reading(self) -> None:
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def read_without_upgrade(self, rest: bytes) -> None:
        """Read a request that asks for another protocol as one that does not.

        The parser takes all behind the head of such a request for the other protocol; a body
        would be read as a further request. So the head is read again without ``Upgrade``.
        """
        if not self.upgrading:
            self.refuse(Refusal(reasons.BROKEN_HTTP))
            return
        self.upgrading = False
        head = without_upgrade(self.parser, self.url, self.pairs)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(head + rest)

    # The end.

    def refuse(self, refusal: Refusal) -> None:
        """Answer what cannot be handled as a request, and end the connection.

        A whole request before it still gets its answer; the connection ends with that one.
        """
        if self.ended or self.transport.is_closing():
            return
        if self.running is not None and self.running.answered and not self.running.complete:
            # An answer is on its way already, and no other can stand within it.
            self.transport.abort()
            return
        self.ended = True
        before = self.running or (self.waiting[0] if self.waiting else None)
        if before is not None and before.complete:
            while len(self.waiting) > (self.running is None):
                self.waiting.pop()
            return
        self.waiting.clear()
        if before is not None:
            before.end(gone=True)
        path, _ = split_target(self.url)
        answer = shape_of(path).answer(refusal)
        self.transport.write(written(answer, self.hub.date, body=True, keep_alive=False))
        self.transport.close()

    def cut_when_late(self, now: float) -> None:
        """Close the connection when its request is late, abort it when it does not end."""
        if self.transport.is_closing():
            self.closing_since = self.closing_since or now
            if now - self.closing_since > self.hub.limits.closing:
                self.transport.abort()
        elif self.write_paused:
            self.abort_when_unread(now)
        elif self.read_paused:
            # We are not reading, so the peer cannot be late.
            self.due = None if self.due is None else now + self.hub.limits.body
        elif self.due is not None and now > self.due:
            if self.idle:
                self.transport.close()
            else:
                self.refuse(Refusal(reasons.REQUEST_LATE))

    def abort_when_unread(self, now: float) -> None:
        """Abort when the peer has taken nothing of its answer for too long."""
        size = self.transport.get_write_buffer_size()
        if size != self.unread:
            self.unread, self.unread_since = size, now
        elif now - self.unread_since > self.hub.limits.body:
            self.transport.abort()

    def end_when_idle(self) -> None:
        """Close the connection now if nothing is asked, else with the next answer."""
        if self.running is not None and self.running.hurry is not None:
            self.running.hurry()
        if self.running is None and not self.waiting and not self.transport.is_closing():
            self.transport.close()

    def give_up(self) -> None:
        """Stop to answer."""
        if self.task is not None:
            self.task.cancel()
        self.transport.abort()
