"""Which faults of the rooms below a caller can do something about."""

from __future__ import annotations

import pytest

from milepost.access.passwords import TooManyLogins
from milepost.rules import reasons
from milepost.rules.reasons import Reason
from milepost.service.faults import refusal_of
from milepost.store.base import Corrupt, Locked, Overloaded, Unavailable


@pytest.mark.parametrize(
    ("fault", "reason", "text"),
    [
        (Unavailable("disk full"), reasons.STORE_UNAVAILABLE, "nothing was acknowledged"),
        (Overloaded(17), reasons.TOO_BUSY, "17 changes"),
        (TooManyLogins(), reasons.LOGINS_BUSY, "logins"),
    ],
)
def test_faults_that_are_refusals(fault: Exception, reason: Reason, text: str) -> None:
    refusal = refusal_of(fault)
    assert refusal is not None
    assert refusal.reason is reason
    assert text in refusal.message.default_message
    assert "disk full" not in refusal.message.default_message


@pytest.mark.parametrize("fault", [Corrupt("x"), Locked("x"), ValueError("x"), KeyError("x")])
def test_faults_of_the_program(fault: Exception) -> None:
    assert refusal_of(fault) is None
