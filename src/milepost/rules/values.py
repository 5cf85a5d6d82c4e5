"""The values a task is made of.

Every value is frozen and compares by content. Instants are whole milliseconds since
1970-01-01T00:00:00Z (negative before it); texts are Unicode without NUL or lone surrogates.
Shapes and enumerations come from the published slice of the vSphere 7.0 REST API.
"""

from __future__ import annotations

import enum

import msgspec

ERROR_TYPE_PREFIX = "com.vmware.vapi.std.errors."

Instant = int
"""Milliseconds since the epoch, UTC."""


class Status(enum.StrEnum):
    """Where a task stands. ``SUCCEEDED`` and ``FAILED`` are terminal."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    BLOCKED = "BLOCKED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED})


class DateTimeFormat(enum.StrEnum):
    """How an instant inside a message is written for its reader."""

    SHORT_DATE = "SHORT_DATE"
    MED_DATE = "MED_DATE"
    LONG_DATE = "LONG_DATE"
    FULL_DATE = "FULL_DATE"
    SHORT_TIME = "SHORT_TIME"
    MED_TIME = "MED_TIME"
    LONG_TIME = "LONG_TIME"
    FULL_TIME = "FULL_TIME"
    SHORT_DATE_TIME = "SHORT_DATE_TIME"
    MED_DATE_TIME = "MED_DATE_TIME"
    LONG_DATE_TIME = "LONG_DATE_TIME"
    FULL_DATE_TIME = "FULL_DATE_TIME"


class ErrorName(enum.StrEnum):
    """The 25 standard error names, in the spelling of ``error_type``."""

    ERROR = "ERROR"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    ALREADY_IN_DESIRED_STATE = "ALREADY_IN_DESIRED_STATE"
    CANCELED = "CANCELED"
    CONCURRENT_CHANGE = "CONCURRENT_CHANGE"
    FEATURE_IN_USE = "FEATURE_IN_USE"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    INVALID_ELEMENT_CONFIGURATION = "INVALID_ELEMENT_CONFIGURATION"
    INVALID_ELEMENT_TYPE = "INVALID_ELEMENT_TYPE"
    INVALID_REQUEST = "INVALID_REQUEST"
    NOT_ALLOWED_IN_CURRENT_STATE = "NOT_ALLOWED_IN_CURRENT_STATE"
    NOT_FOUND = "NOT_FOUND"
    OPERATION_NOT_FOUND = "OPERATION_NOT_FOUND"
    RESOURCE_BUSY = "RESOURCE_BUSY"
    RESOURCE_IN_USE = "RESOURCE_IN_USE"
    RESOURCE_INACCESSIBLE = "RESOURCE_INACCESSIBLE"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    TIMED_OUT = "TIMED_OUT"
    UNABLE_TO_ALLOCATE_RESOURCE = "UNABLE_TO_ALLOCATE_RESOURCE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAUTHORIZED = "UNAUTHORIZED"
    UNEXPECTED_INPUT = "UNEXPECTED_INPUT"
    UNSUPPORTED = "UNSUPPORTED"
    UNVERIFIED_PEER = "UNVERIFIED_PEER"

    @property
    def type_name(self) -> str:
        """The dotted name, such as ``com.vmware.vapi.std.errors.not_found``."""
        return ERROR_TYPE_PREFIX + self.value.lower()


class Value(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all values: frozen, compared by content, unset fields left out when encoded."""


class Param(Value, frozen=True):
    """One named argument of a message. Several members may be set; an empty one is legal."""

    s: str | None = None
    dt: Instant | None = None
    i: int | None = None
    d: float | None = None
    l: NestedMessage | None = None  # noqa: E741  the published name of the member
    format: DateTimeFormat | None = None
    precision: int | None = None


class NestedMessage(Value, frozen=True):
    """A message used as an argument of another one."""

    id: str
    params: dict[str, Param] | None = None


class Message(Value, frozen=True):
    """A text for people: an id for a catalogue, its arguments, and the English text."""

    id: str
    default_message: str
    args: tuple[str, ...] = ()
    params: dict[str, Param] | None = None
    localized: str | None = None


EMPTY_MESSAGE = Message(id="", default_message="")


class Progress(Value, frozen=True):
    """``completed`` units of work of ``total``; 0 of 0 is legal."""

    total: int
    completed: int
    message: Message = EMPTY_MESSAGE


NO_PROGRESS = Progress(total=0, completed=0)


class Target(Value, frozen=True):
    """The managed object a task works on."""

    type: str
    id: str


ROOT_FOLDER = Target(type="Folder", id="group-d1")


class Opaque(Value, frozen=True):
    """A value the service keeps without looking into it.

    ``plain`` is its compact JSON text, as ``/rest`` shows it. Comparing the text tells ``1`` from
    ``true`` and from ``1.0``, which comparing decoded values would not. ``typed`` is the text of
    the vAPI data value it came as, where that holds what ``plain`` cannot: names of structures,
    unset members, secrets and binary.
    """

    plain: str
    typed: str | None = None


class ErrorValue(Value, frozen=True):
    """Why a task failed: the dotted type, messages, and any further fields as they came."""

    type: str
    messages: tuple[Message, ...] = ()
    fields: dict[str, Opaque] = {}
