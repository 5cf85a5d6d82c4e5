"""The published structures, as one table: names, members, types, what is required.

Everything that reads, writes or describes values follows this table: the decoder, the encoder
and ``/openapi.json``. The names are those of the published slice.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from milepost.rules.values import DateTimeFormat, ErrorName, Status


class Scalar(enum.Enum):
    """Types without parts."""

    TEXT = "text"
    BOOLEAN = "boolean"
    LONG = "a long"
    DOUBLE = "a double"
    INSTANT = "a date-time"
    OPAQUE = "any value"
    ERROR = "an error"
    SECRET = "a secret"  # noqa: S105  the name of a type


class Enumeration(NamedTuple):
    """A text out of a closed set."""

    name: str
    values: type[enum.StrEnum]


class ListOf(NamedTuple):
    """A list, bounded by the limit ``args``."""

    item: Type


class SetOf(NamedTuple):
    """A list without repeats, bounded by the limit ``args``; only JSON-RPC has it."""

    item: Type


class MapOf(NamedTuple):
    """A map from text, bounded by the limit ``params``; its spelling depends on the dialect."""

    item: Type


class Ref(NamedTuple):
    """A structure by name."""

    name: str


Type = Scalar | Enumeration | ListOf | SetOf | MapOf | Ref


class Member(NamedTuple):
    """A member of a structure."""

    name: str
    type: Type
    required: bool = False


MESSAGE = "vapi.std.localizable_message"
PARAM = "vapi.std.localization_param"
NESTED_MESSAGE = "vapi.std.nested_localizable_message"
DYNAMIC_ID = "vapi.std.dynamic_ID"
PROGRESS = "cis.task.progress"
INFO = "cis.task.info"
CREATE_SPEC = "vcenter.extension.tasks.create_spec"
UPDATE_SPEC = "vcenter.extension.tasks.update_spec"
SESSION_INFO = "cis.session.info"

STATUS = Enumeration("cis.task.status", Status)
DATE_TIME_FORMAT = Enumeration("vapi.std.localization_param.date_time_format", DateTimeFormat)
ERROR_TYPE = Enumeration("vapi.std.errors.error.type", ErrorName)

TEXT, BOOLEAN, LONG, DOUBLE = Scalar.TEXT, Scalar.BOOLEAN, Scalar.LONG, Scalar.DOUBLE
INSTANT, OPAQUE, ERROR, SECRET = Scalar.INSTANT, Scalar.OPAQUE, Scalar.ERROR, Scalar.SECRET

UPDATE_MEMBERS = (
    Member("percent_done", Ref(PROGRESS)),
    Member("description", Ref(MESSAGE)),
    Member("status", STATUS),
    Member("error", ERROR),
    Member("result", OPAQUE),
    Member("start_time", INSTANT),
    Member("end_time", INSTANT),
)

STRUCTURES: dict[str, tuple[Member, ...]] = {
    PARAM: (
        Member("s", TEXT),
        Member("dt", INSTANT),
        Member("i", LONG),
        Member("d", DOUBLE),
        Member("l", Ref(NESTED_MESSAGE)),
        Member("format", DATE_TIME_FORMAT),
        Member("precision", LONG),
    ),
    NESTED_MESSAGE: (
        Member("id", TEXT, required=True),
        Member("params", MapOf(Ref(PARAM))),
    ),
    MESSAGE: (
        Member("id", TEXT, required=True),
        Member("default_message", TEXT, required=True),
        Member("args", ListOf(TEXT), required=True),
        Member("params", MapOf(Ref(PARAM))),
        Member("localized", TEXT),
    ),
    DYNAMIC_ID: (
        Member("type", TEXT, required=True),
        Member("id", TEXT, required=True),
    ),
    PROGRESS: (
        Member("total", LONG, required=True),
        Member("completed", LONG, required=True),
        Member("message", Ref(MESSAGE), required=True),
    ),
    UPDATE_SPEC: UPDATE_MEMBERS,
    CREATE_SPEC: (
        Member("target", Ref(DYNAMIC_ID)),
        Member("operation_id", TEXT, required=True),
        *UPDATE_MEMBERS,
        Member("user", TEXT),
        Member("cancelable", BOOLEAN, required=True),
        Member("parent_task", TEXT),
    ),
    INFO: (
        Member("description", Ref(MESSAGE), required=True),
        Member("service", TEXT, required=True),
        Member("operation", TEXT, required=True),
        Member("parent", TEXT),
        Member("target", Ref(DYNAMIC_ID)),
        Member("status", STATUS, required=True),
        Member("cancelable", BOOLEAN, required=True),
        Member("error", ERROR),
        Member("start_time", INSTANT),
        Member("end_time", INSTANT),
        Member("user", TEXT),
        Member("progress", Ref(PROGRESS)),
        Member("result", OPAQUE),
    ),
    SESSION_INFO: (
        Member("user", TEXT, required=True),
        Member("created_time", INSTANT, required=True),
        Member("last_accessed_time", INSTANT, required=True),
    ),
}
