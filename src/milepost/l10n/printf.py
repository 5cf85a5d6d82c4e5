"""Templates as Java has them, with ``%s`` or ``%1$s``, read into the same nodes as ICU's.

Known are ``%s``, ``%d``, ``%f`` and ``%.2f``, with ``,`` for grouping and ``1$`` for a position,
``%%`` and ``%n``. Widths and other flags are refused: they line up columns, and a message has none.
"""

from __future__ import annotations

import re

from milepost.l10n.formats import fixed_style
from milepost.l10n.patterns import Argument, BadTemplate, Node, Nodes, Text, refuse_long

SPECIFIER = re.compile(
    r"%(?:(?P<position>[1-9][0-9]{0,3})\$)?(?P<flags>[-#+ 0,(<]*)(?P<width>[0-9]+)?"
    r"(?:\.(?P<precision>[0-9]{1,2}))?(?P<conversion>[A-Za-z%])"
)
PERCENT = re.compile("%")
MAX_PRECISION = 20
# What Java writes for %f without a precision.
USUAL_PRECISION = 6
LITERAL = {"%": "%", "n": "\n"}


def read_printf(template: str) -> Nodes:
    """The nodes of a template; arguments are named by their position, from ``"0"``.

    Raises ``BadTemplate``.
    """
    refuse_long(template)
    nodes: list[Node] = []
    at, following, positions = 0, 0, False
    while start := PERCENT.search(template, at):
        match = SPECIFIER.match(template, start.start())
        if match is None:
            raise BadTemplate(f"a % without its conversion at character {start.start() + 1}")
        nodes.append(Text(template[at : match.start()]))
        at = match.end()
        if match["conversion"] in LITERAL:
            refuse_decorated(match)
            nodes.append(Text(LITERAL[match["conversion"]]))
            continue
        if following and positions != bool(match["position"]):
            raise BadTemplate(f"%s and %1$s mix at character {match.start() + 1}")
        following, positions = following + 1, bool(match["position"])
        nodes.append(argument(match, int(match["position"] or following) - 1))
    nodes.append(Text(template[at:]))
    return merged(nodes)


def refuse_decorated(match: re.Match[str]) -> None:
    if len(match[0]) > len("%n"):
        raise BadTemplate(f"{match[0]} takes nothing between its signs")


def argument(match: re.Match[str], position: int) -> Argument:
    """The argument that a specifier stands for."""
    conversion, grouped, precision = match["conversion"], match["flags"] == ",", match["precision"]
    if match["flags"] not in ("", ",") or match["width"]:
        raise BadTemplate(f"{match[0]}: flags other than , and widths are not known")
    if conversion not in "sdf":
        raise BadTemplate(f"{match[0]}: the conversion is not one of s, d, f")
    if (conversion != "f" and precision is not None) or (conversion == "s" and grouped):
        raise BadTemplate(f"{match[0]}: %{conversion} takes no such flag or precision")
    if precision is not None and int(precision) > MAX_PRECISION:
        raise BadTemplate(f"{match[0]}: more than {MAX_PRECISION} digits")
    if conversion == "s":
        return Argument(str(position))
    digits = 0 if conversion == "d" else int(precision or USUAL_PRECISION)
    return Argument(str(position), "number", fixed_style(digits, grouped=grouped))


def merged(nodes: list[Node]) -> Nodes:
    """The nodes with neighbouring texts made one and empty ones left out."""
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + node.text)
        elif node != Text(""):
            found.append(node)
    return tuple(found)
