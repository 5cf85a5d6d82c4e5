"""How a server under test is to be: what the ini file, the command line and a marker say.

The later of these wins; a call of ``milepost_servers`` wins over all. The environment counts for
nothing: a test is to do the same everywhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from milepost.settings import BadSettings, Settings, check_one, load

MODES = ("process", "subprocess")
WORDS = ("profile", "mode", "tls", "settings")
# What the fixture decides itself, and how else it can be had.
OWN = {
    "data": "each server has a directory of its own",
    "bind": "each server takes a free port of 127.0.0.1",
    "insecure_http": "each server takes a free port of 127.0.0.1",
    "tls": "say it with tls=True or milepost_tls",
    "tls_cert": "say tls=True, and trust the file that server.ca_file names",
    "tls_key": "say tls=True, and trust the file that server.ca_file names",
    "admin_password_file": "the password is server.password",
    "profile": "say it with profile= or milepost_profile",
    "log_format": "server.log() is for people",
}
BIND = "127.0.0.1:0"


class BadChoice(Exception):
    """What was said cannot be; the text says where it was said and what is wrong."""


class Layer(NamedTuple):
    """What one place says. ``source`` names it in messages."""

    source: str
    words: Mapping[str, Any]


class Choice(NamedTuple):
    """How a server is to be."""

    settings: Settings
    mode: str


def chosen(layers: Iterable[Layer]) -> Choice:
    """What the layers say together, the last of them first. Raises ``BadChoice``."""
    words: dict[str, tuple[str, Any]] = {}
    settings: dict[str, Any] = {}
    for source, given in layers:
        for name, value in given.items():
            if name not in WORDS:
                known = ", ".join(WORDS)
                raise BadChoice(f"{source}: {name!r} is not known here, only {known}")
            if name != "settings" and value is not None:
                words[name] = (source, value)
        settings.update(settings_in(source, given.get("settings") or {}))
    source, mode = words.get("mode", ("", MODES[0]))
    if mode not in MODES:
        raise BadChoice(f"{source}: mode = {mode!r}: it is {' or '.join(MODES)}")
    source, tls = words.get("tls", ("", False))
    if not isinstance(tls, bool):
        raise BadChoice(f"{source}: tls = {tls!r}: it is True or False")
    source, profile = words.get("profile", ("", "milepost"))
    try:
        check_one("profile", profile, source)
        flags = {**settings, "profile": profile, "bind": BIND, "tls": "self" if tls else "off"}
        return Choice(load(flags=flags, environment={}).settings, mode)
    except BadSettings as fault:
        raise BadChoice(str(fault)) from None


def settings_in(source: str, given: object) -> dict[str, Any]:
    """The settings that a place gives, checked. Raises ``BadChoice``."""
    if not isinstance(given, Mapping):
        raise BadChoice(f"{source}: settings = {given!r}: it is a dict of settings")
    for name, value in given.items():
        if name in OWN:
            raise BadChoice(f"{source}: the setting {name!r} is not for tests: {OWN[name]}")
        try:
            check_one(str(name), value, source)
        except BadSettings as fault:
            raise BadChoice(str(fault)) from None
    return dict(given)


def settings_of_lines(source: str, lines: Iterable[str]) -> dict[str, Any]:
    """Settings written as ``NAME = VALUE``, one a line; a table is written as in TOML.

    Raises ``BadChoice``.
    """
    found: dict[str, Any] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals:
            raise BadChoice(f"{source}: {line!r}: NAME = VALUE is expected")
        found[name.strip()] = value_of(source, line, value.strip())
    return found


def value_of(source: str, line: str, text: str) -> object:
    if not text.startswith("{"):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as fault:
        raise BadChoice(f"{source}: {line!r}: {fault}") from None
