"""A message in the reader's language: arguments, nesting, fall-back, bounds."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from milepost.l10n import rendering as room
from milepost.l10n.catalogues import Catalogue, Catalogues
from milepost.l10n.rendering import (
    Reader,
    Rendered,
    localize_info,
    localize_message,
    reader_of,
    render,
)
from milepost.l10n.templates import FEW_CACHED, MAX_OUTPUT, SMALL, Form, Template, compile_large
from milepost.rules.reading import Info
from milepost.rules.values import (
    DateTimeFormat,
    ErrorValue,
    Message,
    NestedMessage,
    Param,
    Progress,
    Status,
)

NOON = 1_614_859_200_000  # 2021-03-04T12:00:00.000Z


def catalogues(form: Form = "icu", /, **locales: Mapping[str, str]) -> Catalogues:
    """Catalogues by locale; ``zh_TW`` stands for ``zh-TW``."""
    return Catalogues(
        Catalogue(
            locale.replace("_", "-"),
            {ident: Template(text, form) for ident, text in texts.items()},
        )
        for locale, texts in locales.items()
    )


def said(*args: str, **params: Param) -> Message:
    return Message("m", "sent", args, params or None)


def shown(template: str, message: Message, language: str = "en", form: Form = "icu") -> str | None:
    rendered = render(message, reader_of(language), catalogues(form, en={"m": template}))
    return None if rendered is None else rendered.text


def nested(ident: str = "inner", **params: Param) -> Param:
    return Param(l=NestedMessage(ident, params or None))


# Arguments.


@pytest.mark.parametrize(
    ("template", "message", "text"),
    [
        ("no arguments", said("unused"), "no arguments"),
        ("", said(), ""),
        ("{1} {0} {0}", said("a", "b"), "b a a"),
        ("'{0}' {0}", said("{0} ' # %s"), "{0} {0} ' # %s"),
        ("{name}", said(name=Param(s="a")), "a"),
        ("{name}", said(name=Param()), ""),
        ("{name}", said(name=Param(s="")), ""),
        ("{größe}", said(größe=Param(i=1)), "1"),
        ("{n}", said(n=Param(i=1234567)), "1,234,567"),
        ("{n}", said(n=Param(d=1234.56789)), "1,234.568"),
        ("{n}", said(n=Param(d=0.125, precision=2)), "0.12"),
        ("{n}", said(n=Param(d=2.0, precision=3)), "2.000"),
        ("{t}", said(t=Param(dt=NOON)), "3/4/21, 12:00\u202fPM"),
        ("{t}", said(t=Param(dt=NOON, format=DateTimeFormat.LONG_DATE)), "March 4, 2021"),
        # Params count when there are any, and are found by place when no name fits.
        ("{0}{1}", Message("m", "", ("x",), {"a": Param(s="y"), "b": Param(i=2)}), "y2"),
        ("{0}{1}", Message("m", "", ("x",), {"1": Param(s="one"), "0": Param(s="nil")}), "nilone"),
        ("{0}", Message("m", "", ("x",), {}), "x"),
        # Several members: the first set of l, dt, d, i, s.
        ("{n}", said(n=Param(s="s", i=2, d=1.5, dt=NOON, l=NestedMessage("n"))), "n"),
        ("{n, date, short}", said(n=Param(s="s", i=2, d=1.5, dt=NOON)), "3/4/21"),
        ("{n, number}", said(n=Param(s="s", i=2, d=1.5)), "1.5"),
        ("{n, plural, one {#} other {s}}", said(n=Param(s="5", i=1)), "1"),
        # What a template asks for in a style of its own.
        ("{n, number, percent}", said(n=Param(d=0.25)), "25%"),
        ("{n, number, ::.00}", said(n=Param(i=3)), "3.00"),
        ("{n, number}", said(n=Param(s="1234")), "1,234"),
        ("{0, number}/{1, number}", said("1234.5", "-7"), "1,234.5/-7"),
        ("{0, time, ::Hm}", said("2021-03-04T12:00:00+01:00"), "11:00"),
        ("{t, date,yyyy}", said(t=Param(dt=NOON)), "2021"),
        ("{t, date, yyyy}|{n,number, 0}", said(t=Param(dt=NOON), n=Param(i=1)), " 2021| 1"),
        # Plural, ordinal, select.
        ("{n, plural, one {# file} other {# files}}", said(n=Param(i=1)), "1 file"),
        ("{n, plural, one {# file} other {# files}}", said(n=Param(d=1.5)), "1.5 files"),
        ("{n, plural, =0 {none} one {# file} other {# files}}", said(n=Param(i=0)), "none"),
        ("{0, plural, one {# file} other {# files}}", said("1000"), "1,000 files"),
        ("{n, plural, offset:1 =1 {you} other {you and #}}", said(n=Param(i=3)), "you and 2"),
        ("{n, plural, other {{n} '#' {s, select, x {#} other {}}}}",
         said(n=Param(i=3), s=Param(s="x")), "3 # #"),
        ("{n, selectordinal, two {#nd} few {#rd} other {#th}}", said(n=Param(i=23)), "23rd"),
        ("{g, select, on {is on} other {is {g}}}", said(g=Param(s="on")), "is on"),
        ("{g, select, on {is on} other {is {g}}}", said(g=Param(s="off")), "is off"),
        ("{g, select, 1 {one} other {more}}", said(g=Param(i=1)), "one"),
        ("{0, select, a {A} other {O}}", said("a"), "A"),
        # One argument, needed as a number and as text in a style of its own.
        ("{d, plural, one {{d} t} other {{d} ts}}", said(d=Param(d=1, precision=2)), "1.00 t"),
    ],
)  # fmt: skip
def test_arguments(template: str, message: Message, text: str) -> None:
    assert shown(template, message) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{0}", said()),
        ("{1}", said("a")),
        ("{name}", said("a")),
        ("{name}", said(other=Param(s="a"))),
        ("{n, number}", said(n=Param(s="many"))),
        ("{n, number}", said(n=Param(s="1e5"))),
        ("{n, number}", said(n=Param(s="9" * 19))),
        ("{n, number}", said(n=Param())),
        ("{n, number}", said(n=Param(dt=NOON))),
        ("{n, plural, other {#}}", said("\u0661")),
        ("{n, plural, other {#}}", said(n=nested())),
        ("{n, date}", said(n=Param(i=5))),
        ("{n, date}", said(n=Param(s="yesterday"))),
        ("{n, date}", said(n=Param(dt=NOON, l=NestedMessage("x")))),
        ("{n, select, other {}}", said(n=Param(d=1.5))),
        ("{n, select, other {}}", said(n=Param())),
        ("{n, number, ::rounding-mode-unnecessary .0}", said(n=Param(d=1.23))),
        # ICU refuses these templates.
        ("{n, number, ::nonsense}", said(n=Param(i=1))),
        ("{", said()),
    ],
)
def test_what_does_not_go_together_is_not_rendered(template: str, message: Message) -> None:
    assert shown(template, message) is None


@pytest.mark.parametrize(
    ("template", "message", "text"),
    [
        ("%s of %s", said("3", "5"), "3 of 5"),
        ("%2$s %1$s %%", said("a", "b"), "b a %"),
        ("{0} '%s'", said("it's"), "{0} 'it's'"),
        ("%d %,d %s", said(a=Param(i=1234), b=Param(i=1234), c=Param(i=1234)), "1234 1,234 1,234"),
        ("%.1f %f %,.0f", said("2.25", "3", "1234.5"), "2.2 3.000000 1,234"),
        ("%d", said("x"), None),
        ("%s %s", said("x"), None),
    ],
)
def test_printf(template: str, message: Message, text: str | None) -> None:
    assert shown(template, message, form="printf") == text


# Nesting.


def test_nested_messages() -> None:
    found = catalogues(
        de={"m": "{a}: {b}", "inner": "{n, plural, one {# Datei} other {# Dateien}} {c}"}
    )
    message = said(a=nested(n=Param(i=1), c=nested("innermost")), b=nested("bare"))
    rendered = render(message, reader_of("de"), found)
    assert rendered == Rendered("1 Datei innermost: bare", "de", asked=True)


def test_a_nested_message_that_does_not_fit_shows_its_id() -> None:
    found = catalogues(de={"m": "<{a}>", "inner": "{missing}"})
    rendered = render(said(a=nested()), reader_of("de"), found)
    assert rendered is not None
    assert rendered.text == "<inner>"


def test_a_nested_message_is_looked_for_where_the_outer_one_is_first() -> None:
    found = catalogues(de_AT={"inner": "at"}, de={"m": "{a}", "inner": "de"}, en={"only": "en"})
    for ident, text in (("inner", "de"), ("only", "en")):
        rendered = render(said(a=nested(ident)), reader_of("de-AT"), found)
        assert rendered == Rendered(text, "de", asked=True)


def chain_of(depth: int) -> Message:
    inner = Param(s="end")
    for _ in range(depth):
        inner = nested(a=inner)
    return said(a=inner)


def test_as_deep_as_a_message_may_be() -> None:
    found = catalogues(en={"m": "{a}", "inner": "({a})"})
    rendered = render(chain_of(32), reader_of("en"), found)
    assert rendered is not None
    assert rendered.text == "(" * 32 + "end" + ")" * 32


# Bounds.


@pytest.mark.parametrize(
    ("length", "fits"), [(MAX_OUTPUT // 4, True), (MAX_OUTPUT // 4 + 1, False)]
)
def test_a_text_is_bounded_before_it_is_made(*, length: int, fits: bool) -> None:
    branches = "{0, select, a {{1}{1}} other {{1}{1}{1}}}"
    assert (shown(f"{branches}{{1}}", said("b", "x" * length)) is not None) == fits


def test_a_text_is_bounded_in_bytes() -> None:
    assert shown("{0}", said("ä" * (MAX_OUTPUT // 2))) is not None
    assert shown("{0}", said("ä" * (MAX_OUTPUT // 2 + 1))) is None


def test_what_nested_messages_cost_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_NESTED_COST", 3 * room.COST_OF_ONE)
    found = catalogues(en={"m": "{0} {1} {2} {3}", "inner": "+"})
    rendered = render(said(**{name: nested() for name in "abcd"}), reader_of("en"), found)
    assert rendered is not None
    assert rendered.text == "+ + + inner"


def test_large_templates_are_kept_in_a_small_cache() -> None:
    for number in range(FEW_CACHED + 3):
        text = f"{number}" + "x" * SMALL
        assert shown(text, said()) == text
    assert compile_large.cache_info().currsize == FEW_CACHED


# Which language, which conventions.


FILES = "{n, plural, one {# file} other {# files}}"
DATEIEN = "{n, plural, one {# Datei} other {# Dateien}} {t, date, long} {n}"
BOTH = said(n=Param(i=12345), t=Param(dt=NOON))


@pytest.mark.parametrize(
    ("language", "format_locale", "text"),
    [
        ("de", None, "12.345 Dateien 4. März 2021 12.345"),
        ("de-AT", None, "12\u00a0345 Dateien 4. März 2021 12\u00a0345"),
        ("de-CH", None, "12'345 Dateien 4. März 2021 12'345"),
        # The words are German whatever the numbers and dates look like.
        ("de", "de-CH", "12'345 Dateien 4. März 2021 12'345"),
        ("de", "en-US", "12,345 Dateien March 4, 2021 12,345"),
        ("de", "hi", "12,345 Dateien 4 मार्च 2021 12,345"),
        ("de", "ar-EG", "١٢٬٣٤٥ Dateien ٤ مارس ٢٠٢١ ١٢٬٣٤٥"),
    ],
)
def test_conventions(language: str, format_locale: str | None, text: str) -> None:
    found = catalogues(de={"m": DATEIEN})
    rendered = render(BOTH, reader_of(language, format_locale), found)
    assert rendered == Rendered(text, "de", asked=True)


def test_plurals_are_those_of_the_words() -> None:
    """French counts 0 as one, English does not."""
    for tag, words in (("en", "0 files"), ("fr", "0 file")):
        found = Catalogues([Catalogue(tag, {"m": Template(FILES)})], default="tlh")
        for format_locale in ("en", "fr"):
            rendered = render(said(n=Param(i=0)), reader_of(tag, format_locale), found)
            assert rendered is not None
            assert rendered.text == words


def test_another_language_of_numbers_in_every_place() -> None:
    template = (
        "{n, plural, offset:1 one {# {t, time}} other {# {t, date, short} {n, number, ::.0}}}"
        " {g, select, a {A} other {O}}"
    )
    message = said(n=Param(d=1234.5), t=Param(dt=NOON), g=Param(s="a"))
    rendered = render(message, reader_of("en", "de"), catalogues(en={"m": template}))
    assert rendered is not None
    assert rendered.text == "1.233,5 04.03.21 1.234,5 A"


def test_a_style_that_fails_in_another_language_of_numbers() -> None:
    for style in ("::nonsense", "::rounding-mode-unnecessary .0"):
        found = catalogues(en={"m": f"{{n, number, {style}}}"})
        assert render(said(n=Param(d=1.23)), reader_of("en", "de"), found) is None


def test_another_script_has_its_own_conventions() -> None:
    """Words in Cyrillic script do not get a month in Latin script beside them."""
    found = Catalogues([Catalogue("sr", {"m": Template("{t, date, long}")})])
    rendered = render(BOTH, reader_of("sr-Latn"), found)
    assert rendered is not None
    assert rendered.text == "4. март 2021."


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (None, "12:00:00\u202fPM UTC"),
        ("Europe/Berlin", "1:00:00\u202fPM GMT+1"),
        ("America/New_York", "7:00:00\u202fAM EST"),
        ("Foo/Bar", "12:00:00\u202fPM UTC"),
        ("", "12:00:00\u202fPM UTC"),
    ],
)
def test_the_time_zone(zone: str | None, text: str) -> None:
    reader = reader_of("en-US", zone=zone)
    for template, param in (
        ("{t, time, long}", Param(dt=NOON)),
        ("{t}", Param(dt=NOON, format=DateTimeFormat.LONG_TIME)),
    ):
        rendered = render(said(t=param), reader, catalogues(en={"m": template}))
        assert rendered is not None
        assert rendered.text == text


def test_a_reader_by_what_was_sent() -> None:
    assert reader_of(None) == Reader()
    assert reader_of("", "?", "?") == Reader()
    sent = reader_of("de", "de_ch", "Asia/Tokyo")
    assert (sent.languages.wanted, sent.format_locale, sent.zone) == (
        ("de",), "de-CH", "Asia/Tokyo",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "found"),
    [
        ("de", Rendered("D", "de", asked=True)),
        ("de-AT", Rendered("D", "de", asked=True)),
        ("fr, de", Rendered("D", "de", asked=True)),
        ("fr", Rendered("E", "en", asked=False)),
        ("*", Rendered("E", "en", asked=False)),
        ("", None),
    ],
)
def test_fall_back(language: str, found: Rendered | None) -> None:
    assert render(said(), reader_of(language), catalogues(de={"m": "D"}, en={"m": "E"})) == found


def test_an_id_that_one_language_lacks_is_taken_from_the_next() -> None:
    found = catalogues(de_AT={"x": ""}, de={"m": "D"})
    assert render(said(), reader_of("de-AT"), found) == Rendered("D", "de", asked=True)
    assert render(Message("?", "sent"), reader_of("de-AT"), found) is None


# Whole messages and tasks.


SENT = Message("m", "sent", localized="sent too")


@pytest.mark.parametrize(
    ("message", "language", "localized"),
    [
        (said(), "de", "D"),
        (said(), "fr", "E"),
        (said(), "", None),
        (Message("?", "sent"), "de", None),
        # One that was sent stays, unless the reader asked for a language that a catalogue has.
        (SENT, "", "sent too"),
        (SENT, "fr", "sent too"),
        (SENT, "de", "D"),
        (SENT, "en", "E"),
        (msgspec.structs.replace(SENT, id="?"), "de", "sent too"),
    ],
)
def test_localized(message: Message, language: str, localized: str | None) -> None:
    found = catalogues(de={"m": "D"}, en={"m": "E"})
    shown_message = localize_message(message, reader_of(language), found)
    assert shown_message == msgspec.structs.replace(message, localized=localized)


def test_a_task() -> None:
    found = catalogues(de={"m": "D"})
    info = Info(
        description=said(),
        service="s",
        operation="o",
        status=Status.FAILED,
        cancelable=True,
        error=ErrorValue("e", (said(), Message("?", "sent"))),
        progress=Progress(2, 1, said()),
    )

    def localized(info: Info, language: str | None) -> Info:
        reader = reader_of(language)
        return localize_info(info, lambda message: localize_message(message, reader, found))

    german = localized(info, "de")
    assert german.description.localized == "D"
    assert german.progress is not None
    assert german.progress.message.localized == "D"
    assert german.error is not None
    assert [message.localized for message in german.error.messages] == ["D", None]
    assert localized(info, None) == info
    pending = msgspec.structs.replace(info, error=None, progress=None)
    assert localized(pending, "de") == msgspec.structs.replace(
        pending, description=german.description
    )
