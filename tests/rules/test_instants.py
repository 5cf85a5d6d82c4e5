"""Dates and times as text, read and written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from milepost.rules.instants import read_instant, write_instant

FIRST = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LAST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
PAGE = 1_420_150_385_651  # 2015-01-01T22:13:05.651Z
NOON = 1_420_113_600_000  # 2015-01-01T12:00:00.000Z
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

GOOD = {
    # The page's own, and what official clients send.
    "2015-01-01T22:13:05.651Z": PAGE,
    "2015-01-01T22:13:05.651+00:00": PAGE,
    "2015-01-01T12:00:00+00:00": NOON,
    "2015-01-01T12:00:00Z": NOON,
    # Zones.
    "2015-01-01T12:00:00-00:00": NOON,
    "2015-01-01T14:00:00+02:00": NOON,
    "2015-01-01T03:30:00-08:30": NOON,
    "2015-01-01T12:00:00+23:59": NOON - 23 * HOUR - 59 * MINUTE,
    "2015-01-01T12:00:00-23:59": NOON + 23 * HOUR + 59 * MINUTE,
    "2015-01-01T12:00:00+00:01": NOON - MINUTE,
    "2014-12-31T23:30:00-12:30": NOON,
    # Fractions are cut, never rounded.
    "2015-01-01T12:00:00.6Z": NOON + 600,
    "2015-01-01T12:00:00.60Z": NOON + 600,
    "2015-01-01T12:00:00.06Z": NOON + 60,
    "2015-01-01T12:00:00.006Z": NOON + 6,
    "2015-01-01T12:00:00.0009Z": NOON,
    "2015-01-01T12:00:00.9999Z": NOON + 999,
    "2015-01-01T12:00:00.999999999999999999999999Z": NOON + 999,
    "2015-01-01T12:00:00.1239999+02:00": NOON - 2 * HOUR + 123,
    "2015-01-01T12:00:00.0Z": NOON,
    "2015-01-01T12:00:00." + "5" * 5_000 + "Z": NOON + 555,
    # The epoch, and fractions before it: still counted up from the whole second.
    "1970-01-01T00:00:00Z": 0,
    "1970-01-01T00:00:00.001Z": 1,
    "1969-12-31T23:59:59.999Z": -1,
    "1969-12-31T23:59:59.9999Z": -1,
    "1969-12-31T23:59:59.0001Z": -1_000,
    "1969-12-31T23:59:59Z": -1_000,
    "1969-12-31T23:59:58.5Z": -1_500,
    "1970-01-01T00:00:00+00:01": -MINUTE,
    "1969-12-31T23:59:00-00:01": 0,
    # Days of the calendar.
    "2016-02-29T12:00:00Z": NOON + 424 * DAY,
    "2000-02-29T00:00:00Z": 951_782_400_000,
    "2015-12-31T23:59:59.999Z": NOON + 364 * DAY + 12 * HOUR - 1,
    # The edges.
    "0001-01-01T00:00:00Z": FIRST,
    "0001-01-01T00:00:00.0009Z": FIRST,
    "0001-01-01T00:00:00-00:01": FIRST + MINUTE,
    "0001-01-01T00:01:00+00:01": FIRST,
    "0001-01-01T23:59:00+23:59": FIRST,
    "9999-12-31T23:59:59.999Z": LAST,
    "9999-12-31T23:59:59.999999Z": LAST,
    "9999-12-31T23:58:59.999-00:01": LAST,
    "9999-12-31T00:00:59.999-23:59": LAST,
    "9999-12-31T23:59:59.999+23:59": LAST - 23 * HOUR - 59 * MINUTE,
}

BAD = [
    "",
    "now",
    "1420150385",
    "2015-01-01",
    "22:13:05Z",
    # No zone, or no zone of the form.
    "2015-01-01T12:00:00",
    "2015-01-01T12:00:00.651",
    "2015-01-01T12:00:00-0800",
    "2015-01-01T12:00:00+02",
    "2015-01-01T12:00:00+2:00",
    "2015-01-01T12:00:00+02:0",
    "2015-01-01T12:00:00+02:000",
    "2015-01-01T12:00:00+02:00:00",
    "2015-01-01T12:00:00+24:00",
    "2015-01-01T12:00:00-24:00",
    "2015-01-01T12:00:00+99:00",
    "2015-01-01T12:00:00+23:60",
    "2015-01-01T12:00:00+00:60",
    "2015-01-01T12:00:00+00:99",
    "2015-01-01T12:00:00 02:00",
    "2015-01-01T12:00:00\N{MINUS SIGN}02:00",
    "2015-01-01T12:00:00ZZ",
    "2015-01-01T12:00:00Z+00:00",
    "2015-01-01T12:00:00UTC",
    "2015-01-01T12:00:00 Z",
    # Upper case, and T.
    "2015-01-01t12:00:00Z",
    "2015-01-01T12:00:00z",
    "2015-01-01 12:00:00Z",
    "2015-01-01_12:00:00Z",
    # Not on a clock.
    "2015-01-01T24:00:00Z",
    "2015-01-01T25:00:00Z",
    "2015-01-01T12:60:00Z",
    "2015-01-01T12:00:60Z",
    "2016-12-31T23:59:60Z",
    "2015-01-01T12:00:61Z",
    # Not in the calendar.
    "2015-02-29T12:00:00Z",
    "1900-02-29T12:00:00Z",
    "2015-02-30T12:00:00Z",
    "2015-04-31T12:00:00Z",
    "2015-01-32T12:00:00Z",
    "2015-01-00T12:00:00Z",
    "2015-00-01T12:00:00Z",
    "2015-13-01T12:00:00Z",
    # Not in the years.
    "0000-01-01T00:00:00Z",
    "0000-12-31T23:59:59.999Z",
    "0000-02-29T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "0001-01-01T00:00:59.999+00:01",
    "0001-01-01T23:58:59.999+23:59",
    "9999-12-31T23:59:00-00:01",
    "9999-12-31T00:01:00-23:59",
    "9999-12-31T23:59:59.999-23:59",
    "10000-01-01T00:00:00Z",
    "-001-01-01T00:00:00Z",
    "-2015-01-01T12:00:00Z",
    "+2015-01-01T12:00:00Z",
    # Digits missing, digits too many, other signs.
    "15-01-01T12:00:00Z",
    "2015-1-01T12:00:00Z",
    "2015-01-1T12:00:00Z",
    "2015-01-01T2:00:00Z",
    "2015-01-01T12:0:00Z",
    "2015-01-01T12:00:0Z",
    "2015-01-01T12:00Z",
    "2015-001-01T12:00:00Z",
    "20150101T120000Z",
    "2015/01/01T12:00:00Z",
    "2015-W01-4T12:00:00Z",
    "2015-001T12:00:00Z",
    "2015-01-01T12:00:00.Z",
    "2015-01-01T12:00:00,651Z",
    "2015-01-01T12:00:00.65 1Z",
    "2015-01-01T12:00:00.-51Z",
    "2015-01-01T12:00:00.6_5Z",
    "2015-01-01T12:00:00.6.5Z",
    "2015-01-01T+2:00:00Z",
    # Digits of other scripts.
    "\N{ARABIC-INDIC DIGIT TWO}015-01-01T12:00:00Z",
    "2015-01-01T12:00:0\N{FULLWIDTH DIGIT ZERO}Z",
    "2015-01-01T12:00:00.\N{DEVANAGARI DIGIT SIX}Z",
    "2015-01-01T12:00:00.\N{SUPERSCRIPT TWO}Z",
    "2015-01-01T12:00:00+0\N{FULLWIDTH DIGIT TWO}:00",
    # Around it.
    "2015-01-01T12:00:00Z\n",
    "2015-01-01T12:00:00+02:00\n",
    "\n2015-01-01T12:00:00Z",
    " 2015-01-01T12:00:00Z",
    "2015-01-01T12:00:00Z ",
    "2015-01-01T12:00:00Z\x00",
    "\N{ZERO WIDTH NO-BREAK SPACE}2015-01-01T12:00:00Z",
    '"2015-01-01T12:00:00Z"',
]

WRITTEN = {
    PAGE: "2015-01-01T22:13:05.651Z",
    NOON: "2015-01-01T12:00:00.000Z",
    NOON + 5: "2015-01-01T12:00:00.005Z",
    NOON + 50: "2015-01-01T12:00:00.050Z",
    0: "1970-01-01T00:00:00.000Z",
    -1: "1969-12-31T23:59:59.999Z",
    -999: "1969-12-31T23:59:59.001Z",
    -1_000: "1969-12-31T23:59:59.000Z",
    -1_001: "1969-12-31T23:59:58.999Z",
    FIRST: "0001-01-01T00:00:00.000Z",
    FIRST + (50 * 365 + 12) * DAY: "0051-01-01T00:00:00.000Z",
    FIRST + (998 * 365 + 242) * DAY: "0999-01-01T00:00:00.000Z",
    LAST: "9999-12-31T23:59:59.999Z",
}


def read(text: str) -> int | None:
    """The instant, or ``None`` where the text is refused."""
    try:
        return read_instant(text)
    except ValueError:
        return None


def shortly(text: str) -> str:
    return text[:40]


@pytest.mark.parametrize(("text", "instant"), GOOD.items(), ids=map(shortly, GOOD))
def test_good_texts(text: str, instant: int) -> None:
    assert read_instant(text) == instant


@pytest.mark.parametrize("text", BAD, ids=map(ascii, BAD))
def test_bad_texts(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(("instant", "text"), WRITTEN.items())
def test_written(instant: int, text: str) -> None:
    assert write_instant(instant) == text


instants = st.integers(FIRST, LAST)
years = st.datetimes(timezones=st.just(UTC))


@given(instants)
@example(FIRST)
@example(LAST)
@example(-1)
def test_what_is_written_reads_back(instant: int) -> None:
    text = write_instant(instant)
    assert len(text) == len("2015-01-01T22:13:05.651Z")
    assert read_instant(text) == instant
    assert read_instant(text.removesuffix("Z") + "+00:00") == instant


@given(years)
def test_written_as_the_library_writes(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    text = write_instant(since // timedelta(milliseconds=1))
    assert text == moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@given(years, st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_read_as_the_library_reads(moment: datetime, minutes: int) -> None:
    local = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    expected = (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    text = local.isoformat(timespec="microseconds")
    assert read(text) == (expected if FIRST <= expected <= LAST else None)


@given(st.text(alphabet="0123456789-+:.TZ \n", max_size=30) | st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    instant = read(text)
    if instant is not None:
        assert FIRST <= instant <= LAST
        assert read_instant(write_instant(instant)) == instant
