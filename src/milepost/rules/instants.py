"""Dates and times as text: RFC 3339 with a mandatory zone, printed as UTC with milliseconds.

What is read: ``YYYY-MM-DDThh:mm:ss[.f…](Z|±hh:mm)``, upper-case T and Z, a real calendar date, no
second 60, no hour 24, a zone to ±23:59, an instant in the years 0001 to 9999 UTC. Fractions are
cut to milliseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from milepost.rules.values import Instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = -62_135_596_800_000
LAST = 253_402_300_799_999
SHAPE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):([0-5]\d))", re.ASCII
)
LAST_ZONE_HOUR = 23
DATE_TIME_LENGTH = len("2015-01-01T22:13:05")
SECOND = timedelta(seconds=1)


def read_instant(text: str) -> Instant:
    """The instant a text names, in milliseconds.

    Raises ``ValueError`` when the text is not a date-time of the accepted form.
    """
    match = SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = match.groups()
    moment = datetime(
        int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC
    )
    seconds = (moment - EPOCH) // SECOND
    if sign:
        if int(zone_hour) > LAST_ZONE_HOUR:
            raise ValueError(text)
        offset = int(zone_hour) * 3600 + int(zone_minute) * 60
        seconds -= offset if sign == "+" else -offset
    instant = seconds * 1000 + (int(fraction[:3].ljust(3, "0")) if fraction else 0)
    if not FIRST <= instant <= LAST:
        raise ValueError(text)
    return instant


def write_instant(instant: Instant) -> str:
    """An instant as UTC text with three digits, such as ``2015-01-01T22:13:05.651Z``."""
    seconds, milliseconds = divmod(instant, 1000)
    return f"{second_text(seconds)}.{milliseconds:03d}Z"


# A task's times are shown again and again, and formatting is most of what showing one costs.
@lru_cache(maxsize=4096)
def second_text(seconds: int) -> str:
    return (EPOCH + timedelta(0, seconds)).isoformat()[:DATE_TIME_LENGTH]
