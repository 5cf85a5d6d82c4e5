"""One ``milepost run``: a command, what is looked for in its output, and its task."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from milepost.cli.run.child import CannotStart
from milepost.cli.run.output import Output, Seen
from milepost.cli.run.readings import Pattern
from milepost.cli.run.reporting import Report
from milepost.cli.run.reporting import Task as Task  # noqa: PLC0414  the command needs it as well
from milepost.cli.run.running import Run
from milepost.client.blocking import Client
from milepost.client.environment import secret_in
from milepost.client.errors import MilepostError


class Service(NamedTuple):
    """Where the service is and who asks; what is not given is in the environment or stored."""

    url: str | None
    user: str | None
    password_file: Path | None
    token_file: Path | None
    ca_file: Path | None


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
    command: Sequence[str], task: Task, service: Service, looking: Looking, grace: float
) -> int:
    """Run a command; its exit code, whatever becomes of its task."""
    keep_standard_streams()
    report = report_of(task, service)
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
        told = lambda: report.finish(ending, lines, program=program, cancelled=run.cancelled)  # noqa: E731
        patiently(told)
    return ending.code


def patiently(told: Callable[[], None]) -> None:
    """Tell the end; whoever does not want to wait for that may say so with ``^C``."""
    try:
        told()
    except KeyboardInterrupt:
        return


def report_of(task: Task, service: Service) -> Report | None:
    """The task of a run; ``None`` when nothing says whom to tell, of which a warning tells."""
    try:
        return Report(client_of(service), task, warn)
    except MilepostError as fault:
        warn(f"the command runs without a task: {fault}")
        return None


def client_of(service: Service) -> Client:
    """A client for the service. Raises ``MilepostError``."""
    user, password, token = service.user, None, None
    if service.token_file is not None and user is None:
        token = secret_in(service.token_file, "--token-file")
    elif service.password_file is not None:
        password = secret_in(service.password_file, "--password-file")
        user = user or os.environ.get("MILEPOST_USER") or "administrator"
    return Client(
        service.url, user=user, password=password, token=token, ca_file=service.ca_file,
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
