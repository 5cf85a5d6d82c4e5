"""The structures of ``/v1``, beside the published ones, in the same kind of table.

What a person writes is simpler here: a plain text stands for a message, and progress needs none.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from milepost.rules.reasons import OUT_OF_BOUNDS
from milepost.rules.task import LONGEST_LEASE, CreateTask, UpdateTask
from milepost.rules.values import Progress, Value
from milepost.wire import shapes
from milepost.wire.building import build_create, build_update
from milepost.wire.faults import Malformed
from milepost.wire.shapes import BOOLEAN, DOUBLE, LONG, SECRET, TEXT, Enumeration, Member, Ref

PROGRESS = "milepost.v1.progress"
CREATE_SPEC = "milepost.v1.create_spec"
UPDATE_SPEC = "milepost.v1.update_spec"
NEW_USER = "milepost.v1.new_user"
USER_CHANGE = "milepost.v1.user_change"
NEW_SESSION = "milepost.v1.new_session"
NEW_TOKEN = "milepost.v1.new_token"  # noqa: S105  the name of a structure

SMALLEST_WEIGHT = 0.000_001
LARGEST_WEIGHT = 1_000_000.0


class CancelSaid(enum.StrEnum):
    """What an extension can say about a wish to cancel."""

    ACKNOWLEDGED = "acknowledged"


CANCEL_SAID = Enumeration("milepost.v1.cancel_said", CancelSaid)

UPDATE_MEMBERS = (
    Member("percent_done", Ref(PROGRESS)),
    *(member for member in shapes.UPDATE_MEMBERS if member.name != "percent_done"),
    Member("lease_seconds", LONG),
    Member("pinned", BOOLEAN),
)

V1_STRUCTURES: dict[str, tuple[Member, ...]] = {
    PROGRESS: (
        Member("total", LONG, required=True),
        Member("completed", LONG, required=True),
        Member("message", Ref(shapes.MESSAGE)),
    ),
    UPDATE_SPEC: (*UPDATE_MEMBERS, Member("cancel", CANCEL_SAID)),
    CREATE_SPEC: (
        Member("operation_id", TEXT, required=True),
        Member("cancelable", BOOLEAN, required=True),
        Member("target", Ref(shapes.DYNAMIC_ID)),
        *UPDATE_MEMBERS,
        Member("user", TEXT),
        Member("parent_task", TEXT),
        Member("weight", DOUBLE),
        Member("extension", TEXT),
    ),
    NEW_USER: (
        Member("name", TEXT, required=True),
        Member("role", TEXT, required=True),
        Member("password", SECRET, required=True),
        Member("extension", TEXT),
    ),
    USER_CHANGE: (
        Member("role", TEXT),
        Member("extension", TEXT),
        Member("disabled", BOOLEAN),
        Member("password", SECRET),
    ),
    NEW_SESSION: (
        Member("user", TEXT, required=True),
        Member("password", SECRET, required=True),
    ),
    NEW_TOKEN: (
        Member("name", TEXT, required=True),
        Member("scope", TEXT, required=True),
        Member("extension", TEXT),
        Member("lifetime_seconds", LONG),
        Member("user", TEXT),
    ),
}


def build_progress(found: dict[str, Any]) -> Progress:
    return Progress(**found)


def build_own_update(found: dict[str, Any]) -> UpdateTask:
    within(found, "lease_seconds", 0, LONGEST_LEASE)
    found["acknowledge_cancel"] = found.pop("cancel", None) is not None
    return build_update(found)


def build_own_create(found: dict[str, Any]) -> CreateTask:
    within(found, "lease_seconds", 0, LONGEST_LEASE)
    within(found, "weight", SMALLEST_WEIGHT, LARGEST_WEIGHT)
    return build_create(found)


def within(found: dict[str, Any], name: str, low: float, high: float) -> None:
    """Raise ``Malformed`` for a member that is outside its bounds."""
    value = found.get(name)
    if value is not None and not low <= value <= high:
        raise Malformed(OUT_OF_BOUNDS, str(value), f"{low:g}", f"{high:.0f}").under(name)


V1_BUILDERS: dict[str, Callable[[dict[str, Any]], Value | dict[str, Any]]] = {
    PROGRESS: build_progress,
    UPDATE_SPEC: build_own_update,
    CREATE_SPEC: build_own_create,
    # What users and tokens are made of is known to another room; it is given by the names of the
    # members.
    NEW_USER: dict,
    USER_CHANGE: dict,
    NEW_SESSION: dict,
    NEW_TOKEN: dict,
}
