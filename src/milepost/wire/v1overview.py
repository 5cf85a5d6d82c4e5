"""What ``/v1`` tells of a session, of the server, and of all tasks together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from milepost.rules.values import Instant, Status
from milepost.wire.descriptions import SCALARS, Schema, list_schema, object_schema
from milepost.wire.encoding import instant_value, to_json
from milepost.wire.shapes import Scalar

OPEN = (Status.PENDING, Status.RUNNING, Status.BLOCKED)
ENDED = (Status.SUCCEEDED, Status.FAILED)
PERCENTILES = ("p50_seconds", "p90_seconds", "p99_seconds")
SECOND = 1000
TEXT, INSTANT, BOOLEAN = SCALARS[Scalar.TEXT], SCALARS[Scalar.INSTANT], SCALARS[Scalar.BOOLEAN]
COUNT: Schema = {"type": "integer", "minimum": 0}
SECONDS: Schema = {"type": "number", "minimum": 0}

HourValue = tuple[Instant, int, int, Sequence[int]]
"""When an hour begins, what has succeeded and failed in it, and percentiles in milliseconds."""


def encode_session(
    who: Mapping[str, str | None],
    rights: Iterable[str],
    began: Instant,
    ends: Instant | None,
    idle: int | None,
) -> bytes:
    """A session: whose it is, what it may do, when it began and must end.

    ``who`` has its ``user``, ``role``, ``scope`` and ``extension``; ``idle`` is how many seconds it
    may be unused. What is ``None`` is left out.
    """
    value = {
        **who,
        "rights": sorted(rights),
        "created_at": instant_value(began),
        "ends_at": instant_value(ends),
        "idle_seconds": idle,
    }
    return to_json({name: part for name, part in value.items() if part is not None})


def encode_server(facts: Mapping[str, Any], started_at: Instant, now: Instant) -> bytes:
    """What is known of the server; ``facts`` are told as they are."""
    instants = {"started_at": instant_value(started_at), "now": instant_value(now)}
    return to_json({**facts, **instants})


def encode_overview(
    at: Instant,
    opened: Mapping[str, Mapping[Status, int]],
    ended: Mapping[str, Mapping[Status, int]],
    hours: Iterable[HourValue],
    complete: tuple[Instant, bool],
) -> bytes:
    """An overview; ``opened`` and ``ended`` have counts by service and status."""
    return to_json(
        {
            "at": instant_value(at),
            "open": services_value(opened, OPEN),
            "ended": services_value(ended, ENDED),
            "hours": [hour_value(*hour) for hour in hours],
            "complete_since": instant_value(complete[0]),
            "complete": complete[1],
        }
    )


def services_value(
    counts: Mapping[str, Mapping[Status, int]], shown: Iterable[Status]
) -> list[dict[str, Any]]:
    """Counts by service, in the order of their names."""
    return [
        {"service": service, **{status.value: of[status] for status in shown}}
        for service, of in sorted(counts.items())
    ]


def hour_value(begins: Instant, succeeded: int, failed: int, took: Sequence[int]) -> dict[str, Any]:
    """An hour; the percentiles are there when something has ended in it."""
    return {
        "begins": instant_value(begins),
        "SUCCEEDED": succeeded,
        "FAILED": failed,
        **dict(zip(PERCENTILES, (part / SECOND for part in took), strict=False)),
    }


def overview_schemas(prefix: str) -> dict[str, Schema]:
    """The structures of these answers."""
    of_service = {"service": TEXT}
    hour: dict[str, Schema] = {
        "begins": INSTANT,
        **{status.value: COUNT for status in ENDED},
        **dict.fromkeys(PERCENTILES, SECONDS),
    }
    session = {
        "user": TEXT,
        "role": TEXT,
        "scope": TEXT,
        "extension": TEXT,
        "rights": list_schema(TEXT),
        "created_at": INSTANT,
        "ends_at": INSTANT,
        "idle_seconds": COUNT,
    }
    server = {
        "version": TEXT,
        "store": TEXT,
        "ready": BOOLEAN,
        "first_position": COUNT,
        "last_position": COUNT,
        "watchers": COUNT,
        "cancel_grace": COUNT,
        "started_at": INSTANT,
        "now": INSTANT,
    }
    overview = {
        "at": INSTANT,
        "open": list_schema(counts_schema(of_service, OPEN)),
        "ended": list_schema(counts_schema(of_service, ENDED)),
        "hours": list_schema(object_schema(hour, ["begins", *ENDED])),
        "complete_since": INSTANT,
        "complete": BOOLEAN,
    }
    optional = {"extension", "ends_at", "idle_seconds"}
    return {
        prefix + "session": object_schema(session, [key for key in session if key not in optional]),
        prefix + "server": object_schema(server, list(server)),
        prefix + "overview": object_schema(overview, list(overview)),
    }


def counts_schema(first: dict[str, Schema], statuses: Iterable[Status]) -> Schema:
    members = {**first, **{status.value: COUNT for status in statuses}}
    return object_schema(members, list(members))
