"""Sessions and tokens: a login becomes a session, and either becomes a principal.

The texts of both are random and stored only as SHA-256. A session ends when idle too long, at its
absolute age, with logout, and with its user; a token at its own end, when it is revoked, and with
its owner. Both survive a restart. What the store says is believed for a second at most, so that a
change made elsewhere counts everywhere soon.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections import OrderedDict

import msgspec

from milepost.access.passwords import PasswordChecker
from milepost.access.principals import Principal, Role, Scope
from milepost.access.tokens import PREFIX, is_whole
from milepost.rules import reasons
from milepost.rules.reasons import Reason
from milepost.rules.values import Instant, Value
from milepost.store.base import Session, Store, StoreError, Token, User

SESSION_BYTES = 32
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
    """A live session and whose it is.

    A request with a token has no session of its own: it is shown one that began when the token was
    made. ``token`` is the token then.
    """

    session: Session
    principal: Principal
    token: Token | None = None

    @property
    def unknown(self) -> Reason:
        """Why nobody is let in with it, once it has ended."""
        return reasons.SESSION_UNKNOWN if self.token is None else reasons.TOKEN_UNKNOWN


class Remembered(msgspec.Struct):
    """A login as last read from the store, with the use not yet written.

    It counts up to ``until``, and when it was used in the last ``idle`` milliseconds.
    """

    login: Login
    read_at: Instant
    used_at: Instant
    written_at: Instant
    until: Instant
    idle: int


class Sessions:
    """Opens, resolves and ends sessions, and resolves tokens. All instants come in as arguments."""

    def __init__(self, store: Store, passwords: PasswordChecker, limits: SessionLimits) -> None:
        self._store = store
        self._passwords = passwords
        self._limits = limits
        self._remembered: OrderedDict[str, Remembered] = OrderedDict()
        self._ends = 0

    async def log_in(self, name: str, password: str, now: Instant) -> str | None:
        """A new session, or ``None`` when name and password do not fit an enabled user.

        Raises ``TooManyLogins`` and what the store raises.
        """
        user = await self._store.user(name)
        enabled = user is not None and not user.disabled
        if not await self._passwords.fits(user.password if user else None, password):
            return None
        if not enabled:
            return None
        text = new_session()
        session = Session(token=hash_token(text), user=name, created_at=now, used_at=now)
        await self._store.put_session(session)
        return text

    async def resolve(self, text: str, now: Instant) -> Login | None:
        """Whose session or token this is, or ``None`` when it is unknown or has ended."""
        if text.startswith(PREFIX):
            return await self.use(PREFIX + hash_token(text), now) if is_whole(text) else None
        return await self.use(hash_token(text), now)

    async def use(self, key: str, now: Instant) -> Login | None:
        """The same for one that is known by its key, see ``key_of``; it counts as used."""
        known = self._remembered.get(key)
        if known is None or not 0 <= now - known.read_at < BELIEVED:
            known = await self._read(key, known, now)
        if known is None or now > known.until or now - known.used_at > known.idle:
            self._remembered.pop(key, None)
            return None
        known.used_at = max(now, known.used_at)
        if known.used_at - known.written_at >= USE_WRITTEN:
            await self._write_use(known)
        return known.login

    async def log_out(self, text: str) -> None:
        """End the session."""
        key = hash_token(text)
        await self._store.delete_session(key)
        # Only now: a use in between would have remembered it again.
        self._remembered.pop(key, None)
        self._ends += 1

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
        self._ends += 1

    def last_used(self, login: Login) -> Instant:
        """When the session was last used, this request included."""
        known = self._remembered.get(key_of(login))
        return login.session.used_at if known is None else known.used_at

    async def _read(self, key: str, known: Remembered | None, now: Instant) -> Remembered | None:
        ends = self._ends
        found = await (self._token(key) if key.startswith(PREFIX) else self._session(key))
        if found is None:
            return None
        found.read_at = now
        if known is not None:
            found.used_at = max(known.used_at, found.used_at)
        if ends != self._ends:
            # The session may have ended since it was read: let in this request, and look again.
            return found
        self._remembered[key] = found
        self._remembered.move_to_end(key)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return found

    async def _session(self, key: str) -> Remembered | None:
        found = await self._store.session(key)
        if found is None or found[1].disabled:
            return None
        session, user = found
        return Remembered(
            Login(session, principal_of(user)),
            read_at=0,
            used_at=session.used_at,
            written_at=session.used_at,
            until=session.created_at + self._limits.absolute,
            idle=self._limits.idle,
        )

    async def _token(self, key: str) -> Remembered | None:
        found = await self._store.token(key.removeprefix(PREFIX))
        if found is None or found[1].disabled or found[0].revoked_at is not None:
            return None
        token, owner = found
        principal = narrowed(principal_of(owner), token)
        if principal is None:
            return None
        used_at = token.created_at if token.used_at is None else token.used_at
        session = Session(
            token=token.digest, user=owner.name, created_at=token.created_at, used_at=used_at
        )
        return Remembered(
            Login(session, principal, token),
            read_at=0,
            used_at=used_at,
            # The first use is written at once: whoever looks should not be told it has none.
            written_at=token.used_at or 0,
            until=NEVER if token.expires_at is None else token.expires_at - 1,
            idle=NEVER,
        )

    async def _write_use(self, known: Remembered) -> None:
        """Write down a use now and then, so that a restart, or whoever looks, knows of it."""
        login = known.login
        known.written_at = known.used_at
        touch = self._store.touch_session if login.token is None else self._store.touch_token
        # A use that cannot be written down now is written with a later one.
        with contextlib.suppress(StoreError):
            await touch(login.session.token, known.used_at)


def new_session() -> str:
    """The text of a new session; it never looks like a token."""
    text = secrets.token_urlsafe(SESSION_BYTES)
    while text.startswith(PREFIX):
        text = secrets.token_urlsafe(SESSION_BYTES)
    return text


def hash_token(text: str) -> str:
    """What is stored of a session or a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def key_of(login: Login) -> str:
    """What the session or the token of a login is known by while the server runs."""
    return login.session.token if login.token is None else PREFIX + login.session.token


def reason_against(text: str) -> Reason:
    """Why nobody is let in with a text that is no live session or token."""
    if not text.startswith(PREFIX):
        return reasons.SESSION_UNKNOWN
    return reasons.TOKEN_UNKNOWN if is_whole(text) else reasons.TOKEN_BROKEN


def principal_of(user: User) -> Principal:
    """The principal a user acts as."""
    return Principal(user.name, Role(user.role), user.extension)


def narrowed(owner: Principal, token: Token) -> Principal | None:
    """The principal a token acts as, or ``None`` when it has nothing in common with its owner."""
    extension = owner.extension if token.extension is None else token.extension
    if owner.extension not in (None, extension):
        return None
    return msgspec.structs.replace(owner, extension=extension, scope=Scope(token.scope))
