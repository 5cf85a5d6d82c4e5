"""The strict check: which fields a spec may carry beside the status it names itself.

The original's generated validators refuse ``result``, ``error``, ``start_time`` and ``end_time``
when the *same spec* does not name a status that allows them. With ``spec_validation = "strict"``
this check runs before any rule about the stored task.
"""

from __future__ import annotations

from milepost.rules import reasons
from milepost.rules.instants import write_instant
from milepost.rules.reasons import Refusal, shortened
from milepost.rules.task import Ruleset, UpdateTask
from milepost.rules.values import ErrorValue, Instant, Opaque, Status

ALLOWED: dict[Status | None, frozenset[str]] = {
    None: frozenset(),
    Status.PENDING: frozenset(),
    Status.RUNNING: frozenset({"result", "start_time"}),
    Status.BLOCKED: frozenset({"result", "start_time"}),
    Status.SUCCEEDED: frozenset({"result", "start_time", "end_time"}),
    Status.FAILED: frozenset({"error", "result", "start_time", "end_time"}),
}
GUARDED = ("error", "result", "start_time", "end_time")


def check_spec(spec: UpdateTask, rules: Ruleset) -> Refusal | None:
    """The refusal the strict check gives, or ``None`` when the spec passes or the check is off."""
    if rules.spec_validation != "strict":
        return None
    allowed = ALLOWED[spec.status]
    for field in GUARDED:
        value = getattr(spec, field)
        if value is not None and field not in allowed:
            named = "no status" if spec.status is None else f"the status {spec.status.value}"
            return Refusal(reasons.FIELD_NEEDS_STATUS, (field, shown(value), named))
    return None


def shown(value: ErrorValue | Opaque | Instant) -> str:
    """The value of a guarded field, as the message names it."""
    if isinstance(value, ErrorValue):
        return value.type
    return shortened(value.plain) if isinstance(value, Opaque) else write_instant(value)
