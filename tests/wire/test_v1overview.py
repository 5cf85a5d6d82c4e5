"""What is told of a session, of the server, and of all tasks together."""

from __future__ import annotations

import json
from typing import Any

from milepost.rules.values import Status
from milepost.wire.v1overview import encode_overview, encode_server, encode_session
from tests.wire.test_v1 import NOON, NOON_TEXT
from tests.wire.test_v1answers import validator


def described(name: str, encoded: bytes) -> Any:
    """An answer as JSON, after a look at whether it is as described."""
    value = json.loads(encoded)
    validator(f"milepost.v1.{name}").validate(value)
    return value


def test_a_session() -> None:
    who = {"user": "ann", "role": "viewer", "scope": "full", "extension": None}
    shown = described("session", encode_session(who, ["read", "cancel"], NOON, NOON, 60))
    assert shown == {
        "user": "ann",
        "role": "viewer",
        "scope": "full",
        "rights": ["cancel", "read"],
        "created_at": NOON_TEXT,
        "ends_at": NOON_TEXT,
        "idle_seconds": 60,
    }
    acme = {**who, "extension": "com.acme"}
    token = described("session", encode_session(acme, [], NOON, None, None))
    assert token["extension"] == "com.acme"
    assert not {"ends_at", "idle_seconds"} & token.keys()


def test_the_server() -> None:
    facts = {
        "version": "1",
        "store": "sqlite",
        "ready": True,
        "first_position": 0,
        "last_position": 7,
        "watchers": 1,
        "cancel_grace": 300,
    }
    shown = described("server", encode_server(facts, NOON, NOON))
    assert shown == {**facts, "started_at": NOON_TEXT, "now": NOON_TEXT}


def test_an_overview() -> None:
    opened = {"b": dict.fromkeys(Status, 1), "a": dict.fromkeys(Status, 2)}
    ended = {"a": {Status.SUCCEEDED: 3, Status.FAILED: 4}}
    hours = [(NOON, 1, 2, (1500, 2000, 2500)), (NOON, 0, 0, ())]
    shown = described("overview", encode_overview(NOON, opened, ended, hours, (NOON, False)))
    assert shown == {
        "at": NOON_TEXT,
        "open": [
            {"service": "a", "PENDING": 2, "RUNNING": 2, "BLOCKED": 2},
            {"service": "b", "PENDING": 1, "RUNNING": 1, "BLOCKED": 1},
        ],
        "ended": [{"service": "a", "SUCCEEDED": 3, "FAILED": 4}],
        "hours": [
            {
                "begins": NOON_TEXT,
                "SUCCEEDED": 1,
                "FAILED": 2,
                "p50_seconds": 1.5,
                "p90_seconds": 2.0,
                "p99_seconds": 2.5,
            },
            {"begins": NOON_TEXT, "SUCCEEDED": 0, "FAILED": 0},
        ],
        "complete_since": NOON_TEXT,
        "complete": False,
    }
