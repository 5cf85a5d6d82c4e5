"""The registry of extensions, over the real store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from milepost.access.principals import Principal, Role
from milepost.l10n.rendering import reader_of, render
from milepost.rules import reasons
from milepost.rules.extensions import (
    CatalogueFile,
    Expected,
    Extension,
    ExtensionOutcome,
    Operation,
    Registration,
)
from milepost.rules.reasons import Reason, Refusal
from milepost.rules.task import Accepted, CreateTask, Refused, Ruleset
from milepost.rules.values import Message, Status
from milepost.service import extensions as module
from milepost.service.extensions import Extensions
from milepost.service.tasks import TaskService
from milepost.store.base import Store, StoreError, Unavailable, User
from milepost.store.sqlite.store import open_store
from milepost.texts import own_texts

KEY = "com.acme.backup"
ROOT = Principal("root", Role.ADMINISTRATOR)
ACME = Principal("acme-1", Role.EXTENSION, KEY)
OTHERS = [Principal("oscar", Role.OPERATOR), Principal("vera", Role.VIEWER), ACME]
NOON = 1_420_113_600_000
GERMAN = CatalogueFile(locale="de", text="copied = {0} kopiert", file="de.properties")
COPIED = Message("copied", "3 copied", ("3",))
RULES = Ruleset(operations={KEY: frozenset({"old"})})


class House:
    """A registry and a task service over one store, as one server has them."""

    def __init__(self, store: Store, rules: Ruleset = RULES) -> None:
        self.store = store
        self.registry = Extensions(store, rules, own_texts())
        self.tasks = TaskService(
            store,
            rules,
            default_extension="com.milepost.local",
            clock=lambda: NOON,
            new_id=lambda: "t" * 26,
            rules_of=self.registry.rules_of,
            wake=lambda _position: None,
        )

    async def apply(self, expected: Expected | None = None, **members: Any) -> Registration:
        extension = Extension(**{"key": KEY, **members})
        outcome = await self.registry.apply(ROOT, extension, expected)
        assert isinstance(outcome, ExtensionOutcome), outcome
        assert outcome.refusal is None
        assert outcome.after is not None
        return outcome.after

    def said(self, service: str = KEY, language: str = "de") -> str | None:
        rendered = render(COPIED, reader_of(language), self.registry.catalogues_of(service))
        return None if rendered is None else rendered.text


Test = Callable[[House], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs an asynchronous test in a house."""

    async def played(test: Test, rules: Ruleset) -> None:
        store = open_store(tmp_path)
        try:
            await test(House(store, rules))
        finally:
            await store.close()

    def run(test: Test, rules: Ruleset = RULES) -> None:
        asyncio.run(played(test, rules))

    return run


def refused(outcome: object, reason: Reason) -> Refusal:
    refusal = outcome.refusal if isinstance(outcome, ExtensionOutcome) else outcome
    assert isinstance(refusal, Refusal), outcome
    assert refusal.reason is reason
    return refusal


def test_a_change_counts_at_once(play: Play) -> None:
    async def test(house: House) -> None:
        assert house.said() is None
        first = await house.apply(name="Acme", catalogues=(GERMAN,))
        assert (first.version, first.extension.name) == (1, "Acme")
        assert house.said() == "3 kopiert"
        assert house.said("com.other") is None
        assert house.registry.all(ROOT) == [first]
        assert house.registry.get(ROOT, KEY) == first
        second = await house.apply(name="Acme")
        assert second.version == 2
        assert house.said() is None
        await house.registry.delete(ROOT, KEY)
        assert house.registry.all(ROOT) == []
        refused(house.registry.get(ROOT, KEY), reasons.EXTENSION_UNKNOWN)

    play(test)


def test_the_same_again_keeps_the_version(play: Play) -> None:
    async def test(house: House) -> None:
        members: dict[str, Any] = {"catalogues": (GERMAN,), "operations": (Operation(id="a"),)}
        assert (await house.apply(**members)).version == 1
        assert (await house.apply(**members)).version == 1
        # A locale is the same in another spelling, and so is a name that is left out.
        spelled = CatalogueFile(locale="DE", text=GERMAN.text)
        assert (await house.apply(**{**members, "catalogues": (spelled,)})).version == 1

    play(test)


