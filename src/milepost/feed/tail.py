"""The tail: reads the event log behind what was read last, and tells it to the hub.

It reads when it is woken, and at every poll in any case, so a hint that is lost (or comes from a
process that cannot give one) delays an event and loses none.
"""

from __future__ import annotations

import asyncio
import contextlib

from milepost.feed.hub import Hub
from milepost.feed.watcher import Log
from milepost.logs import logger

PAGE = 256
"""Events that are read at once."""
POLL_SECONDS = 1.0
REST_SECONDS = 0.002
"""Rest after each round, so that the events of a busy moment come together."""
REST_FOR_EACH = 50e-6
"""Rest for each watcher that was woken: the event loop stays free for the changes themselves."""

log = logger(__name__)


class Tail:
    """Follows the log for a hub, as long as it is told to."""

    def __init__(self, source: Log, hub: Hub, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._source = source
        self._hub = hub
        self._poll_seconds = poll_seconds
        self._news = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._failing = False

    def start(self) -> None:
        """Follow the log from where the hub is."""
        self._following = asyncio.get_running_loop().create_task(self._follow())

    def stop(self) -> None:
        """Follow it no longer."""
        if self._following is not None:
            self._following.cancel()
            self._following = None

    def wake(self) -> None:
        """There is something to read."""
        self._news.set()

    async def _follow(self) -> None:
        while True:
            # Not wait_for: in Python 3.11 it swallows the end of this task when there is news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._news.wait()
            self._news.clear()
            await self._read_on()

    async def _read_on(self) -> None:
        """Read to the end of the log. What fails is tried again at the next turn."""
        try:
            while events := await self._source.events_after(self._hub.position, PAGE):
                woken = self._hub.tell(events)
                await asyncio.sleep(max(REST_SECONDS, woken * REST_FOR_EACH))
        except Exception as fault:
            # Whoever watches waits; the log is where it was.
            if not self._failing:
                log.exception("the event log cannot be read", reason=str(fault))
            self._failing = True
            await asyncio.sleep(self._poll_seconds)
            return
        if self._failing:
            log.warning("the event log can be read again")
        self._failing = False
