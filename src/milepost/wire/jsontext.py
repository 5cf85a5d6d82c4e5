"""JSON text to values, strictly.

The parser reads fast and refuses most of what must be refused; when it does, or when the text
holds something that needs a closer look, a slow second reading finds the path and the value.
Refused: invalid UTF-8, a byte order mark, trailing data, NaN and infinities, duplicate keys, lone
surrogates, NUL in text, integers outside int64, numbers outside float64, and nesting beyond what
any structure may have.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import jiter

from milepost.rules.reasons import (
    DUPLICATE_KEY,
    LONE_SURROGATE,
    NOT_JSON,
    NUL_IN_TEXT,
    NUMBER_RANGE,
    TOO_DEEP,
    shortened,
)
from milepost.wire.faults import Malformed

# What the parser lets pass but a value may not hold; a hit only means that a closer look is due.
SUSPICIOUS_NUMBER = re.compile(rb"[0-9](?:[0-9]{18}|[eE]\+?[0-9]{3})")
SUSPICIOUS_TEXT = b"\\u0000"
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
PARSER_DEPTH = 200
INT64 = range(-(2**63), 2**63)
INT64_DIGITS = 20
SURROGATE = re.compile("[\ud800-\udfff]")

Path = tuple[str | int, ...]


class Pairs(list[tuple[str, Any]]):
    """The members of an object as they were written, doubles included."""


class HugeInteger(str):
    """The digits of an integer too long to be worth converting."""

    __slots__ = ()


def parse(body: bytes) -> Any:
    """The values a JSON text stands for: dicts, lists, str, int, float, bool, None.

    Raises:
        Malformed: naming the path and the value, or the line and column of broken syntax.
    """
    try:
        tree = jiter.from_json(
            body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="none"
        )
    except ValueError as fault:
        raise explain(body, str(fault)) from None
    if SUSPICIOUS_TEXT in body or SUSPICIOUS_NUMBER.search(body):
        refuse_first_fault(tree)
    return tree


def explain(body: bytes, complaint: str) -> Malformed:
    """Why the parser refused a text, found by reading it again with everything kept."""
    if body.startswith(BYTE_ORDER_MARKS):
        return Malformed(NOT_JSON, "it starts with a byte order mark")
    if complaint.startswith("recursion limit"):
        return Malformed(TOO_DEEP, str(PARSER_DEPTH))
    try:
        text = body.decode()
    except UnicodeDecodeError as fault:
        return Malformed(NOT_JSON, f"byte {fault.start} is not UTF-8")
    try:
        tree = json.loads(
            text, object_pairs_hook=Pairs, parse_int=read_integer, parse_constant=refuse_constant
        )
        refuse_first_fault(tree)
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno} column {fault.colno}"
        return Malformed(NOT_JSON, f"{fault.msg.lower()} at {where}")
    except RecursionError:
        return Malformed(TOO_DEEP, str(PARSER_DEPTH))
    except Malformed as fault:
        return fault
    return Malformed(NOT_JSON, complaint)


def read_integer(digits: str) -> int | HugeInteger:
    return int(digits) if len(digits) <= INT64_DIGITS else HugeInteger(digits)


def refuse_constant(name: str) -> NoReturn:
    raise Malformed(NOT_JSON, f"{name} is not a JSON number")


def refuse_first_fault(tree: object) -> None:
    """Raise ``Malformed`` for the first value in the order of the text that may not be."""
    for path, value in walk(tree):
        fault = fault_of(value)
        if fault is not None:
            for segment in reversed(path):
                fault.under(segment)
            raise fault


def walk(tree: object) -> Iterator[tuple[Path, object]]:
    """Every value with its path, parents first, without recursion."""
    waiting: list[tuple[Path, object]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, Pairs):
            members: list[tuple[str | int, object]] = list(value)
        elif isinstance(value, dict):
            members = list(value.items())
        elif isinstance(value, list):
            members = list(enumerate(value))
        else:
            continue
        waiting.extend(((*path, key), item) for key, item in reversed(members))


def fault_of(value: object) -> Malformed | None:
    """What is wrong with one value, looked at without its children."""
    if isinstance(value, HugeInteger):
        return Malformed(NUMBER_RANGE, shortened(value), "int64")
    if isinstance(value, str):
        return fault_of_text(value)
    if isinstance(value, int):
        return None if value in INT64 else Malformed(NUMBER_RANGE, shortened(str(value)), "int64")
    if isinstance(value, float):
        return None if math.isfinite(value) else Malformed(NUMBER_RANGE, str(value), "float64")
    if isinstance(value, Pairs):
        return fault_of_keys([key for key, _ in value])
    if isinstance(value, dict):
        return fault_of_keys(list(value))
    return None


def fault_of_keys(keys: list[str]) -> Malformed | None:
    seen: set[str] = set()
    for key in keys:
        fault = fault_of_text(key)
        if fault is not None:
            return fault
        if key in seen:
            return Malformed(DUPLICATE_KEY, shortened(key))
        seen.add(key)
    return None


def fault_of_text(text: str) -> Malformed | None:
    if "\0" in text:
        return Malformed(NUL_IN_TEXT, shortened(json.dumps(text)))
    if SURROGATE.search(text):
        return Malformed(LONE_SURROGATE, shortened(json.dumps(text)))
    return None
