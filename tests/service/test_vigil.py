"""What is bound to a session ends with it, and is a use of it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from unittest import mock

import msgspec
import pytest

from milepost.access.passwords import PasswordChecker, hash_password
from milepost.access.sessions import Login, SessionLimits, Sessions, hash_token
from milepost.access.tokens import new_token
from milepost.rules.values import Instant
from milepost.service.vigil import AT_ONCE, Vigil
from milepost.store.base import Session, Store, Token, Unavailable, User
from milepost.store.sqlite.store import open_store

NOON = 1_420_113_600_000
SECOND = 1000
LIMITS = SessionLimits(idle=60 * SECOND, absolute=600 * SECOND)
PASSWORD = "a good password"
ANNA = User(name="anna", role="operator", password=hash_password(PASSWORD))
PATIENCE = 20.0


class Bound:
    """Notes whether it was ended."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    def end_with_session(self) -> None:
        self.ended.set()


class House:
    """A vigil over the sessions of a store, with a written clock."""

    def __init__(self, store: Store, passwords: PasswordChecker, folder: Path) -> None:
        self.now: Instant = NOON
        self.folder = folder
        self.store = store
        self.sessions = Sessions(store, passwords, LIMITS)
        self.vigil = Vigil(self.sessions, lambda: self.now, look_seconds=0.001)

    async def login(self) -> tuple[str, Login]:
        token = await self.sessions.log_in("anna", PASSWORD, self.now)
        assert token is not None
        login = await self.sessions.resolve(token, self.now)
        assert login is not None
        return token, login

    async def bound(self) -> tuple[str, Login, Bound]:
        token, login = await self.login()
        one = Bound()
        self.vigil.begin(login, one)
        return token, login, one

    async def lives(self, one: Bound, after: int = 2 * SECOND) -> bool:
        """Whether it lives on after some time and a look."""
        self.now += after
        await self.vigil._look_at_all()
        return not one.ended.is_set()


Test = Callable[[House], Awaitable[None]]


def scenario(test: Test) -> Callable[[Path], None]:
    """A test in a house over a store in a folder."""

    async def played(folder: Path) -> None:
        store, passwords = open_store(folder), PasswordChecker()
        try:
            await store.put_user(ANNA)
            house = House(store, passwords, folder)
            await test(house)
            house.vigil.close()
        finally:
            passwords.close()
            await store.close()

    @functools.wraps(test)
    def run(tmp_path: Path) -> None:
        asyncio.run(played(tmp_path))

    del run.__wrapped__
    return run


@scenario
async def test_it_ends_with_logout_by_itself(house: House) -> None:
    token, _, one = await house.bound()
    _, _, other = await house.bound()
    await house.sessions.log_out(token)
    await asyncio.wait_for(one.ended.wait(), PATIENCE)
    assert await house.lives(other)


@scenario
async def test_it_ends_when_another_process_ends_the_session(house: House) -> None:
    _, login, one = await house.bound()
    assert await house.lives(one)
    beside = open_store(house.folder, exclusive=False)
    await beside.delete_session(login.session.token)
    await beside.close()
    # What was read of it is believed for a second.
    assert await house.lives(one, after=0)
    assert not await house.lives(one, after=SECOND)


@scenario
async def test_it_ends_with_its_user(house: House) -> None:
    _, _, one = await house.bound()
    await house.store.put_user(msgspec.structs.replace(ANNA, disabled=True))
    assert not await house.lives(one)


@pytest.mark.parametrize(
    "changed",
    [{"role": "viewer"}, {"role": "extension", "extension": "com.acme"}],
    ids=["role", "extension"],
)
def test_it_ends_when_its_user_is_somebody_else(tmp_path: Path, changed: dict[str, str]) -> None:
    @scenario
    async def test(house: House) -> None:
        _, _, one = await house.bound()
        await house.store.put_user(msgspec.structs.replace(ANNA, **changed))
        assert not await house.lives(one)

    test(tmp_path)


@scenario
async def test_it_is_a_use_of_its_session_and_ends_at_the_absolute_age(house: House) -> None:
    token, _, one = await house.bound()
    for _ in range(12):
        assert await house.lives(one, after=50 * SECOND)
    assert await house.sessions.resolve(token, house.now) is not None
    assert not await house.lives(one, after=SECOND)


@scenario
async def test_with_a_token_it_ends_when_that_is_revoked_and_not_unused(house: House) -> None:
    text = new_token()
    token = Token(
        id="t", digest=hash_token(text), name="n", owner="anna", scope="watch", created_at=NOON
    )
    await house.store.add_token(token, 1)
    login = await house.sessions.resolve(text, house.now)
    assert login is not None
    one = Bound()
    house.vigil.begin(login, one)
    assert await house.lives(one, after=LIMITS.absolute + SECOND)
    # However little of it is remembered.
    house.sessions._remembered.clear()
    assert await house.lives(one)
    await house.store.revoke_token("t", house.now)
    assert not await house.lives(one)


@scenario
async def test_a_session_nobody_is_bound_to_any_more_ends_unused(house: House) -> None:
    token, login, one = await house.bound()
    house.vigil.end(login, one)
    house.vigil.end(login, one)
    assert await house.lives(one, after=61 * SECOND)
    assert await house.sessions.resolve(token, house.now) is None


@scenario
async def test_a_store_that_fails_ends_nothing(house: House) -> None:
    async def fails(_token: str) -> tuple[Session, User] | None:
        raise Unavailable("the disk is on fire")

    _, _, one = await house.bound()
    with mock.patch.object(house.store, "session", fails):
        assert await house.lives(one)
    assert await house.lives(one)


@scenario
async def test_many_are_looked_after_in_turns(house: House) -> None:
    """Each has a session of its own; others get their turn in between."""
    many = []
    for number in range(2 * AT_ONCE):
        token = f"{number:064}"
        await house.store.put_session(
            Session(token=token, user="anna", created_at=NOON, used_at=NOON)
        )
        login = await house.sessions.use(token, NOON)
        assert login is not None
        many.append(Bound())
        house.vigil.begin(login, many[-1])
    house.vigil.close()
    await house.store.put_user(ANNA, end_sessions=True)
    house.now += 2 * SECOND
    looking = asyncio.ensure_future(house.vigil._look_at_all())
    await many[0].ended.wait()
    assert not many[-1].ended.is_set()
    await looking
    assert all(one.ended.is_set() for one in many)


@scenario
async def test_it_stops_looking_when_there_is_nothing_and_begins_again(house: House) -> None:
    _, login, one = await house.bound()
    looking = house.vigil._looking
    assert looking is not None
    house.vigil.end(login, one)
    await asyncio.wait_for(looking, PATIENCE)
    assert house.vigil._looking is None
    token, _, again = await house.bound()
    await house.sessions.log_out(token)
    await asyncio.wait_for(again.ended.wait(), PATIENCE)
