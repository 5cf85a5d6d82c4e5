"""What a server does by itself between requests, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from milepost.access.passwords import PasswordChecker
from milepost.access.sessions import Sessions
from milepost.rules.values import Instant
from milepost.service.extensions import Extensions
from milepost.service.histories import HistoryKeeper
from milepost.service.leases import LeaseKeeper
from milepost.service.retention import Sweeper
from milepost.service.rounds import Rounds
from milepost.service.tokens import sweep as sweep_tokens
from milepost.store.base import KEPT_MILLISECONDS, Store

SWEEP_SECONDS = 600
SWEPT_AT_ONCE = 500


class Upkeep:
    """What the server does by itself between requests, and how it ends."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        passwords: PasswordChecker,
        *,
        registry: Extensions,
        leases: LeaseKeeper,
        sweeper: Sweeper,
        histories: HistoryKeeper,
        clock: Callable[[], Instant],
        closing: Iterable[Callable[[], None]],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._registry = registry
        self._leases = leases
        self._sweeper = sweeper
        self._histories = histories
        self._clock = clock
        self._closing = closing
        self._rounds = Rounds(self._sweep, seconds=SWEEP_SECONDS, failure="not swept")

    async def start(self) -> None:
        """Know the extensions, watch leases, and forget ended sessions, tokens and old requests."""
        await self._registry.start()
        await self._leases.start()
        self._sweeper.start()
        self._histories.start()
        self._rounds.start()

    async def catch_up(self) -> None:
        """Do at once what has become due with time. Raises what the store raises."""
        await self._leases.look()
        await self._sweeper.sweep()
        await self._sweep()

    async def stop(self) -> None:
        """Finish every accepted change and let go of everything."""
        self._rounds.stop()
        self._registry.stop()
        for close in self._closing:
            close()
        self._leases.stop()
        self._sweeper.stop()
        self._histories.stop()
        self._passwords.close()
        await self._store.close()

    async def _sweep(self) -> None:
        """Forget ended sessions, tokens and old requests."""
        await self._sessions.sweep(self._clock())
        await sweep_tokens(self._store, self._clock())
        await self._forget_requests()

    async def _forget_requests(self) -> None:
        """Forget what came of requests so long ago that it counts no longer."""
        forgotten = SWEPT_AT_ONCE
        while forgotten == SWEPT_AT_ONCE:
            before = self._clock() - KEPT_MILLISECONDS
            forgotten = await self._store.forget_kept(before, SWEPT_AT_ONCE)
