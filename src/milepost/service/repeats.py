"""Requests with an ``Idempotency-Key``: made once, however often they are sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from milepost.access.principals import Principal
from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.rules.task import Accepted, Decision
from milepost.rules.values import Instant, Value
from milepost.store.base import Kept, Once

encode_asked = msgspec.json.Encoder(order="deterministic").encode


class Repeatable(Value, frozen=True):
    """What makes a request known again: the route it came to, and the key it was sent with."""

    route: str
    key: str


def once_of(
    who: Principal,
    repeatable: Repeatable,
    asked: object,
    at: Instant,
    note: Callable[[Sequence[Decision]], str | None],
) -> Once:
    """A request as the store knows it again: a caller's key at a route, and all it asks for."""
    digest = hashlib.sha256(encode_asked(asked)).hexdigest()
    # A token for one extension makes something else of the same request than its owner does.
    name = f"{who.name}/{who.extension}" if who.is_confined else who.name
    return Once(f"{name} {repeatable.route}", repeatable.key, digest, at, note)


def refusal_of_another(once: Once, kept: Kept) -> Refusal | None:
    """Why what was kept is no answer to this request, or ``None`` when it is."""
    if once.digest == kept.digest:
        return None
    return Refusal(reasons.KEY_USED, (once.key,))


def id_of_created(decisions: Sequence[Decision]) -> str | None:
    """What is kept of a create: the id of the task, and nothing of a refusal."""
    (decision,) = decisions
    return decision.task.id if isinstance(decision, Accepted) else None
