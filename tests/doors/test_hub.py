"""What the connections of a server share."""

from __future__ import annotations

import asyncio

from milepost.doors.hub import ConnectionLimits, Hub
from milepost.doors.messages import Answer, Request


async def nothing(_request: Request) -> Answer:
    return Answer(200)


def test_a_server_without_connections_waits_for_none() -> None:
    """Whoever stops it before anyone has connected need not wait for a deadline."""

    async def test() -> None:
        hub = Hub(nothing, ConnectionLimits(), asyncio.get_running_loop())
        assert hub.empty.is_set()

    asyncio.run(test())
