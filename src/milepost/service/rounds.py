"""Work that a server does again and again beside its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from milepost.logs import logger
from milepost.store.base import StoreError

log = logger(__name__)


class Rounds:
    """Takes a step, rests for some seconds, and so on; a step that fails is made again.

    ``failure`` is what the log says then.
    """

    def __init__(
        self, step: Callable[[], Awaitable[object]], *, seconds: float, failure: str
    ) -> None:
        self._step = step
        self._seconds = seconds
        self._failure = failure
        self._going: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with a step."""
        self._going = asyncio.get_running_loop().create_task(self._go_on())

    def stop(self) -> None:
        """Take no more steps."""
        if self._going is not None:
            self._going.cancel()

    async def _go_on(self) -> None:
        while True:
            try:
                await self._step()
            except StoreError as fault:
                log.warning(self._failure, reason=str(fault))
            except Exception:
                # What is at fault may be gone the next time; the work must not end for it.
                log.exception(self._failure)
            await asyncio.sleep(self._seconds)
