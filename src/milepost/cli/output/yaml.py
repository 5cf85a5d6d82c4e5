"""Values as YAML.

A text that might be read as something else stands between double quotes, where YAML reads the
escapes of JSON. So only a subset of YAML is written, and characters that a terminal would obey
can be escaped, which the emitters of YAML libraries leave as they are. The tests read it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from milepost.cli.output.safe import escape, is_hostile

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*", re.ASCII)
# What YAML 1.1 and 1.2 read as something else than a text.
WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def to_yaml(value: Any) -> str:
    """A document; ``value`` is what JSON has."""
    return "\n".join(lines(value)) + "\n"


def lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from entry(f"{scalar(name)}:", part, indent="  ")
    elif isinstance(value, list) and value:
        for part in value:
            first, *rest = lines(part)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield scalar(value)


def entry(head: str, value: Any, indent: str) -> Iterator[str]:
    """A named value; one that has parts begins on a line of its own."""
    if isinstance(value, dict | list) and value:
        yield head
        yield from (f"{indent}{line}" for line in lines(value))
    else:
        yield f"{head} {scalar(value)}"


def scalar(value: Any) -> str:
    if isinstance(value, str):
        if PLAIN.fullmatch(value) and value.lower() not in WORDS:
            return value
        quoted = msgspec.json.encode(value).decode()
        return "".join(escape(char) if is_hostile(char) else char for char in quoted)
    if isinstance(value, float):
        # YAML 1.1 takes 1e+16 for a text.
        whole, mark, exponent = repr(value).partition("e")
        return f"{whole}{'' if '.' in whole or not mark else '.0'}{mark}{exponent}"
    return msgspec.json.encode(value).decode()
