"""The order of work for tokens, over the real store."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from milepost.access.principals import Principal, Role
from milepost.access.sessions import hash_token
from milepost.access.tokens import is_whole
from milepost.rules import reasons
from milepost.rules.reasons import Reason, Refusal
from milepost.service.tokens import (
    ENDED_KEPT_MILLISECONDS,
    LONGEST_LIFE,
    Made,
    NewToken,
    TokenLimits,
    Tokens,
    TokensRead,
    sweep,
    told,
)
from milepost.store.base import Store, Token, User
from milepost.store.sqlite.store import open_store

NOON = 1_420_113_600_000
DAY = 86_400
LONG = "a" * 129
ADA = User(name="ada", role="administrator", password="x")
ACME = User(name="acme", role="extension", extension="com.acme", password="x")
WHO = Principal("ada", Role.ADMINISTRATOR)
FULL = NewToken(name="nightly", scope="full")


class House:
    """Tokens over a store with two users, and a written clock."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON
        self.tokens = self.limited()

    def limited(self, most: int = 100, seconds: int = 10 * DAY) -> Tokens:
        return Tokens(self.store, TokenLimits(most=most, seconds=seconds), lambda: self.now)

    async def make(self, owner: str = "ada", **fields: object) -> Made:
        made = await self.tokens.make(owner, msgspec.structs.replace(FULL, **fields))
        assert isinstance(made, Made), made
        return made


Test = Callable[[House], Awaitable[None]]


def scenario(test: Test) -> Callable[[Path], None]:
    """A test in a house over a store in a folder."""

    async def played(folder: Path) -> None:
        store = open_store(folder)
        try:
            for user in (ADA, ACME):
                await store.put_user(user)
            await test(House(store))
        finally:
            await store.close()

    @functools.wraps(test)
    def run(tmp_path: Path) -> None:
        asyncio.run(played(tmp_path))

    del run.__wrapped__
    return run


def reason_of(done: object) -> Reason:
    assert isinstance(done, Refusal), done
    return done.reason


@scenario
async def test_a_token_is_told_once_and_only_its_hash_is_kept(house: House) -> None:
    token, text = await house.make(scope="read", extension="com.acme", lifetime_seconds=60)
    assert is_whole(text)
    assert token == Token(
        id=token.id,
        digest=hash_token(text),
        name="nightly",
        owner="ada",
        scope="read",
        extension="com.acme",
        created_at=NOON,
        expires_at=NOON + 60_000,
    )
    assert await house.tokens.one(token.id) == token
    assert text not in repr(await house.store.token(token.digest))
    assert "digest" not in told(token)


@scenario
async def test_how_long_it_lasts(house: House) -> None:
    token, _ = await house.make()
    assert token.expires_at == NOON + 10 * DAY * 1000
    token, _ = await house.make(name="b", lifetime_seconds=10 * DAY)
    assert token.expires_at == NOON + 10 * DAY * 1000
    for seconds in (0, -1, 10 * DAY + 1):
        done = await house.tokens.make(
            "ada", NewToken(name="c", scope="full", lifetime_seconds=seconds)
        )
        args = ("lifetime_seconds", str(seconds), "1", str(10 * DAY))
        assert done == Refusal(reasons.OUT_OF_BOUNDS, args)
    house.tokens = house.limited(seconds=0)
    token, _ = await house.make(name="d")
    assert token.expires_at is None
    token, _ = await house.make(name="e", lifetime_seconds=LONGEST_LIFE)
    assert token.expires_at == NOON + LONGEST_LIFE * 1000
    longer = msgspec.structs.replace(FULL, name="f", lifetime_seconds=LONGEST_LIFE + 1)
    assert reason_of(await house.tokens.make("ada", longer)) is reasons.OUT_OF_BOUNDS


