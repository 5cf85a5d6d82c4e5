"""The life of the server: it listens, answers, and ends with what it has begun."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from milepost.doors.connection import Connection
from milepost.doors.hub import ConnectionLimits, Hub
from milepost.doors.messages import Answer, Request
from milepost.logs import logger

if TYPE_CHECKING:
    from milepost.doors.tls import Tls

STOPPING = (signal.SIGTERM, signal.SIGINT)
TICK_SECONDS = 1.0
LOOK_TICKS = 2
"""Ticks from one look at the certificate to the next."""
GOODBYE_SECONDS = 0.5
BACKLOG = 2048

log = logger(__name__)


class Served(Protocol):
    """What is served: an application, or what stands in front of one."""

    async def answer(self, request: Request) -> Answer:
        """The answer to one request. Raises ``Disconnected`` when there is none."""

    def start(self) -> Awaitable[None]:
        """Begin; called before the first request."""

    def stop(self) -> Awaitable[None]:
        """End; called after the last request."""


class HttpServer:
    """Serves an application on one socket until one of the ``signals``, or ``stop``, ends it.

    ``grace`` is how many seconds the open requests get to finish. With ``tls`` every connection
    must finish its handshake within the deadline of a request's head.
    """

    def __init__(
        self,
        app: Served,
        limits: ConnectionLimits,
        *,
        grace: float,
        tls: Tls | None = None,
        tick_seconds: float = TICK_SECONDS,
        signals: Iterable[signal.Signals] = STOPPING,
    ) -> None:
        self._app = app
        self._limits = limits
        self._grace = grace
        self._tls = tls
        self._tick_seconds = tick_seconds
        self._signals = tuple(signals)
        self._stopping = asyncio.Event()
        self._interrupted = False

    async def serve(self, listener: socket.socket, started: Callable[[], None]) -> bool:
        """Serve; ``started`` is called once requests are taken.

        The answer is whether it was interrupted from the keyboard.
        """
        loop = asyncio.get_running_loop()
        hub = Hub(self._app.answer, self._limits, loop)
        for number in self._signals:
            loop.add_signal_handler(number, self.stop, number)
        await self._app.start()
        try:
            server = await loop.create_server(
                lambda: Connection(hub),
                sock=listener,
                backlog=BACKLOG,
                ssl=None if self._tls is None else self._tls.context,
                ssl_handshake_timeout=None if self._tls is None else self._limits.head,
                ssl_shutdown_timeout=None if self._tls is None else self._limits.closing,
            )
            started()
            await self._look_after(hub)
            server.close()
            await self._finish(hub)
        finally:
            await self._app.stop()
        return self._interrupted

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Begin to end. Asked again, open requests get no more time."""
        if self._stopping.is_set():
            self._grace = 0
        self._interrupted = self._interrupted or number == signal.SIGINT
        self._stopping.set()

    async def _look_after(self, hub: Hub) -> None:
        """Look after the connections and the certificate until told to stop."""
        turn = 0
        while not self._stopping.is_set():
            await waited(self._stopping, self._tick_seconds)
            hub.tick()
            turn += 1
            if self._tls is not None and (self._tls.is_asked() or turn % LOOK_TICKS == 0):
                await look_at(self._tls)

    async def _finish(self, hub: Hub) -> None:
        """Let open requests finish, as long as they may; then cut them off."""
        hub.stop()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        ended: set[asyncio.Transport] = set()
        while hub.connections and loop.time() - begun < self._grace:
            await waited(hub.empty, min(GOODBYE_SECONDS, self._grace))
            hub.tick()
            if self._tls is not None:
                ended = let_go(hub.connections, ended)
        hub.cancel()
        await waited(hub.empty, self._limits.closing)


class Closing(Protocol):
    """A connection with a transport."""

    @property
    def transport(self) -> asyncio.Transport:
        """What it sends with."""


async def look_at(tls: Tls) -> None:
    """Look after the certificate; a disk that hangs must not hold up the requests."""
    try:
        await asyncio.to_thread(tls.look)
    except Exception:
        log.exception("certificate not looked after")


def let_go(
    connections: Iterable[Closing], before: set[asyncio.Transport]
) -> set[asyncio.Transport]:
    """Cut off connections that were closed at the last look and stay; the answer is those now.

    A peer that does not use its connection does not look at it, so its goodbye at the end of TLS
    would be waited for in vain. One that has not yet taken its answer is left alone.
    """
    transports = (connection.transport for connection in connections)
    ended = {each for each in transports if each.is_closing() and not each.get_write_buffer_size()}
    for transport in ended & before:
        transport.abort()
    return ended


async def waited(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not longer than this."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
