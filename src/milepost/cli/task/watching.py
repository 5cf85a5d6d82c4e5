"""``milepost task watch``: bars in a terminal, and now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from milepost.cli.connection import Connection, connection_options
from milepost.cli.exits import words_of
from milepost.cli.output.formats import Form, json_line, output_option, write
from milepost.cli.output.screen import is_live
from milepost.cli.output.times import now, seconds
from milepost.cli.task.naming import task_arguments
from milepost.cli.task.waiting import fail_for, tell_once, time_over

if TYPE_CHECKING:
    from milepost.cli.task.following import Following
    from milepost.client.values import Task

MOST = 64
BARS_TICK, LINES_TICK = 0.5, 0.5


@click.command()
@task_arguments
@click.option(
    "--every", type=seconds, default="5s", show_default=True, metavar="TIME",
    help="Outside a terminal: the least time between two lines of a task.",
)  # fmt: skip
@click.option(
    "--timeout", type=seconds, metavar="TIME", help="Give up after this, such as 90s or 5m."
)
@output_option()
@connection_options
def watch(
    *,
    tasks: tuple[str, ...],
    every: float,
    timeout: float | None,
    connection: Connection,
    form: Form,
) -> None:
    """Show how far tasks are, until all have ended.

    In a terminal each has a bar; elsewhere there is a line when its status changes, and otherwise
    one every few seconds. With -o jsonl there is a line for each change that is seen, with the
    other forms the tasks are shown once they have ended. The exit codes are those of task wait.

    \b
    Examples:
      milepost task watch com-acme-backup-1f0c
      milepost task watch com-acme-backup-1f0c --every 30s >> backup.log
      milepost task list --running -o name | milepost task watch -
    """
    if len(tasks) > MOST:
        raise click.UsageError(
            f"At most {MOST} tasks are watched at once. For more: milepost task list --watch"
        )
    with connection.client() as client:
        from milepost.cli.task.following import Following  # late: slow

        following = Following(client, tasks, changes=True)
        until = None if timeout is None else time.monotonic() + timeout
        latest: dict[str, Task] = {}
        try:
            if form == "table" and is_live():
                from milepost.cli.task.bars import draw  # late: slow

                draw(following, tasks, latest, BARS_TICK, until)
            elif form == "table":
                for line in log_lines(following, latest, every, until, named=len(tasks) > 1):
                    click.echo(line)
                    sys.stdout.flush()
            else:
                look_on(following, latest, until, form)
        except TimeoutError:
            raise time_over(following.open, timeout) from None
    if form in ("json", "yaml", "name"):
        write([latest[task] for task in tasks], form, lambda task: task.id, one=len(tasks) == 1)
    fail_for(latest[task] for task in tasks)


def look_on(following: Following, latest: dict[str, Task], until: float | None, form: Form) -> None:
    """Take what is seen; as JSON lines each change is told."""
    from milepost.cli.task.following import Trouble  # late: slow

    was_away = False
    for found in following.seen(LINES_TICK, until):
        if isinstance(found, Trouble):
            tell_once(found, told=was_away)
            was_away = True
        elif found is not None:
            was_away = False
            latest[found.id] = found
            if form == "jsonl":
                click.echo(json_line(found))
                sys.stdout.flush()


def log_lines(
    following: Following,
    latest: dict[str, Task],
    every: float,
    until: float | None,
    *,
    named: bool,
) -> Iterator[str]:
    """Lines for a log: each status at once, and progress at most so often, the latest always."""
    from milepost.cli.output.tasks import log_line, state  # late: slow
    from milepost.cli.task.following import Trouble  # late: slow

    told: dict[str, Task] = {}
    due: dict[str, float] = {}
    was_away = False
    for found in following.seen(LINES_TICK, until):
        if isinstance(found, Trouble):
            if not was_away:
                yield f"{words_of(found.fault)} (trying again)"
            was_away = True
            continue
        if found is not None:
            was_away = False
            latest[found.id] = found
        for ident, task in latest.items():
            last = told.get(ident)
            if last is not None and last.revision == task.revision:
                continue
            at = time.monotonic()
            if last is None or state(last) != state(task) or at >= due[ident]:
                told[ident], due[ident] = task, at + every
                yield log_line(task, now(), named=named)
