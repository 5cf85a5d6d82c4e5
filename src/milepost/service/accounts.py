"""The order of work for users: who may log in, with which role, and until when."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import msgspec

from milepost.access.passwords import hash_password
from milepost.access.principals import Role
from milepost.rules import reasons
from milepost.rules.extensions import is_key
from milepost.rules.reasons import Refusal, shortened
from milepost.rules.values import Instant, Value
from milepost.store.base import Store, User

NAME = re.compile(r"[^\x00-\x20\x7f:/?#]{1,128}")
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024


class UserChange(Value, frozen=True, kw_only=True):
    """What is to be changed of a user; what is unset stays."""

    role: str | None = None
    extension: str | None = None
    disabled: bool | None = None
    password: str | None = None


class Accounts:
    """Adds and changes users. Whatever ends a right also ends the user's sessions.

    Every method answers with the user as it is now or with a refusal, and may raise what the
    store raises. Changes through one instance are made one after the other, so that two at once
    lose nothing, and one password is hashed at a time. ``clock`` gives the time in milliseconds.
    """

    def __init__(self, store: Store, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def add(
        self, name: str, role: str, extension: str | None, password: str
    ) -> User | Refusal:
        """Add a user. An extension's principal has the key of its extension."""
        refusal = (
            refusal_of_name(name)
            or refusal_of_role(role, extension)
            or refusal_of_password(password)
        )
        if refusal is not None:
            return refusal
        async with self._one_at_a_time:
            hashed = await asyncio.to_thread(hash_password, password)
        user = User(name=name, role=role, extension=extension, password=hashed)
        if not await self._store.add_user(user):
            return Refusal(reasons.USER_EXISTS, (name,))
        return user

    async def users(self) -> list[User]:
        """All users, by name."""
        return await self._store.users()

    async def user(self, name: str) -> User | Refusal:
        """One user."""
        user = await self._store.user(name)
        return Refusal(reasons.USER_UNKNOWN, (name,)) if user is None else user

    async def set_disabled(self, name: str, *, disabled: bool) -> User | Refusal:
        """Disable or enable a user; the last administrator stays."""
        return await self.change(name, UserChange(disabled=disabled))

    async def set_password(self, name: str, password: str) -> User | Refusal:
        """Give a user another password."""
        return await self.change(name, UserChange(password=password))

    async def change(self, name: str, change: UserChange) -> User | Refusal:
        """Change a user. With another role, an end or another password the sessions end.

        Tokens are not bound to a password, and follow the role; they are revoked with the end.
        """
        async with self._one_at_a_time:
            user = await self._store.user(name)
            if user is None:
                return Refusal(reasons.USER_UNKNOWN, (name,))
            after = changed_user(user, change)
            if isinstance(after, Refusal):
                return after
            if not may_administrate(after) and await self._is_last_administrator(user):
                return Refusal(reasons.LAST_ADMINISTRATOR, (name,))
            if change.password is not None:
                hashed = await asyncio.to_thread(hash_password, change.password)
                after = msgspec.structs.replace(after, password=hashed)
            if after == user:
                return user
            freed = msgspec.structs.replace(user, disabled=False) == after
            revoked = self._clock() if after.disabled else None
            await self._store.put_user(after, end_sessions=not freed, revoke_tokens=revoked)
            return after

    async def _is_last_administrator(self, user: User) -> bool:
        if not may_administrate(user):
            return False
        others = await self._store.users()
        return not any(may_administrate(other) and other.name != user.name for other in others)


def told(user: User) -> dict[str, Any]:
    """What is told of a user: anything but the hash of the password."""
    found = msgspec.structs.asdict(user)
    del found["password"]
    return found


def may_administrate(user: User) -> bool:
    """Whether a user can log in as an administrator."""
    return user.role == Role.ADMINISTRATOR and not user.disabled


def changed_user(user: User, change: UserChange) -> User | Refusal:
    """The user after a change, but for the password. A new role leaves the old key behind."""
    role = user.role if change.role is None else change.role
    extension = change.extension
    if extension is None and change.role in (None, user.role):
        extension = user.extension
    refusal = refusal_of_role(role, extension)
    if refusal is None and change.password is not None:
        refusal = refusal_of_password(change.password)
    if refusal is not None:
        return refusal
    disabled = user.disabled if change.disabled is None else change.disabled
    return msgspec.structs.replace(user, role=role, extension=extension, disabled=disabled)


def refusal_of_name(name: str) -> Refusal | None:
    """Names go into Basic logins, URLs and logs, so some characters are kept out."""
    return None if NAME.fullmatch(name) else Refusal(reasons.BAD_USER_NAME, (repr(name),))


def refusal_of_role(role: str, extension: str | None) -> Refusal | None:
    """A role must exist; exactly the principals of extensions have a key."""
    if role not in {known.value for known in Role}:
        return Refusal(reasons.UNKNOWN_ROLE, (role, ", ".join(Role)))
    if (role == Role.EXTENSION) != (extension is not None):
        return Refusal(reasons.EXTENSION_AND_ROLE, (role, extension or "nothing"))
    return None if extension is None else refusal_of_key(extension)


def refusal_of_key(extension: str) -> Refusal | None:
    """The key of an extension is a dotted name."""
    if is_key(extension):
        return None
    return Refusal(reasons.BAD_EXTENSION_KEY, (shortened(extension),))


def refusal_of_password(password: str) -> Refusal | None:
    """A password is long enough to be worth hashing, and not endless. It is never shown."""
    if SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return None
    args = (str(len(password)), str(SHORTEST_PASSWORD), str(LONGEST_PASSWORD))
    return Refusal(reasons.BAD_PASSWORD, args)
