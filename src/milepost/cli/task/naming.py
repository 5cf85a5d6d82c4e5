"""Ids of tasks as arguments: from the command line, from the standard input, by completion."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from milepost.cli.connection import Connection, client_of

FROM_INPUT = "-"
COMPLETED = 50
COMPLETION_PATIENCE = 0.0


def completed(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The newest tasks whose ids begin like that; none when the service is not at hand."""
    from milepost.cli.output.tasks import state, title  # late: slow
    from milepost.client.errors import MilepostError  # late: slow

    given = {name: ctx.params.get(name) for name in Connection._fields}
    if given["password_file"] is None and given["user"] is not None:
        return []  # the password would be asked for
    try:
        with client_of(Connection(**given).login(), COMPLETION_PATIENCE) as client:
            found = client.page(size=COMPLETED, result=False).tasks
    except (MilepostError, click.ClickException, OSError):
        return []
    return [
        CompletionItem(task.id, help=f"{state(task)} {title(task)}")
        for task in found
        if task.id.startswith(incomplete)
    ]


def task_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """One TASK; the parameter is ``task``."""
    return click.argument("task", metavar="TASK", shell_complete=completed)(command)


def task_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """One TASK or several, each once; the parameter is ``tasks``."""
    return click.argument(
        "tasks",
        metavar="TASK...",
        nargs=-1,
        required=True,
        callback=named,
        shell_complete=completed,
    )(command)


def named(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The ids, with those from the standard input in the place of the -."""
    found: list[str] = []
    for one in given:
        if one != FROM_INPUT:
            found.append(one)
        elif sys.stdin.isatty():
            raise click.UsageError("- reads ids from the standard input, and that is a terminal")
        else:
            found += sys.stdin.read().split()
    return tuple(dict.fromkeys(found))
