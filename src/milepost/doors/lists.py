"""The texts of lists: one of many tasks is written beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MANY = 200
"""Tasks that are written at once; more take longer than the changes beside them should wait."""


async def encoded(encode: Callable[[], bytes], count: int) -> bytes:
    """What ``encode`` makes of so many tasks; it is called in a thread when they are many."""
    return encode() if count <= MANY else await asyncio.to_thread(encode)
