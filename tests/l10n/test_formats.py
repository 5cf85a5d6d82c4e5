"""Numbers and instants: what ICU is asked, and that nothing depends on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from milepost.l10n import formats
from milepost.l10n.formats import (
    LANGUAGES,
    SCRIPTED,
    STYLES,
    Conventions,
    conventions,
    date_time_pattern,
    instant_text,
    known_locale,
    known_zone,
    number_text,
)
from milepost.rules.instants import FIRST, LAST
from milepost.rules.values import DateTimeFormat

EVERY = sorted(LANGUAGES | SCRIPTED)
# Run in a process of its own: everything that is written, in every locale.
WRITE_ALL = """
import json, sys
from milepost.l10n.formats import conventions, instant_text, number_text
from milepost.rules.values import DateTimeFormat
from icu4py.messageformat import MessageFormat
plural = "{{n, {}, zero{{z}} one{{o}} two{{t}} few{{f}} many{{m}} other{{x}}}}"
plural = plural.format("plural") + plural.format("selectordinal") + "{n, number, percent}"
found = {}
for tag in json.load(sys.stdin):
    way = conventions(tag, "America/New_York")
    counted = MessageFormat(plural, way.icu)
    found[tag] = [
        *(instant_text(1614870429123, form, way) for form in DateTimeFormat),
        number_text(-1234567.5, None, way),
        number_text(1234.5, 3, way),
        *(counted.format({"n": n}) for n in range(30)),
    ]
print(json.dumps(found))
"""


def written_on_a_machine_of(language: str) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", WRITE_ALL],
        input=json.dumps([*EVERY, "tlh", "zz-ZZ", "en-Cyrl", "de-XX"]),
        env=os.environ | {"LANG": language, "LC_ALL": language, "TZ": "Asia/Tokyo"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_the_language_and_the_zone_of_the_machine_do_not_matter() -> None:
    plain = written_on_a_machine_of("C")
    assert plain["tlh"] == plain["zz-ZZ"] == plain["en-Cyrl"] == plain["en"]
    for language in ("de_DE.UTF-8", "ja_JP.UTF-8", "ar_EG.UTF-8"):
        assert written_on_a_machine_of(language) == plain


@pytest.mark.parametrize(
    ("tag", "icu"),
    [
        ("de", "de@timezone=UTC"),
        ("zh-Hant-TW", "zh_Hant_TW@timezone=UTC"),
        ("en-Cyrl-US", "en_US@timezone=UTC"),
        ("tlh-AQ", "en@timezone=UTC"),
    ],
)
def test_what_icu_is_asked_for(tag: str, icu: str) -> None:
    assert conventions(tag) == Conventions(icu)


def test_a_zone_goes_with_it() -> None:
    assert conventions("tlh", "Asia/Tokyo") == Conventions("en@timezone=Asia/Tokyo")


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_known_zones(name: str) -> None:
    assert known_zone(name) == name


@pytest.mark.parametrize(
    "name", ["", "Foo/Bar", "Etc/Unknown", "UTC;numbers=arab", "a" * 65, "\0", "Europe/München"]
)
def test_unknown_zones(name: str) -> None:
    assert known_zone(name) is None


def test_known_locales() -> None:
    assert known_locale("de_at") == "de-AT"
    assert known_locale("tlh") is None
    assert known_locale("no locale") is None


@pytest.mark.parametrize("tag", EVERY)
def test_a_date_and_a_time_are_put_together_in_every_locale(tag: str) -> None:
    """ICU writes the short style of both by itself; the others are built alike."""
    way = conventions(tag)
    for style in STYLES.values():
        pattern = date_time_pattern(style, way)
        assert pattern.count(f"{{0, date, {style.word}}}") == 1
        assert pattern.count(f"{{0, time, {style.word}}}") == 1
        assert not any(sign.isdigit() and sign != "0" for sign in pattern)
    at = formats.SOME_INSTANT + 123_456_789
    itself = formats.written("{0}", formats.moment(at), way)
    assert instant_text(at, DateTimeFormat.SHORT_DATE_TIME, way) == itself


@pytest.mark.parametrize("tag", EVERY)
def test_the_extremes_can_be_written(tag: str) -> None:
    for zone in ("Etc/GMT+12", "Pacific/Kiritimati"):
        way = conventions(tag, zone)
        for form in DateTimeFormat:
            assert instant_text(FIRST, form, way)
            assert instant_text(LAST, form, way)
    for number in (-(2**63), 2**63 - 1, 1.7976931348623157e308, 5e-324, -0.0):
        for precision in (None, 0, 20):
            assert 0 < len(number_text(number, precision, conventions(tag))) < 1000


def test_before_1582_the_calendar_is_the_julian_one() -> None:
    """As everywhere in ICU: 0001-01-01 by the calendar of today was 3 January of the year 1."""
    assert instant_text(FIRST, DateTimeFormat.LONG_DATE, conventions("en")) == "January 3, 1"
