"""What the service answers, as values: frozen, compared by content, times with their zone.

Members that a later service adds are left out; members that are not there are ``None``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from milepost.rules.values import TERMINAL, DateTimeFormat, Status


class Value(msgspec.Struct, frozen=True):
    """Base of all values."""


class Param(Value, frozen=True, omit_defaults=True):
    """One named argument of a message: a text, an instant, a number, or a message of an id."""

    s: str | None = None
    dt: datetime | None = None
    i: int | None = None
    d: float | None = None
    l: Nested | None = None  # noqa: E741  the published name of the member
    format: DateTimeFormat | None = None
    precision: int | None = None


class Nested(Value, frozen=True, omit_defaults=True):
    """A message used as an argument of another one."""

    id: str
    params: dict[str, Param] | None = None


class Message(Value, frozen=True):
    """A text for people. ``default_message`` has its arguments put in; ``id`` is for a catalogue.

    ``localized`` is the text in the language that was asked for, where there is one.
    """

    default_message: str
    id: str = ""
    args: tuple[str, ...] = ()
    params: dict[str, Param] | None = None
    localized: str | None = None

    @property
    def text(self) -> str:
        """What to show."""
        return self.localized or self.default_message


class Progress(Value, frozen=True):
    """``completed`` units of work of ``total``; 0 of 0 when nothing is known."""

    total: int
    completed: int
    message: Message | str = ""

    @property
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1; ``None`` when the total is 0."""
        return self.completed / self.total if self.total else None


class Target(Value, frozen=True):
    """The managed object that a task works on."""

    type: str
    id: str


class TaskError(Value, frozen=True):
    """Why a task failed. ``error_type`` is one of the standard errors, such as ``NOT_FOUND``.

    ``type`` is the dotted name of an error that is none of them, ``data`` what came with it.
    """

    error_type: str = "ERROR"
    messages: tuple[Message, ...] = ()
    type: str | None = None
    data: Any = None

    @property
    def text(self) -> str:
        """The first message, or the standard error where there is none."""
        return self.messages[0].text if self.messages else self.error_type


class Lease(Value, frozen=True):
    """How long a task may be silent, and how long is left; both in seconds."""

    seconds: int
    remaining_seconds: float | None = None


class Children(Value, frozen=True):
    """The children of a task. ``fraction`` is how much of their work is done, from 0 to 1."""

    count: int
    by_status: dict[Status, int]
    fraction: float
    complete: bool = True
    succeeded_over_failed: bool = False


class Task(Value, frozen=True, kw_only=True):
    """A task at one revision."""

    id: str
    revision: int
    service: str
    operation: str
    status: Status
    cancelable: bool
    principal: str
    created_at: datetime
    updated_at: datetime
    description: Message = Message("")
    target: Target | None = None
    user: str | None = None
    parent: str | None = None
    progress: Progress | None = None
    error: TaskError | None = None
    result: Any = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    finished_at: datetime | None = None
    cancel: Literal["requested", "acknowledged"] | None = None
    cancel_requested: datetime | None = None
    cancel_acknowledged: datetime | None = None
    weight: float = 1.0
    pinned: bool = False
    lease: Lease | None = None
    children: Children | None = None
    elapsed_seconds: float | None = None
    rate_per_second: float | None = None
    remaining_seconds: float | None = None

    @property
    def ended(self) -> bool:
        """Whether it has succeeded or failed."""
        return self.status in TERMINAL

    @property
    def cancel_is_pending(self) -> bool:
        """Whether somebody has asked for its end and the extension has not yet heard of it."""
        return self.cancel == "requested" and not self.ended


class Page(Value, frozen=True):
    """A page of tasks, and the token of the next one if there is one."""

    tasks: tuple[Task, ...]
    next_page_token: str | None = None


class Counts(Value, frozen=True):
    """How many tasks there are of each status; ``complete`` is false when not all were counted."""

    by_status: dict[Status, int]
    complete: bool


class FieldChange(Value, frozen=True):
    """A member of a task that moved; ``result`` is named without its values."""

    field: str
    before: Any = None
    after: Any = None


class TaskEvent(Value, frozen=True, kw_only=True):
    """An accepted change as it is watched: the task as the change left it, without its result.

    ``position`` is its place in the log of all tasks; to watch on behind it, pass it as ``after``.
    """

    position: int = 0
    task: Task
    changes: tuple[FieldChange, ...]
    principal: str
    at: datetime


class HistoryEvent(Value, frozen=True, kw_only=True):
    """One entry of the history of a task; ``source`` is the address it came from."""

    position: int
    revision: int
    kind: str
    at: datetime
    principal: str
    source: str = ""
    changes: tuple[FieldChange, ...]


class HistoryPage(Value, frozen=True):
    """A page of a history, and the token of the next one if there is one."""

    events: tuple[HistoryEvent, ...]
    next_page_token: str | None = None


class User(Value, frozen=True):
    """A user; ``extension`` is its key when its role is ``extension``."""

    name: str
    role: str
    disabled: bool = False
    extension: str | None = None


class ExtensionSummary(Value, frozen=True):
    """A registered extension without what is long: how many operations and members it has."""

    key: str
    version: int
    name: str
    operations: int
    operations_closed: bool
    locales: tuple[str, ...]
    members: int


class Session(Value, frozen=True):
    """Who the service takes the caller for.

    ``scope`` is less than ``full`` for some tokens; ``extension`` is the one whose tasks there are
    for the caller. ``ends_at`` is missing when there is no end, ``idle_seconds`` for a token.
    """

    user: str
    role: str
    scope: str
    created_at: datetime
    rights: tuple[str, ...] = ()
    extension: str | None = None
    ends_at: datetime | None = None
    idle_seconds: int | None = None


class Token(Value, frozen=True):
    """A token as it is told: all but its text."""

    id: str
    name: str
    user: str
    scope: str
    created_at: datetime
    extension: str | None = None
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class MadeToken(Token, frozen=True, kw_only=True):
    """A token just made; ``token`` is its text, which is told this once."""

    token: str


class TokenPage(Value, frozen=True):
    """A page of tokens, and the token of the next page if there is one."""

    tokens: tuple[Token, ...]
    next_page_token: str | None = None
