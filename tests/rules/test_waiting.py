"""When a wait for a task is over."""

from __future__ import annotations

import pytest

from milepost.rules.values import TERMINAL, Status
from milepost.rules.waiting import LONGEST_WAIT, Wait
from tests.rules.samples import stored


@pytest.mark.parametrize("status", Status)
def test_a_wait_for_the_end(status: Status) -> None:
    assert Wait(seconds=1).is_over(stored(status)) == (status in TERMINAL)


@pytest.mark.parametrize("status", Status)
def test_a_wait_for_a_change(status: Status) -> None:
    task = stored(status, revision=7)
    assert not Wait(seconds=1, known=frozenset({7})).is_over(task)
    assert not Wait(seconds=1, known=frozenset({6, 7})).is_over(task)
    assert Wait(seconds=1, known=frozenset({6})).is_over(task)
    assert Wait(seconds=1, known=frozenset({8})).is_over(task)
    assert Wait(seconds=1, known=frozenset()).is_over(task)


def test_the_longest_wait_is_a_minute() -> None:
    assert LONGEST_WAIT == 60
