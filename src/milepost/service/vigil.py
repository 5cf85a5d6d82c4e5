"""The sessions of those who watch: an open watch is a use of its session, and ends with it.

A token stands for a session here as everywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from milepost.access.principals import Principal
from milepost.access.sessions import Login, Sessions
from milepost.access.sessions import key_of as session_of
from milepost.rules.values import Instant
from milepost.store.base import StoreError

LOOK_SECONDS = 0.5
"""Rest between two looks at all sessions; what the store says is believed for a second more."""
AT_ONCE = 50
"""Sessions that are looked at before others get their turn."""
TURN_SECONDS = 0.005


Key = tuple[str, Principal]


class Bound(Protocol):
    """What lasts no longer than its session."""

    def end_with_session(self) -> None:
        """The session has ended, or its user may not do the same any more."""


class Vigil:
    """Looks after the sessions of what is bound to them, for as long as there is any."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Callable[[], Instant],
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._look_seconds = look_seconds
        self._bound: dict[Key, set[Bound]] = {}
        self._looking: asyncio.Task[None] | None = None

    def begin(self, login: Login, one: Bound) -> None:
        """Bind something to the session of a login."""
        self._bound.setdefault(key_of(login), set()).add(one)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def end(self, login: Login, one: Bound) -> None:
        """Look after it no longer. To end it again does nothing."""
        key = key_of(login)
        bound = self._bound.get(key)
        if bound is not None:
            bound.discard(one)
            if not bound:
                del self._bound[key]

    def close(self) -> None:
        """Look after nothing any more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        try:
            while self._bound:
                await asyncio.sleep(self._look_seconds)
                await self._look_at_all()
        finally:
            self._looking = None

    async def _look_at_all(self) -> None:
        for number, key in enumerate(list(self._bound), start=1):
            if not await self._is_good(key):
                for one in list(self._bound.get(key, ())):
                    one.end_with_session()
            if number % AT_ONCE == 0:
                await asyncio.sleep(TURN_SECONDS)

    async def _is_good(self, key: Key) -> bool:
        session, principal = key
        try:
            login = await self._sessions.use(session, self._clock())
        except StoreError:
            # Nothing can be told of the session, nor of anything else; the next look will.
            return True
        return login is not None and login.principal == principal


def key_of(login: Login) -> Key:
    """A session and who it was when it was bound; only its use changes in between."""
    return session_of(login), login.principal
