"""``milepost task list``."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from milepost.cli.connection import Connection, connection_options
from milepost.cli.exits import words_of
from milepost.cli.output.formats import Form, output_option, write
from milepost.cli.output.screen import (
    Line,
    console_of,
    is_live,
    rich_text,
    show,
    undisturbed,
    width,
)
from milepost.cli.output.times import now
from milepost.cli.task.selecting import filter_of, filter_options

if TYPE_CHECKING:
    from milepost.client.blocking import Client
    from milepost.client.specs import TaskFilter
    from milepost.client.values import Task

LIMIT = 100
# Ctrl-C is shown as ^C behind the last line; it must not begin a new one.
MARGIN = 2
# Between two looks at a list that is followed: at least, and when nothing calls for one.
SOON, LATE = 0.5, 5.0
# What a stream can ask for; the rest of a filter is the list's.
STREAMED = ("service", "operation", "target", "user", "parent")


@click.command("list")
@filter_options
@click.option(
    "--order", type=click.Choice(["newest", "oldest"]), default="newest", show_default=True,
    help="Which tasks come first.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="At most so many."
)
@click.option("--all", "everything", is_flag=True, help="As many as there are.")
@click.option("-w", "--watch", is_flag=True, help="Go on and show what changes, until Ctrl-C.")
@output_option()
@connection_options
def list_tasks(
    *,
    connection: Connection,
    form: Form,
    order: str,
    limit: int,
    everything: bool,
    watch: bool,
    **filters: Any,
) -> None:
    """Show tasks, the newest first.

    As many columns are shown as fit. The standard error says when there are more tasks than were
    shown.

    \b
    Examples:
      milepost task list
      milepost task list --running --mine
      milepost task list --failed --finished-after 24h
      milepost task list --text web-01 -o json
      milepost task list --running -w
      milepost task list --running --mine -o name | milepost task cancel -
    """
    if watch and form not in ("table", "jsonl"):
        raise click.UsageError("--watch goes with -o table and -o jsonl")
    with connection.client() as client:
        wanted = filter_of(client, filters)
        asked = "created" if order == "oldest" else "-created"
        if watch:
            follow(client, wanted, asked, limit, form)
            return
        found = client.list(
            order=asked,
            limit=None if everything else limit + 1,
            result=form in ("json", "jsonl", "yaml"),
            **wanted,
        )
        if form != "table":
            write(told_of_more(found, None if everything else limit), form, id_of, one=False)
            return
        tasks = list(told_of_more(found, None if everything else limit))
        if not tasks:
            click.echo("There are no such tasks.", err=True)
            return
        from milepost.cli.output.tasks import tasks_table  # late: slow

        show(tasks_table(tasks, now(), width()))


def id_of(task: Task) -> str:
    return task.id


def told_of_more(found: Iterable[Task], limit: int | None) -> Iterator[Task]:
    """At most so many tasks; the standard error says when there are more."""
    tasks = iter(found)
    yield from islice(tasks, limit)
    if next(tasks, None) is not None:
        click.echo(f"Only {limit} tasks are shown; --all shows all.", err=True)


# Following a list.


def follow(client: Client, wanted: TaskFilter, order: str, limit: int, form: Form) -> None:
    """Show a list again and again, as things change, until Ctrl-C."""
    hints: queue.SimpleQueue[None] = queue.SimpleQueue()
    streamed = {name: wanted[name] for name in STREAMED if name in wanted}  # type: ignore[literal-required]
    threading.Thread(target=listen, args=(client, streamed, hints), daemon=True).start()
    if form == "table" and is_live():
        follow_live(client, wanted, order, limit, hints)
        return
    from milepost.cli.output.formats import json_line  # late: only here
    from milepost.cli.output.tasks import log_line  # late: slow

    seen: dict[str, int] = {}
    for tasks, _ in looks(client, wanted, order, limit, hints):
        for task in tasks:
            if seen.get(task.id) != task.revision:
                seen[task.id] = task.revision
                click.echo(
                    json_line(task) if form == "jsonl" else log_line(task, now(), named=True)
                )
        sys.stdout.flush()


def follow_live(
    client: Client,
    wanted: TaskFilter,
    order: str,
    limit: int,
    hints: queue.SimpleQueue[None],
) -> None:
    """The list as a table that is drawn anew in its place."""
    from rich.console import Group  # late: slow
    from rich.live import Live  # late: slow

    from milepost.cli.output.tasks import tasks_table  # late: slow

    console = console_of()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for tasks, trouble in looks(client, wanted, order, limit, hints):
            room = max(console.size.height - 2, 1)
            lines: list[Line] = list(tasks_table(tasks, now(), console.width - MARGIN))[:room]
            lines += [trouble_line(trouble, console.width - MARGIN)] if trouble else []
            with undisturbed():
                live.update(Group(*map(rich_text, lines)), refresh=True)


def trouble_line(trouble: str, room: int) -> Line:
    from milepost.cli.output.screen import Piece, fitted  # late: only here

    return [Piece(fitted(trouble.partition("\n")[0], room), "yellow")]


def looks(
    client: Client,
    wanted: TaskFilter,
    order: str,
    limit: int,
    hints: queue.SimpleQueue[None],
) -> Iterator[tuple[list[Task], str]]:
    """The list as it is, each time that something has happened, and what is wrong.

    What a stream tells is a hint: the list is looked at anyway, so nothing is missed. A service
    that goes away is waited for; one that was never there is not.
    """
    from milepost.client.errors import MilepostError  # late: slow
    from milepost.client.retries import may_repeat  # late: slow

    tasks: list[Task] | None = None
    while True:
        trouble = ""
        try:
            tasks = list(client.list(order=order, limit=limit, result=False, **wanted))
        except MilepostError as fault:
            if tasks is None or not may_repeat(fault, repeatable=True):
                raise
            trouble = f"{words_of(fault)} (trying again)"
        yield tasks, trouble
        time.sleep(SOON)
        wait_for_hint(hints)


def wait_for_hint(hints: queue.SimpleQueue[None]) -> None:
    """Wait for a hint, not for ever; all that have come by now are one."""
    try:
        hints.get(timeout=LATE)
        while True:
            hints.get_nowait()
    except queue.Empty:
        return


def listen(client: Client, streamed: dict[str, Any], hints: queue.SimpleQueue[None]) -> None:
    """Give a hint for each event. When there is no stream the list is looked at by the clock."""
    from milepost.client.errors import MilepostError  # late: slow

    try:
        for _ in client.watch(**streamed):
            hints.put(None)
    except MilepostError:
        return
