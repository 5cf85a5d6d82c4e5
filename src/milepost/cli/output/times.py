"""Times for people: local, and as short as they can be. Programs get RFC 3339 in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

MINUTE, HOUR, DAY = 60, 3600, 86_400
UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhdw]?)", re.ASCII)


def now() -> datetime:
    return datetime.now(UTC)


def moment(at: datetime | None, today: datetime) -> str:
    """A local time; the day is told when it is not today."""
    if at is None:
        return ""
    local = at.astimezone()
    same_day = local.date() == today.astimezone().date()
    return local.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M")


def clock(at: datetime) -> str:
    """A local time of today."""
    return at.astimezone().strftime("%H:%M:%S")


def full_moment(at: datetime) -> str:
    """A local time with its day and its distance from UTC."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def span(seconds: float | None) -> str:
    """How long something takes, as 8s, 2m03s, 1h02m or 3d04h; rounded down."""
    if seconds is None:
        return ""
    whole = max(int(seconds), 0)
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m{whole % MINUTE:02}s"
    if whole < DAY:
        return f"{whole // HOUR}h{whole % HOUR // MINUTE:02}m"
    return f"{whole // DAY}d{whole % DAY // HOUR:02}h"


def seconds(text: str) -> float:
    """The seconds of a time such as 90, 90s, 5m or 1h. Raises ``click.BadParameter``."""
    found = SPAN.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no time such as 90s, 5m or 1h")
    return float(found[1]) * UNITS[found[2] or "s"]


def when(text: str) -> datetime:
    """The instant of a local or RFC 3339 date-time, a local day, or a time ago, in UTC.

    Raises ``click.BadParameter``.
    """
    try:
        ago = SPAN.fullmatch(text)
        if ago is not None and ago[2]:
            return now() - timedelta(seconds=float(ago[1]) * UNITS[ago[2]])
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        says = "is no time such as 2h (ago), 2026-11-25, or 2026-11-25T14:30:00Z"
        raise click.BadParameter(f"{text!r} {says}") from None
