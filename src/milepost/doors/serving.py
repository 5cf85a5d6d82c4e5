"""The life of the server: it listens, answers, and ends with what it has begun."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable

from milepost.doors.app import Application
from milepost.doors.connection import Connection
from milepost.doors.hub import ConnectionLimits, Hub

STOPPING = (signal.SIGTERM, signal.SIGINT)
TICK_SECONDS = 1.0
BACKLOG = 2048


class HttpServer:
    """Serves an application on one socket until a signal, or ``stop``, ends it.

    ``grace`` is how many seconds the open requests get to finish. With ``tls`` every connection
    must finish its handshake within the deadline of a request's head.
    """

    def __init__(
        self,
        app: Application,
        limits: ConnectionLimits,
        *,
        grace: float,
        tls: ssl.SSLContext | None = None,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._app = app
        self._limits = limits
        self._grace = grace
        self._tls = tls
        self._tick_seconds = tick_seconds
        self._stopping = asyncio.Event()
        self._interrupted = False

    async def serve(self, listener: socket.socket, started: Callable[[], None]) -> bool:
        """Serve; ``started`` is called once requests are taken.

        The answer is whether it was interrupted from the keyboard.
        """
        loop = asyncio.get_running_loop()
        hub = Hub(self._app.answer, self._limits, loop)
        for number in STOPPING:
            loop.add_signal_handler(number, self.stop, number)
        await self._app.start()
        try:
            server = await loop.create_server(
                lambda: Connection(hub),
                sock=listener,
                backlog=BACKLOG,
                ssl=self._tls,
                ssl_handshake_timeout=self._limits.head if self._tls else None,
                ssl_shutdown_timeout=self._limits.closing if self._tls else None,
            )
            started()
            while not self._stopping.is_set():
                await waited(self._stopping, self._tick_seconds)
                hub.tick()
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

    async def _finish(self, hub: Hub) -> None:
        """Let open requests finish, as long as they may; then cut them off."""
        hub.stop()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while hub.connections and loop.time() - begun < self._grace:
            await waited(hub.empty, min(self._tick_seconds, self._grace))
            hub.tick()
        hub.cancel()
        await waited(hub.empty, self._limits.closing)


async def waited(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not longer than this."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
