"""One ``milepost run``: a command, what is looked for in its output, and its task."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import NamedTuple

from milepost.cli.connection import Connection
from milepost.cli.run.child import CannotStart
from milepost.cli.run.output import Output, Seen
from milepost.cli.run.readings import Pattern
from milepost.cli.run.reporting import Report, Task
from milepost.cli.run.running import Run
from milepost.client.blocking import Client
from milepost.client.environment import secret_in
from milepost.client.errors import MilepostError


class Looking(NamedTuple):
    """What is done with the output."""

    pattern: Pattern | None
    recognise: bool
    message_lines: int


class NoReport:
    """A run of which nobody is told."""

    def saw(self, seen: Seen) -> None:
        """Nobody wants to know."""

    def cancel_requested(self) -> bool:
        return False


def run_as_task(
    command: Sequence[str], task: Task, connection: Connection, looking: Looking, grace: float
) -> int:
    """Run a command; its exit code, whatever becomes of its task."""
    keep_standard_streams()
    report = report_of(task, connection)
    environment = dict(os.environ)
    if report is not None:
        environment |= report.begin()
    run = Run(report or NoReport(), grace=grace, message_lines=looking.message_lines)
    output = Output(run.wake, warn, pattern=looking.pattern, recognise=looking.recognise)
    try:
        ending = run(command, environment, output)
    except CannotStart as fault:
        warn(str(fault))
        if report is not None:
            report.could_not_start(fault)
        return fault.code
    if report is not None:
        lines = output.last_lines() if looking.message_lines else []
        program = os.path.basename(command[0])  # noqa: PTH119  it may end with a slash
        # Whoever does not want to wait until it is told may say so with ^C.
        with contextlib.suppress(KeyboardInterrupt):
            report.finish(ending, lines, program=program, cancelled=run.cancelled)
    return ending.code


def report_of(task: Task, connection: Connection) -> Report | None:
    """The task of a run; ``None`` when nothing says whom to tell, of which a warning tells."""
    try:
        return Report(client_of(connection), task, warn)
    except MilepostError as fault:
        warn(f"the command runs without a task: {fault}")
        return None


def client_of(connection: Connection) -> Client:
    """A client for the connection. Raises ``MilepostError``."""
    user, password, token = connection.user, None, None
    if connection.token_file is not None and user is None:
        token = secret_in(connection.token_file, "--token-file")
    elif connection.password_file is not None:
        password = secret_in(connection.password_file, "--password-file")
        user = user or os.environ.get("MILEPOST_USER") or "administrator"
    return Client(
        connection.url, user=user, password=password, token=token, ca_file=connection.ca_file,
        retry_seconds=0,
    )  # fmt: skip


def warn(text: str) -> None:
    """Say something on standard error; the terminal may be in the command's hands."""
    end = "\r\n" if os.isatty(2) else "\n"
    try:
        os.write(2, f"milepost run: {text}{end}".encode())
    except OSError:
        return


def keep_standard_streams() -> None:
    """Put nothing where a standard stream was closed, or the next file would be taken for it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
