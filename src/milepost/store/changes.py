"""Which fields a change moved, as events tell it."""

from __future__ import annotations

import operator

from milepost.rules.task import Change
from milepost.store.base import FieldChange

MUTABLE = (
    "status",
    "description",
    "progress",
    "error",
    "result",
    "start_time",
    "end_time",
    "cancel_requested",
    "cancel_acknowledged",
    "lease_seconds",
    "pinned",
)
UNTOLD = frozenset({"result"})
values_of = operator.attrgetter(*MUTABLE)
# A new task starts from nothing, and unpinned.
NOTHING = tuple(False if name == "pinned" else None for name in MUTABLE)


def field_changes(change: Change) -> tuple[FieldChange, ...]:
    """The mutable fields that differ, in a fixed order; a create starts from nothing."""
    before = NOTHING if change.before is None else values_of(change.before)
    return tuple(
        FieldChange(name) if name in UNTOLD else FieldChange(name, old, new)
        for name, old, new in zip(MUTABLE, before, values_of(change.after), strict=True)
        if old is not new and old != new
    )
