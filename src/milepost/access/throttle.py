"""How often a login may fail: per user and source together, per user, and per source.

Each of the three has a bucket of tries that fills up again with time; a failed login takes one
from each, a good one takes none. A session that exists is never touched by this. An empty bucket
of one user at one source does not keep the same user out elsewhere; the wider buckets bound what
many sources, or one source against many users, can try.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from milepost.rules.values import Instant, Value

MOST_REMEMBERED = 10_000
LONGEST_REMEMBERED = 128


class Allowance(Value, frozen=True):
    """How many tries fit in a bucket, and the milliseconds until one comes back."""

    tries: int
    refill: int


USER_AT_SOURCE = Allowance(10, 6_000)
USER = Allowance(60, 1_000)
SOURCE = Allowance(120, 500)

Key = tuple[str, str, str]


class Bucket(msgspec.Struct):
    """Tries used up, as of an instant."""

    used: float
    at: Instant


class Throttle:
    """Remembers failed logins, of at most 10,000 users and sources; the oldest are forgotten."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[Key, Bucket] = OrderedDict()

    def wait(self, user: str, source: str, now: Instant) -> int:
        """Milliseconds until a login may be tried; 0 when it may be tried now."""
        return max(
            self._wait_for(key, allowance, now) for key, allowance in buckets_of(user, source)
        )

    def failed(self, user: str, source: str, now: Instant) -> None:
        """Note a failed login."""
        for key, allowance in buckets_of(user, source):
            bucket = self._buckets.setdefault(key, Bucket(0.0, now))
            bucket.used = used_up(bucket, allowance, now) + 1
            bucket.at = max(now, bucket.at)
            self._buckets.move_to_end(key)
        while len(self._buckets) > MOST_REMEMBERED:
            self._buckets.popitem(last=False)

    def _wait_for(self, key: Key, allowance: Allowance, now: Instant) -> int:
        bucket = self._buckets.get(key)
        if bucket is None:
            return 0
        over = used_up(bucket, allowance, now) - (allowance.tries - 1)
        return max(0, round(over * allowance.refill))


def used_up(bucket: Bucket, allowance: Allowance, now: Instant) -> float:
    """The tries still used up; a clock that jumped back gives none back."""
    return max(0.0, bucket.used - max(0, now - bucket.at) / allowance.refill)


def buckets_of(user: str, source: str) -> Iterator[tuple[Key, Allowance]]:
    # A name may be as long as a header; what is remembered of it is not.
    user = user[:LONGEST_REMEMBERED]
    yield ("user at source", user, source), USER_AT_SOURCE
    yield ("user", user, ""), USER
    yield ("source", "", source), SOURCE
