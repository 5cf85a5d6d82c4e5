"""Sessions with a written clock, over the real store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from milepost.access import sessions as module
from milepost.access.passwords import PasswordChecker, hash_password
from milepost.access.principals import Principal, Role
from milepost.access.sessions import SessionLimits, Sessions, hash_token
from milepost.store.base import Store, Unavailable, User
from milepost.store.sqlite.store import open_store

SECOND, MINUTE = 1_000, 60_000
NOON = 1_420_113_600_000
LIMITS = SessionLimits(idle=30 * MINUTE, absolute=24 * 60 * MINUTE)
ADA = User(name="ada", role="extension", extension="com.acme", password=hash_password("sesame"))
PRINCIPAL = Principal("ada", Role.EXTENSION, "com.acme")


class House:
    """A store with one user, and sessions over it; ``restarted`` are sessions that know nothing."""

    def __init__(self, store: Store, passwords: PasswordChecker) -> None:
        self.store = store
        self.passwords = passwords
        self.sessions = self.restarted()

    def restarted(self) -> Sessions:
        return Sessions(self.store, self.passwords, LIMITS)

    async def token(self, now: int = NOON) -> str:
        token = await self.sessions.log_in("ada", "sesame", now)
        assert isinstance(token, str)
        return token

    async def lives(self, token: str, now: int) -> bool:
        login = await self.sessions.resolve(token, now)
        assert login is None or login.principal.name == "ada"
        return login is not None

    async def change(self, **fields: object) -> None:
        await self.store.put_user(msgspec.structs.replace(ADA, **fields))


Test = Callable[[House], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Test], None]:
    """Runs an asynchronous test in a house."""

    async def played(test: Test) -> None:
        store, passwords = open_store(tmp_path), PasswordChecker()
        try:
            await store.put_user(ADA)
            await test(House(store, passwords))
        finally:
            passwords.close()
            await store.close()

    return lambda test: asyncio.run(played(test))


Play = Callable[[Test], None]


def test_a_login_becomes_a_token_and_a_token_a_principal(play: Play) -> None:
    async def test(house: House) -> None:
        one, two = await house.token(), await house.token(NOON + 5)
        assert one != two
        assert len(one) >= 43
        login = await house.sessions.resolve(two, NOON + 10)
        assert login is not None
        assert login.principal == PRINCIPAL
        assert login.session.token == hash_token(two)
        assert login.session.created_at == NOON + 5
        assert house.sessions.last_used(login) == NOON + 10

    play(test)


@pytest.mark.parametrize(
    ("name", "password", "disabled"),
    [
        ("ada", "Sesame", False),
        ("ada", "", False),
        ("bob", "sesame", False),
        ("ada", "sesame", True),
    ],
)
def test_a_login_that_does_not_fit(play: Play, name: str, password: str, *, disabled: bool) -> None:
    async def test(house: House) -> None:
        await house.change(disabled=disabled)
        assert not isinstance(await house.sessions.log_in(name, password, NOON), str)

    play(test)


def test_the_password_is_checked_whoever_asks(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []

    async def fits(_checker: PasswordChecker, hashed: str | None, _password: str) -> bool:
        checked.append(hashed)
        return False

    async def test(house: House) -> None:
        await house.sessions.log_in("bob", "sesame", NOON)
        await house.sessions.log_in("ada", "sesame", NOON)
        await house.change(disabled=True)
        await house.sessions.log_in("ada", "sesame", NOON)
        assert checked == [None, ADA.password, ADA.password]

    monkeypatch.setattr(PasswordChecker, "fits", fits)
    play(test)


def test_an_unknown_token_is_nobodys(play: Play) -> None:
    async def test(house: House) -> None:
        token = await house.token()
        for wrong in ("", "x", token + "x", token[:-1], hash_token(token), "é"):
            assert not await house.lives(wrong, NOON)

    play(test)


def test_an_unused_session_ends(play: Play) -> None:
    async def test(house: House) -> None:
        for used in range(3):
            token = await house.token()
            now = NOON
            for _ in range(used):
                now += LIMITS.idle
                assert await house.lives(token, now)
            assert not await house.lives(token, now + LIMITS.idle + 1)
            # It has ended for good, whatever the clock says next.
            assert not await house.restarted().resolve(token, now + LIMITS.idle + 1)

    play(test)


def test_every_session_ends_at_its_absolute_age(play: Play) -> None:
    async def test(house: House) -> None:
        token, now = await house.token(), NOON
        while now + LIMITS.idle < NOON + LIMITS.absolute:
            now += LIMITS.idle
            assert await house.lives(token, now)
        assert await house.lives(token, NOON + LIMITS.absolute)
        assert not await house.lives(token, NOON + LIMITS.absolute + 1)

    play(test)


def test_a_clock_that_jumps_back_ends_nothing_and_renews_nothing(play: Play) -> None:
    async def test(house: House) -> None:
        token = await house.token()
        assert await house.lives(token, NOON + 10 * MINUTE)
        assert await house.lives(token, NOON - 60 * MINUTE)
        assert await house.lives(token, NOON)
        assert not await house.lives(token, NOON + 10 * MINUTE + LIMITS.idle + 1)

    play(test)


def test_a_jump_back_does_not_stretch_what_is_believed(play: Play) -> None:
    async def test(house: House) -> None:
        token = await house.token()
        assert await house.lives(token, NOON + MINUTE)
        await house.change(disabled=True)
        assert not await house.lives(token, NOON)

    play(test)


def test_the_store_is_believed_for_a_second_at_most(play: Play) -> None:
    async def test(house: House) -> None:
        token = await house.token()
        assert await house.lives(token, NOON)
        await house.change(disabled=True)
        await house.sessions.resolve(token, NOON + SECOND - 1)
        assert not await house.lives(token, NOON + SECOND)
        assert not await house.lives(token, NOON + SECOND + 1)

    play(test)


def test_another_role_counts_within_a_second(play: Play) -> None:
    async def test(house: House) -> None:
        token = await house.token()
        await house.change(role="viewer", extension=None)
        login = await house.sessions.resolve(token, NOON + SECOND)
        assert login is not None
        assert login.principal == Principal("ada", Role.VIEWER)

    play(test)


def test_logout_ends_one_session_at_once(play: Play) -> None:
    async def test(house: House) -> None:
        one, two = await house.token(), await house.token()
        assert await house.lives(one, NOON)
        await house.sessions.log_out(one)
        await house.sessions.log_out(one)
        assert not await house.lives(one, NOON)
        assert await house.restarted().resolve(one, NOON) is None
        assert await house.lives(two, NOON)

    play(test)


def test_all_sessions_end_at_once(play: Play) -> None:
    async def test(house: House) -> None:
        tokens = [await house.token() for _ in range(3)]
        assert all([await house.lives(token, NOON) for token in tokens])
        await house.sessions.end_all()
        assert not any([await house.lives(token, NOON) for token in tokens])
        assert await house.lives(await house.token(), NOON)

    play(test)


def test_a_use_is_written_down_now_and_then(play: Play) -> None:
    async def test(house: House) -> None:
        token = await house.token()
        for step in range(1, 121):
            assert await house.lives(token, NOON + step * SECOND)
        found = await house.store.session(hash_token(token))
        assert found is not None
        assert NOON + MINUTE <= found[0].used_at <= NOON + 2 * MINUTE
        after = NOON + 2 * MINUTE + LIMITS.idle - MINUTE
        assert await house.restarted().resolve(token, after) is not None

    play(test)


def test_a_use_that_cannot_be_written_is_no_fault(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("disk full")

    async def test(house: House) -> None:
        token = await house.token()
        monkeypatch.setattr(house.store, "touch_session", away)
        for minutes in (2, 29, 31, 60):
            assert await house.lives(token, NOON + minutes * MINUTE)

    play(test)


def test_the_sweep_forgets_what_has_ended_and_nothing_else(play: Play) -> None:
    async def test(house: House) -> None:
        old, unused, used = (
            await house.token(NOON - LIMITS.absolute - 1),
            await house.token(NOON - LIMITS.idle - 2 * MINUTE),
            await house.token(NOON - LIMITS.idle),
        )
        await house.sessions.sweep(NOON)
        kept = [await house.store.session(hash_token(token)) for token in (old, unused, used)]
        assert [session is not None for session in kept] == [False, False, True]
        assert await house.lives(used, NOON)

    play(test)


def test_only_so_many_are_remembered(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REMEMBERED", 2)

    async def test(house: House) -> None:
        tokens = [await house.token() for _ in range(4)]
        for _ in range(2):
            for token in tokens:
                assert await house.lives(token, NOON + SECOND)
        assert len(house.sessions._remembered) == 2

    play(test)


def test_only_the_hash_of_a_token_is_stored() -> None:
    assert hash_token("token") != "token"
    assert len(hash_token("token")) == 64
