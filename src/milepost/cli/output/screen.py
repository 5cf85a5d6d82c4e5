"""Where the output goes: how wide it is, whether it is a terminal, and lines with styles on it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# Narrower than this nothing can be said.
LEAST_WIDTH = 20


class Piece(NamedTuple):
    """A text that is safe to show, with a style of rich."""

    text: str
    style: str = ""


Line = Sequence[Piece]


def width() -> int | None:
    """The columns there are; ``None`` is as many as needed, as in a pipe."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given) > 0:
        return max(int(given), LEAST_WIDTH)
    if not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size().columns, LEAST_WIDTH)


def is_live() -> bool:
    """Whether what was drawn can be drawn anew in its place."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb").lower() not in ("dumb", "unknown")


def show(lines: Iterable[Line]) -> None:
    """Write lines; in colours only on a terminal that wants them."""
    if not is_live():
        for line in lines:
            click.echo("".join(piece.text for piece in line).rstrip())
        return
    console = console_of()
    for line in lines:
        console.print(rich_text(line))


def console_of() -> Console:
    """The terminal, as rich knows it. Nothing in a text is markup."""
    from rich.console import Console  # late: slow

    return Console(width=width(), highlight=False, markup=False, emoji=False, soft_wrap=True)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait until something is drawn whole; half a picture would be left behind."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def rich_text(line: Line) -> Text:
    from rich.text import Text  # late: slow

    text = Text(no_wrap=True, overflow="crop")
    for piece in line:
        text.append(piece.text, piece.style)
    text.rstrip()
    return text


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # late: seldom needed

    return cell_len(text)


def fitted(text: str, size: int) -> str:
    """A text in so many cells: filled up with blanks, or cut with an ellipsis at its end."""
    missing = size - cells(text)
    if missing >= 0:
        return text + " " * missing
    from rich.cells import set_cell_size  # late: seldom needed

    kept = set_cell_size(text, max(size - 1, 0)).rstrip()
    return fitted(f"{kept}…", size) if size > 0 else ""
