"""The messages of the official runtime for what does not fit, by its ids and arguments.

JSON-RPC sends them first, so that a client which looks for them finds them; ours follow and name
the path and the value. The ids and their arguments are those the runtime was seen to answer
(``tests/conformance/official_answers.json``); the texts are our own.
"""

from __future__ import annotations

import re

from milepost.rules import reasons
from milepost.rules.reasons import Reason, Refusal
from milepost.rules.values import Message
from milepost.wire.faults import Malformed
from milepost.wire.wrappers import INPUT

TEXTS = {
    "vapi.method.input.invalid": "The input is not a structure.",
    "vapi.method.input.invalid.interface": 'There is no service "{0}".',
    "vapi.method.input.invalid.method": 'There is no operation "{0}".',
    "vapi.data.structure.field.invalid": 'The field "{0}" of the structure "{1}" is not valid.',
    "vapi.data.structure.field.missing": 'The structure "{0}" has no field "{1}".',
    "vapi.data.structure.field.unexpected": 'The fields {0} are not in the structure "{1}".',
    "vapi.data.structure.union.extra": 'The structure "{0}" may not have the field "{1}" here.',
    "vapi.bindings.typeconverter.map.duplicate.key": 'The key "{0}" is in the map twice.',
    "vapi.bindings.typeconverter.set.duplicate.element": 'The element "{0}" is in the set twice.',
    "vapi.introspection.service.not_found": 'There is no service "{0}".',
    "vapi.introspection.operation.service.not_found": 'There is no service "{0}".',
    "vapi.introspection.operation.not_found": 'The service "{1}" has no operation "{0}".',
}
DATE_TIME = "vapi.bindings.typeconverter.datetime.deserialize."
# The parts of a date-time in the order the runtime looks at them, each with its bounds.
DATE_TIME_PARTS = (
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
    ("second", 0, 59),
)
DATE_TIME_SHAPE = re.compile(
    r"\d{4}-(?P<month>\d\d)-(?P<day>\d\d)T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(\.\d+)?(Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
# These tell that a value does not fit where it is, however deep that is.
MISFITS = (reasons.WRONG_TYPE, reasons.WRONG_STRUCTURE, reasons.MISSING_MEMBER)


def said(ident: str, *args: str) -> Message:
    """A message of the runtime."""
    return Message(ident, TEXTS[ident].format(*args), args)


def message_of(fault: Malformed) -> Message | None:
    """What the runtime says of an input; ``None`` where it would take it, or has no words."""
    details, path = fault.details, fault.path
    if fault.reason in MISFITS:
        return misfit(fault.reason, path)
    if fault.reason is reasons.UNEXPECTED_FIELD:
        # It shows a set of names as its language prints it.
        return said("vapi.data.structure.field.unexpected", f"{{{str(path[0])!r}}}", details[1])
    if fault.reason is reasons.DUPLICATE_KEY:
        return said("vapi.bindings.typeconverter.map.duplicate.key", details[0])
    if fault.reason is reasons.DUPLICATE_ELEMENT:
        return said("vapi.bindings.typeconverter.set.duplicate.element", details[0].strip('"'))
    if fault.reason is reasons.BAD_DATE_TIME:
        return date_time_message(details[0].strip('"'))
    return None


def misfit(reason: Reason, path: list[str | int]) -> Message:
    """The outermost message about a value that does not fit; a path begins with its innermost."""
    if not path:
        return said("vapi.method.input.invalid")
    outermost = str(path[-1])
    if reason is reasons.MISSING_MEMBER and len(path) == 1:
        return said("vapi.data.structure.field.missing", INPUT, outermost)
    return said("vapi.data.structure.field.invalid", outermost, INPUT)


def date_time_message(text: str) -> Message:
    """Which part of a date-time is at fault; the first one, or the whole."""
    match = DATE_TIME_SHAPE.fullmatch(text)
    if match is None:
        ident, shape = DATE_TIME + "invalid.format", "YYYY-MM-DDThh:mm:ss.sssZ"
        return Message(ident, f'"{text}" is not a date-time like {shape}.', (text, shape))
    for part, least, most in DATE_TIME_PARTS:
        if not least <= int(match[part]) <= most:
            return Message(f"{DATE_TIME}{part}.invalid", f'"{text}" has no such {part}.', (text,))
    return Message(DATE_TIME + "invalid.time", f'"{text}" is no time.', (text, "it does not exist"))


def message_about(refusal: Refusal, structure: str | None = None) -> Message | None:
    """What the runtime says where the service refuses; ``structure`` is the name of the spec."""
    args = refusal.args
    if refusal.reason is reasons.FIELD_NEEDS_STATUS and structure is not None:
        return said("vapi.data.structure.union.extra", structure, args[0])
    if refusal.reason is reasons.RPC_SERVICE:
        return said("vapi.method.input.invalid.interface", args[0])
    if refusal.reason is reasons.RPC_OPERATION:
        return said("vapi.method.input.invalid.method", args[0])
    if refusal.reason is reasons.OPERATION_UNKNOWN:
        return said("vapi.introspection.operation.not_found", *args)
    if refusal.reason is reasons.SERVICE_UNKNOWN:
        kind = "service" if args[0] == "id" else "operation.service"
        return said(f"vapi.introspection.{kind}.not_found", args[1])
    return None
