"""``milepost task get`` and ``milepost task log``."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

import click

from milepost.cli.connection import Connection, connection_options
from milepost.cli.output.formats import Form, json_line, output_option, write
from milepost.cli.output.screen import show, width
from milepost.cli.output.times import now
from milepost.cli.task.listing import id_of
from milepost.cli.task.naming import task_argument, task_arguments
from milepost.cli.task.waiting import TICK, tell_once

if TYPE_CHECKING:
    from milepost.client.blocking import Client
    from milepost.client.values import HistoryEvent


@click.command()
@task_arguments
@click.option("--events", is_flag=True, help="Show also what has happened to it, oldest first.")
@output_option()
@connection_options
def get(*, tasks: tuple[str, ...], events: bool, connection: Connection, form: Form) -> None:
    """Show all that is known of tasks: how far, since when, and why they failed.

    \b
    Examples:
      milepost task get com-acme-backup-1f0c
      milepost task get com-acme-backup-1f0c --events
      milepost task get com-acme-backup-1f0c -o yaml
      milepost task list --failed -o name | milepost task get -
    """
    if events and form != "table":
        raise click.UsageError("--events goes with -o table; otherwise use: milepost task log")
    with connection.client() as client:
        found = (client.get(task) for task in tasks)
        if form != "table":
            write(found, form, id_of, one=len(tasks) == 1)
            return
        from milepost.cli.output.page import page  # late: slow

        for number, task in enumerate(found):
            if number:
                click.echo()
            show(page(task, now(), width()))
            if events:
                click.echo()
                show_events(oldest_first(client, task.id))


@click.command()
@task_argument
@click.option("-w", "--watch", is_flag=True, help="Go on until the task has ended.")
@output_option("table", "json", "jsonl", "yaml")
@connection_options
def log(*, task: str, watch: bool, connection: Connection, form: Form) -> None:
    """Show what has happened to a task, the oldest first.

    \b
    Examples:
      milepost task log com-acme-backup-1f0c
      milepost task log com-acme-backup-1f0c -w
      milepost task log com-acme-backup-1f0c -o jsonl
    """
    if watch and form not in ("table", "jsonl"):
        raise click.UsageError("--watch goes with -o table and -o jsonl")
    with connection.client() as client:
        if not watch:
            found = oldest_first(client, task)
            if form == "table":
                show_events(found)
            else:
                write(found, form, str, one=False)
            return
        follow(client, task, form)


def follow(client: Client, task: str, form: Form) -> None:
    """The history, and then what comes behind it, until the task has ended."""
    from milepost.cli.task.following import Following, Trouble, patiently  # late: slow

    last, was_away = 0, False
    for found in Following(client, [task], changes=True).seen(TICK):
        if isinstance(found, Trouble):
            tell_once(found, told=was_away)
            was_away = True
        elif found is not None:
            was_away = False
            for event in patiently(functools.partial(oldest_first, client, task, last)):
                last = event.position
                if form == "jsonl":
                    click.echo(json_line(event))
                else:
                    show_events([event])
            sys.stdout.flush()


def oldest_first(client: Client, task: str, after: int = 0) -> list[HistoryEvent]:
    """What has happened to a task behind a position."""
    found: Iterator[HistoryEvent] = client.history(task)
    return list(takewhile(lambda event: event.position > after, found))[::-1]


def show_events(events: list[HistoryEvent]) -> None:
    from milepost.cli.output.timeline import timeline  # late: slow

    for event in events:
        show(timeline(event, width()))
