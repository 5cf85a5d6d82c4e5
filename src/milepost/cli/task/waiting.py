"""``milepost task wait``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from milepost.cli.connection import Connection, connection_options
from milepost.cli.exits import TaskFailed, TimeOver, words_of
from milepost.cli.output.formats import Form, output_option, write
from milepost.cli.output.times import seconds, span
from milepost.cli.task.naming import task_arguments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from milepost.client.blocking import Client
    from milepost.client.values import Task

TICK = 1.0


@click.command()
@task_arguments
@click.option(
    "--timeout", type=seconds, metavar="TIME", help="Give up after this, such as 90s or 5m."
)
@output_option()
@connection_options
def wait(
    *, tasks: tuple[str, ...], timeout: float | None, connection: Connection, form: Form
) -> None:
    """Wait until tasks have ended.

    The exit code is 0 when all have succeeded, 1 when one has failed, and 7 when the time is over
    before. The standard error says why tasks failed.

    \b
    Examples:
      milepost task wait com-acme-backup-1f0c && echo done
      milepost task wait com-acme-backup-1f0c --timeout 5m
      milepost task list --running --mine -o name | milepost task wait -
    """
    with connection.client() as client:
        ended = wait_for(client, tasks, timeout, form)
    fail_for(ended)


def wait_for(
    client: Client, tasks: tuple[str, ...], timeout: float | None, form: Form
) -> list[Task]:
    """The tasks, once they have ended; each is told as it ends, where the form lets it."""
    from milepost.cli.output.tasks import one_line  # late: slow
    from milepost.cli.task.following import Following, Trouble  # late: slow

    until = None if timeout is None else time.monotonic() + timeout
    following = Following(client, tasks, changes=False)
    ended: dict[str, Task] = {}
    was_away = False
    try:
        for found in following.seen(TICK, until):
            if isinstance(found, Trouble):
                tell_once(found, told=was_away)
                was_away = True
            elif found is not None:
                was_away = False
                ended[found.id] = found
                if form == "table":
                    click.echo(one_line(found))
                elif form in ("jsonl", "name"):
                    write([found], form, lambda task: task.id, one=True)
    except TimeoutError:
        raise time_over(following.open, timeout) from None
    in_order = [ended[task] for task in tasks]
    if form in ("json", "yaml"):
        write(in_order, form, lambda task: task.id, one=len(tasks) == 1)
    return in_order


def tell_once(trouble: object, *, told: bool) -> None:
    """Say on the standard error that the service is away, once."""
    from milepost.cli.task.following import Trouble  # late: slow

    if isinstance(trouble, Trouble) and not told:
        click.echo(f"{words_of(trouble.fault)} (trying again)", err=True)


def time_over(left: set[str], timeout: float | None) -> TimeOver:
    some = ", ".join(sorted(left)[:3]) + (", …" if len(left) > 3 else "")  # noqa: PLR2004  enough to see
    return TimeOver(f"Not ended within {span(timeout)}: {some}")


def fail_for(ended: Iterable[Task]) -> None:
    """End the command when a task has failed, and say why each did."""
    from milepost.cli.output.tasks import note, title  # late: slow

    failed = [task for task in ended if task.status == "FAILED"]
    if failed:
        lines = [f"{task.id}: {title(task)}: {note(task)}" for task in failed]
        raise TaskFailed("failed: " + "\n".join(lines))
