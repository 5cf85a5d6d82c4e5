"""Reading Accept-Language, the chain of a tag, and which locale is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.l10n.languages import (
    MAX_HEADER,
    MAX_RANGES,
    Candidate,
    Languages,
    canonical_tag,
    chain,
    negotiate,
    parse_accept_language,
    parse_cut,
)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", ()),
        ("de", ("de",)),
        ("de-AT, de;q=0.8, en;q=0.5", ("de-AT", "de", "en")),
        ("en;q=0.5,de;q=0.8", ("de", "en")),
        ("en;q=0.5,de;q=0.5", ("en", "de")),
        ("en;q=0.001,de", ("de", "en")),
        ("de, DE, de;q=0.3", ("de",)),
        (" de ;q=1.000 ,\ten\t; Q=0.1 ", ("de", "en")),
        ("*", ("*",)),
        ("fr;q=0.1, *;q=0.5", ("*", "fr")),
        ("zh_TW", ("zh-Hant-TW",)),
        ("EN-us-x-private, de-DE-1996", ("en-US", "de-DE")),
        ("de_DE.UTF-8@euro", ("de-DE",)),
        # What cannot be read is left out, and the rest counts.
        ("de;q=2, fr;q=-1, it;q=x, es;q=0.1234, ja", ("ja",)),
        ("de;level=1, ja", ("ja",)),
        ("q=1, ;q=1, ,, -, 1, de--AT@, thisistoolong, ja", ("de", "ja")),
        ("d\u00e9, \u0130d, \0, ja", ("ja",)),
    ],
)
def test_what_is_wanted(header: str, wanted: tuple[str, ...]) -> None:
    assert parse_accept_language(header).wanted == wanted


def test_what_is_unwanted() -> None:
    said = parse_accept_language("de, en;q=0, fr;q=0.000")
    assert said == Languages(("de",), frozenset({"en", "fr"}))


def test_only_so_much_of_a_header_is_looked_at() -> None:
    assert parse_accept_language("xx," * MAX_RANGES + "de").wanted == ("xx",)
    assert parse_accept_language(" " * MAX_HEADER + "de").wanted == ()
    parse_cut.cache_clear()
    for number in range(3):
        assert parse_accept_language("fr" + "," * MAX_HEADER + str(number)).wanted == ("fr",)
    assert parse_cut.cache_info().currsize == 1


@given(st.text() | st.text(alphabet="deEN-_*;,=q.01 "))
def test_nothing_is_raised(header: str) -> None:
    said = parse_accept_language(header)
    assert len(said.wanted) + len(said.unwanted) <= MAX_RANGES
    for tag in (*said.wanted, *said.unwanted):
        assert tag == "*" or canonical_tag(tag) == tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("de", "de"),
        ("DE_at", "de-AT"),
        ("es-419", "es-419"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("zh-TW", "zh-Hant-TW"),
        ("zh_CN", "zh-Hans-CN"),
        ("zh", "zh"),
        ("sr-ME", "sr-Latn-ME"),
        ("iw", "he"),
        ("sh-BA", "sr-Latn-BA"),
        ("sh-Cyrl", "sr-Cyrl"),
        ("d", None),
        ("", None),
        ("german", None),
        ("de AT", None),
    ],
)
def test_canonical_tags(text: str, tag: str | None) -> None:
    assert canonical_tag(text) == tag


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("de", "de"),
        ("de-AT", "de-AT de"),
        ("zh-Hant-TW", "zh-Hant-TW zh-Hant zh"),
        ("es-MX", "es-MX es-419 es"),
        ("es-ES", "es-ES es"),
        ("pt-AO", "pt-AO pt-PT pt"),
        ("pt-BR", "pt-BR pt"),
        ("nb-NO", "nb-NO nb no"),
        ("nn", "nn no nb"),
        ("no", "no nb"),
    ],
)
def test_chains(tag: str, found: str) -> None:
    assert chain(tag) == found.split()


@pytest.mark.parametrize(
    ("header", "available", "found"),
    [
        ("", "de en", []),
        ("de-AT", "de en", [("de", "de-AT"), ("en", None)]),
        ("de-AT", "de-AT de", [("de-AT", "de-AT"), ("de", "de-AT")]),
        ("fr", "de", []),
        ("fr", "de en", [("en", None)]),
        ("fr, de", "de en", [("de", "de"), ("en", None)]),
        # A message is in English without a catalogue, so what is wanted less is no gain.
        ("en, de", "de", []),
        ("en-GB, de", "de en", [("en", "en-GB")]),
        # A more special locale than was asked for, in the same script.
        ("de", "de-CH de-DE", [("de-CH", "de"), ("de-DE", "de")]),
        ("zh-TW", "zh-Hans-CN zh-Hant-HK", [("zh-Hant-HK", "zh-Hant-TW")]),
        ("zh", "zh-Hans-CN", [("zh-Hans-CN", "zh")]),
        ("de", "def", []),
        ("*", "de en", [("en", None)]),
        ("de;q=0, *", "de en", [("en", None)]),
        ("de, en;q=0", "de en", [("de", "de")]),
        ("de, de-CH;q=0", "de-CH de-AT", [("de-AT", "de")]),
        ("de-CH, de;q=0", "de-CH de", [("de-CH", "de-CH")]),
    ],
)
def test_negotiation(header: str, available: str, found: list[tuple[str, str | None]]) -> None:
    languages = parse_accept_language(header)
    got = negotiate(languages, tuple(available.split()), "en")
    assert got == tuple(Candidate(*pair) for pair in found)
