"""Registered extensions."""

from __future__ import annotations

import asyncio

import pytest

from milepost.rules import reasons
from milepost.rules.extensions import (
    CatalogueFile,
    Extension,
    ExtensionOutcome,
    Operation,
    Registration,
    Retention,
)
from milepost.rules.reasons import Refusal
from milepost.store.base import Store
from tests.contract.stores import Home, scenario

KEY = "com.acme.backup"
SMALL = Extension(key=KEY)
FULL = Extension(
    key=KEY,
    name="Acme \u2028 🚚 o'neill",
    operations=(
        Operation(id="a", label="A", description="x", lease_seconds=1, cancelable=False),
        Operation(id="b", weight=0.1, cancel_pending=True, cancelable=True),
    ),
    operations_closed=True,
    default_locale="zh-Hant-TW",
    catalogues=(
        CatalogueFile(
            locale="de", text="a = {n}\r\n\t\\u0041", format="printf", file="x.properties"
        ),
        CatalogueFile(locale="ar", text="ب" * 100_000),
    ),
    retention=Retention(age_seconds=0, count=2**53),
    members=("a", "b"),
)


async def put(store: Store, extension: Extension) -> ExtensionOutcome:
    return await store.change_extension(extension.key, lambda _before: extension)


async def drop(store: Store, key: str = KEY) -> ExtensionOutcome:
    return await store.change_extension(key, lambda _before: None)


@scenario
async def test_a_fresh_store_has_none(home: Home) -> None:
    async with home.store() as store:
        assert await store.extension(KEY) is None
        assert await store.extension_versions() == {}
        assert await drop(store) == ExtensionOutcome(None, None)
        assert await store.extension_versions() == {}


@scenario
async def test_an_extension_is_kept_as_it_is_given(home: Home) -> None:
    async with home.store() as store:
        assert await put(store, FULL) == ExtensionOutcome(None, Registration(FULL, 1))
        assert await store.extension(KEY) == Registration(FULL, 1)
        for unknown in ("", "com.acme.Backup", "%", f"{KEY} "):
            assert await store.extension(unknown) is None
    async with home.store() as store:
        assert await store.extension(KEY) == Registration(FULL, 1)


@scenario
async def test_each_change_is_the_next_version_and_no_change_is_none(home: Home) -> None:
    async with home.store() as store:
        await put(store, SMALL)
        same = await put(store, Extension(key=KEY))
        assert same == ExtensionOutcome(Registration(SMALL, 1), Registration(SMALL, 1))
        changed = await put(store, FULL)
        assert changed == ExtensionOutcome(Registration(SMALL, 1), Registration(FULL, 2))
        assert await store.extension_versions() == {KEY: 2}


@scenario
async def test_a_deleted_one_is_gone_and_its_versions_do_not_come_back(home: Home) -> None:
    async with home.store() as store:
        await put(store, SMALL)
        await put(store, FULL)
        assert await drop(store) == ExtensionOutcome(Registration(FULL, 2), None)
        assert await store.extension(KEY) is None
        assert await store.extension_versions() == {}
        assert await drop(store) == ExtensionOutcome(None, None)
    async with home.store() as store:
        again = await put(store, FULL)
        assert again.before is None
        assert again.after is not None
        assert again.after.version > 2


@scenario
async def test_a_refusal_changes_nothing(home: Home) -> None:
    refusal = Refusal(reasons.EXTENSION_UNKNOWN, (KEY,))
    async with home.store() as store:
        none = await store.change_extension(KEY, lambda _before: refusal)
        assert none == ExtensionOutcome(None, None, refusal)
        await put(store, SMALL)
        kept = await store.change_extension(KEY, lambda _before: refusal)
        assert kept == ExtensionOutcome(Registration(SMALL, 1), Registration(SMALL, 1), refusal)
        assert await store.extension_versions() == {KEY: 1}


@scenario
async def test_what_a_decision_raises_comes_back(home: Home) -> None:
    def fail(_before: Registration | None) -> Extension:
        raise LookupError("not here")

    async with home.store() as store:
        with pytest.raises(LookupError, match="not here"):
            await store.change_extension(KEY, fail)
        assert await store.extension_versions() == {}


@scenario
async def test_changes_at_once_are_made_one_after_the_other(home: Home) -> None:
    """Each decision sees what the one before it has made."""

    def more(before: Registration | None) -> Extension:
        members = () if before is None else before.extension.members
        return Extension(key=KEY, members=(*members, str(len(members))))

    async with home.store() as store:
        await asyncio.gather(*(store.change_extension(KEY, more) for _ in range(20)))
        found = await store.extension(KEY)
        assert found is not None
        assert found.version == 20
        assert found.extension.members == tuple(map(str, range(20)))


@scenario
async def test_extensions_are_apart(home: Home) -> None:
    async with home.store() as store:
        await put(store, SMALL)
        await put(store, Extension(key="com.other"))
        await put(store, FULL)
        assert await store.extension_versions() == {KEY: 2, "com.other": 1}
        await drop(store, "com.other")
        assert await store.extension_versions() == {KEY: 2}
