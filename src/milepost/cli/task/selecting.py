"""Which tasks are meant: the options of the filters of ``/v1``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from milepost.cli.output.times import when
from milepost.rules.values import TERMINAL, Status

if TYPE_CHECKING:
    from milepost.client.blocking import Client
    from milepost.client.specs import TaskFilter
    from milepost.client.values import Target

STATUSES = [status.value for status in Status]
TIMES = ("created", "updated", "finished")


def target_of(text: str) -> Target:
    """A target as ``TYPE:ID``. Raises ``click.BadParameter``."""
    from milepost.client.values import Target  # late: slow

    kind, colon, ident = text.partition(":")
    if not (kind and colon and ident):
        raise click.BadParameter(f"{text!r} is not TYPE:ID, such as VirtualMachine:vm-17")
    return Target(kind, ident)


OPTIONS = (
    click.option(
        "--status", multiple=True, type=click.Choice(STATUSES, case_sensitive=False),
        help="Only tasks with this status; may be repeated.",
    ),
    click.option("--running", is_flag=True, help="Only tasks that have not ended."),
    click.option("--failed", is_flag=True, help="Only tasks that have failed."),
    click.option("--mine", is_flag=True, help="Only tasks that you have begun."),
    click.option(
        "--initiator", multiple=True, metavar="NAME",
        help="Only tasks begun by this user; may be repeated.",
    ),
    click.option(
        "--operation", multiple=True, metavar="ID", help="Only this operation; may be repeated."
    ),
    click.option(
        "--service", multiple=True, metavar="KEY", help="Only this extension; may be repeated."
    ),
    click.option(
        "--target", multiple=True, type=target_of, metavar="TYPE:ID",
        help="Only what works on this; may be repeated.",
    ),
    click.option(
        "--parent", multiple=True, metavar="TASK", help="Only children of this task."
    ),
    click.option(
        "--text", metavar="TEXT",
        help="Only with this in description, operation, id of the target or user.",
    ),
    *(
        click.option(
            f"--{moment}-{end}", type=when, metavar="WHEN",
            help=f"Only {moment} {'at or after' if end == 'after' else 'before'} this;"
            " such as 2h (ago), 2026-11-25, or 2026-11-25T14:30:00Z."
            if (moment, end) == ("created", "after") else f"Only {moment} {end} this.",
        )
        for moment in TIMES
        for end in ("after", "before")
    ),
)  # fmt: skip


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """All filters; the command gets them by their names."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def filter_of(client: Client, given: dict[str, Any]) -> TaskFilter:
    """The filter that the options come to. Asks who one is, if that is asked for."""
    found: TaskFilter = {}
    wanted = list(given["status"])
    wanted += [one for one in Status if one not in TERMINAL] if given["running"] else []
    wanted += [Status.FAILED] if given["failed"] else []
    if wanted:
        found["status"] = tuple(dict.fromkeys(wanted))
    users = list(given["initiator"])
    users += [client.session().user] if given["mine"] else []
    if users:
        found["user"] = tuple(dict.fromkeys(users))
    for name in ("operation", "service", "target", "parent"):
        if given[name]:
            found[name] = given[name]
    if given["text"]:
        found["text"] = given["text"]
    for moment in TIMES:
        for end in ("after", "before"):
            name = f"{moment}_{end}"
            if given[name] is not None:
                found[name] = given[name]  # type: ignore[literal-required]
    return found
