# ruff: noqa: INP001  beside the script that writes the pages, in no package
"""Curves as SVG, without a library: one picture with a plot for each figure, side by side.

The points stand at equal distances: what is measured grows by factors, so that is a logarithmic
axis that also has a place for 0. Each vertical axis begins at 0. The picture has its own light
background, so it is the same on a light page and on a dark one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 440, 280
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 44, 56
TEXT, FAINT, GRID = "#24292f", "#57606a", "#d8dee4"
COLOURS = ("#0550ae", "#a40e26")
FONT = "font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\""
STEPS = (1, 2, 2.5, 5, 10)
MOST_LINES = 5
CROWDED = 6


class Plot(NamedTuple):
    """One figure over what grows; as many values as the picture has labels."""

    title: str
    values: Sequence[float]


def picture(title: str, below: str, labels: Sequence[str], plots: Sequence[Plot]) -> str:
    """The text of an SVG file; ``below`` says what the labels of the horizontal axes are."""
    width = WIDTH * len(plots)
    said = "; ".join(f"{plot.title}: {described(labels, plot.values)}" for plot in plots)
    size = f'viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {FONT} font-size="12">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(said)}</desc>",
        f'<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for place, plot in enumerate(plots):
        parts.append(f'<g transform="translate({place * WIDTH} 0)">')
        parts += drawn(plot, below, labels, COLOURS[place % len(COLOURS)])
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def described(labels: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(
        f"{shown(value)} at {label}" for label, value in zip(labels, values, strict=True)
    )


def drawn(plot: Plot, below: str, labels: Sequence[str], colour: str) -> Iterator[str]:
    """The lines of one plot."""
    step, top = scale(max(plot.values))
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    yield text(plot.title, middle, 24, TEXT, more='font-size="14" font-weight="600"')
    for number in range(round(top / step) + 1):
        y = height_of(number * step, top)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{GRID}"/>'
        yield text(shown(number * step), LEFT - 8, y + 4, FAINT, anchor="end")
    spots = list(places(plot.values, top))
    for turn, (label, (x, _)) in enumerate(zip(labels, spots, strict=True)):
        # Where there are many, every other one, and always the last.
        if len(labels) <= CROWDED or (len(labels) - 1 - turn) % 2 == 0:
            yield text(label, x, HEIGHT - BOTTOM + 18, FAINT)
    yield text(below, middle, HEIGHT - 14, FAINT)
    line = " ".join(f"{x},{y}" for x, y in spots)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, y in spots:
        yield f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>'


def text(
    words: str, x: float, y: float, colour: str, *, more: str = "", anchor: str = "middle"
) -> str:
    place = f'x="{round(x, 1)}" y="{round(y, 1)}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}{' ' if more else ''}{more}>{escape(words)}</text>"


def places(values: Sequence[float], top: float) -> Iterator[tuple[float, float]]:
    """Where the points stand."""
    room = WIDTH - LEFT - RIGHT
    for turn, value in enumerate(values):
        yield round(LEFT + room * (turn + 0.5) / len(values), 1), height_of(value, top)


def height_of(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top, 1)


def scale(most: float) -> tuple[float, float]:
    """The distance of the lines, a round number, and the value at the top."""
    least = (most or 1) / MOST_LINES
    power = 10 ** math.floor(math.log10(least))
    step = next(step * power for step in STEPS if step * power >= least * (1 - 1e-9))
    return step, step * max(1, math.ceil(most / step - 1e-9))


def shown(value: float) -> str:
    """A number as a reader wants it: three digits that count."""
    if value >= 100 or value == int(value):  # noqa: PLR2004  three digits
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{digits}f}"
