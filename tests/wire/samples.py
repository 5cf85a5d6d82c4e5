"""What the tests of this room share: decoders, refusals as text, values as clients send them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from milepost.rules.reasons import Refusal
from milepost.wire.decoding import Decoder, Dialect
from milepost.wire.faults import Malformed

Json = Any

ENTRIES = Decoder(Dialect(maps="entries"))
STRICT_ENTRIES = Decoder(Dialect(maps="entries", strict_params=True))
OBJECTS = Decoder(Dialect(maps="object"))

MESSAGE = "vapi.std.localizable_message"
PARAM = "vapi.std.localization_param"
NESTED = "vapi.std.nested_localizable_message"
TARGET = "vapi.std.dynamic_ID"
PROGRESS = "cis.task.progress"
CREATE = "vcenter.extension.tasks.create_spec"
UPDATE = "vcenter.extension.tasks.update_spec"

ERRORS = "com.vmware.vapi.std.errors."
STATUS_NAMES = "PENDING RUNNING BLOCKED SUCCEEDED FAILED"
FORMAT_NAMES = (
    "SHORT_DATE MED_DATE LONG_DATE FULL_DATE SHORT_TIME MED_TIME LONG_TIME FULL_TIME"
    " SHORT_DATE_TIME MED_DATE_TIME LONG_DATE_TIME FULL_DATE_TIME"
)
ERROR_NAMES = (
    "ERROR ALREADY_EXISTS ALREADY_IN_DESIRED_STATE CANCELED CONCURRENT_CHANGE FEATURE_IN_USE"
    " INTERNAL_SERVER_ERROR INVALID_ARGUMENT INVALID_ELEMENT_CONFIGURATION INVALID_ELEMENT_TYPE"
    " INVALID_REQUEST NOT_ALLOWED_IN_CURRENT_STATE NOT_FOUND OPERATION_NOT_FOUND RESOURCE_BUSY"
    " RESOURCE_IN_USE RESOURCE_INACCESSIBLE SERVICE_UNAVAILABLE TIMED_OUT"
    " UNABLE_TO_ALLOCATE_RESOURCE UNAUTHENTICATED UNAUTHORIZED UNEXPECTED_INPUT UNSUPPORTED"
    " UNVERIFIED_PEER"
)

# The facts of the published slice, by hand: the kind of each member, ``!`` where it is required.
_SPEC = {
    "percent_done": PROGRESS,
    "description": MESSAGE,
    "status": "status",
    "error": "error",
    "result": "any",
    "start_time": "instant",
    "end_time": "instant",
}
FACTS: dict[str, dict[str, str]] = {
    PARAM: {
        "s": "text",
        "dt": "instant",
        "i": "long",
        "d": "double",
        "l": NESTED,
        "format": "format",
        "precision": "long",
    },
    NESTED: {"id": "!text", "params": "params"},
    MESSAGE: {
        "id": "!text",
        "default_message": "!text",
        "args": "!texts",
        "params": "params",
        "localized": "text",
    },
    TARGET: {"type": "!text", "id": "!text"},
    PROGRESS: {"total": "!long", "completed": "!long", "message": "!" + MESSAGE},
    UPDATE: _SPEC,
    CREATE: _SPEC
    | {
        "target": TARGET,
        "operation_id": "!text",
        "user": "text",
        "cancelable": "!boolean",
        "parent_task": "text",
    },
}


def words(text: str, /, **more: Json) -> dict[str, Json]:
    """A message as a client sends it."""
    return {"id": "com.acme.msg", "default_message": text, "args": [], **more}


def good(structure: str) -> dict[str, Json]:
    """The smallest value of a structure that is accepted."""
    smallest: dict[str, dict[str, Json]] = {
        PARAM: {},
        NESTED: {"id": "n"},
        MESSAGE: words("Copying"),
        TARGET: {"type": "Folder", "id": "group-d1"},
        PROGRESS: {"total": 2, "completed": 1, "message": words("Copying")},
        UPDATE: {},
        CREATE: {"operation_id": "com.acme.backup", "cancelable": True},
    }
    return smallest[structure]


def nested_params(levels: int, *, entries: bool = True) -> Json:
    """Params whose only param holds a nested message, and so on, ``levels`` deep."""
    params: Json = None
    for _ in range(levels):
        nested = {"id": "n"} if params is None else {"id": "n", "params": params}
        param = {"l": nested}
        params = [{"key": "p", "value": param}] if entries else {"p": param}
    return params


def refusal_of(read: Callable[[], object]) -> Refusal:
    """What a reading is refused with."""
    with pytest.raises(Malformed) as caught:
        read()
    return caught.value.refusal


def said(refusal: Refusal) -> str:
    return refusal.message.default_message


def check_refused(read: Callable[[], object], reason: str, says: str) -> None:
    """The reading is refused with that reason, and with that text to the letter."""
    refusal = refusal_of(read)
    assert (refusal.reason.id, said(refusal)) == (reason, says)


def refused(decoder: Decoder, structure: str, sent: Json) -> Refusal:
    """What the reading of a structure is refused with."""
    return refusal_of(lambda: decoder.read(structure, sent))


def check_unread(decoder: Decoder, structure: str, sent: Json, reason: str, says: str) -> None:
    """A structure is refused with that reason, and with that text to the letter."""
    check_refused(lambda: decoder.read(structure, sent), reason, says)


def canonical(value: Json) -> Json:
    """A JSON value so that only equal ones compare equal: ``1``, ``1.0`` and ``true`` differ."""
    if isinstance(value, dict):
        return {name: canonical(part) for name, part in value.items()}
    if isinstance(value, list):
        return [canonical(part) for part in value]
    return (type(value).__name__, repr(value))
