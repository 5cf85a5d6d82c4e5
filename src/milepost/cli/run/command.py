"""The command ``milepost run``."""

from __future__ import annotations

import os
import sys

import click

from milepost.cli.connection import Connection, connection_options
from milepost.cli.run.describing import described
from milepost.cli.run.readings import BadPattern, Pattern

LONGEST_LEASE = 86_400


class NotSupported(click.ClickException):
    """This system has no process groups and no pseudo terminals."""

    exit_code = 3


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND [ARGUMENT]...")
@click.option("--description", metavar="TEXT", help="What the task is called, not the command.")
@click.option(
    "--operation", metavar="ID", default="run", show_default=True,
    help="The kind of work, as the extension names it.",
)  # fmt: skip
@click.option(
    "--parent", envvar="MILEPOST_TASK_ID", metavar="TASK",
    help="The task that this is a part of.",
)  # fmt: skip
@click.option(
    "--lease", type=click.IntRange(1, LONGEST_LEASE), default=60, show_default=True,
    metavar="SECONDS", help="When nothing is heard of this run for so long, its task fails.",
)  # fmt: skip
@click.option(
    "--grace", type=click.FloatRange(0, 86_400), default=10, show_default=True,
    metavar="SECONDS", help="From SIGTERM to SIGKILL when the task is canceled.",
)  # fmt: skip
@click.option(
    "--progress-pattern", "pattern", metavar="REGEX",
    help="What says how far the command is; looked for in each line of its output.",
)  # fmt: skip
@click.option(
    "--total", type=click.IntRange(1, 2**63 - 1), metavar="N",
    help="The whole, where the pattern names no total.",
)  # fmt: skip
@click.option("--no-progress", is_flag=True, help="Do not read progress from the output.")
@click.option(
    "--message-lines", type=click.IntRange(0, 20), default=1, show_default=True,
    help="Last lines of the output to tell; with 0 nothing of the output leaves this machine.",
)  # fmt: skip
@connection_options
def run(
    *,
    command: tuple[str, ...],
    description: str | None,
    operation: str,
    parent: str | None,
    lease: int,
    grace: float,
    pattern: str | None,
    total: int | None,
    no_progress: bool,
    message_lines: int,
    connection: Connection,
) -> None:
    """Run a command as a task.

    The command runs as it would without this, and the exit code is its own; also when the server
    is away, of which only a warning on standard error tells. The task shows how far it is, as
    percentages and counts in its output say (42%, 3/10, 3 of 10), and the last line of it.
    Canceling the task sends SIGTERM to the command. The command finds the id of its task in
    MILEPOST_TASK_ID.

    \b
    Examples:
      milepost run -- ./backup.sh --full
      milepost run --description "Nightly backup" --lease 300 -- rsync -a --info=progress2 a/ b/
      milepost run --progress-pattern '^adding' --total 1500 -- zip -r a.zip a
      milepost run --progress-pattern '(?P<percent>\\d+) percent' -- ./convert
    """
    try:
        found = None if pattern is None else Pattern(pattern, total)
    except BadPattern as fault:
        raise click.UsageError(f"--progress-pattern: {fault}") from None
    if total is not None and found is None:
        raise click.UsageError("--total goes with --progress-pattern")
    if os.name != "posix":
        raise NotSupported("milepost run needs a system like Linux or macOS")
    from milepost.cli.run.reporting import Task  # late: slow
    from milepost.cli.run.session import Looking, run_as_task  # late: not there on Windows

    task = Task(description or described(command), operation, parent, lease)
    looking = Looking(found, not no_progress, message_lines)
    sys.exit(run_as_task(command, task, connection, looking, grace))