def test_versions_that_are_meant(play: Play) -> None:
    async def test(house: House) -> None:
        extension = Extension(key=KEY, name="A")
        star = Expected(None, "*")
        none_yet = await house.registry.apply(ROOT, extension, star)
        assert refused(none_yet, reasons.EXTENSION_CHANGED).args == ("*", KEY, "0")
        await house.apply()
        other = await house.registry.apply(ROOT, extension, Expected(frozenset({7}), '"7"'))
        assert refused(other, reasons.EXTENSION_CHANGED).args == ('"7"', KEY, "1")
        stale = await house.registry.delete(ROOT, KEY, Expected(frozenset({7}), '"7"'))
        refused(stale, reasons.EXTENSION_CHANGED)
        assert (await house.apply(Expected(frozenset({1}), '"1"'), name="A")).version == 2
        assert (await house.apply(star, name="B")).version == 3
        gone = await house.registry.delete(ROOT, KEY, star)
        assert isinstance(gone, ExtensionOutcome)
        assert gone.after is None
        again = await house.registry.delete(ROOT, KEY)
        refused(again, reasons.EXTENSION_UNKNOWN)

    play(test)


def test_only_administrators(play: Play) -> None:
    async def test(house: House) -> None:
        await house.apply()
        for who in OTHERS:
            for outcome in (
                house.registry.all(who),
                house.registry.get(who, KEY),
                house.registry.get(who, "com.none"),
                await house.registry.apply(who, Extension(key=KEY, name="x")),
                await house.registry.apply(who, Extension(key="?")),
                await house.registry.delete(who, KEY),
                await house.registry.delete(who, "com.none"),
            ):
                said = refused(outcome, reasons.ADMINISTRATORS_ONLY)
                assert said.args == (who.role.value,)
        assert house.registry.get(ROOT, KEY) == Registration(Extension(key=KEY), 1)

    play(test)


def test_every_fault_of_every_catalogue_is_told_and_nothing_changes(play: Play) -> None:
    async def test(house: House) -> None:
        await house.apply(catalogues=(GERMAN,))
        bad = (
            CatalogueFile(locale="de", text="good = x\nfirst = {\n\nsecond = }", file="de.txt"),
            CatalogueFile(locale="fr", text="a = a\n= x\na = \\uZZZZ", format="printf"),
            CatalogueFile(locale="ja", text="good = x"),
        )
        outcome = await house.registry.apply(ROOT, Extension(key=KEY, catalogues=bad))
        refusal = refused(outcome, reasons.BAD_CATALOGUE)
        told = [each.args[:3] for each in (refusal, *refusal.more)]
        assert told == [
            ("de de.txt", "2", "first"),
            ("de de.txt", "4", "second"),
            ("fr fr.properties", "2", "none"),
            ("fr fr.properties", "3", "none"),
        ]
        assert house.said() == "3 kopiert"
        assert await house.store.extension_versions() == {KEY: 1}

    play(test)


def test_faults_are_told_up_to_a_hundred(play: Play) -> None:
    async def test(house: House) -> None:
        text = "\n".join(f"m{number} = {{" for number in range(90))
        bad = tuple(CatalogueFile(locale=locale, text=text) for locale in ("de", "fr"))
        outcome = await house.registry.apply(ROOT, Extension(key=KEY, catalogues=bad))
        assert len(refused(outcome, reasons.BAD_CATALOGUE).messages) == 100

    play(test)


