"""Who asks: a name, a role, for some the key of an extension, and how far a token reaches."""

from __future__ import annotations

import enum

from milepost.rules.values import Value


class Role(enum.StrEnum):
    """What someone may do in general; ``policy`` says it task by task."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    VIEWER = "viewer"
    EXTENSION = "extension"


class Scope(enum.StrEnum):
    """What of its owner's rights a token has; ``policy`` says it act by act."""

    FULL = "full"
    READ = "read"
    WATCH = "watch"


class Principal(Value, frozen=True):
    """Someone who has proved who they are.

    ``extension`` is the one extension whose tasks there are for them: that of an extension's
    principal, or the one that a token is for. ``scope`` is less than full for some tokens.
    """

    name: str
    role: Role
    extension: str | None = None
    scope: Scope = Scope.FULL

    @property
    def is_confined(self) -> bool:
        """Whether a token is for one extension, where its owner is not."""
        return self.extension is not None and self.role is not Role.EXTENSION
