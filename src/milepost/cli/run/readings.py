"""How far a command is, read from a line of its output.

Without a pattern of the user's these are recognised: ``42%`` and ``42.5 %``, a percentage in
brackets before any other; the meter of curl; and counts such as ``3/10``, ``3 of 10``, ``[3/10]``
and ``1.2/2.3 MB``. A percentage in a line is believed before a count in it. Dates, paths,
addresses and encoded URLs are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

HUNDRED = 100


class Reading(NamedTuple):
    """``completed`` of ``total``; ``firm`` when it can hardly be anything but progress."""

    completed: int
    total: int
    firm: bool = True


Reader = Callable[[str], Reading | None]

# A line without any of these has no progress in it.
HINT = re.compile(rb"%|/|\bof\b|:\d\d:\d\d|--:--", re.IGNORECASE)

NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)|\d{1,18}"
BRACKETED_PERCENT = re.compile(r"[\[(]\s*(\d{1,3})(?:[.,]\d+)?\s?%\s*[\])]")
PERCENT = re.compile(r"(?<![\w.,%/:+-])(\d{1,3})(?:[.,]\d+)?\s?%(?![\w%])")
COUNT = re.compile(
    rf"(?P<open>[\[(]\s?)?(?<![\w.,:/+-])(?P<completed>{NUMBER})"
    rf"(?:\s?/\s?|\s+(?:out\s+)?of\s+)(?P<total>{NUMBER})(?![\w/:]|[.,-]\d|-\w)(?P<close>[\])])?",
    re.IGNORECASE,
)
STEP = re.compile(
    r"\b(?:step|stage|phase|part|file|batch|epoch|chunk|job|test|item)\W*$", re.IGNORECASE
)
SIZE = re.compile(
    r"(?<![\w.,:/+-])(\d{1,12}(?:\.\d+)?)\s?/\s?(\d{1,12}(?:\.\d+)?)\s?(?:[kKMGTP]i?)?(?:B|bytes)\b"
)
CURL = re.compile(
    r"\s*(\d{1,3})(?:\s+\S+\s+\d{1,3}){2}(?:\s+\S+){3}(?:\s+[\d:-]+){3}\s+[\d.]+\w?\s*"
)


def read(text: str) -> Reading | None:
    """What a line says without a pattern of the user's."""
    found = BRACKETED_PERCENT.search(text) or PERCENT.search(text) or CURL.fullmatch(text)
    if found:
        return checked(int(found[1]), HUNDRED)
    if found := SIZE.search(text):
        total = float(found[2])
        return checked(int(HUNDRED * float(found[1]) / total), HUNDRED) if total else None
    if found := COUNT.search(text):
        bracketed = bool(found["open"] and found["close"])
        firm = bracketed or bool(STEP.search(text, 0, found.start()))
        return checked(whole(found["completed"]), whole(found["total"]), firm=firm)
    return None


def whole(text: str) -> int:
    return int(text.replace(",", ""))


def checked(completed: int, total: int, *, firm: bool = True) -> Reading | None:
    """A reading, if it can be one."""
    possible = 0 <= completed <= total > 0
    return Reading(completed, total, firm) if possible else None


class BadPattern(ValueError):
    """A pattern that cannot be used; the text says why."""


class Pattern:
    """A pattern of the user's, searched for in each line.

    Its groups may be ``percent``, or ``completed`` with ``total``; a ``total`` that it does not
    name is given beside it. Without such groups each line that it fits is one more of that total.
    Raises ``BadPattern``.
    """

    def __init__(self, text: str, total: int | None) -> None:
        try:
            self._pattern = re.compile(text)
        except re.error as fault:
            raise BadPattern(f"{text!r} is no regular expression: {fault}") from None
        groups = self._pattern.groupindex.keys() & {"percent", "completed", "total"}
        self.counts = not groups
        self._total = total
        self._seen = 0
        self._reader: Callable[[re.Match[str]], Reading | None]
        if "percent" in groups:
            self._reader = self._percent
        elif "completed" in groups:
            self._reader = self._completed
        elif groups:
            raise BadPattern("a group named total needs one named completed")
        else:
            self._reader = self._next
        if total is None and not groups & {"percent", "total"}:
            raise BadPattern("without a group named percent or total it needs --total")

    def read(self, text: str) -> Reading | None:
        found = self._pattern.search(text)
        return self._reader(found) if found else None

    @staticmethod
    def _percent(found: re.Match[str]) -> Reading | None:
        value = number(found["percent"])
        return None if value is None else checked(int(value), HUNDRED)

    def _completed(self, found: re.Match[str]) -> Reading | None:
        groups = found.groupdict()
        completed = number(groups["completed"])
        total = number(groups.get("total")) or self._total
        if completed is None or total is None:
            return None
        return checked(int(min(completed, total)), int(total))

    def _next(self, _found: re.Match[str]) -> Reading | None:
        assert self._total is not None  # noqa: S101  a pattern that counts has a total
        self._seen += 1
        return checked(min(self._seen, self._total), self._total)


def number(text: str | None) -> float | int | None:
    """A number as a command writes it, with commas between thousands or before the fraction."""
    text = (text or "").strip()
    if re.fullmatch(NUMBER, text):
        return whole(text)
    if re.fullmatch(r"\d{1,18}[.,]\d+", text):
        return float(text.replace(",", "."))
    return None
