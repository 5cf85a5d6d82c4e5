"""How a command ends: each exit code has one class, and ``docs/reference/cli.md`` the table.

The codes are stable. ``admin`` has 3, ``admin_users`` and ``demo`` have 4, ``extension`` has 5.
"""

from __future__ import annotations

from typing import IO, Any

import click

from milepost.cli.output.safe import visible_lines
from milepost.client.errors import (
    Away,
    Conflict,
    Garbled,
    MilepostError,
    NotInTime,
    Refused,
    Unauthenticated,
    Untrusted,
    Unusable,
)


class TaskFailed(click.ClickException):
    """A task that was waited for has failed."""

    exit_code = 1


class Wrong(click.ClickException):
    """A file or a setting cannot be used."""

    exit_code = 2


class No(click.ClickException):
    """The service refused; nothing was changed."""

    exit_code = 4


class Unhealthy(click.ClickException):
    """``doctor`` has found a fault; it has been told already."""

    exit_code = 5

    def show(self, file: IO[Any] | None = None) -> None:
        """Nothing more."""


class NotThere(click.ClickException):
    """The service cannot be reached, cannot be trusted, or is none."""

    exit_code = 6


class TimeOver(click.ClickException):
    """The time was over before a task had ended."""

    exit_code = 7


class NobodyAsks(click.ClickException):
    """There is no login, or it does not count."""

    exit_code = 8


class Changed(click.ClickException):
    """Somebody has changed the task meanwhile, or a key was used for something else."""

    exit_code = 9


class Silent(click.ClickException):
    """An end that needs no words."""

    def __init__(self) -> None:
        super().__init__("")

    def show(self, file: IO[Any] | None = None) -> None:
        """Nothing."""


class Interrupted(Silent):
    """Ctrl-C."""

    exit_code = 130


class NobodyReads(Silent):
    """What reads the output is gone, as ``head`` is after its lines."""

    exit_code = 141


KINDS: tuple[tuple[type[MilepostError], type[click.ClickException]], ...] = (
    (Unauthenticated, NobodyAsks),
    (Conflict, Changed),
    (Refused, No),
    (Away, NotThere),
    (Untrusted, NotThere),
    (Garbled, NotThere),
    (NotInTime, TimeOver),
    (Unusable, Wrong),
)


def ended_by(fault: MilepostError) -> click.ClickException:
    """How a command ends that a fault has ended."""
    kind = next((end for cause, end in KINDS if isinstance(fault, cause)), NotThere)
    return kind(words_of(fault))


def words_of(fault: MilepostError) -> str:
    """What a fault says, safe for a terminal."""
    if isinstance(fault, Refused):
        said = [message.text for message in fault.messages] or [fault.message]
        text = "\n".join(said)
        if isinstance(fault, Unauthenticated):
            text += "\nTo log in: milepost session login"
    else:
        text = str(fault)
    return "\n".join(visible_lines(text))
