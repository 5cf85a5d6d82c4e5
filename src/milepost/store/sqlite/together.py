"""Several changes as one step, and requests that are made once however often they are sent."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from milepost.rules.task import Accepted, Decision
from milepost.store.base import (
    KEPT_MILLISECONDS,
    DecideAll,
    Kept,
    Once,
    Origin,
    Position,
    Unavailable,
)
from milepost.store.sqlite import queries
from milepost.store.sqlite.committer import Committer
from milepost.store.sqlite.shortening import HistoryBound
from milepost.store.sqlite.working import Stored, Working
from milepost.store.sqlite.writing import Bundle, Written, written


class Together:
    """Decides and writes several changes at once, over what a store remembers.

    ``newest`` gives a task as accepted changes will make it, ``next_position`` the position of
    the next event, and ``seen`` waits until what was decided over is durable.
    """

    def __init__(
        self,
        committer: Committer,
        working: Working,
        near: sqlite3.Connection,
        *,
        newest: Callable[[str], Stored | None],
        next_position: Callable[[], Position],
        seen: Callable[[Sequence[str]], Awaitable[None]],
        bound: HistoryBound,
    ) -> None:
        self._committer = committer
        self._working = working
        self._near = near
        self._newest = newest
        self._next_position = next_position
        self._seen = seen
        self._bound = bound
        self._under_way: dict[tuple[str, str], asyncio.Future[Any]] = {}

    async def change(
        self, ids: Sequence[str], decide: DecideAll, origin: Origin, once: Once | None
    ) -> Sequence[Decision] | Kept:
        """As ``Store.change_all``."""
        if once is not None:
            kept = await self._kept(once)
            if kept is not None:
                return kept
        self._committer.refuse_more()
        found = {task_id: stored.task for task_id in ids if (stored := self._newest(task_id))}
        decisions = decide(found)
        note = None if once is None else once.note(decisions)
        bundle = Bundle(self._written(decisions, origin), kept_row(once, note))
        if not bundle.changes and bundle.kept is None:
            await self._seen(ids)
            return decisions
        answer = self._committer.write_all(bundle)
        answer.add_done_callback(forgive)
        if once is not None:
            self._hold(once, answer)
        # Whoever goes away leaves the changes on their way, and the others waiting for them.
        await asyncio.shield(answer)
        return decisions

    def _written(self, decisions: Sequence[Decision], origin: Origin) -> tuple[Written, ...]:
        """The accepted changes as events, each on top of those before it."""
        changes = []
        for decision in decisions:
            if isinstance(decision, Accepted) and decision.change is not None:
                after = decision.change.after
                before = self._newest(after.id)
                previous = None if before is None else before.position
                one = written(decision.change, origin, self._next_position(), previous, self._bound)
                self._working.change(Stored(after, one.position))
                changes.append(one)
        return tuple(changes)

    async def _kept(self, once: Once) -> Kept | None:
        """What is kept of a request; one that is under way is waited for."""
        while (under_way := self._under_way.get((once.scope, once.key))) is not None:
            await asyncio.wait([under_way])
        since = once.at - KEPT_MILLISECONDS
        try:
            row = self._near.execute(queries.SELECT_KEPT, (once.scope, once.key, since)).fetchone()
        except sqlite3.Error as fault:
            raise Unavailable(str(fault)) from fault
        return None if row is None else Kept(*row)

    def _hold(self, once: Once, answer: asyncio.Future[Bundle]) -> None:
        """Let the same request wait until this one is durable, or has failed."""
        place = (once.scope, once.key)
        self._under_way[place] = answer
        answer.add_done_callback(lambda _: self._under_way.pop(place, None))


def kept_row(once: Once | None, note: str | None) -> tuple[Any, ...] | None:
    if once is None or note is None:
        return None
    return once.scope, once.key, once.digest, note, once.at


def forgive(answer: asyncio.Future[Bundle]) -> None:
    """Look at a fault that nobody may be left to be told of."""
    if not answer.cancelled():
        answer.exception()