@pytest.mark.parametrize(
    ("members", "reason", "where"),
    [
        ({"key": "a b"}, reasons.BAD_KEY, "a b"),
        ({"default_locale": "x"}, reasons.BAD_LOCALE, "default_locale"),
        ({"default_locale": ""}, reasons.BAD_LOCALE, "default_locale"),
        (
            {"catalogues": (GERMAN, CatalogueFile(locale="german language", text=""))},
            reasons.BAD_LOCALE,
            "catalogues[1].locale",
        ),
        ({"members": ("nobody",)}, reasons.MEMBER_UNKNOWN, "nobody"),
        ({"members": ("vera",)}, reasons.MEMBER_UNKNOWN, "vera"),
        ({"members": ("other",)}, reasons.MEMBER_UNKNOWN, "other"),
        ({"members": ("acme-1", "acme-1")}, reasons.REPEATED, "members[1]"),
    ],
)
def test_what_does_not_fit(play: Play, members: dict[str, Any], reason: Reason, where: str) -> None:
    async def test(house: House) -> None:
        for name, role, key in (
            ("vera", "viewer", None),
            ("acme-1", "extension", KEY),
            ("other", "extension", "com.other"),
        ):
            await house.store.put_user(User(name=name, role=role, password="", extension=key))
        outcome = await house.registry.apply(ROOT, Extension(**{"key": KEY, **members}))
        assert refused(outcome, reason).args[0] == where
        assert await house.store.extension_versions() == {}
        assert (await house.apply(members=("acme-1",))).extension.members == ("acme-1",)

    play(test)


