"""Changes made durable, and then told: only after the commit does the feed hear of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from milepost.rules.task import Accepted, Decision
from milepost.store.base import Decide, DecideAll, Kept, Once, Origin, Outcome, Position, Store

SOMEWHERE: Position = 2**63 - 1
"""Stands for the positions of changes that were made together."""


class Changes:
    """Makes changes in a store; ``wake`` is called with the position of each, once it is durable.

    Both methods raise what the store raises.
    """

    def __init__(self, store: Store, wake: Callable[[Position], None]) -> None:
        self._store = store
        self._wake = wake

    async def change(self, ids: Sequence[str], decide: Decide, origin: Origin) -> Outcome:
        """Make one change, as ``Store.change`` does."""
        outcome = await self._store.change(ids, decide, origin)
        if outcome.position is not None:
            self._wake(outcome.position)
        return outcome

    async def change_all(
        self, ids: Sequence[str], decide: DecideAll, origin: Origin, once: Once | None = None
    ) -> Sequence[Decision] | Kept:
        """Make several changes together, as ``Store.change_all`` does."""
        done = await self._store.change_all(ids, decide, origin, once)
        if not isinstance(done, Kept) and any(map(is_change, done)):
            self._wake(SOMEWHERE)
        return done


def is_change(decision: Decision) -> bool:
    """Whether a decision changed something."""
    return isinstance(decision, Accepted) and decision.change is not None
