"""Who asks: a name, a role, and for an extension its key."""

from __future__ import annotations

import enum

from milepost.rules.values import Value


class Role(enum.StrEnum):
    """What someone may do in general; ``policy`` says it task by task."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    VIEWER = "viewer"
    EXTENSION = "extension"


class Principal(Value, frozen=True):
    """Someone who has proved who they are. ``extension`` is the key of an extension's principal."""

    name: str
    role: Role
    extension: str | None = None
