"""Sessions with a written clock, over the real store."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from milepost.access import sessions as module
from milepost.access.passwords import PasswordChecker, hash_password
from milepost.access.principals import Principal, Role, Scope
from milepost.access.sessions import (
    SessionLimits,
    Sessions,
    hash_token,
    key_of,
    reason_against,
)
from milepost.access.tokens import new_token
from milepost.rules import reasons
from milepost.store.base import Session, Store, Token, Unavailable, User
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


@pytest.mark.parametrize("all_of_them", [False, True])
def test_a_use_under_way_does_not_outlive_the_end(
    play: Play, monkeypatch: pytest.MonkeyPatch, *, all_of_them: bool
) -> None:
    """A session that was read before its end and is known only after it ends all the same."""

    async def test(house: House) -> None:
        token = await house.token()
        read, ended = asyncio.Event(), asyncio.Event()
        inner = house.store.session

        async def slow(key: str) -> tuple[Session, User] | None:
            found = await inner(key)
            read.set()
            await ended.wait()
            return found

        monkeypatch.setattr(house.store, "session", slow)
        use = asyncio.create_task(house.lives(token, NOON))
        await read.wait()
        await (house.sessions.end_all() if all_of_them else house.sessions.log_out(token))
        ended.set()
        assert await use
        assert not await house.lives(token, NOON)

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


# Tokens.


async def given(house: House, **fields: object) -> str:
    """The text of a new token of ada."""
    text = new_token()
    plain = Token(
        id="t", digest=hash_token(text), name="n", owner="ada", scope="full", created_at=NOON
    )
    await house.store.add_token(msgspec.structs.replace(plain, **fields), 100)
    return text


def test_a_token_is_its_owner_as_far_as_it_reaches(play: Play) -> None:
    async def test(house: House) -> None:
        text = await given(house, scope="read", extension="com.acme")
        login = await house.sessions.resolve(text, NOON + 10)
        assert login is not None
        assert login.principal == msgspec.structs.replace(PRINCIPAL, scope=Scope.READ)
        assert login.unknown is reasons.TOKEN_UNKNOWN
        # It is shown a session that began when it was made.
        assert (login.session.user, login.session.created_at) == ("ada", NOON)
        assert house.sessions.last_used(login) == NOON + 10
        assert key_of(login) != hash_token(text)
        # Neither the hash nor its key lets anybody in.
        for wrong in (hash_token(text), key_of(login), text + "x", text[:-1]):
            assert await house.sessions.resolve(wrong, NOON + 10) is None

    play(test)


def test_a_token_has_neither_an_idle_nor_an_absolute_end_but_its_own(play: Play) -> None:
    async def test(house: House) -> None:
        years = 50 * 366 * 24 * 60 * MINUTE
        endless = await given(house)
        short = await given(house, id="s", name="s", expires_at=NOON + MINUTE)
        for sessions in (house.sessions, house.restarted()):
            assert await sessions.resolve(endless, NOON + years) is not None
            assert await sessions.resolve(short, NOON + MINUTE - 1) is not None
            assert await sessions.resolve(short, NOON + MINUTE) is None
            assert await sessions.resolve(short, NOON + MINUTE) is None

    play(test)


def test_a_revoked_token_counts_for_a_second_at_most(play: Play) -> None:
    async def test(house: House) -> None:
        text = await given(house)
        assert await house.lives(text, NOON)
        await house.store.revoke_token("t", NOON)
        assert await house.lives(text, NOON + SECOND - 1)
        assert not await house.lives(text, NOON + SECOND)
        assert not await house.restarted().resolve(text, NOON)

    play(test)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"disabled": True}, None),
        ({"role": "viewer", "extension": None}, Principal("ada", Role.VIEWER)),
        ({"extension": "com.other"}, Principal("ada", Role.EXTENSION, "com.other")),
    ],
)
def test_a_token_follows_its_owner(
    play: Play, change: dict[str, object], expected: Principal | None
) -> None:
    async def test(house: House) -> None:
        text = await given(house)
        assert await house.lives(text, NOON)
        await house.change(**change)
        login = await house.sessions.resolve(text, NOON + SECOND)
        assert (None if login is None else login.principal) == expected

    play(test)


def test_a_token_for_an_extension_is_none_for_the_owner_of_another(play: Play) -> None:
    async def test(house: House) -> None:
        text = await given(house, extension="com.acme")
        await house.change(role="operator", extension=None)
        login = await house.sessions.resolve(text, NOON)
        assert login is not None
        assert login.principal == Principal("ada", Role.OPERATOR, "com.acme")
        await house.change(extension="com.other")
        assert not await house.lives(text, NOON + SECOND)

    play(test)


def test_a_broken_token_costs_no_look_at_the_store(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(house: House) -> None:
        looked: list[str] = []

        async def look(digest: str) -> None:
            looked.append(digest)

        monkeypatch.setattr(house.store, "session", look)
        monkeypatch.setattr(house.store, "token", look)
        text = new_token()
        other = "0" if text[-1] != "0" else "1"
        for wrong in ("mpt_", text[:-1], text[:-1] + other, text + " ", "mpt_" + "é" * 36):
            assert await house.sessions.resolve(wrong, NOON) is None
            assert reason_against(wrong) is reasons.TOKEN_BROKEN
        assert looked == []
        # One that nobody has made costs one, as a wrong session does.
        assert await house.sessions.resolve(text, NOON) is None
        assert reason_against(text) is reasons.TOKEN_UNKNOWN
        assert await house.sessions.resolve("A" * 43, NOON) is None
        assert reason_against("A" * 43) is reasons.SESSION_UNKNOWN
        assert looked == [hash_token(text), hash_token("A" * 43)]

    play(test)


def test_the_first_use_of_a_token_is_written_down_and_then_one_a_minute(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(house: House) -> None:
        text = await given(house)
        written: list[int] = []
        touch = house.store.touch_token

        async def note(digest: str, used_at: int) -> None:
            written.append(used_at - NOON)
            await touch(digest, used_at)

        monkeypatch.setattr(house.store, "touch_token", note)
        for step in range(121):
            assert await house.lives(text, NOON + step * SECOND)
        assert written == [0, MINUTE, 2 * MINUTE]
        found = await house.store.token_by_id("t")
        assert found is not None
        assert found.used_at == NOON + 2 * MINUTE

    play(test)


def test_a_new_session_never_looks_like_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = iter(["mpt_" + "a" * 39, "mpt_" + "b" * 39, "c" * 43])
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _bytes: next(texts))
    assert module.new_session() == "c" * 43


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
