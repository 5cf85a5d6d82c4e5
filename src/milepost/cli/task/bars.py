"""Bars of tasks that are drawn anew in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from milepost.cli.exits import words_of
from milepost.cli.output.screen import Line, Piece, cells, console_of, fitted, rich_text
from milepost.cli.output.tasks import counted, note, percent, state, style, taken, title
from milepost.cli.output.times import now, span
from milepost.cli.task.following import Following, Trouble
from milepost.client.values import Task

NARROW = 60
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
            lines = bars(shown, seen_at, now(), console.width, ascii_only=is_ascii(console))
            drawn = [rich_text(line) for line in lines]
            if trouble:
                drawn.append(Text(fitted(trouble, console.width).rstrip(), "yellow"))
            live.update(Group(*drawn), refresh=True)

        for found in following.seen(tick, until):
            if isinstance(found, Trouble):
                trouble = f"{words_of(found.fault)} (trying again)".replace("\n", " ")
            elif found is not None:
                trouble = ""
                latest[found.id], seen_at[found.id] = found, now()
            redraw()


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
    room = min(max((cells(title(task)) for task in tasks), default=0), LONGEST_TITLE, width // 3)
    bar_size = 0 if width < NARROW else min(max(width // 5, LEAST_BAR), LONGEST_BAR)
    for task in tasks:
        yield bar_line(task, at, seen_at[task.id], Sizes(width, room, bar_size, ascii_only))


class Sizes:
    """How wide the parts of a line are, and which characters draw a bar."""

    def __init__(self, width: int, title: int, bar: int, ascii_only: bool) -> None:  # noqa: FBT001
        self.width, self.title, self.bar = width, title, bar
        self.full, self.empty = (FULL_ASCII, EMPTY_ASCII) if ascii_only else (FULL, EMPTY)


def bar_line(task: Task, at: datetime, seen: datetime, sizes: Sizes) -> Line:
    look = style(task)
    pieces = [Piece(fitted(title(task), sizes.title), "bold"), Piece("  ")]
    if sizes.bar:
        full = filled(task, sizes.bar)
        pieces += [
            Piece(sizes.full * full, look),
            Piece(sizes.empty * (sizes.bar - full), "dim"),
            Piece("  "),
        ]
    pieces.append(Piece(f"{state(task):9}", look))
    for text in (f"{percent(task):>4}", counted(task), f"{remaining(task, at, seen):>7}"):
        pieces.append(Piece(f"  {text}" if text else ""))
    said = note(task)
    used = sum(cells(piece.text) for piece in pieces)
    if said and sizes.width - used > 2:  # noqa: PLR2004  a gap, and something behind it
        pieces.append(Piece("  " + fitted(said, sizes.width - used - 2).rstrip(), "dim"))
    return cropped(pieces, sizes.width)


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
    return f"-{span(left)}"


def cropped(pieces: Sequence[Piece], width: int) -> Line:
    """A line that is no longer than the screen is wide."""
    found: list[Piece] = []
    for piece in pieces:
        left = width - sum(cells(one.text) for one in found)
        if cells(piece.text) > left:
            return [*found, Piece(fitted(piece.text, left), piece.style)]
        found.append(piece)
    return found
