"""Histories that have grown beyond what is kept are shortened, a few events at a time."""

from __future__ import annotations

import asyncio

from milepost.service.retention import PAUSE_SECONDS
from milepost.service.rounds import Rounds
from milepost.store.base import Store

LOOK_SECONDS = 5.0
TASKS_AT_ONCE = 100
EVENTS_AT_ONCE = 64
"""They lie all over the file; a commit with many of them would hold up the changes with it."""
RESTS_FOR_WORK = 4
"""How many times as long as a step has taken is rested behind it."""


class HistoryKeeper:
    """Looks every few seconds which histories are too long, and shortens them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rounds = Rounds(self.shorten, seconds=LOOK_SECONDS, failure="histories not shortened")

    def start(self) -> None:
        """Begin to look."""
        self._rounds.start()

    def stop(self) -> None:
        """Look no longer."""
        self._rounds.stop()

    async def shorten(self) -> int:
        """Shorten what is too long now; how many histories. May raise what the store raises."""
        task_ids = await self._store.overlong(TASKS_AT_ONCE)
        for task_id in task_ids:
            await self._shorten_one(task_id)
        return len(task_ids)

    async def _shorten_one(self, task_id: str) -> None:
        clock = asyncio.get_running_loop().time
        begin = clock()
        async for _ in self._store.shorten(task_id, EVENTS_AT_ONCE):
            # A busy store is left to its changes for most of the time; then it takes longer.
            await asyncio.sleep(max(PAUSE_SECONDS, RESTS_FOR_WORK * (clock() - begin)))
            begin = clock()