def test_room_is_bounded(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(house: House) -> None:
        monkeypatch.setattr(module, "MOST_EXTENSIONS", 2)
        monkeypatch.setattr(module, "MOST_TEXT", 20)
        await house.apply(catalogues=(CatalogueFile(locale="de", text="a = " + "x" * 10),))
        await house.apply(key="com.b")
        third = await house.registry.apply(ROOT, Extension(key="com.c"))
        assert refused(third, reasons.TOO_MANY_EXTENSIONS).args == ("2",)
        await house.registry.delete(ROOT, "com.b")
        large = Extension(
            key="com.c", catalogues=(CatalogueFile(locale="de", text="a=" + "x" * 5),)
        )
        assert refused(await house.registry.apply(ROOT, large), reasons.TOO_LONG).args[1] == "21"
        # To change what is there needs no more room than what becomes of it.
        await house.apply(catalogues=(CatalogueFile(locale="de", text="a = " + "x" * 16),))

    play(test)


# Changes made elsewhere.


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something; fails when it does not come."""
    for _ in range(2_000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def test_a_change_made_elsewhere_is_seen(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLLOW_SECONDS", 0.01)

    async def seen(house: House, text: str | None) -> None:
        await until(lambda: house.said() == text)

    async def test(house: House) -> None:
        elsewhere = House(house.store)
        await house.registry.start()
        await elsewhere.apply(catalogues=(GERMAN,))
        await seen(house, "3 kopiert")
        other = CatalogueFile(locale="de", text="copied = {0} Stück")
        await elsewhere.apply(catalogues=(other,))
        await seen(house, "3 Stück")
        # Deleted and made anew between two looks.
        await elsewhere.registry.delete(ROOT, KEY)
        await elsewhere.apply(catalogues=(GERMAN,))
        await seen(house, "3 kopiert")
        await elsewhere.registry.delete(ROOT, KEY)
        await seen(house, None)
        house.registry.stop()

    play(test)


def test_all_are_known_at_the_start(play: Play) -> None:
    async def test(house: House) -> None:
        await House(house.store).apply(catalogues=(GERMAN,))
        await house.registry.start()
        assert house.said() == "3 kopiert"
        house.registry.stop()

    play(test)


class Failing:
    """A store that cannot be reached for a while."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.calls = 0
        self.away = False
        self.fault: Exception = Unavailable("away")

    async def extension_versions(self) -> dict[str, int]:
        self.calls += 1
        if self.away:
            raise self.fault
        return await self.store.extension_versions()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.mark.parametrize("fault", [Unavailable("away"), RuntimeError("a fault of the program")])
def test_what_is_known_counts_while_the_store_is_away(
    play: Play, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(module, "FOLLOW_SECONDS", 0.001)

    async def looked(failing: Failing, more: int) -> None:
        wanted = failing.calls + more
        await until(lambda: failing.calls >= wanted)

    async def test(house: House) -> None:
        failing = Failing(house.store)
        failing.fault = fault
        server = House(cast("Store", failing))
        await house.apply(catalogues=(GERMAN,))
        await server.registry.start()
        failing.away = True
        await looked(failing, 3)
        assert server.said() == "3 kopiert"
        await house.registry.delete(ROOT, KEY)
        failing.away = False
        await looked(failing, 3)
        assert server.said() is None
        server.registry.stop()

    play(test)


def test_a_store_that_is_away_at_the_start_is_told(play: Play) -> None:
    async def test(house: House) -> None:
        failing = Failing(house.store)
        failing.away = True
        with pytest.raises(StoreError):
            await House(cast("Store", failing)).registry.start()

    play(test)


def test_a_catalogue_that_is_no_longer_accepted_spoils_no_other(play: Play) -> None:
    """As after a newer ICU: what was stored is no longer what would be taken."""

    async def test(house: House) -> None:
        bad = CatalogueFile(locale="fr", text="copied = {")
        stored = Extension(key=KEY, operations_closed=True, catalogues=(bad, GERMAN))
        await house.store.change_extension(KEY, lambda _before: stored)
        await house.registry.refresh()
        assert house.said() == "3 kopiert"
        assert house.said(language="fr") is None
        assert house.registry.rules_of(KEY).operations_closed

    play(test)


# What its tasks are ruled by.

CREATE = CreateTask(operation="full", cancelable=True)


def test_a_closed_extension_uses_only_its_own_operations(play: Play) -> None:
    async def test(house: House) -> None:
        assert isinstance(await house.tasks.create(ACME, CREATE, ""), Accepted)
        await house.apply(operations_closed=True, operations=(Operation(id="copy"),))
        decision = await house.tasks.create(ACME, CREATE, "")
        assert isinstance(decision, Refused)
        assert decision.refusal.reason is reasons.OPERATION_CLOSED
        # The list of the settings is for those that are not registered.
        old = CreateTask(operation="old", cancelable=True)
        assert isinstance(await house.tasks.create(ACME, old, ""), Refused)

    play(test)


@pytest.mark.parametrize(("operation", "ends"), [("full", True), ("copy", False)])
def test_a_cancel_ends_a_waiting_task_where_it_is_registered_so(
    play: Play, operation: str, *, ends: bool
) -> None:
    async def test(house: House) -> None:
        known = (Operation(id="full", cancel_pending=True), Operation(id="copy"))
        await house.apply(operations=known)
        spec = CreateTask(operation=operation, cancelable=True)
        made = await house.tasks.create(ACME, spec, "")
        assert isinstance(made, Accepted)
        decision = await house.tasks.cancel(ROOT, made.task.id, "")
        assert isinstance(decision, Accepted)
        assert decision.task.status is (Status.FAILED if ends else Status.PENDING)
        assert decision.task.revision == 2

    play(test)


def test_milepost_alone_says_its_own_messages(play: Play) -> None:
    async def test(house: House) -> None:
        message = Refusal(reasons.CANCELED_PENDING).message
        mine = CatalogueFile(locale="de", text="milepost.task.canceled = Unsinn")
        await house.apply(catalogues=(mine,))
        for service in (KEY, "com.other"):
            rendered = render(message, reader_of("de"), house.registry.catalogues_of(service))
            assert rendered is not None
            assert rendered.text.startswith("Die Aufgabe wurde abgebrochen")

    play(test)


@pytest.mark.parametrize(
    ("default", "language", "text"),
    [(None, "en, de", None), ("fr", "en, de", "3 kopiert"), ("fr", "fr, de", None)],
)
def test_the_default_language_ends_the_search(
    play: Play, default: str | None, language: str, text: str | None
) -> None:
    """In it messages come without a catalogue."""

    async def test(house: House) -> None:
        await house.apply(default_locale=default, catalogues=(GERMAN,))
        assert house.said(language=language) == text

    play(test)
