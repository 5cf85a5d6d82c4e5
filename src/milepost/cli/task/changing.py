"""``milepost task update`` and ``milepost task cancel``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from milepost.cli.connection import Connection, connection_options
from milepost.cli.exits import No, words_of
from milepost.cli.output.formats import Form, output_option, write
from milepost.cli.output.times import seconds
from milepost.cli.task.listing import id_of
from milepost.cli.task.naming import task_argument, task_arguments
from milepost.cli.task.saying import change_options, changes_of

if TYPE_CHECKING:
    from milepost.client.blocking import Client
    from milepost.client.values import Task


@click.command()
@task_argument
@change_options(for_create=False)
@click.option("--acknowledge-cancel", is_flag=True, help="Say that a request to cancel was heard.")
@click.option(
    "--if-match", type=click.IntRange(1), metavar="REVISION",
    help="Only while it is at this revision; otherwise the exit code is 9.",
)  # fmt: skip
@output_option()
@connection_options
def update(
    *,
    task: str,
    acknowledge_cancel: bool,
    if_match: int | None,
    connection: Connection,
    form: Form,
    **given: Any,
) -> None:
    """Say something new about a task.

    Without any option it only says that work on the task goes on, which renews its lease. The
    standard error says when somebody has asked for its end.

    \b
    Examples:
      milepost task update $TASK --status RUNNING
      milepost task update $TASK --progress 3/10 --message "3 of 10 disks"
      echo '{"disks": 10}' | milepost task update $TASK --status SUCCEEDED --result -
      milepost task update $TASK --status FAILED --error "Disk full"
      milepost task update $TASK --description "Backup of web-02" --if-match 7
    """
    changes = changes_of(**given)
    if acknowledge_cancel:
        changes["acknowledge_cancel"] = True
    with connection.client() as client:
        if changes or if_match is not None:
            found = client.update(task, if_revision=if_match, **changes)
        else:
            found = client.heartbeat(task)
    tell(found, form)
    if found.cancel_is_pending:
        click.echo("Somebody has asked for the end of this task.", err=True)


@click.command()
@task_arguments
@click.option("--wait", "waits", is_flag=True, help="Wait until they have ended.")
@click.option("--timeout", type=seconds, metavar="TIME", help="With --wait: give up after this.")
@output_option()
@connection_options
def cancel(
    *,
    tasks: tuple[str, ...],
    waits: bool,
    timeout: float | None,
    connection: Connection,
    form: Form,
) -> None:
    """Ask for the end of tasks; whoever works on them ends them.

    All are asked, also when one is refused; then the exit code is 4. With --wait it is 0 when all
    have ended, however they have, and 7 when the time is over before.

    \b
    Examples:
      milepost task cancel com-acme-backup-1f0c
      milepost task cancel com-acme-backup-1f0c --wait --timeout 1m
      milepost task list --running --mine -o name | milepost task cancel -
    """
    if timeout is not None and not waits:
        raise click.UsageError("--timeout goes with --wait")
    with connection.client() as client:
        asked, refused = ask_for_ends(client, tasks)
        if waits and asked:
            from milepost.cli.task.waiting import wait_for  # late: slow

            wait_for(client, tuple(task.id for task in asked), timeout, form)
        elif form in ("json", "yaml"):
            write(asked, form, id_of, one=len(tasks) == 1 and bool(asked))
        else:
            for task in asked:
                tell(task, form)
    if refused:
        raise No("\n".join(refused))


def ask_for_ends(client: Client, tasks: tuple[str, ...]) -> tuple[list[Task], list[str]]:
    """The tasks that were asked, and for the others why not."""
    from milepost.client.errors import Conflict, Forbidden, Invalid, NotFound  # late: slow

    asked, refused = [], []
    for task in tasks:
        try:
            asked.append(client.cancel(task))
        except (Conflict, Forbidden, Invalid, NotFound) as fault:
            refused.append(words_of(fault) if len(tasks) == 1 else f"{task}: {words_of(fault)}")
    return asked, refused


def tell(task: Task, form: Form) -> None:
    """One task, in a line or as a program wants it."""
    if form != "table":
        write([task], form, id_of, one=True)
        return
    from milepost.cli.output.tasks import one_line  # late: slow

    click.echo(one_line(task))
