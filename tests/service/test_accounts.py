"""The order of work for users and for logins, over the real store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from milepost.access.passwords import PasswordChecker, password_fits
from milepost.access.sessions import SessionLimits, Sessions, hash_token
from milepost.access.throttle import USER_AT_SOURCE, Throttle
from milepost.rules import reasons
from milepost.rules.reasons import Reason, Refusal
from milepost.service.accounts import Accounts, UserChange
from milepost.service.logins import LoginService, Wait
from milepost.store.base import Store, Token, User
from milepost.store.sqlite.store import open_store

NOON = 1_420_113_600_000
PASSWORD = "sesame seed"
KEY = "com.acme.backup"


class House:
    """Accounts and logins over one store."""

    def __init__(self, store: Store, passwords: PasswordChecker) -> None:
        self.store = store
        self.now = NOON
        self.accounts = Accounts(store, lambda: NOON)
        sessions = Sessions(store, passwords, SessionLimits())
        self.logins = LoginService(sessions, Throttle(), lambda: self.now)

    async def add(self, name: str, role: str = "viewer", extension: str | None = None) -> User:
        return user_of(await self.accounts.add(name, role, extension, PASSWORD))

    async def token(self, name: str) -> str:
        token = await self.logins.log_in(name, PASSWORD, "here")
        assert isinstance(token, str)
        return token

    async def lives(self, token: str) -> bool:
        return await self.store.session(hash_token(token)) is not None


Test = Callable[[House], Awaitable[None]]
Play = Callable[[Test], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs an asynchronous test in a house."""

    async def played(test: Test) -> None:
        store, passwords = open_store(tmp_path), PasswordChecker()
        try:
            await test(House(store, passwords))
        finally:
            passwords.close()
            await store.close()

    return lambda test: asyncio.run(played(test))


def user_of(done: User | Refusal) -> User:
    assert isinstance(done, User), done
    return done


def reason_of(done: object) -> Reason:
    assert isinstance(done, Refusal), done
    assert PASSWORD not in done.message.default_message
    return done.reason


def test_users_are_added_and_shown_by_name(play: Play) -> None:
    async def test(house: House) -> None:
        await house.add("zoe", "operator")
        acme = await house.add("acme", "extension", KEY)
        assert (acme.role, acme.extension, acme.disabled) == ("extension", KEY, False)
        assert password_fits(acme.password, PASSWORD)
        assert [user.name for user in await house.accounts.users()] == ["acme", "zoe"]
        again = await house.accounts.add("zoe", "viewer", None, PASSWORD)
        assert reason_of(again) is reasons.USER_EXISTS
        assert [user.role for user in await house.accounts.users()] == ["extension", "operator"]

    play(test)


@pytest.mark.parametrize(
    ("name", "role", "extension", "password", "reason"),
    [
        *(
            (name, "viewer", None, PASSWORD, reasons.BAD_USER_NAME)
            for name in ("", "a b", "a:b", "a/b", "a\n", "a\x7f", "a" * 129)
        ),
        ("ada", "root", None, PASSWORD, reasons.UNKNOWN_ROLE),
        ("ada", "", None, PASSWORD, reasons.UNKNOWN_ROLE),
        ("ada", "extension", None, PASSWORD, reasons.EXTENSION_AND_ROLE),
        ("ada", "viewer", KEY, PASSWORD, reasons.EXTENSION_AND_ROLE),
        *(
            ("ada", "extension", key, PASSWORD, reasons.BAD_EXTENSION_KEY)
            for key in ("", "a b", ".a", "a.", "a..b", "ä", "a" * 256)
        ),
        ("ada", "viewer", None, "1234567", reasons.BAD_PASSWORD),
        ("ada", "viewer", None, "a" * 1025, reasons.BAD_PASSWORD),
    ],
)
def test_what_is_no_user(
    play: Play, name: str, *, role: str, extension: str | None, password: str, reason: Reason
) -> None:
    async def test(house: House) -> None:
        done = await house.accounts.add(name, role, extension, password)
        assert reason_of(done) is reason
        assert await house.accounts.users() == []

    play(test)


