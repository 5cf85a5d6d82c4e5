"""Tables that fit: which columns there is room for, and how wide each of them is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from milepost.cli.output.screen import Line, Piece, cells, fitted

GAP = 2
T = TypeVar("T")


class Column(NamedTuple, Generic[T]):
    """A column: its title, and what it shows of a row.

    ``rank`` 0 is always there; of the others those of a lower rank come first. One with ``least``
    cells may be cut to them, and takes what is left over.
    """

    title: str
    shows: Callable[[T], str]
    rank: int = 0
    least: int | None = None
    most: int | None = None
    style: Callable[[T], str] = lambda _: ""


def table(columns: Sequence[Column[T]], rows: Sequence[T], width: int | None) -> Iterator[Line]:
    """The lines of a table, its titles first. Without a width nothing is cut or left out."""
    shown = [column for column in columns if has_something(column, rows)]
    natural = {column.title: natural_width(column, rows, width) for column in shown}
    chosen = shown if width is None else chosen_columns(shown, natural, width)
    widths = natural if width is None else fitted_widths(chosen, natural, width)
    gap = Piece(" " * GAP)
    yield joined([Piece(fitted(one.title, widths[one.title]), "bold") for one in chosen], gap)
    for row in rows:
        pieces = [
            Piece(fitted(one.shows(row), widths[one.title]), one.style(row)) for one in chosen
        ]
        yield joined(pieces, gap)


def joined(pieces: Sequence[Piece], gap: Piece) -> Line:
    return [part for piece in pieces for part in (piece, gap)][:-1]


def has_something(column: Column[T], rows: Sequence[T]) -> bool:
    """Whether there is something to see in a column that may be left out."""
    return column.rank == 0 or any(column.shows(row) for row in rows)


def natural_width(column: Column[T], rows: Sequence[T], width: int | None) -> int:
    """The width that cuts nothing."""
    wanted = max([cells(column.title), *(cells(column.shows(row)) for row in rows)])
    return wanted if width is None or column.most is None else min(wanted, column.most)


def least_width(column: Column[T], natural: dict[str, int]) -> int:
    wanted = natural[column.title]
    return wanted if column.least is None else min(wanted, column.least)


def chosen_columns(
    columns: Sequence[Column[T]], natural: dict[str, int], width: int
) -> list[Column[T]]:
    """The columns that there is room for, each at its least, in their order."""
    chosen = {column.title for column in columns if column.rank == 0}
    used = sum(least_width(one, natural) + GAP for one in columns if one.rank == 0) - GAP
    for column in sorted(columns, key=lambda one: one.rank):
        need = least_width(column, natural) + GAP
        if column.rank > 0 and used + need <= width:
            chosen.add(column.title)
            used += need
    return [column for column in columns if column.title in chosen]


def fitted_widths(
    columns: Sequence[Column[T]], natural: dict[str, int], width: int
) -> dict[str, int]:
    """The width of each column: what is left over goes to those that were to be cut, in order."""
    widths = {one.title: least_width(one, natural) for one in columns}
    left = width - sum(widths.values()) - GAP * (len(columns) - 1)
    for column in sorted(columns, key=lambda one: one.rank):
        more = min(max(left, 0), natural[column.title] - widths[column.title])
        widths[column.title] += more
        left -= more
    return widths
