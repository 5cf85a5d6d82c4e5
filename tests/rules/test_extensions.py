"""What may be registered of an extension, and what its tasks are ruled by."""

from __future__ import annotations

from typing import Any

import pytest

from milepost.rules import extensions, reasons
from milepost.rules.extensions import (
    CatalogueFile,
    Expected,
    Extension,
    Operation,
    Retention,
    changed_parts,
    fault_of,
    faults_of,
    is_key,
    ruled,
)
from milepost.rules.reasons import Reason
from milepost.rules.task import Ruleset

KEY = "com.acme.backup"
FULL = Operation(id="full", label="Full backup", lease_seconds=60, cancel_pending=True)
COPY = Operation(id="copy", weight=0.5)


def extension(**members: Any) -> Extension:
    return Extension(**{"key": KEY, **members})


def operation(**members: Any) -> Extension:
    return extension(operations=(Operation(**{"id": "op", **members}),))


def many(count: int) -> tuple[Operation, ...]:
    return tuple(Operation(id=f"op-{number}") for number in range(count))


def files(count: int, text: str = "") -> tuple[CatalogueFile, ...]:
    return tuple(CatalogueFile(locale="de", text=text) for _ in range(count))


def texts(*sizes: int) -> tuple[CatalogueFile, ...]:
    return tuple(CatalogueFile(locale="de", text="x" * size) for size in sizes)


@pytest.mark.parametrize(
    "good",
    [
        extension(),
        extension(name="n" * 255, operations=(FULL, COPY), members=("a", "b")),
        extension(operations=many(1000), members=tuple(map(str, range(100)))),
        extension(catalogues=files(100)),
        extension(catalogues=texts(8 * 1024 * 1024 - 1, 1)),
        extension(retention=Retention(age_seconds=0, count=0)),
        operation(id="o" * 255, label="l" * 255, description="d" * 2000),
        operation(lease_seconds=1),
        operation(lease_seconds=86_400, weight=1_000_000.0),
        operation(weight=5e-324),
    ],
)
def test_what_fits(good: Extension) -> None:
    assert list(faults_of(good)) == []


@pytest.mark.parametrize(
    ("bad", "reason", "args"),
    [
        (extension(key=""), reasons.BAD_KEY, ("",)),
        (extension(key="com..acme"), reasons.BAD_KEY, ("com..acme",)),
        (extension(name="n" * 256), reasons.BAD_LENGTH, ("name", None, "256", "0 to 255")),
        (operation(id=""), reasons.BAD_LENGTH, ("operations[0].id", "nothing", "0", "1 to 255")),
        (
            operation(id="o" * 256),
            reasons.BAD_LENGTH,
            ("operations[0].id", None, "256", "1 to 255"),
        ),
        (operation(label="l" * 256), reasons.BAD_LENGTH, ("operations[0].label", None)),
        (operation(description="d" * 2001), reasons.BAD_LENGTH, ("operations[0].description",)),
        (
            operation(lease_seconds=0),
            reasons.OUT_OF_BOUNDS,
            ("operations[0].lease_seconds", "0", "1", "86400"),
        ),
        (operation(lease_seconds=86_401), reasons.OUT_OF_BOUNDS, (None, "86401")),
        (operation(weight=0.0), reasons.OUT_OF_BOUNDS, ("operations[0].weight", "0.0")),
        (operation(weight=-1.0), reasons.OUT_OF_BOUNDS, (None, "-1.0")),
        (operation(weight=1_000_000.5), reasons.OUT_OF_BOUNDS, (None, "1000000.5")),
        (
            extension(operations=many(1001)),
            reasons.TOO_LONG,
            ("operations", "1001", "entries", "1000"),
        ),
        (
            extension(operations=(COPY, FULL, COPY)),
            reasons.REPEATED,
            ("operations[2]", "copy"),
        ),
        (extension(catalogues=files(101)), reasons.TOO_LONG, ("catalogues", "101")),
        (
            extension(catalogues=texts(8 * 1024 * 1024, 1)),
            reasons.TOO_LONG,
            ("catalogues", "8388609", "characters", "8388608"),
        ),
        (
            extension(catalogues=(CatalogueFile(locale="de", text="", file="f" * 256),)),
            reasons.BAD_LENGTH,
            ("catalogues[0].file",),
        ),
        (
            extension(retention=Retention(age_seconds=-1)),
            reasons.OUT_OF_BOUNDS,
            ("retention.age_seconds", "-1"),
        ),
        (extension(retention=Retention(count=2**53 + 1)), reasons.OUT_OF_BOUNDS, (None,)),
        (extension(members=tuple(map(str, range(101)))), reasons.TOO_LONG, ("members", "101")),
        (extension(members=("a", "b", "a")), reasons.REPEATED, ("members[2]", "a")),
    ],
)
def test_what_does_not_fit(bad: Extension, reason: Reason, args: tuple[str | None, ...]) -> None:
    refusal = fault_of(bad)
    assert refusal is not None
    assert refusal.reason is reason
    shown = refusal.args[: len(args)]
    assert [None if wanted is None else arg for arg, wanted in zip(shown, args, strict=True)] == [
        *args
    ]
    assert refusal.message.default_message.endswith(".")


