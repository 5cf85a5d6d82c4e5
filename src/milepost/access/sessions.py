"""Sessions: a login becomes a token, a token becomes a principal.

Tokens are random and stored only as SHA-256. A session ends when idle too long, at its absolute
age, with logout, and with its user; it survives a restart. What the store says is believed for a
second at most, so that a change made elsewhere counts everywhere soon.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections import OrderedDict

import msgspec

from milepost.access.passwords import PasswordChecker
from milepost.access.principals import Principal, Role
from milepost.rules.values import Instant, Value
from milepost.store.base import Session, Store, StoreError, User

TOKEN_BYTES = 32
BELIEVED = 1_000
USE_WRITTEN = 60_000
MOST_REMEMBERED = 10_000
NEVER = 2**62
"""An instant that does not come."""


class SessionLimits(Value, frozen=True, kw_only=True):
    """How long a session lasts, in milliseconds: unused, and at most."""

    idle: int = 30 * 60 * 1000
    absolute: int = 24 * 60 * 60 * 1000


class Login(Value, frozen=True):
    """A live session and whose it is."""

    session: Session
    principal: Principal


class Remembered(msgspec.Struct):
    """A login as last read from the store, with the use not yet written."""

    login: Login
    read_at: Instant
    used_at: Instant


class Sessions:
    """Opens, resolves and ends sessions. All instants come in as arguments."""

    def __init__(self, store: Store, passwords: PasswordChecker, limits: SessionLimits) -> None:
        self._store = store
        self._passwords = passwords
        self._limits = limits
        self._remembered: OrderedDict[str, Remembered] = OrderedDict()

    async def log_in(self, name: str, password: str, now: Instant) -> str | None:
        """A new token, or ``None`` when name and password do not fit an enabled user.

        Raises ``TooManyLogins`` and what the store raises.
        """
        user = await self._store.user(name)
        enabled = user is not None and not user.disabled
        if not await self._passwords.fits(user.password if user else None, password):
            return None
        if not enabled:
            return None
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(token=hash_token(token), user=name, created_at=now, used_at=now)
        await self._store.put_session(session)
        return token

    async def resolve(self, token: str, now: Instant) -> Login | None:
        """Whose token this is, or ``None`` when it is unknown or its session has ended."""
        return await self.use(hash_token(token), now)

    async def use(self, key: str, now: Instant) -> Login | None:
        """The same for a session that is known by the hash of its token; it counts as used."""
        known = self._remembered.get(key)
        if known is None or not 0 <= now - known.read_at < BELIEVED:
            known = await self._read(key, known, now)
        if known is None or self._ended(known, now):
            self._remembered.pop(key, None)
            return None
        known.used_at = max(now, known.used_at)
        await self._write_use(known)
        return known.login

    async def log_out(self, token: str) -> None:
        """End the session."""
        key = hash_token(token)
        await self._store.delete_session(key)
        # Only now: a use in between would have remembered it again.
        self._remembered.pop(key, None)

    async def sweep(self, now: Instant) -> None:
        """Forget the sessions that have ended."""
        await self._store.delete_sessions(
            created_before=now - self._limits.absolute,
            used_before=now - self._limits.idle - USE_WRITTEN,
        )

    async def end_all(self) -> None:
        """End every session there is."""
        await self._store.delete_sessions(created_before=NEVER, used_before=NEVER)
        self._remembered.clear()

    def last_used(self, login: Login) -> Instant:
        """When the session was last used, this request included."""
        known = self._remembered.get(login.session.token)
        return login.session.used_at if known is None else known.used_at

    async def _read(self, key: str, known: Remembered | None, now: Instant) -> Remembered | None:
        found = await self._store.session(key)
        if found is None or found[1].disabled:
            return None
        session, user = found
        used_at = session.used_at if known is None else max(known.used_at, session.used_at)
        known = Remembered(Login(session, principal_of(user)), now, used_at)
        self._remembered[key] = known
        self._remembered.move_to_end(key)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return known

    def _ended(self, known: Remembered, now: Instant) -> bool:
        age = now - known.login.session.created_at
        return age > self._limits.absolute or now - known.used_at > self._limits.idle

    async def _write_use(self, known: Remembered) -> None:
        """Write down the use of a session now and then, so that a restart knows of it."""
        session = known.login.session
        if known.used_at - session.used_at < USE_WRITTEN:
            return
        session = msgspec.structs.replace(session, used_at=known.used_at)
        known.login = Login(session, known.login.principal)
        # A use that cannot be written down now is written with a later one.
        with contextlib.suppress(StoreError):
            await self._store.touch_session(session.token, session.used_at)


def hash_token(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def principal_of(user: User) -> Principal:
    """The principal a user acts as."""
    return Principal(user.name, Role(user.role), user.extension)