def test_disabling_ends_the_sessions_and_enabling_does_not_revive_them(play: Play) -> None:
    async def test(house: House) -> None:
        await house.add("ada")
        await house.add("bob")
        ada, bob = await house.token("ada"), await house.token("bob")
        assert user_of(await house.accounts.set_disabled("ada", disabled=True)).disabled
        assert not await house.lives(ada)
        assert await house.lives(bob)
        login = await house.logins.log_in("ada", PASSWORD, "here")
        assert login == Refusal(reasons.LOGIN_FAILED)
        assert not user_of(await house.accounts.set_disabled("ada", disabled=False)).disabled
        assert not await house.lives(ada)
        assert await house.token("ada")

    play(test)


def test_tokens_end_with_their_owner_for_good_and_with_nothing_else(play: Play) -> None:
    def token(name: str) -> Token:
        digest = hash_token(name)
        return Token(id=name, digest=digest, name="n", owner=name, scope="full", created_at=0)

    async def revoked(house: House, name: str) -> int | None:
        found = await house.store.token_by_id(name)
        assert found is not None
        return found.revoked_at

    async def test(house: House) -> None:
        for name in ("ada", "bob"):
            await house.add(name)
            await house.store.add_token(token(name), 100)
        user_of(await house.accounts.set_password("ada", "another one"))
        user_of(await house.accounts.change("ada", UserChange(role="operator")))
        user_of(await house.accounts.set_disabled("ada", disabled=False))
        assert await revoked(house, "ada") is None
        for disabled in (True, False):
            user_of(await house.accounts.set_disabled("ada", disabled=disabled))
            assert await revoked(house, "ada") == NOON
        assert await revoked(house, "bob") is None

    play(test)


def test_another_password_ends_the_sessions(play: Play) -> None:
    async def test(house: House) -> None:
        await house.add("ada")
        token = await house.token("ada")
        refusal = await house.accounts.set_password("ada", "short")
        assert reason_of(refusal) is reasons.BAD_PASSWORD
        assert await house.lives(token)
        user_of(await house.accounts.set_password("ada", "another one"))
        assert not await house.lives(token)
        assert await house.logins.log_in("ada", PASSWORD, "") == Refusal(reasons.LOGIN_FAILED)
        assert isinstance(await house.logins.log_in("ada", "another one", ""), str)

    play(test)


def test_the_last_administrator_stays(play: Play) -> None:
    async def test(house: House) -> None:
        for name in ("ada", "bob"):
            await house.add(name, "administrator")
        await house.add("vera")
        user_of(await house.accounts.set_disabled("ada", disabled=True))
        last = await house.accounts.set_disabled("bob", disabled=True)
        assert reason_of(last) is reasons.LAST_ADMINISTRATOR
        assert user_of(await house.accounts.set_disabled("ada", disabled=True)).disabled
        assert user_of(await house.accounts.set_disabled("vera", disabled=True)).disabled
        assert await house.token("bob")

    play(test)


def test_who_is_not_there(play: Play) -> None:
    async def test(house: House) -> None:
        disabled = await house.accounts.set_disabled("nobody", disabled=True)
        password = await house.accounts.set_password("nobody", PASSWORD)
        assert reason_of(disabled) is reason_of(password) is reasons.USER_UNKNOWN

    play(test)


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_failed_logins_are_limited_and_the_limit_looks_the_same_for_all(
    play: Play, name: str
) -> None:
    async def test(house: House) -> None:
        await house.add("ada")
        for _ in range(USER_AT_SOURCE.tries):
            done = await house.logins.log_in(name, "a wrong password", "here")
            assert done == Refusal(reasons.LOGIN_FAILED)
        done = await house.logins.log_in(name, PASSWORD, "here")
        assert isinstance(done, Wait)
        assert done.refusal == Refusal(reasons.LOGINS_LIMITED, (str(done.seconds),))
        assert 1 <= done.seconds <= USER_AT_SOURCE.refill / 1000
        house.now += done.seconds * 1000
        after = await house.logins.log_in(name, PASSWORD, "here")
        assert isinstance(after, str) == (name == "ada")

    play(test)
