"""The command ``milepost task``."""

from __future__ import annotations

import click

from milepost.cli.lazy import LazyGroup

PLACES = {
    "list": "milepost.cli.task.listing:list_tasks",
    "get": "milepost.cli.task.reading:get",
    "log": "milepost.cli.task.reading:log",
    "wait": "milepost.cli.task.waiting:wait",
    "watch": "milepost.cli.task.watching:watch",
    "create": "milepost.cli.task.creating:create",
    "update": "milepost.cli.task.changing:update",
    "cancel": "milepost.cli.task.changing:cancel",
}


@click.command(cls=LazyGroup, places=PLACES)
def task() -> None:
    """Look at tasks, follow them, and change them.

    A TASK is the id of a task. Where several may be given, - reads ids from the standard input.
    """
