"""What runs a server under test, as far as its handle needs it: in this process, or beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from milepost.store.base import User
from milepost.testing.clock import Clock
from milepost.testing.faults import Faults
from milepost.testing.recording import Recorded

PATIENCE = 30.0
"""Seconds that anything at all may take."""


class Reply(NamedTuple):
    """What a request of the test itself was answered."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class CannotStart(Exception):
    """A server did not start; the text says why."""


class OnlyInProcess(Exception):
    """What was asked for needs a server in the process of the test."""


class Inside(NamedTuple):
    """What only a server in the process of the test has."""

    clock: Clock
    faults: Faults
    records: Callable[[], list[Recorded]]


class Host(Protocol):
    """Runs one server. ``inside`` is ``None`` where nothing inside can be reached."""

    url: str
    password: str
    password_file: Path
    ca_file: Path | None
    inside: Inside | None

    def call(self, method: str, target: str, body: bytes | None, token: str | None) -> Reply:
        """A request of the test: no fault strikes it, and it is not recorded."""

    def add_user(self, user: User, token: str) -> None:
        """Add a user whose ``password`` is not yet hashed; with an administrator's token."""

    def open_session(self, user: str, password: str) -> str:
        """The token of a new session."""

    def log(self) -> str:
        """What the server has logged, where it has a log of its own."""

    def close(self) -> None:
        """End the server and remove its data. Once more does nothing."""
