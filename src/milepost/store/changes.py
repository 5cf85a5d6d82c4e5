"""Which fields a change moved, as events tell it."""

from __future__ import annotations

from milepost.rules.task import Change, Task
from milepost.rules.values import Value
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
)
UNTOLD = frozenset({"result"})


def field_changes(change: Change) -> tuple[FieldChange, ...]:
    """The mutable fields that differ, in a fixed order; a create starts from an empty task."""
    before, after = change.before, change.after
    return tuple(
        field_change(name, old, new)
        for name in MUTABLE
        if (old := stored(before, name)) != (new := stored(after, name))
    )


def field_change(name: str, before: object, after: object) -> FieldChange:
    if name in UNTOLD:
        return FieldChange(name)
    return FieldChange(name, before, after)


def stored(task: Task | None, name: str) -> Value | int | str | None:
    value: Value | int | str | None = None if task is None else getattr(task, name)
    return value
