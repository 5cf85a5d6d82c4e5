# ruff: noqa: INP001  a script beside the pages it writes, in no package
"""The parts of the reference of the test double, made from the classes and the plugin."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec
import pytest

from milepost.testing import plugin
from milepost.testing.choices import OWN
from milepost.testing.clock import Clock
from milepost.testing.faults import Fault, Faults
from milepost.testing.recording import Recorded
from milepost.testing.server import MilepostServer, Person

# What belongs to a class and is not for tests.
INNER = {
    MilepostServer: {"requests_told"},
    Clock: {"instant", "monotonic"},
    Faults: {"remove", "claimed"},
    Fault: {"claim", "give_back", "note", "play"},
    Recorded: {"note"},
}
# What is set when an object is made, and so has no docstring of its own.
SET = {
    MilepostServer: {
        "url": "The address, such as ``http://127.0.0.1:34567``.",
        "ca_file": "The file to trust the server by, or ``None`` without TLS.",
        "user": "The name of the administrator.",
        "password": "The password of the administrator, and of all others.",
        "mode": "``process`` or ``subprocess``.",
    },
    Person: {
        "user": "The name to log in with.",
        "password": "The password.",
        "token": "The token of a session that is open.",
    },
    Fault: {
        "kind": "Which method has made it.",
        "struck": "The requests it has struck, as they were recorded.",
    },
}
SIMPLE = (int, float, str, bool, type(None))
WIDEST = 20


def members(kind: type) -> str:
    """A table of what a class has for tests."""
    rows = [f"| `{name}` | {plain(text)} |" for name, text in SET.get(kind, {}).items()]
    for name, member in vars(kind).items():
        is_data = not (inspect.isfunction(member) or isinstance(member, property))
        if name.startswith("_") or name in INNER.get(kind, ()) or is_data:
            continue
        given = "" if isinstance(member, property) else arguments(member)
        text = inspect.getdoc(member)
        if not text:
            raise AssertionError(f"{kind.__name__}.{name} has no docstring")
        rows.append(f"| `{name}{given}` | {plain(text)} |")
    return table("member", rows)


def arguments(function: Any) -> str:
    """The arguments of a method, as a reader gives them."""
    _, *parameters = inspect.signature(function).parameters.values()
    parts: list[str] = []
    named = False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not named:
            named = True
            parts.append("*")
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
        default = "" if parameter.default is parameter.empty else f"={shown(parameter.default)}"
        parts.append(f"{stars}{parameter.name}{default}")
    return f"({', '.join(parts)})"


def shown(value: object) -> str:
    return repr(value) if isinstance(value, SIMPLE) else "…"


def plain(text: str) -> str:
    """A docstring in one cell of a table."""
    return re.sub(r"\s+", " ", text).replace("``", "`").replace("|", "\\|").strip()


def table(head: str, rows: list[str]) -> str:
    return "\n".join([f"| {head} | |", "| --- | --- |", *rows])


def fields() -> str:
    """What is recorded of a request."""
    doc = plain((inspect.getdoc(Recorded) or "").partition("\n\n")[2])
    names = ", ".join(f"`{field.name}`" for field in msgspec.structs.fields(Recorded))
    return f"{names}.\n\n{doc}"


class Options:
    """Takes what the plugin says of its options."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def getgroup(self, _name: str, _description: str) -> Options:
        return self

    def addoption(self, name: str, *, metavar: str, help: str, **_more: Any) -> None:  # noqa: A002
        self.rows.append(f"| `{name} {metavar}` | {plain(help)} |")

    def addini(self, name: str, help: str, **_more: Any) -> None:  # noqa: A002
        self.rows.append(f"| `{name}` | {plain(help)} |")


def options() -> str:
    """The options of the plugin, and its marker."""
    taken = Options()
    plugin.pytest_addoption(taken)  # type: ignore[arg-type]
    return table("option", taken.rows) + f"\n\nThe marker: `{plugin.MARKER.partition(': ')[0]}`."


def fixtures() -> str:
    """The fixtures of the plugin."""
    found = {
        name: value
        for name, value in vars(plugin).items()
        if isinstance(value, pytest.FixtureDef | type(plugin.milepost_server))
    }
    return table(
        "fixture", [f"| `{name}` | {plain(value.__doc__ or '')} |" for name, value in found.items()]
    )


def refused_settings() -> str:
    """The settings that are not for tests."""
    return table("setting", [f"| `{name}` | {plain(text)} |" for name, text in OWN.items()])
