"""What a long poll asks for: ``wait``, ``for`` and ``after_revision``."""

from __future__ import annotations

import re

from milepost.rules.reasons import BAD_PARAMETER, MISSING_PARAMETER
from milepost.rules.waiting import LONGEST_WAIT, Wait
from milepost.wire.queries import BadQuery, Query, only

PARAMETERS = ("wait", "for", "after_revision")
SECONDS = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)s?", re.ASCII)
REVISION = re.compile(r"\d{1,18}", re.ASCII)
KINDS = ("change", "terminal")


def wait_query(query: Query, held: frozenset[int] | None) -> Wait | None:
    """The wait that a query asks for, or ``None`` when it asks for none.

    Its parameters are taken out of the query. ``held`` are the revisions that ``If-None-Match``
    names; an entity tag that is no revision is one that the task does not have. Raises
    ``BadQuery``.
    """
    asked = {name: query.pop(name) for name in PARAMETERS if name in query}
    only(asked, PARAMETERS)
    if not asked:
        return None
    if "wait" not in asked:
        raise BadQuery(MISSING_PARAMETER, "wait", "a time like 30s")
    seconds = seconds_of(asked["wait"][0])
    kind = asked.get("for", ["change"])[0]
    if kind not in KINDS:
        raise BadQuery(BAD_PARAMETER, "for", kind, " or ".join(KINDS))
    known = known_revisions(asked, held)
    if kind == "terminal":
        return Wait(seconds=seconds)
    if known is None:
        expected = "a revision, there or in If-None-Match"
        raise BadQuery(MISSING_PARAMETER, "after_revision", expected)
    return Wait(seconds=seconds, known=known)


def seconds_of(text: str) -> float:
    match = SECONDS.fullmatch(text)
    if match is None or float(match[1]) > LONGEST_WAIT:
        raise BadQuery(BAD_PARAMETER, "wait", text, f"a time from 0s to {LONGEST_WAIT:.0f}s")
    return float(match[1])


def known_revisions(asked: Query, held: frozenset[int] | None) -> frozenset[int] | None:
    """The revisions that the caller has; ``None`` when it names none."""
    values = asked.get("after_revision")
    if values is None:
        return held
    if REVISION.fullmatch(values[0]) is None:
        raise BadQuery(BAD_PARAMETER, "after_revision", values[0], "a revision")
    return frozenset({int(values[0])})
