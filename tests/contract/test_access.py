"""Users and sessions."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from milepost.rules.values import Instant
from milepost.store.base import Session, Store, StoreError, User
from tests.contract.samples import INT64_MAX, NOON
from tests.contract.stores import Home, scenario

ROOT = User(name="root", role="administrator", password="$argon2id$root")
ACME = User(name="acme", role="extension", password="$argon2id$acme", extension="com.acme")
OTHERS = [
    User(name="oper", role="operator", password=""),
    User(name="ведомый 🚚 o'neill", role="viewer", password="p", disabled=True),
]


def token(number: int) -> str:
    return f"{number:064x}"


def login(number: int, user: str = "root", at: Instant = NOON, used: Instant = NOON) -> Session:
    return Session(token=token(number), user=user, created_at=at, used_at=used)


async def live(store: Store, *numbers: int) -> list[int]:
    """Which of these sessions there are."""
    return [number for number in numbers if await store.session(token(number)) is not None]


@scenario
async def test_users_are_kept_as_they_are_given(home: Home) -> None:
    async with home.store() as store:
        for user in (ROOT, ACME, *OTHERS):
            await store.put_user(user)

        for user in (ROOT, ACME, *OTHERS):
            assert await store.user(user.name) == user
        for unknown in ("", "Root", "ROOT", "root ", "%"):
            assert await store.user(unknown) is None


@scenario
async def test_a_fresh_store_has_no_users(home: Home) -> None:
    async with home.store() as store:
        assert not await store.users()
        assert await store.user("root") is None
        await store.put_user(OTHERS[1])
        assert await store.users()


@scenario
async def test_a_user_is_replaced_whole(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ACME)
        for user in (
            User(name="acme", role="viewer", password="new", disabled=True),
            User(name="acme", role="extension", password="newer", extension="org.acme"),
        ):
            await store.put_user(user)
            assert await store.user("acme") == user


@scenario
async def test_a_session_comes_with_its_user(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_user(ACME)
        await store.put_session(login(1))
        await store.put_session(login(2, "acme", NOON - 5, NOON + 5))
        await store.put_session(login(3, "acme"))

        assert await store.session(token(1)) == (login(1), ROOT)
        assert await store.session(token(2)) == (login(2, "acme", NOON - 5, NOON + 5), ACME)
        assert await store.session(token(4)) is None
        assert await store.session("") is None


@scenario
async def test_a_session_shows_its_user_as_he_is_now(home: Home) -> None:
    """A disabled user is told as such, and his sessions are not lost by the change."""
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_session(login(1))
        off = msgspec.structs.replace(ROOT, disabled=True, password="new")
        await store.put_user(off)

        assert await store.session(token(1)) == (login(1), off)


@scenario
async def test_a_session_needs_a_known_user(home: Home) -> None:
    async with home.store() as store:
        with pytest.raises(StoreError):
            await store.put_session(login(1, "nobody"))

        assert await store.session(token(1)) is None


@scenario
async def test_a_token_is_given_once(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_user(ACME)
        await store.put_session(login(1))
        with pytest.raises(StoreError):
            await store.put_session(login(1, "acme"))

        assert await store.session(token(1)) == (login(1), ROOT)


@scenario
async def test_a_use_is_noted_and_never_goes_back(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_session(login(1))
        await store.put_session(login(2))
        for at, noted in ((NOON + 9, NOON + 9), (NOON + 3, NOON + 9), (NOON + 10, NOON + 10)):
            await store.touch_session(token(1), at)
            assert await store.session(token(1)) == (login(1, used=noted), ROOT)
        assert await store.session(token(2)) == (login(2), ROOT)


@scenario
async def test_what_has_ended_stays_ended(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_session(login(1))
        await store.put_session(login(2))
        await store.delete_session(token(1))
        await store.touch_session(token(1), NOON + 1)
        await store.delete_session(token(1))
        await store.delete_session(token(9))

        assert await live(store, 1, 2, 9) == [2]


@scenario
async def test_the_sweep_ends_what_is_old_or_unused_and_nothing_else(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        ages = [(-2, -2), (-2, 5), (-1, -1), (-1, 5), (0, 0), (0, 1), (1, 5), (5, 0), (5, 5)]
        for number, (created, used) in enumerate(ages):
            await store.put_session(login(number, at=NOON + created, used=NOON + used))

        await store.delete_sessions(created_before=NOON, used_before=NOON + 1)

        expected = [n for n, (created, used) in enumerate(ages) if created >= 0 and used >= 1]
        assert await live(store, *range(len(ages))) == expected == [5, 6, 8]
        await store.delete_sessions(created_before=-INT64_MAX, used_before=-INT64_MAX)
        assert await live(store, *range(len(ages))) == expected
        await store.delete_sessions(created_before=INT64_MAX, used_before=-INT64_MAX)
        assert await live(store, *range(len(ages))) == []


@scenario
async def test_a_touch_after_the_sweep_brings_nothing_back(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_session(login(1))
        await asyncio.gather(
            store.touch_session(token(1), NOON + 9),
            store.delete_sessions(created_before=NOON + 1, used_before=NOON),
            store.touch_session(token(1), NOON + 10),
        )

        assert await live(store, 1) == []


@scenario
async def test_an_unknown_role_is_refused(home: Home) -> None:
    async with home.store() as store:
        with pytest.raises(StoreError):
            await store.put_user(User(name="root", role="king", password="p"))

        assert not await store.users()


@scenario
async def test_what_is_refused_spoils_no_other(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        answers = await asyncio.gather(
            store.put_session(login(1)),
            store.put_session(login(2, "nobody")),
            store.put_session(login(3)),
            return_exceptions=True,
        )

        assert isinstance(answers[1], StoreError)
        assert (answers[0], answers[2]) == (None, None)
        assert await live(store, 1, 2, 3) == [1, 3]


@scenario
async def test_all_users_by_name(home: Home) -> None:
    async with home.store() as store:
        assert await store.users() == []
        known = [ACME, *OTHERS, ROOT]
        for user in reversed(known):
            await store.put_user(user)

        assert await store.users() == sorted(known, key=lambda user: user.name)


@scenario
async def test_a_user_is_added_once(home: Home) -> None:
    async with home.store() as store:
        first = User(name="root", role="viewer", password="first")
        added, added_again = await asyncio.gather(store.add_user(first), store.add_user(ROOT))

        assert (added, added_again) == (True, False)
        assert await store.users() == [first]
        assert await store.add_user(ACME)
        assert await store.users() == [ACME, first]


@scenario
async def test_sessions_end_with_a_replaced_user_when_asked(home: Home) -> None:
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_user(ACME)
        for number, name in ((1, "root"), (2, "root"), (3, "acme")):
            await store.put_session(login(number, name))
        renewed = msgspec.structs.replace(ROOT, password="new")
        await store.put_user(renewed, end_sessions=True)

        assert await store.user("root") == renewed
        assert await live(store, 1, 2, 3) == [3]
        await store.put_user(renewed)
        await store.put_session(login(4))
        assert await live(store, 3, 4) == [3, 4]


@scenario
async def test_a_refused_user_keeps_his_sessions(home: Home) -> None:
    """The user and the end of his sessions are stored together or not at all."""
    async with home.store() as store:
        await store.put_user(ROOT)
        await store.put_session(login(1))
        with pytest.raises(StoreError):
            await store.put_user(msgspec.structs.replace(ROOT, role="king"), end_sessions=True)

        assert await store.session(token(1)) == (login(1), ROOT)
