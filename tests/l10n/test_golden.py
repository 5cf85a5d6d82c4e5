"""The rendering against ICU reached by another road: ``golden.json``, made by ``golden.mjs``.

Node 20 carries ICU 78.2 with CLDR 48.0, the binding ICU 78.3. The two differ in the Korean words
for the halves of the day, which CLDR 48.0 has as AM and PM; those are left out by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from milepost.l10n.catalogues import Catalogue, Catalogues
from milepost.l10n.rendering import reader_of, render
from milepost.l10n.templates import Template
from milepost.rules.instants import read_instant
from milepost.rules.values import DateTimeFormat, Message, Param

GOLDEN = Path(__file__).parent / "golden.json"
WORDS = ("zero", "one", "two", "few", "many", "other")
CATEGORIES = "".join(f" {name}{{{name}}}" for name in WORDS)
TEMPLATES = {
    "shown": Template("{it}"),
    "counted": Template(f"{{it, plural,{CATEGORIES}}}"),
    "ranked": Template(f"{{it, selectordinal,{CATEGORIES}}}"),
}


@cache
def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found


LOCALES = list(golden()["locales"])
BY_LOCALE = pytest.mark.parametrize("locale", LOCALES)


def written(locale: str, ident: str, param: Param, zone: str = "UTC") -> str:
    """A param put into a template by ICU, as a reader of that locale sees it."""
    message = Message(ident, "sent", params={"it": param})
    catalogues = Catalogues([Catalogue(locale, TEMPLATES)], default="tlh")
    rendered = render(message, reader_of(locale, zone=zone), catalogues)
    assert rendered is not None
    return rendered.text.replace("\u202f", " ")


def differing(cases: Iterator[tuple[Any, str, str]]) -> list[tuple[Any, str, str]]:
    return [(case, got, want) for case, got, want in cases if got != want.replace("\u202f", " ")]


def test_the_golden_file_is_wide_enough() -> None:
    assert len(LOCALES) >= 20
    for found in golden()["locales"].values():
        assert {form for *_, form, _ in found["dates"]} == set(DateTimeFormat)
        assert min(map(len, found.values())) > 8


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "ko"])
def test_dates_and_times(locale: str) -> None:
    assert differing(dates_of(locale)) == []


def dates_of(locale: str) -> Iterator[tuple[Any, str, str]]:
    for at, zone, form, want in golden()["locales"][locale]["dates"]:
        param = Param(dt=read_instant(at), format=DateTimeFormat(form))
        yield (at, zone, form), written(locale, "shown", param, zone), want


def test_korean_differs_in_the_halves_of_the_day_only() -> None:
    def without(text: str) -> str:
        for name in ("AM", "PM", "오전", "오후"):
            text = text.replace(name, "?")
        return text

    cases = [(case, without(got), without(want)) for case, got, want in dates_of("ko")]
    assert differing(iter(cases)) == []
    assert differing(dates_of("ko")) != []


@BY_LOCALE
def test_whole_numbers(locale: str) -> None:
    assert (
        differing(
            (digits, written(locale, "shown", Param(i=int(digits))), want)
            for digits, want in golden()["locales"][locale]["integers"]
        )
        == []
    )


@BY_LOCALE
def test_numbers_with_a_precision(locale: str) -> None:
    assert (
        differing(
            (
                (value, precision),
                written(locale, "shown", Param(d=float(value), precision=precision)),
                want,
            )
            for value, precision, want in golden()["locales"][locale]["doubles"]
        )
        == []
    )


@BY_LOCALE
@pytest.mark.parametrize(("ident", "kind"), [("counted", "plurals"), ("ranked", "ordinals")])
def test_plurals(locale: str, ident: str, kind: str) -> None:
    assert (
        differing(
            (count, written(locale, ident, number(count)), want)
            for count, want in golden()["locales"][locale][kind]
        )
        == []
    )


def number(count: float) -> Param:
    return Param(i=count) if isinstance(count, int) else Param(d=count)
