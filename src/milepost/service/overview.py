"""What an operator sees first: what is open, and what has ended within the last day.

The figures are told again for a while, so that many who look cost no more than one: for ``FRESH``,
and longer where to count has taken long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from milepost.access.policy import visible_service
from milepost.access.principals import Principal
from milepost.rules.values import Instant, Status, Value
from milepost.store.base import Ended, OpenTasks, Store

HOUR = 60 * 60 * 1000
HOURS = 24
FRESH = 5_000
TIMES_TAKEN = 20
MOST_REMEMBERED = 1_000
PERCENTILES = (50, 90, 99)


class Hour(Value, frozen=True, kw_only=True):
    """What has ended within an hour; ``took`` has the percentiles in milliseconds, if any."""

    begins: Instant
    succeeded: int
    failed: int
    took: tuple[int, ...]


class Figures(Value, frozen=True, kw_only=True):
    """An overview at an instant. ``hours`` are 24, the last one still under way.

    ``complete_since`` is the instant since when all that has ended was looked at.
    """

    at: Instant
    open: OpenTasks
    hours: tuple[Hour, ...]
    ended: dict[str, dict[Status, int]]
    complete_since: Instant
    complete: bool


class Overview:
    """Counts for whoever asks what he may see. Raises what the store raises."""

    def __init__(self, store: Store, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str | None, tuple[Figures, Instant]] = {}
        self._counting = asyncio.Lock()

    async def figures(self, who: Principal) -> Figures:
        """The figures of what the caller may see."""
        seen = visible_service(who)
        # One counts at a time: whoever waits finds the figures of the one before.
        async with self._counting:
            known, now = self._known.get(seen), self._clock()
            if known is not None and known[0].at <= now < known[1]:
                return known[0]
            figures = await self._count(seen, now)
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            told_until = now + max(FRESH, TIMES_TAKEN * (self._clock() - now))
            self._known[seen] = figures, told_until
            return figures

    async def _count(self, seen: str | None, now: Instant) -> Figures:
        since = now - now % HOUR - (HOURS - 1) * HOUR
        opened = await self._store.open_tasks(seen)
        ended = await self._store.ended(since, seen)
        return Figures(
            at=now,
            open=opened,
            hours=hours_of(ended, since),
            ended=by_service(ended),
            complete_since=ended.complete_since,
            complete=opened.complete and ended.complete,
        )


def hours_of(ended: Ended, since: Instant) -> tuple[Hour, ...]:
    """The hours, the oldest first. What a clock that went back has put behind them is left out."""
    counts = [dict.fromkeys(Status, 0) for _ in range(HOURS)]
    took: list[list[int]] = [[] for _ in range(HOURS)]
    for one in ended.hours:
        if one.hour < HOURS:
            counts[one.hour][one.status] += len(one.took)
            took[one.hour] += one.took
    return tuple(
        Hour(
            begins=since + number * HOUR,
            succeeded=counts[number][Status.SUCCEEDED],
            failed=counts[number][Status.FAILED],
            took=percentiles(took[number]),
        )
        for number in range(HOURS)
    )


def by_service(ended: Ended) -> dict[str, dict[Status, int]]:
    """How many tasks of each service have ended, by status."""
    found: dict[str, dict[Status, int]] = {}
    for one in ended.hours:
        counts = found.setdefault(one.service, {Status.SUCCEEDED: 0, Status.FAILED: 0})
        counts[one.status] += len(one.took)
    return found


def percentiles(values: Iterable[int], wanted: Sequence[int] = PERCENTILES) -> tuple[int, ...]:
    """The nearest-rank percentiles, or nothing of nothing."""
    ranked = sorted(values)
    if not ranked:
        return ()
    return tuple(ranked[-(-part * len(ranked) // 100) - 1] for part in wanted)