def test_nothing_is_wrong_with_what_fits() -> None:
    assert fault_of(extension()) is None


def test_every_fault_is_found() -> None:
    bad = Extension(key="?", name="n" * 256, members=("a", "a"))
    found = [refusal.reason for refusal in faults_of(bad)]
    assert found == [reasons.BAD_KEY, reasons.BAD_LENGTH, reasons.REPEATED]


@pytest.mark.parametrize("text", ["a", "com.acme.backup", "A-1._x", "k" * 255])
def test_a_key(text: str) -> None:
    assert is_key(text)


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a b", "a/b", "ä", "a\n", "k" * 256])
def test_no_key(text: str) -> None:
    assert not is_key(text)


def test_an_operation_is_found_by_its_id() -> None:
    found = extension(operations=(COPY, FULL))
    assert found.operation("full") is FULL
    assert found.operation("none") is None


def test_the_size_is_that_of_the_catalogues() -> None:
    assert extension(catalogues=texts(3, 4)).size == 7
    assert extensions.MOST_TEXT == 8 * 1024 * 1024


# Rules.

OPEN = Ruleset(operations={KEY: frozenset({"old"}), "com.other": frozenset({"op"})})
CLOSED = Ruleset(operations_closed=True, spec_validation="strict")


@pytest.mark.parametrize(
    ("rules", "own", "closed"),
    [(OPEN, False, False), (OPEN, True, True), (CLOSED, False, True), (CLOSED, True, True)],
)
def test_closed_is_what_says_so_itself_or_what_the_settings_close(
    *, rules: Ruleset, own: bool, closed: bool
) -> None:
    assert ruled(rules, extension(operations_closed=own)).operations_closed is closed


def test_a_registration_stands_before_the_list_of_the_settings() -> None:
    found = ruled(OPEN, extension(operations=(FULL, COPY)))
    assert found.operations == {KEY: frozenset({"full", "copy"})}
    assert found.cancel_pending == {KEY: frozenset({"full"})}


def test_other_rules_stay() -> None:
    assert ruled(CLOSED, extension()).spec_validation == "strict"


# What has changed, and for which version a change is meant.


def test_the_parts_that_differ() -> None:
    before = extension(name="A", operations=(FULL,), members=("a",))
    assert changed_parts(before, before) == ()
    assert changed_parts(before, extension(name="B", operations=(FULL,))) == ("name", "members")
    assert changed_parts(None, before) == ("name", "operations", "members")
    assert changed_parts(None, extension()) == ()


@pytest.mark.parametrize(
    ("expected", "fitting"),
    [
        (Expected(None, "*"), {1, 2}),
        (Expected(frozenset({1}), '"1"'), {1}),
        (Expected(frozenset({0, 2}), ""), {0, 2}),
        (Expected(frozenset(), "x"), set()),
    ],
)
def test_the_version_that_is_meant(expected: Expected, fitting: set[int]) -> None:
    assert {version for version in range(3) if expected.fits(version)} == fitting
