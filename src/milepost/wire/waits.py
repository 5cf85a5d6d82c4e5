"""What a long poll asks for: ``wait``, ``for`` and ``after_revision``, and ``If-None-Match``."""

from __future__ import annotations

import re

from milepost.rules.reasons import BAD_PARAMETER, MISSING_PARAMETER
from milepost.rules.waiting import LONGEST_WAIT, Wait
from milepost.wire.queries import BadQuery, Query

PARAMETERS = ("wait", "for", "after_revision")
SECONDS = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)s?", re.ASCII)
REVISION = re.compile(r"\d{1,18}", re.ASCII)
ENTITY_TAG = re.compile(r'"(\d{1,18})"', re.ASCII)
KINDS = ("change", "terminal")


def wait_query(query: Query, if_none_match: str | None) -> Wait | None:
    """The wait that a query asks for, or ``None`` when it asks for none.

    Other parameters are not looked at. Raises ``BadQuery``.
    """
    if "wait" not in query:
        for name in PARAMETERS:
            if name in query:
                raise BadQuery(MISSING_PARAMETER, "wait", "a time like 30s")
        return None
    seconds = seconds_of(query["wait"][0])
    kind = query.get("for", ["change"])[0]
    if kind not in KINDS:
        raise BadQuery(BAD_PARAMETER, "for", kind, " or ".join(KINDS))
    known = known_revisions(query, if_none_match)
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


def known_revisions(query: Query, if_none_match: str | None) -> frozenset[int] | None:
    """The revisions that the caller has; ``None`` when it names none.

    An entity tag that is no revision of ours is one that the task does not have.
    """
    values = query.get("after_revision")
    if values is not None:
        if REVISION.fullmatch(values[0]) is None:
            raise BadQuery(BAD_PARAMETER, "after_revision", values[0], "a revision")
        return frozenset({int(values[0])})
    if if_none_match is None:
        return None
    return frozenset(int(revision) for revision in ENTITY_TAG.findall(if_none_match))