@pytest.mark.parametrize(
    ("owner", "fields", "reason"),
    [
        ("nobody", {}, reasons.USER_UNKNOWN),
        *(("ada", {"name": name}, reasons.BAD_TOKEN_NAME) for name in ("", "\n", "\x7f", LONG)),
        *(("ada", {"scope": scope}, reasons.UNKNOWN_SCOPE) for scope in ("", "Full", "admin")),
        *(("ada", {"extension": key}, reasons.BAD_EXTENSION_KEY) for key in ("", "a b", "a" * 256)),
        *(("acme", {"extension": key}, reasons.FOREIGN_EXTENSION) for key in ("", "com.other")),
    ],
)  # fmt: skip
def test_what_is_no_token(
    tmp_path: Path, owner: str, fields: dict[str, str], reason: Reason
) -> None:
    @scenario
    async def test(house: House) -> None:
        done = await house.tokens.make(owner, msgspec.structs.replace(FULL, **fields))
        assert reason_of(done) is reason
        assert await house.tokens.all(None) == []

    test(tmp_path)


@scenario
async def test_a_name_and_a_place_are_free_again(house: House) -> None:
    house.tokens = house.limited(most=2)
    first, _ = await house.make()
    again = await house.tokens.make("ada", FULL)
    assert again == Refusal(reasons.TOKEN_EXISTS, ("ada", "nightly"))
    await house.make("acme", extension="com.acme")
    await house.make(name="second")
    third = msgspec.structs.replace(FULL, name="third")
    assert await house.tokens.make("ada", third) == Refusal(reasons.TOO_MANY_TOKENS, ("ada", "2"))
    await house.tokens.revoke(first.id)
    await house.make()


@scenario
async def test_revoking(house: House) -> None:
    token, _ = await house.make()
    house.now += 5
    revoked = msgspec.structs.replace(token, revoked_at=NOON + 5)
    assert await house.tokens.revoke(token.id) == revoked
    house.now += 5
    assert await house.tokens.revoke(token.id) == revoked
    assert await house.tokens.one(token.id) == revoked
    for done in (await house.tokens.revoke("x"), await house.tokens.one("x")):
        assert done == Refusal(reasons.NO_SUCH_TOKEN, ("x",))


@scenario
async def test_pages_are_bound_to_the_question(house: House) -> None:
    for number in range(5):
        await house.make(name=str(number))
    read = await house.tokens.page(WHO, "ada", 2, None)
    assert isinstance(read, TokensRead)
    names = [token.name for token in read.tokens]
    mark = read.following
    while read.following is not None:
        following = await house.tokens.page(WHO, "ada", 2, read.following)
        assert isinstance(following, TokensRead)
        read = following
        names += [token.name for token in read.tokens]
    assert names == list("01234")
    everyone = await house.tokens.page(WHO, None, 10, None)
    assert isinstance(everyone, TokensRead)
    assert (len(everyone.tokens), everyone.following) == (5, None)
    for owner, token in (("acme", mark), (None, mark), ("ada", "x")):
        done = await house.tokens.page(WHO, owner, 2, token)
        assert reason_of(done) is reasons.BAD_PAGE_TOKEN


@scenario
async def test_all_are_read_however_many(house: House) -> None:
    assert reason_of(await house.tokens.all("nobody")) is reasons.USER_UNKNOWN
    house.tokens = house.limited(most=2000)
    many = [house.make(name=str(number)) for number in range(1001)]
    await asyncio.gather(*many)
    await house.make("acme")
    for owner, count in ((None, 1002), ("ada", 1001), ("acme", 1)):
        found = await house.tokens.all(owner)
        assert isinstance(found, list)
        assert len({token.id for token in found}) == len(found) == count


@scenario
async def test_those_that_ended_are_swept_after_a_while(house: House) -> None:
    token, _ = await house.make()
    await house.tokens.revoke(token.id)
    await sweep(house.store, NOON + ENDED_KEPT_MILLISECONDS)
    assert await house.tokens.all(None) != []
    await sweep(house.store, NOON + ENDED_KEPT_MILLISECONDS + 1)
    assert await house.tokens.all(None) == []
