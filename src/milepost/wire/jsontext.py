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
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jiter

from milepost.rules.reasons import (
    DUPLICATE_KEY,
    LONE_SURROGATE,
    NOT_A_NUMBER,
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
RECURSION = "recursion limit"
INT64 = range(-(2**63), 2**63)
INT64_DIGITS = 20
SURROGATE = re.compile("[\ud800-\udfff]")


class Pairs(list[tuple[str, Any]]):
    """The members of an object as they were written, doubles included."""


class Digits(str):
    """A number as it was written, because no value can hold it."""

    __slots__ = ()


class Constant(str):
    """A name that some programs write for a number, such as NaN."""

    __slots__ = ()


Judge = Callable[[object], Malformed | None]
"""Says what is wrong with one value, looked at without its parts."""


class Node(NamedTuple):
    """A list or object on the way through a tree; the path leads back over the parents."""

    value: Any
    parent: Node | None
    key: str | int


def parse(body: bytes, depth: int = PARSER_DEPTH) -> Any:
    """The values a JSON text stands for: dicts, lists, str, int, float, bool, None.

    ``depth`` is how deep the text may nest; beyond what the parser follows it is read slowly.

    Raises:
        Malformed: naming the path and the value, or the line and column of broken syntax.
    """
    try:
        tree = jiter.from_json(
            body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="none"
        )
    except ValueError as fault:
        if depth > PARSER_DEPTH and str(fault).startswith(RECURSION):
            return parse_deep(body, depth)
        raise explain(body, str(fault)) from None
    suspicious = SUSPICIOUS_TEXT in body or SUSPICIOUS_NUMBER.search(body)
    if suspicious and first_fault(tree) is not None:
        raise explain(body, "a value is out of bounds")
    return tree


def parse_deep(body: bytes, depth: int) -> Any:
    """A text that nests deeper than the parser follows, read with everything kept and weighed."""
    tree = read_kept(body, Pairs, depth)
    fault = first_fault(tree, fault_of_constant) or first_fault(tree)
    if fault is not None:
        raise fault
    tree = json.loads(body.decode())
    if deeper_than(tree, depth):
        raise Malformed(TOO_DEEP, str(depth))
    return tree


def parse_loosely(body: bytes, depth: int) -> Any:
    """What a refused text would say if nothing in it mattered; ``None`` when it is no JSON.

    The last of a member given twice counts, and a number that no value can hold is a text. Good
    for finding out whom to answer, and for nothing else.
    """
    try:
        return read_kept(body, dict, depth)
    except Malformed:
        return None


def explain(body: bytes, complaint: str) -> Malformed:
    """Why a text was refused, found by reading it again with everything kept."""
    if body.startswith(BYTE_ORDER_MARKS):
        return Malformed(NOT_JSON, "it starts with a byte order mark")
    if complaint.startswith(RECURSION):
        return Malformed(TOO_DEEP, str(PARSER_DEPTH))
    try:
        tree = read_kept(body, Pairs, PARSER_DEPTH)
    except Malformed as fault:
        return fault
    # What is no JSON at all comes before what JSON may say and a value may not be.
    no_json = first_fault(tree, fault_of_constant)
    return no_json or first_fault(tree) or Malformed(NOT_JSON, complaint)


def read_kept(body: bytes, kind: Callable[[list[tuple[str, Any]]], Any], depth: int) -> Any:
    """A text with objects of a kind, and numbers as they were written where no value holds them.

    Raises ``Malformed`` when it is no JSON, or nests deeper than can be followed.
    """
    try:
        return json.loads(
            body.decode(),
            object_pairs_hook=kind,
            parse_int=read_integer,
            parse_float=read_float,
            parse_constant=Constant,
        )
    except UnicodeDecodeError as fault:
        raise Malformed(NOT_JSON, f"byte {fault.start} is not UTF-8") from None
    except json.JSONDecodeError as fault:
        what = fault.msg.lower().removesuffix(" at")
        where = f"line {fault.lineno} column {fault.colno}"
        raise Malformed(NOT_JSON, f"{what} at {where}") from None
    except RecursionError:
        raise Malformed(TOO_DEEP, str(depth)) from None


def deeper_than(value: object, limit: int) -> bool:
    """Whether a value nests lists and objects deeper than ``limit`` levels."""
    level = containers([value])
    for _ in range(limit):
        if not level:
            return False
        level = [part for outer in level for part in containers(contents(outer))]
    return bool(level)


def contents(value: Any) -> Iterable[Any]:
    return value.values() if type(value) is dict else value


def containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if type(value) in (dict, list)]


def read_integer(digits: str) -> int | Digits:
    return int(digits) if len(digits) <= INT64_DIGITS else Digits(digits)


def read_float(digits: str) -> float | Digits:
    number = float(digits)
    return number if math.isfinite(number) else Digits(digits)


def first_fault(tree: object, fault_of: Judge | None = None) -> Malformed | None:
    """The first value found that may not be, with its path; ``None`` when all may be.

    Without recursion. Paths are put together only for a fault, so that a large body is looked
    through in a time that does no harm.
    """
    fault_of = fault_of or fault_of_value
    fault = fault_of(tree)
    if fault is not None:
        return fault
    waiting = [Node(tree, None, "")]
    while waiting:
        node = waiting.pop()
        inner: list[Node] = []
        for key, part in parts(node.value):
            kind = type(part)
            if (kind is int and part in INT64) or kind is bool:
                continue
            fault = fault_of(part)
            if fault is not None:
                return placed(fault.under(key), node)
            if isinstance(part, (dict, list)):
                inner.append(Node(part, node, key))
        waiting.extend(reversed(inner))
    return None


def parts(value: object) -> Iterable[tuple[str | int, Any]]:
    """The members of an object or the entries of a list; nothing else has parts."""
    if isinstance(value, Pairs):
        return value
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def placed(fault: Malformed, node: Node) -> Malformed:
    """A fault with the rest of its path."""
    while node.parent is not None:
        fault.under(node.key)
        node = node.parent
    return fault


def fault_of_value(value: object) -> Malformed | None:
    """What is wrong with one value, looked at without its parts."""
    kind = type(value)
    if kind is str:
        return fault_of_text(str(value))
    if kind is int:
        return None if value in INT64 else Malformed(NUMBER_RANGE, shortened(str(value)), "int64")
    if kind is dict or kind is Pairs:
        return fault_of_keys([key for key, _ in parts(value)])
    if kind is Digits:
        text = str(value)
        return Malformed(NUMBER_RANGE, shortened(text), "int64" if is_whole(text) else "float64")
    if kind is float and not math.isfinite(float(str(value))):
        return Malformed(NUMBER_RANGE, str(value), "float64")
    return None


def fault_of_constant(value: object) -> Malformed | None:
    return Malformed(NOT_A_NUMBER, str(value)) if isinstance(value, Constant) else None


def is_whole(digits: str) -> bool:
    return digits.removeprefix("-").isdigit()


def fault_of_keys(keys: list[Any]) -> Malformed | None:
    """A key that may not be, or that is there twice."""
    seen: set[str] = set()
    for key in keys:
        fault = fault_of_text(key)
        if fault is not None:
            return fault
        if key in seen:
            return Malformed(DUPLICATE_KEY, f'"{shortened(key)}"')
        seen.add(key)
    return None


def fault_of_text(text: str) -> Malformed | None:
    if "\0" in text:
        return Malformed(NUL_IN_TEXT, shortened(json.dumps(text)))
    if not text.isascii() and SURROGATE.search(text):
        return Malformed(LONE_SURROGATE, shortened(json.dumps(text)))
    return None
