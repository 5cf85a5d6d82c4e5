"""What people are shown of a task: words, colours, a table, and one line of a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from milepost.cli.output.layout import Column, table
from milepost.cli.output.safe import visible
from milepost.cli.output.screen import Line, Piece, fitted
from milepost.cli.output.times import clock, moment, span
from milepost.client.values import Message, Progress, Task
from milepost.rules.values import ROOT_FOLDER, Status

NARROW = 60
STYLES = {
    Status.PENDING: "dim",
    Status.RUNNING: "cyan",
    Status.BLOCKED: "yellow",
    Status.SUCCEEDED: "green",
    Status.FAILED: "red",
}


class Shown(NamedTuple):
    """A task, seen at an instant."""

    task: Task
    at: datetime


def state(task: Task) -> str:
    """The status, and in small letters what is no status but counts for more."""
    return "canceling" if task.cancel_is_pending else task.status.value


def style(task: Task) -> str:
    return "magenta" if task.cancel_is_pending else STYLES[task.status]


def title(task: Task) -> str:
    """What a task is called: its description, or its operation where there is none."""
    return visible(task.description.text or task.operation)


def percent(task: Task) -> str:
    """How much is done, rounded down: only what is whole is 100 %."""
    progress = task.progress
    if progress is None or progress.fraction is None:
        return ""
    return f"{100 * progress.completed // progress.total}%"


def counted(task: Task) -> str:
    """How much is done in units of its work, unless these are percent anyway."""
    progress = task.progress
    if progress is None or progress.fraction is None or progress.total == 100:  # noqa: PLR2004
        return ""
    return f"{progress.completed}/{progress.total}"


def progress_text(progress: Progress | None) -> str:
    """What was said with the progress."""
    if progress is None:
        return ""
    said = progress.message
    return said.text if isinstance(said, Message) else said


def note(task: Task) -> str:
    """What is said of a task now: why it failed, or what was said with its progress."""
    if task.error is not None:
        return visible(task.error.text.partition("\n")[0])
    return visible(progress_text(task.progress))


def taken(task: Task, at: datetime) -> float | None:
    """Seconds that it has run, or ran."""
    if task.start_time is None:
        return None
    return ((task.end_time or at) - task.start_time).total_seconds()


def target(task: Task) -> str:
    return visible(f"{task.target.type}:{task.target.id}") if task.target else ""


def own_target(task: Task) -> str:
    """The target, unless it is the one of all tasks that were given none."""
    found = target(task)
    return "" if found == f"{ROOT_FOLDER.type}:{ROOT_FOLDER.id}" else found


def tasks_table(tasks: Sequence[Task], at: datetime, width: int | None) -> Iterator[Line]:
    """Tasks as a table; on a narrow screen each on two lines, as ids are not cut."""
    rows = [Shown(task, at) for task in tasks]
    if width is not None and width < NARROW:
        yield from narrow(rows, width)
        return
    yield from table(COLUMNS, rows, width)


def narrow(rows: Sequence[Shown], width: int) -> Iterator[Line]:
    for task, _ in rows:
        yield [Piece(task.id)]
        head = f"  {state(task)} {percent(task)}".rstrip()
        rest = width - len(head) - 1
        said = f"{title(task)}: {note(task)}" if note(task) else title(task)
        yield [Piece(head, style(task)), Piece(" " + fitted(said, max(rest, 0)))]


def one_line(task: Task) -> str:
    """What has become of a task, in a line."""
    parts = (task.id, state(task), percent(task), counted(task), title(task))
    said = note(task)
    return "  ".join(filter(None, parts)) + (f": {said}" if said else "")


def log_line(task: Task, at: datetime, *, named: bool) -> str:
    """How far a task is, as a line of a log; with its id when there are others."""
    parts = [clock(at), state(task), percent(task), counted(task), title(task)]
    said = note(task)
    line = "  ".join(filter(None, parts)) + (f": {said}" if said else "")
    return f"{line}  ({task.id})" if named else line


COLUMNS: tuple[Column[Shown], ...] = (
    Column("ID", lambda row: visible(row.task.id)),
    Column("STATUS", lambda row: state(row.task), style=lambda row: style(row.task)),
    Column("DONE", lambda row: percent(row.task)),
    Column("OF", lambda row: counted(row.task), rank=5),
    Column("TIME", lambda row: span(taken(row.task, row.at)), rank=1),
    Column("STARTED", lambda row: moment(row.task.start_time, row.at), rank=4),
    Column("USER", lambda row: visible(row.task.user or row.task.principal), 3, 8, 20),
    Column("DESCRIPTION", lambda row: title(row.task), 0, 14, 60),
    Column("TARGET", lambda row: own_target(row.task), 6, 12, 40),
    Column("SAYS", lambda row: note(row.task), 2, 10, 60),
)
