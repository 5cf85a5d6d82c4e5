"""Which fields a change moved, as events tell it."""

from __future__ import annotations

import operator
from collections.abc import Iterable

from milepost.rules.task import Change, Task
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
TOLD = frozenset(MUTABLE)
UNTOLD = frozenset({"result"})
# A new task starts from nothing, and unpinned.
NOTHING = {name: False if name == "pinned" else None for name in MUTABLE}
FIELDS = Task.__struct_fields__
values_of = operator.attrgetter(*FIELDS)


def moved(before: Task, after: Task) -> list[str]:
    """The fields in which two revisions of a task differ, in the order of the task's fields."""
    # Most of a task is the very same object after a change; that is cheaper to see than equality.
    return [
        name
        for name, old, new in zip(FIELDS, values_of(before), values_of(after), strict=True)
        if old is not new and old != new
    ]


def field_changes(change: Change) -> tuple[FieldChange, ...]:
    """The mutable fields that differ, in a fixed order; a create starts from nothing."""
    if change.before is None:
        values = ((name, old, getattr(change.after, name)) for name, old in NOTHING.items())
        return tuple(told(name, old, new) for name, old, new in values if old != new)
    return told_changes(change.before, change.after, moved(change.before, change.after))


def told_changes(before: Task, after: Task, names: Iterable[str]) -> tuple[FieldChange, ...]:
    """The mutable ones of some fields, before and after."""
    return tuple(
        [told(name, getattr(before, name), getattr(after, name)) for name in names if name in TOLD]
    )


def told(name: str, old: object, new: object) -> FieldChange:
    """A field as it moved."""
    return FieldChange(name) if name in UNTOLD else FieldChange(name, old, new)
