"""How long finished tasks are kept: by age, by number, each extension as it says.

Open tasks are never removed, nor pinned ones, nor a parent before its children. It goes in small
steps with pauses, so that whoever changes tasks does not wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from milepost.logs import logger
from milepost.rules.extensions import Retention
from milepost.rules.values import Instant, Value
from milepost.service.rounds import Rounds
from milepost.store.base import Store

TOMBSTONE_MILLISECONDS = 7 * 86_400 * 1000
SWEEP_SECONDS = 60.0
PAUSE_SECONDS = 0.02
TASKS_AT_ONCE = 50
EVENTS_AT_ONCE = 500

log = logger(__name__)


class Keeping(Value, frozen=True, kw_only=True):
    """What counts where an extension says nothing: seconds, and how many of each extension."""

    age_seconds: int
    count: int


class Sweeper:
    """Removes finished tasks that are kept no longer.

    ``clock`` gives the time in milliseconds, ``retention_of`` what an extension says.
    """

    def __init__(
        self,
        store: Store,
        keeping: Keeping,
        *,
        retention_of: Callable[[str], Retention],
        clock: Callable[[], Instant],
    ) -> None:
        self._store = store
        self._keeping = keeping
        self._retention_of = retention_of
        self._clock = clock
        self._rounds = Rounds(self.sweep, seconds=SWEEP_SECONDS, failure="tasks not removed")

    def start(self) -> None:
        """Begin to sweep now and then."""
        self._rounds.start()

    def stop(self) -> None:
        """Sweep no longer."""
        self._rounds.stop()

    async def sweep(self) -> int:
        """Remove all that is kept no longer; how many tasks. May raise what the store raises."""
        removed = 0
        for service in await self._store.services_with_finished():
            removed += await self._sweep_service(service)
        await self._compact()
        await self._forget_tombstones()
        if removed:
            log.info("finished tasks removed", count=removed)
        return removed

    async def _sweep_service(self, service: str) -> int:
        own = self._retention_of(service)
        age = self._keeping.age_seconds if own.age_seconds is None else own.age_seconds
        keep = self._keeping.count if own.count is None else own.count
        count = 0
        while True:
            now = self._clock()
            before = now - age * 1000
            ids = await self._store.removable(service, before, keep, TASKS_AT_ONCE)
            removed = await self._store.remove(ids, now) if ids else 0
            count += removed
            # What stays although it may go is busy: it is left for the next time.
            if removed == 0:
                return count
            await self._compact()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _compact(self) -> None:
        await repeated(lambda: self._store.compact(EVENTS_AT_ONCE))

    async def _forget_tombstones(self) -> None:
        before = self._clock() - TOMBSTONE_MILLISECONDS
        await repeated(lambda: self._store.forget_tombstones(before, EVENTS_AT_ONCE))


async def repeated(step: Callable[[], Awaitable[int]]) -> None:
    """Take a step, with pauses, until nothing is left to do."""
    while True:
        if not await step():
            return
        await asyncio.sleep(PAUSE_SECONDS)
