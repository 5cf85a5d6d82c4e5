"""Tokens of users."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from milepost.rules.values import Instant
from milepost.store.base import Store, StoreError, Token, TokenAdded, User
from tests.contract.samples import NOON
from tests.contract.stores import Home, scenario

ROOT = User(name="root", role="administrator", password="$argon2id$root")
ACME = User(name="acme", role="extension", password="$argon2id$acme", extension="com.acme")
ADDED, NAME_TAKEN, TOO_MANY = TokenAdded.ADDED, TokenAdded.NAME_TAKEN, TokenAdded.TOO_MANY
MOST = 100


def token(
    number: int, owner: str = "root", at: Instant = NOON, until: Instant | None = None
) -> Token:
    return Token(
        id=f"t{number}",
        digest=f"{number:064x}",
        name=f"name {number}",
        owner=owner,
        scope="full",
        created_at=at,
        expires_at=until,
    )


def after(one: Token, **fields: object) -> Token:
    return msgspec.structs.replace(one, **fields)


async def put_users(store: Store) -> None:
    for user in (ROOT, ACME):
        await store.put_user(user)


async def kept(store: Store, owner: str | None = None) -> list[str]:
    """The ids of the tokens of a user, or of all, read in small pages."""
    page = await store.tokens(owner, 2)
    found = list(page.tokens)
    while page.next is not None:
        page = await store.tokens(owner, 2, page.next)
        found += page.tokens
    return [one.id for one in found]


@scenario
async def test_tokens_are_kept_as_they_are_given(home: Home) -> None:
    full = after(
        token(2, "acme", NOON - 5, NOON + 5),
        name="ночной 🚚 o'neill",
        scope="watch",
        extension="com.acme",
        used_at=NOON,
        revoked_at=NOON + 1,
    )
    async with home.store() as store:
        await put_users(store)
        for one in (token(1), full):
            assert await store.add_token(one, MOST) is ADDED
    async with home.store() as store:
        assert await store.token(token(1).digest) == (token(1), ROOT)
        assert await store.token(full.digest) == (full, ACME)
        assert await store.token_by_id("t1") == token(1)
        assert await store.token_by_id("t2") == full
        assert (await store.tokens(None, 10)).tokens == (token(1), full)
        for unknown in ("", "t1", token(3).digest, token(1).digest + "0"):
            assert await store.token(unknown) is None
        for unknown in ("", "T1", "t%", token(1).digest):
            assert await store.token_by_id(unknown) is None


@scenario
async def test_a_token_shows_its_owner_as_he_is_now(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        await store.add_token(token(1), MOST)
        off = after_user(ROOT, disabled=True, role="viewer")
        await store.put_user(off, end_sessions=True)
        assert await store.token(token(1).digest) == (token(1), off)


def after_user(user: User, **fields: object) -> User:
    return msgspec.structs.replace(user, **fields)


@scenario
async def test_a_token_needs_a_known_owner_and_an_id_and_a_text_of_its_own(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        assert await store.add_token(token(1), MOST) is ADDED
        for wrong in (
            token(2, "nobody"),
            after(token(2, "acme"), id="t1"),
            after(token(2, "acme"), digest=token(1).digest),
            after(token(2), scope="everything"),
        ):
            with pytest.raises(StoreError):
                await store.add_token(wrong, MOST)
        assert await kept(store) == ["t1"]


@scenario
async def test_a_name_is_free_when_the_token_of_it_has_ended(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        first = after(token(1, until=NOON + 10), name="nightly")
        assert await store.add_token(first, MOST) is ADDED
        again = after(token(2, at=NOON + 9), name="nightly")
        assert await store.add_token(again, MOST) is NAME_TAKEN
        assert await store.add_token(after(again, owner="acme"), MOST) is ADDED
        later = after(token(3, at=NOON + 10), name="nightly")
        assert await store.add_token(later, MOST) is ADDED
        assert await store.revoke_token("t3", NOON + 11) is not None
        assert await store.add_token(after(token(4, at=NOON + 11), name="nightly"), MOST) is ADDED
        assert await kept(store) == ["t1", "t2", "t3", "t4"]


@scenario
async def test_a_user_has_only_so_many_live_ones(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        answers = await asyncio.gather(*(store.add_token(token(one), 3) for one in range(5)))
        assert sorted(answers, key=str) == sorted([ADDED] * 3 + [TOO_MANY] * 2, key=str)
        assert await store.add_token(token(9, "acme"), 3) is ADDED
        first, *_ = await kept(store, "root")
        await store.revoke_token(first, NOON)
        assert await store.add_token(token(6), 3) is ADDED
        assert await store.add_token(token(7), 3) is TOO_MANY


@scenario
async def test_of_those_that_ended_only_the_newest_stay(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        await store.add_token(token(0, "acme", until=NOON + 1), 2)
        for number in range(1, 9):
            at = NOON + 10 * number
            one = token(number, at=at, until=at + 5 if number % 2 else None)
            assert await store.add_token(one, 2) is ADDED
            await store.revoke_token(one.id, at + 1)
        # The last one had ended when it was there already.
        assert await kept(store, "root") == ["t6", "t7", "t8"]
        assert await kept(store, "acme") == ["t0"]


@scenario
async def test_pages_of_tokens(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        assert await kept(store) == []
        for number in range(7):
            await store.add_token(token(number, "acme" if number % 3 else "root"), MOST)
        assert await kept(store) == [f"t{number}" for number in range(7)]
        assert await kept(store, "root") == ["t0", "t3", "t6"]
        assert await kept(store, "acme") == ["t1", "t2", "t4", "t5"]
        assert await kept(store, "nobody") == []
        page = await store.tokens("acme", 4)
        assert (len(page.tokens), page.next) == (4, None)


@scenario
async def test_a_use_is_noted_and_never_goes_back(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        await store.add_token(token(1), MOST)
        await store.add_token(token(2), MOST)
        for at, noted in ((NOON + 9, NOON + 9), (NOON + 3, NOON + 9), (NOON + 10, NOON + 10)):
            await store.touch_token(token(1).digest, at)
            assert await store.token_by_id("t1") == after(token(1), used_at=noted)
        await store.touch_token(token(9).digest, NOON)
        assert await store.token_by_id("t2") == token(2)


@scenario
async def test_what_is_revoked_stays_so_and_says_since_when(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        await store.add_token(token(1), MOST)
        await store.add_token(token(2), MOST)
        revoked = after(token(1), revoked_at=NOON + 5)
        for at in (NOON + 5, NOON + 9):
            assert await store.revoke_token("t1", at) == revoked
        assert await store.revoke_token("t9", NOON) is None
        await store.touch_token(token(1).digest, NOON + 6)
        found = await store.token(token(1).digest)
        assert found == (after(revoked, used_at=NOON + 6), ROOT)
        assert await store.token_by_id("t2") == token(2)


@scenario
async def test_the_tokens_of_a_replaced_user_are_revoked_when_asked(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        for one in (token(1), token(2), token(3, "acme")):
            await store.add_token(one, MOST)
        await store.revoke_token("t2", NOON + 1)
        await store.put_user(ROOT, end_sessions=True)
        assert await store.token_by_id("t1") == token(1)
        with pytest.raises(StoreError):
            await store.put_user(after_user(ROOT, role="king"), revoke_tokens=NOON + 5)
        assert await store.token_by_id("t1") == token(1)
        await store.put_user(ROOT, revoke_tokens=NOON + 5)
        ended = [(await store.tokens(None, 10)).tokens[number].revoked_at for number in range(3)]
        assert ended == [NOON + 5, NOON + 1, None]


@scenario
async def test_those_that_ended_long_ago_are_forgotten(home: Home) -> None:
    async with home.store() as store:
        await put_users(store)
        for number, (until, revoked) in enumerate(
            [(None, None), (None, 5), (None, 4), (5, None), (4, None), (9, 4), (9, 5), (4, 9)]
        ):
            one = token(number, at=NOON, until=None if until is None else NOON + until)
            await store.add_token(one, MOST)
            if revoked is not None:
                await store.revoke_token(one.id, NOON + revoked)
        await store.forget_tokens(NOON + 5)
        assert await kept(store) == ["t0", "t1", "t3", "t6"]
