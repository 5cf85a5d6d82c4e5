"""Bars of tasks that are drawn anew in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from milepost.cli.exits import words_of
from milepost.cli.output.screen import (
    Line,
    Piece,
    cells,
    console_of,
    fitted,
    rich_text,
    undisturbed,
)
from milepost.cli.output.tasks import counted, note, percent, state, style, taken, title
from milepost.cli.output.times import now, span
from milepost.cli.task.following import Following, Trouble
from milepost.client.values import Task
from milepost.rules.values import Status

NARROW, WIDE = 60, 100
# What stands behind the title where there is no bar.
REST = 25
# Ctrl-C is shown as ^C behind the last line; it must not begin a new one.
MARGIN = 2
LEAST_BAR, LONGEST_BAR = 10, 40
LONGEST_TITLE = 40
FULL, EMPTY = ("━", "─")
FULL_ASCII, EMPTY_ASCII = ("#", "-")


def draw(
    following: Following,
    order: Sequence[str],
    latest: dict[str, Task],
    tick: float,
    until: float | None,
) -> None:
    """Draw what is seen until all have ended; ``latest`` is filled with it."""
    console, trouble = console_of(), ""
    seen_at: dict[str, datetime] = {}

    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def redraw() -> None:
            shown = [latest[ident] for ident in order if ident in latest]
            lines = bars(
                shown, seen_at, now(), console.width - MARGIN, ascii_only=is_ascii(console)
            )
            drawn = [rich_text(line) for line in in_height(list(lines), console.height - 2)]
            if trouble:
                drawn.append(Text(fitted(trouble, console.width - MARGIN).rstrip(), "yellow"))
            with undisturbed():
                live.update(Group(*drawn), refresh=True)

        for found in following.seen(tick, until):
            if isinstance(found, Trouble):
                trouble = f"{words_of(found.fault)} (trying again)".replace("\n", " ")
            elif found is not None:
                trouble = ""
                latest[found.id], seen_at[found.id] = found, now()
            redraw()


def in_height(lines: list[Line], room: int) -> list[Line]:
    """As many lines as there is room for; the last says how many there are beside."""
    if len(lines) <= max(room, 1):
        return lines
    kept = lines[: max(room - 1, 0)]
    return [*kept, [Piece(f"and {len(lines) - len(kept)} more", "dim")]]


def is_ascii(console: Console) -> bool:
    return not console.encoding.lower().startswith("utf")


def bars(
    tasks: Sequence[Task],
    seen_at: dict[str, datetime],
    at: datetime,
    width: int,
    *,
    ascii_only: bool,
) -> Iterator[Line]:
    """A line for each task: title, bar, how much, how long still, and what it says."""
    longest = max((cells(title(task)) for task in tasks), default=0)
    sizes = Sizes(
        width=width,
        title=min(
            longest, LONGEST_TITLE, width // 4 if width >= NARROW else max(width - REST, LEAST_BAR)
        ),
        bar=min(max(width // 6, LEAST_BAR), LONGEST_BAR) if width >= NARROW else 0,
        of=max((len(counted(task)) for task in tasks), default=0) if width >= WIDE else 0,
        ascii_only=ascii_only,
    )
    for task in tasks:
        yield bar_line(task, remaining(task, at, seen_at[task.id]), sizes)


class Sizes(NamedTuple):
    """How wide the parts of a line are, and which characters draw a bar."""

    width: int
    title: int
    bar: int
    of: int
    ascii_only: bool


def bar_line(task: Task, time: str, sizes: Sizes) -> Line:
    look, gap = style(task), Piece("  ")
    pieces = [Piece(fitted(title(task), sizes.title), "bold"), gap]
    if sizes.bar:
        full = filled(task, sizes.bar)
        done, rest = (FULL_ASCII, EMPTY_ASCII) if sizes.ascii_only else (FULL, EMPTY)
        pieces += [Piece(done * full, look), Piece(rest * (sizes.bar - full), "dim"), gap]
    pieces += [Piece(f"{how_far(task):9}", look), gap]
    if sizes.of:
        pieces += [Piece(f"{counted(task):{sizes.of}}"), gap]
    pieces += [Piece(f"{time:10}"), gap]
    left = sizes.width - sum(cells(piece.text) for piece in pieces)
    if left > 0:
        pieces.append(Piece(fitted(note(task), left), "dim"))
    return cropped(pieces, sizes.width)


def how_far(task: Task) -> str:
    """How much is done while it runs, else its state."""
    found = state(task)
    return percent(task) or found if found == Status.RUNNING else found


def filled(task: Task, size: int) -> int:
    """How much of a bar is full, rounded down: only what is whole is a full bar."""
    if task.status == "SUCCEEDED":
        return size
    progress = task.progress
    return (
        0 if progress is None or not progress.total else size * progress.completed // progress.total
    )


def remaining(task: Task, at: datetime, seen: datetime) -> str:
    """How long it may still take, or how long it has taken."""
    if task.ended or task.remaining_seconds is None:
        return span(taken(task, at))
    left = task.remaining_seconds - (at - seen).total_seconds()
    return f"{span(left)} left"


def cropped(pieces: Sequence[Piece], width: int) -> Line:
    """A line that is no longer than the screen is wide."""
    found: list[Piece] = []
    for piece in pieces:
        left = width - sum(cells(one.text) for one in found)
        if cells(piece.text) > left:
            return [*found, Piece(fitted(piece.text, left), piece.style)]
        found.append(piece)
    return found
