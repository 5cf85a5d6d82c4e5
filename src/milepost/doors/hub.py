"""What all connections of a server share: who answers, the limits, and who is connected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Protocol

import msgspec

from milepost.doors.admission import Admission
from milepost.doors.messages import Answer, Request


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one connection. Times are seconds, sizes bytes.

    ``head`` is for the request line and the headers to arrive, ``body`` for what follows,
    ``keep_alive`` for the next request to begin, and ``closing`` for a peer to take what was sent
    before it is cut off. ``most_body`` is the longest body a request may
    have, ``changing`` how many changing requests are answered at once: see ``Admission``.
    """

    head: float = 10.0
    body: float = 30.0
    keep_alive: float = 60.0
    closing: float = 10.0
    url: int = 128 * 1024
    headers: int = 100
    header_bytes: int = 64 * 1024
    most_body: int = 1024 * 1024
    connections: int = 20_000
    changing: int = 600


class Member(Protocol):
    """A connection, as far as the hub looks after it."""

    @property
    def transport(self) -> asyncio.Transport:
        """What it sends with."""

    def cut_when_late(self, now: float) -> None:
        """End it, when its peer does not go on."""

    def end_when_idle(self) -> None:
        """End it now if nothing is asked, else with the next answer."""

    def give_up(self) -> None:
        """End it at once."""


class Hub:
    """What all connections of a server share."""

    def __init__(
        self,
        answer: Callable[[Request], Awaitable[Answer]],
        limits: ConnectionLimits,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.answer = answer
        self.limits = limits
        self.loop = loop
        self.connections: set[Member] = set()
        self.empty = asyncio.Event()
        self.empty.set()
        self.stopping = False
        self.admission = Admission(limits.changing)
        self.date = b""
        self.tick()

    def join(self, connection: Member) -> None:
        """Take up a connection."""
        self.connections.add(connection)
        self.empty.clear()

    def leave(self, connection: Member) -> None:
        """Let go of a connection that has ended."""
        self.connections.discard(connection)
        if not self.connections:
            self.empty.set()

    def tick(self) -> None:
        """Look after slow connections, and note the time; to be called about once a second."""
        self.date = formatdate(usegmt=True).encode()
        self.admission.look()
        now = self.loop.time()
        for connection in list(self.connections):
            connection.cut_when_late(now)

    def stop(self) -> None:
        """Let every connection end with the request it is at."""
        self.stopping = True
        for connection in list(self.connections):
            connection.end_when_idle()

    def cancel(self) -> None:
        """Give up the requests that are still being answered."""
        for connection in list(self.connections):
            connection.give_up()
