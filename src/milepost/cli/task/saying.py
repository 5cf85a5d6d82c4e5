"""What can be said about a task: the options of create and update."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from milepost.cli.exits import Wrong
from milepost.cli.output.times import seconds, when
from milepost.rules.values import Status

if TYPE_CHECKING:
    from milepost.client.specs import TaskChanges

PROGRESS = re.compile(r"([0-9]{1,19})(?:/([0-9]{1,19})|%)", re.ASCII)
PERCENT = 100
STATUSES = [status.value for status in Status]
FROM_INPUT = "-"
MOST_RESULT = 64 * 1024 * 1024


def progress_of(text: str) -> tuple[int, int]:
    """How much is done, and of how much, as 3/10 or 30%. Raises ``click.BadParameter``."""
    found = PROGRESS.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no progress such as 3/10 or 30%")
    return int(found[1]), int(found[2] or PERCENT)


def change_options(*, for_create: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that say something about a task."""
    options = [
        click.option(
            "--status", type=click.Choice(STATUSES, case_sensitive=False), help="Its status."
        ),
        click.option(
            "--progress", type=progress_of, metavar="N/TOTAL",
            help="How much is done, as 3/10 or 30%.",
        ),
        click.option(
            "--message", metavar="TEXT", help="What is being done; goes with --progress."
        ),
        click.option("--error", metavar="TEXT", help="Why it has failed."),
        click.option(
            "--result", metavar="FILE",
            help="File with what came of it, as JSON; - is the standard input.",
        ),
        click.option(
            "--lease", type=seconds, metavar="TIME",
            help="When nothing is heard of it for so long, it fails; 0 for no such end.",
        ),
        click.option("--started", type=when, metavar="WHEN", help="When it has begun."),
        click.option("--ended", type=when, metavar="WHEN", help="When it has ended."),
        click.option("--pin/--unpin", default=None, help="Keep it; for administrators."),
    ]  # fmt: skip
    if not for_create:
        options.append(click.option("--description", metavar="TEXT", help="What people read."))

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def changes_of(
    *,
    status: str | None,
    progress: tuple[int, int] | None,
    message: str | None,
    error: str | None,
    result: str | None,
    lease: float | None,
    started: Any,
    ended: Any,
    pin: bool | None,
    description: str | None = None,
) -> TaskChanges:
    """The changes that the options come to; what was not given is left out."""
    from milepost.client.values import Progress  # late: slow

    if message is not None and progress is None:
        raise click.UsageError("--message goes with --progress")
    if lease is not None and lease != int(lease):
        raise click.UsageError("--lease is in whole seconds")
    said = {
        "status": status,
        "progress": progress and Progress(progress[1], progress[0], message or ""),
        "error": error,
        "result": None if result is None else result_in(result),
        "lease_seconds": None if lease is None else int(lease),
        "start_time": started,
        "end_time": ended,
        "pinned": pin,
        "description": description,
    }
    found: Any = {name: value for name, value in said.items() if value is not None}
    return found  # type: ignore[no-any-return]


def result_in(file: str) -> Any:
    """The value in a file of JSON."""
    try:
        if file == FROM_INPUT:
            data = sys.stdin.buffer.read(MOST_RESULT + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(MOST_RESULT + 1)
        return msgspec.json.decode(data)
    except OSError as fault:
        raise Wrong(f"--result {file}: {fault.strerror}") from None
    except (msgspec.MsgspecError, ValueError) as fault:
        raise Wrong(f"--result {file}: {fault}") from None
