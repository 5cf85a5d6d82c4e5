"""What an event keeps of a change, and how it is told.

The values before are kept. Those after are in the task that the event keeps too, so they are not
written twice.
"""

from __future__ import annotations

import msgspec

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


class Former(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field that moved, and its value before, as an event keeps them.

    ``before`` is ``None`` for nothing, and for what is not told.
    """

    field: str
    before: object = None


def formers(change: Change) -> tuple[Former, ...]:
    """What an event keeps of a change: its mutable fields, in the order of the task's."""
    before, after = change.before, change.after
    if before is None:
        return tuple(
            [Former(name, old) for name, old in NOTHING.items() if getattr(after, name) != old]
        )
    return tuple(
        [
            Former(name) if name in UNTOLD else Former(name, getattr(before, name))
            for name in change.moved
            if name in TOLD
        ]
    )


def told(task: Task, kept: tuple[Former, ...]) -> tuple[FieldChange, ...]:
    """The changes of an event with the values after, from the task it kept."""
    return tuple(
        [
            FieldChange(one.field)
            if one.field in UNTOLD
            else FieldChange(one.field, one.before, getattr(task, one.field))
            for one in kept
        ]
    )


def field_changes(change: Change) -> tuple[FieldChange, ...]:
    """The changes that the event of a change tells."""
    return told(change.after, formers(change))
