"""uvicorn's server where TLS makes a difference: how it listens, what it looks after, how it ends.

uvicorn passes no deadlines for the handshake on to the event loop, and has no new certificate for
a listener it has. It builds on the insides of uvicorn, so its version is pinned and
``tests/acceptance`` holds the behaviour.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

import uvicorn

from milepost.logs import logger

if TYPE_CHECKING:
    from milepost.doors.tls import Tls

LOOK_TICKS = 20
"""Ticks from one look at the certificate to the next; there are ten a second."""
GOODBYE_SECONDS = 0.5

log = logger(__name__)


class TlsServer(uvicorn.Server):
    """A server with or without ``tls``.

    ``handshake`` is for the handshake of a new connection, ``closing`` for the end of an old one,
    both in seconds.
    """

    def __init__(
        self, config: uvicorn.Config, tls: Tls | None, *, handshake: float, closing: float
    ) -> None:
        super().__init__(config)
        self.tls = tls
        self._handshake = handshake
        self._closing = closing

    @property
    def scheme(self) -> str:
        """How an address of this server begins."""
        return "http" if self.tls is None else "https"

    async def on_tick(self, counter: int) -> bool:
        """Look after the certificate now and then, and at once when asked."""
        if self.tls is not None and (self.tls.is_asked() or counter % LOOK_TICKS == 0):
            try:
                # A disk that hangs must not hold up the requests.
                await asyncio.to_thread(self.tls.look)
            except Exception:
                log.exception("certificate not looked after")
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and listen."""
        if self.tls is None:
            await super().startup(sockets)
            return
        await super().startup([])
        self.servers += [await self._listen(self.tls, listener) for listener in sockets or ()]

    async def _listen(self, tls: Tls, listener: socket.socket) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            self._protocol,
            sock=listener,
            ssl=tls.context,
            backlog=self.config.backlog,
            ssl_handshake_timeout=self._handshake,
            ssl_shutdown_timeout=self._closing,
        )

    def _protocol(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        made: asyncio.Protocol = protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what was accepted, without waiting for peers that do not use their connection."""
        async with letting_go(self.server_state.connections if self.tls else ()):
            await super().shutdown(sockets)


@contextlib.asynccontextmanager
async def letting_go(connections: Iterable[Any]) -> AsyncIterator[None]:
    """Cut off peers that do not answer the end of TLS, for the time of a block."""
    task = asyncio.get_running_loop().create_task(let_go(connections))
    try:
        yield
    finally:
        task.cancel()


async def let_go(connections: Iterable[Any]) -> None:
    """Cut off, again and again, connections that have been closed and stay.

    A peer that does not use its connection does not look at it, so its goodbye would be waited for
    in vain. One that has not yet taken its answer is left alone.
    """
    before: set[Any] = set()
    while True:
        await asyncio.sleep(GOODBYE_SECONDS)
        ended = {connection for connection in connections if is_ended(connection.transport)}
        for connection in ended & before:
            connection.transport.abort()
        before = ended


def is_ended(transport: asyncio.Transport) -> bool:
    """Whether a connection is closed on our side, and everything sent."""
    return transport.is_closing() and not transport.get_write_buffer_size()
