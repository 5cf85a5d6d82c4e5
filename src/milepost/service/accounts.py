"""The order of work for users: who may log in, with which role, and until when."""

from __future__ import annotations

import re

import msgspec

from milepost.access.passwords import hash_password
from milepost.access.principals import Role
from milepost.rules import reasons
from milepost.rules.extensions import is_key
from milepost.rules.reasons import Refusal
from milepost.store.base import Store, User

NAME = re.compile(r"[^\x00-\x20\x7f:/?#]{1,128}")
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024


class Accounts:
    """Adds and changes users. Whatever ends a right also ends the user's sessions.

    Every method answers with the user as it is now or with a refusal, and may raise what the
    store raises. Hashing a password takes some 35 ms: call from where that does no harm.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

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
        user = User(name=name, role=role, extension=extension, password=hash_password(password))
        if not await self._store.add_user(user):
            return Refusal(reasons.USER_EXISTS, (name,))
        return user

    async def users(self) -> list[User]:
        """All users, by name."""
        return await self._store.users()

    async def set_disabled(self, name: str, *, disabled: bool) -> User | Refusal:
        """Disable or enable a user; the last administrator stays."""
        user = await self._store.user(name)
        if user is None:
            return Refusal(reasons.USER_UNKNOWN, (name,))
        if disabled and await self._is_last_administrator(user):
            return Refusal(reasons.LAST_ADMINISTRATOR, (name,))
        user = msgspec.structs.replace(user, disabled=disabled)
        await self._store.put_user(user, end_sessions=disabled)
        return user

    async def set_password(self, name: str, password: str) -> User | Refusal:
        """Give a user another password."""
        refusal = refusal_of_password(password)
        if refusal is not None:
            return refusal
        user = await self._store.user(name)
        if user is None:
            return Refusal(reasons.USER_UNKNOWN, (name,))
        user = msgspec.structs.replace(user, password=hash_password(password))
        await self._store.put_user(user, end_sessions=True)
        return user

    async def _is_last_administrator(self, user: User) -> bool:
        if user.role != Role.ADMINISTRATOR or user.disabled:
            return False
        others = await self._store.users()
        return not any(
            other.role == Role.ADMINISTRATOR and not other.disabled and other.name != user.name
            for other in others
        )


def refusal_of_name(name: str) -> Refusal | None:
    """Names go into Basic logins, URLs and logs, so some characters are kept out."""
    return None if NAME.fullmatch(name) else Refusal(reasons.BAD_USER_NAME, (repr(name),))


def refusal_of_role(role: str, extension: str | None) -> Refusal | None:
    """A role must exist; exactly the principals of extensions have a key."""
    if role not in {known.value for known in Role}:
        return Refusal(reasons.UNKNOWN_ROLE, (role, ", ".join(Role)))
    if (role == Role.EXTENSION) != (extension is not None):
        return Refusal(reasons.EXTENSION_AND_ROLE, (role, extension or "nothing"))
    if extension is not None and not is_key(extension):
        return Refusal(reasons.BAD_EXTENSION_KEY, (extension,))
    return None


def refusal_of_password(password: str) -> Refusal | None:
    """A password is long enough to be worth hashing, and not endless. It is never shown."""
    if SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return None
    args = (str(len(password)), str(SHORTEST_PASSWORD), str(LONGEST_PASSWORD))
    return Refusal(reasons.BAD_PASSWORD, args)
