"""``client.users``, ``client.extensions`` and ``client.tokens``: what is looked after.

An extension is the JSON object that ``/v1/extensions`` describes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol, TypeVar

from milepost.client import calls
from milepost.client.calls import Call
from milepost.client.values import ExtensionSummary, MadeToken, Token, User

T = TypeVar("T")


class Make(Protocol):
    """Makes a call."""

    def __call__(self, call: Call[T], /) -> T: ...


class AsyncMake(Protocol):
    """Makes a call in an event loop."""

    def __call__(self, call: Call[T], /) -> Awaitable[T]: ...


class Users:
    """The users of the service; for administrators."""

    def __init__(self, make: Make) -> None:
        self._make = make

    def list(self) -> tuple[User, ...]:
        """All users, by name."""
        return self._make(calls.users())

    def get(self, name: str) -> User:
        """One user."""
        return self._make(calls.user(name))

    def add(self, name: str, role: str, password: str, extension: str | None = None) -> User:
        """Add a user; one with the role ``extension`` needs the key of its extension."""
        members = {"name": name, "role": role, "password": password, "extension": extension}
        return self._make(calls.add_user(members))

    def change(
        self,
        name: str,
        *,
        role: str | None = None,
        extension: str | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> User:
        """Change what is given of a user."""
        members = {"role": role, "extension": extension, "disabled": disabled}
        return self._make(calls.change_user(name, {**members, "password": password}))


class Extensions:
    """The registered extensions; for administrators."""

    def __init__(self, make: Make) -> None:
        self._make = make

    def list(self) -> tuple[ExtensionSummary, ...]:
        """All extensions, without what is long."""
        return self._make(calls.extensions())

    def get(self, key: str) -> dict[str, Any]:
        """One extension with everything."""
        return self._make(calls.extension(key))

    def apply(
        self, key: str, registration: Mapping[str, Any], *, if_version: int | None = None
    ) -> dict[str, Any]:
        """Register an extension, or change it; with ``if_version`` only that version."""
        return self._make(calls.apply_extension(key, registration, if_version))

    def delete(self, key: str) -> None:
        """Forget an extension; its tasks stay."""
        return self._make(calls.delete_extension(key))


class Tokens:
    """One's own tokens and, for administrators, those of others; not for who comes with a token."""

    def __init__(self, make: Make) -> None:
        self._make = make

    def list(self, user: str | None = None) -> tuple[Token, ...]:
        """The tokens of a user. Without one one's own; for administrators those of all users."""
        page = self._make(calls.tokens(user, None))
        found = page.tokens
        while page.next_page_token is not None:
            page = self._make(calls.tokens(user, page.next_page_token))
            found += page.tokens
        return found

    def create(
        self,
        name: str,
        scope: str,
        *,
        extension: str | None = None,
        lifetime: int | None = None,
        user: str | None = None,
    ) -> MadeToken:
        """Make a token of a scope: ``full``, ``read`` or ``watch``; ``lifetime`` is in seconds.

        Its text is told this once, as ``.token``.
        """
        members = {"name": name, "scope": scope, "extension": extension, "user": user}
        return self._make(calls.make_token({**members, "lifetime_seconds": lifetime}))

    def revoke(self, ident: str) -> None:
        """End a token for good."""
        return self._make(calls.revoke_token(ident))


class AsyncUsers:
    """The users of the service; for administrators."""

    def __init__(self, make: AsyncMake) -> None:
        self._make = make

    async def list(self) -> tuple[User, ...]:
        """All users, by name."""
        return await self._make(calls.users())

    async def get(self, name: str) -> User:
        """One user."""
        return await self._make(calls.user(name))

    async def add(self, name: str, role: str, password: str, extension: str | None = None) -> User:
        """Add a user; one with the role ``extension`` needs the key of its extension."""
        members = {"name": name, "role": role, "password": password, "extension": extension}
        return await self._make(calls.add_user(members))

    async def change(
        self,
        name: str,
        *,
        role: str | None = None,
        extension: str | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> User:
        """Change what is given of a user."""
        members = {"role": role, "extension": extension, "disabled": disabled}
        return await self._make(calls.change_user(name, {**members, "password": password}))


class AsyncExtensions:
    """The registered extensions; for administrators."""

    def __init__(self, make: AsyncMake) -> None:
        self._make = make

    async def list(self) -> tuple[ExtensionSummary, ...]:
        """All extensions, without what is long."""
        return await self._make(calls.extensions())

    async def get(self, key: str) -> dict[str, Any]:
        """One extension with everything."""
        return await self._make(calls.extension(key))

    async def apply(
        self, key: str, registration: Mapping[str, Any], *, if_version: int | None = None
    ) -> dict[str, Any]:
        """Register an extension, or change it; with ``if_version`` only that version."""
        return await self._make(calls.apply_extension(key, registration, if_version))

    async def delete(self, key: str) -> None:
        """Forget an extension; its tasks stay."""
        return await self._make(calls.delete_extension(key))


class AsyncTokens:
    """One's own tokens and, for administrators, those of others; not for who comes with a token."""

    def __init__(self, make: AsyncMake) -> None:
        self._make = make

    async def list(self, user: str | None = None) -> tuple[Token, ...]:
        """The tokens of a user. Without one one's own; for administrators those of all users."""
        page = await self._make(calls.tokens(user, None))
        found = page.tokens
        while page.next_page_token is not None:
            page = await self._make(calls.tokens(user, page.next_page_token))
            found += page.tokens
        return found

    async def create(
        self,
        name: str,
        scope: str,
        *,
        extension: str | None = None,
        lifetime: int | None = None,
        user: str | None = None,
    ) -> MadeToken:
        """Make a token of a scope: ``full``, ``read`` or ``watch``; ``lifetime`` is in seconds.

        Its text is told this once, as ``.token``.
        """
        members = {"name": name, "scope": scope, "extension": extension, "user": user}
        return await self._make(calls.make_token({**members, "lifetime_seconds": lifetime}))

    async def revoke(self, ident: str) -> None:
        """End a token for good."""
        return await self._make(calls.revoke_token(ident))
