"""Faults of the rooms below that a caller can do something about, as refusals."""

from __future__ import annotations

from milepost.access.passwords import TooManyLogins
from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.store.base import Overloaded, TooLarge, Unavailable


def refusal_of(fault: Exception) -> Refusal | None:
    """The refusal a fault stands for, or ``None`` when it is a fault of the program."""
    if isinstance(fault, Unavailable):
        return Refusal(reasons.STORE_UNAVAILABLE)
    if isinstance(fault, Overloaded):
        return Refusal(reasons.TOO_BUSY, (str(fault.waiting),))
    if isinstance(fault, TooLarge):
        return Refusal(reasons.LIST_TOO_LARGE, (str(fault.most),))
    if isinstance(fault, TooManyLogins):
        return Refusal(reasons.LOGINS_BUSY)
    return None
