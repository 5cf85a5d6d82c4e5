"""Leases: an open task of which nothing is heard for its lease is ended by the service.

Renewals are kept in memory only; a restart grants every lease anew. Time is that which the
service has lived through: a pause of the whole process, in which no renewal could have been taken,
counts for no more than ``LONGEST_STEP``. What o'clock it is plays no part.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable

from milepost.logs import logger
from milepost.rules import endings, reasons
from milepost.rules.reasons import Refusal
from milepost.rules.task import Accepted, Decision, Refused, Task
from milepost.rules.values import TERMINAL, Instant
from milepost.service.changes import Changes
from milepost.store.base import Origin, Position, Store, StoreError, Tasks

TICK_SECONDS = 0.25
LONGEST_STEP = 1.0
MOST_AT_ONCE = 32
"""Tasks that are ended together; they are read, and nobody else is served meanwhile."""
SPARE = 1024
SYSTEM = Origin("system", "lease")

log = logger(__name__)


class Leases:
    """When each leased task must be heard of again.

    ``monotonic`` gives seconds that never go back; more of them at once than ``longest_step`` do
    not count. All of this is done in the event loop.
    """

    def __init__(
        self, monotonic: Callable[[], float], *, longest_step: float = LONGEST_STEP
    ) -> None:
        self._monotonic = monotonic
        self._longest_step = longest_step
        self._seen = monotonic()
        self._lived = 0.0
        self._ends: dict[str, float] = {}
        # Each task is queued once, perhaps earlier than its end; then it is queued again when its
        # time comes. An entry with another time than the one noted counts no longer.
        self._queued: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []

    def renew(self, task: Task) -> None:
        """A task was heard of: its lease begins anew, or it has none any more."""
        if task.lease_seconds is None:
            if self._ends:
                self._ends.pop(task.id, None)
            return
        self.grant(task.id, task.lease_seconds)

    def grant(self, task_id: str, seconds: int) -> None:
        """Begin a lease now."""
        end = self._now() + seconds
        self._ends[task_id] = end
        queued = self._queued.get(task_id)
        if queued is None or end < queued:
            self._enqueue(end, task_id)

    def drop(self, task_id: str) -> None:
        """A task has no lease any more."""
        self._ends.pop(task_id, None)

    def left(self, task_id: str) -> float | None:
        """Seconds until a task must be heard of, not below 0; ``None`` without a lease."""
        end = self._ends.get(task_id)
        return None if end is None else max(end - self._now(), 0.0)

    def has_run_out(self, task_id: str) -> bool:
        """Whether a task has not been heard of for its lease."""
        end = self._ends.get(task_id)
        return end is not None and end <= self._now()

    def run_out(self, most: int) -> list[str]:
        """At most so many tasks whose lease has run out; each is told once.

        To be called about every ``TICK_SECONDS``: time goes on with it.
        """
        now = self._lived = self._now()
        self._seen = self._monotonic()
        found: list[str] = []
        while self._queue and self._queue[0][0] <= now and len(found) < most:
            at, task_id = heapq.heappop(self._queue)
            if self._queued.get(task_id) != at:
                continue
            del self._queued[task_id]
            end = self._ends.get(task_id)
            if end is not None and end <= now:
                found.append(task_id)
            elif end is not None:
                self._enqueue(end, task_id)
        return found

    def _enqueue(self, at: float, task_id: str) -> None:
        self._queued[task_id] = at
        heapq.heappush(self._queue, (at, task_id))
        if len(self._queue) > 2 * len(self._queued) + SPARE:
            self._queue = [(at, task_id) for task_id, at in self._queued.items()]
            heapq.heapify(self._queue)

    def _now(self) -> float:
        """The seconds lived through until now."""
        return self._lived + min(self._monotonic() - self._seen, self._longest_step)


class LeaseKeeper:
    """Ends the tasks whose lease has run out; ``clock`` gives the time in milliseconds."""

    def __init__(
        self,
        store: Store,
        leases: Leases,
        clock: Callable[[], Instant],
        wake: Callable[[Position], None],
    ) -> None:
        self._store = store
        self._changes = Changes(store, wake)
        self._leases = leases
        self._clock = clock
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Grant every stored lease anew, and begin to watch. Raises what the store raises."""
        for task_id, seconds in await self._store.leased():
            self._leases.grant(task_id, seconds)
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> None:
        """Watch no longer."""
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self.look()
            except Exception:
                # The other leases are watched all the same.
                log.exception("a lease could not be ended")

    async def look(self) -> None:
        """End the tasks whose lease has run out by now."""
        while ended := self._leases.run_out(MOST_AT_ONCE):
            await self.end(ended)

    async def end(self, task_ids: Iterable[str]) -> None:
        """End these tasks, if they have still not been heard of."""
        ids = list(task_ids)
        changes = [self._changes.change((one,), self._deciding(one), SYSTEM) for one in ids]
        outcomes = await asyncio.gather(*changes, return_exceptions=True)
        for task_id, outcome in zip(ids, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                await self._grant_again(task_id, outcome)

    def _deciding(self, task_id: str) -> Callable[[Tasks], Decision]:
        def decide(tasks: Tasks) -> Decision:
            task = tasks.get(task_id)
            if task is None or task.lease_seconds is None or task.status in TERMINAL:
                self._leases.drop(task_id)
                return Refused(Refusal(reasons.TASK_UNKNOWN, (task_id,)), task)
            if not self._leases.has_run_out(task_id):
                return Accepted(task)
            self._leases.drop(task_id)
            return endings.end_for_silence(task, now=self._clock())

        return decide

    async def _grant_again(self, task_id: str, fault: BaseException) -> None:
        """A store that takes no end has taken no renewal either: the lease begins anew."""
        log.warning("a lease has run out and begins anew", task=task_id, reason=str(fault))
        if not isinstance(fault, StoreError):
            raise fault
        try:
            task = await self._store.task(task_id)
        except StoreError:
            self._leases.grant(task_id, 1)
            return
        if task is not None:
            self._leases.renew(task)
