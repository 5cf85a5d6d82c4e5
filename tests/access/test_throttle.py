"""How often a login may fail, with a written clock."""

from __future__ import annotations

import pytest

from milepost.access import throttle
from milepost.access.throttle import SOURCE, USER, USER_AT_SOURCE, Throttle

NOON = 1_420_113_600_000


def fail(buckets: Throttle, times: int, user: str = "ada", source: str = "here") -> None:
    for _ in range(times):
        assert buckets.wait(user, source, NOON) == 0
        buckets.failed(user, source, NOON)


def test_a_user_at_a_source_has_so_many_tries() -> None:
    buckets = Throttle()
    fail(buckets, USER_AT_SOURCE.tries)
    assert 0 < buckets.wait("ada", "here", NOON) <= USER_AT_SOURCE.refill
    assert buckets.wait("ada", "there", NOON) == 0
    assert buckets.wait("bob", "here", NOON) == 0


def test_tries_come_back_one_by_one() -> None:
    buckets = Throttle()
    fail(buckets, USER_AT_SOURCE.tries)
    wait = buckets.wait("ada", "here", NOON)
    assert buckets.wait("ada", "here", NOON + wait - 1) > 0
    assert buckets.wait("ada", "here", NOON + wait) == 0
    buckets.failed("ada", "here", NOON + wait)
    assert buckets.wait("ada", "here", NOON + wait) > 0
    later = NOON + wait + USER_AT_SOURCE.tries * USER_AT_SOURCE.refill
    for _ in range(USER_AT_SOURCE.tries):
        assert buckets.wait("ada", "here", later) == 0
        buckets.failed("ada", "here", later)
    assert buckets.wait("ada", "here", later) > 0


def test_to_ask_takes_nothing() -> None:
    buckets = Throttle()
    fail(buckets, USER_AT_SOURCE.tries)
    assert len({buckets.wait("ada", "here", NOON) for _ in range(50)}) == 1


@pytest.mark.parametrize("wider", ["user", "source"])
def test_the_wider_buckets(wider: str) -> None:
    buckets = Throttle()
    allowance = USER if wider == "user" else SOURCE
    for number in range(allowance.tries):
        if wider == "user":
            fail(buckets, 1, source=f"source-{number}")
        else:
            fail(buckets, 1, user=f"user-{number}")
    fresh = ("ada", "new") if wider == "user" else ("new", "here")
    assert 0 < buckets.wait(*fresh, NOON) <= allowance.refill
    assert buckets.wait("someone", "elsewhere", NOON) == 0


def test_a_clock_that_jumps_back_gives_nothing_back() -> None:
    buckets = Throttle()
    fail(buckets, USER_AT_SOURCE.tries)
    assert buckets.wait("ada", "here", NOON - 10**9) > 0
    buckets.failed("ada", "here", NOON - 10**9)
    assert buckets.wait("ada", "here", NOON) > USER_AT_SOURCE.refill


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_REMEMBERED", 30)
    buckets = Throttle()
    for number in range(100):
        buckets.failed(f"user-{number}", f"source-{number}", NOON)
    assert len(buckets._buckets) <= 30
