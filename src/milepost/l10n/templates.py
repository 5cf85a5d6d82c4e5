"""Templates made ready for a locale, and filled.

A template goes to ICU rewritten: every argument is a slot, named for what the template needs of
the value, as the same one may be needed as a number by a plural and as text beside it. Where the
reader wants numbers and dates in the manner of another language, ICU has only the words and the
plurals of the template, and numbers and dates are put in as text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from icu4py.messageformat import MessageFormat

from milepost.l10n.formats import (
    MAX_CACHED,
    Conventions,
    Formattable,
    instant_text,
    moment,
    number_text,
    written,
)
from milepost.l10n.patterns import (
    Argument,
    Choice,
    Kind,
    Node,
    Nodes,
    Sign,
    Text,
    quoted,
    read_pattern,
)
from milepost.l10n.printf import read_printf
from milepost.rules.instants import read_instant
from milepost.rules.values import DateTimeFormat, NestedMessage, Param

Form = Literal["icu", "printf"]
READERS: dict[Form, Callable[[str], Nodes]] = {"icu": read_pattern, "printf": read_printf}

MAX_OUTPUT = 64 * 1024
# Longer templates are rare; they have a small cache of their own, so that memory stays bounded.
SMALL = 2048
FEW_CACHED = 16

WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
FRACTION = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}", re.ASCII)


class Unfit(Exception):
    """A template and its arguments do not go together."""


class Template(NamedTuple):
    """A template as its author wrote it."""

    text: str
    form: Form = "icu"


class Slot(NamedTuple):
    """What a template needs of an argument.

    ``need`` is the kind of the value; with a ``style`` it is wanted as text in that style, less
    the ``offset`` of a plural.
    """

    name: str
    need: Kind | Literal["word"]
    style: str | None = None
    offset: int = 0


class Compiled(NamedTuple):
    """A template ready to be filled.

    ``icu`` is what ICU made of it, ``slots`` what it needs. ``literal`` is the most characters of
    its own text that can come out, ``times`` how often each slot can.
    """

    icu: MessageFormat
    slots: tuple[Slot, ...]
    literal: int
    times: Mapping[Slot, int]


Value = Param | str
"""An argument: a member of ``params``, or one of ``args``."""

Nested = Callable[[NestedMessage], str]


def compile_template(template: Template, locale: str, way: Conventions, *, own: bool) -> Compiled:
    """Make a template ready, or take it as it was made before.

    ``own``: the conventions are of the language of ``locale``, so that ICU may follow them alone.
    Raises ``Unfit`` when ICU refuses the template, which it may do for one locale only.
    """
    compile_ = compile_small if len(template.text) <= SMALL else compile_large
    try:
        return compile_(template, locale, way, own)
    except ValueError as fault:
        raise Unfit(str(fault)) from None


def compile_anew(template: Template, locale: str, way: Conventions, own: bool) -> Compiled:  # noqa: FBT001  cached by position
    """Make a template ready. Raises ``BadTemplate``, or ``ValueError`` when ICU refuses it."""
    nodes = READERS[template.form](template.text)
    writer = Writer(own=own)
    pattern = writer.message(nodes)
    icu = MessageFormat(pattern, way.icu if own else f"{locale.replace('-', '_')}@timezone=UTC")
    literal, times = most(nodes, writer)
    return Compiled(icu, tuple(writer.slots), literal, times)


compile_small = lru_cache(maxsize=MAX_CACHED)(compile_anew)
compile_large = lru_cache(maxsize=FEW_CACHED)(compile_anew)


class Writer:
    """Writes nodes as a template with slots. ``own``: numbers and dates are left to ICU."""

    def __init__(self, *, own: bool) -> None:
        self.own = own
        self.slots: dict[Slot, str] = {}

    def slot(self, slot: Slot) -> str:
        return self.slots.setdefault(slot, f"a{len(self.slots)}")

    def message(self, nodes: Nodes, *, in_plural: bool = False) -> str:
        return "".join(self.node(node, in_plural=in_plural) for node in nodes)

    def node(self, node: Node, *, in_plural: bool) -> str:
        if isinstance(node, Text):
            return quoted(node.text, in_plural=in_plural)
        if isinstance(node, Choice):
            return self.choice(node)
        if isinstance(node, Sign) and self.own:
            return "#"
        name = self.slot(self.wanted(node))
        if isinstance(node, Argument) and self.own and node.kind != "text":
            style = f",{node.style}" if node.style else ""
            return f"{{{name}, {node.kind}{style}}}"
        return f"{{{name}}}"

    def wanted(self, node: Argument | Sign) -> Slot:
        """The slot of an argument."""
        if isinstance(node, Sign):
            return Slot(node.name, "number", "", node.offset)
        need = "date" if node.kind == "time" and self.own else node.kind
        styled = node.kind != "text" and not self.own
        return Slot(node.name, need, node.style if styled else None)

    def choice(self, node: Choice) -> str:
        plural = node.kind != "select"
        name = self.slot(Slot(node.name, "number" if plural else "word"))
        offset = f" offset:{node.offset}" if node.offset else ""
        branches = "".join(
            f" {selector}{{{self.message(inner, in_plural=plural)}}}"
            for selector, inner in node.branches
        )
        return f"{{{name}, {node.kind},{offset}{branches}}}"


def most(nodes: Nodes, writer: Writer) -> tuple[int, Counter[Slot]]:
    """The most literal characters, and the most of each text slot, that any choice lets out."""
    literal, times = 0, Counter[Slot]()
    for node in nodes:
        if isinstance(node, Text):
            literal += len(node.text)
        elif isinstance(node, Choice):
            inner = [most(branch, writer) for _, branch in node.branches]
            literal += max(size for size, _ in inner)
            largest = Counter[Slot]()
            for _, found in inner:
                largest |= found
            times += largest
        elif isinstance(node, Argument) and node.kind == "text":
            times[writer.wanted(node)] += 1
    return literal, times


def fill(
    compiled: Compiled,
    arguments: Mapping[str, Value],
    ordered: tuple[Value, ...],
    way: Conventions,
    nested: Nested,
) -> str:
    """The text of a template with its arguments.

    An argument is found by its name or, when that is a number and no name, by its place. Raises
    ``Unfit`` when one is missing or is not what the template needs, or the text is too long.
    """
    filled: dict[str, Any] = {
        f"a{number}": filling(slot, found(slot.name, arguments, ordered), way, nested)
        for number, slot in enumerate(compiled.slots)
    }
    size = compiled.literal + sum(
        compiled.times.get(slot, 0) * len(str(text))
        for slot, text in zip(compiled.slots, filled.values(), strict=True)
    )
    if size > MAX_OUTPUT:
        raise Unfit(f"the text would be longer than {MAX_OUTPUT} bytes")
    try:
        text = compiled.icu.format(filled)
    except RuntimeError as fault:
        raise Unfit(str(fault)) from None
    if len(text.encode()) > MAX_OUTPUT:
        raise Unfit(f"the text is longer than {MAX_OUTPUT} bytes")
    return text


def found(name: str, arguments: Mapping[str, Value], ordered: tuple[Value, ...]) -> Value:
    if name in arguments:
        return arguments[name]
    if name.isdecimal() and int(name) < len(ordered):
        return ordered[int(name)]
    raise Unfit(f"the argument {name} is missing")


def filling(slot: Slot, value: Value, way: Conventions, nested: Nested) -> Formattable:
    """What goes into a slot: text, a number, or an instant as ICU's binding takes it."""
    if slot.need == "text":
        return text_of(value, way, nested)
    if slot.need == "word":
        return word_of(value)
    taken = number_of(value) - slot.offset if slot.need == "number" else instant_of(value)
    if slot.style is None:
        return taken
    style = f",{slot.style}" if slot.style else ""
    try:
        return written(f"{{0, {slot.need}{style}}}", taken, way)
    except (ValueError, RuntimeError) as fault:
        raise Unfit(str(fault)) from None


def text_of(value: Value, way: Conventions, nested: Nested) -> str:
    """An argument as text: the first set of l, dt, d, i, s; an empty param is the empty text."""
    if isinstance(value, str):
        return value
    if value.l is not None:
        return nested(value.l)
    if value.dt is not None:
        return instant_text(value.dt, value.format or DateTimeFormat.SHORT_DATE_TIME, way)
    if value.d is not None:
        return number_text(value.d, value.precision, way)
    return number_text(value.i, None, way) if value.i is not None else value.s or ""


def plain(value: Value) -> str | float | None:
    """The member that counts: the first set of l, dt, d, i, s; instants apart from integers."""
    if isinstance(value, str):
        return value
    if value.l is not None or value.dt is not None:
        return None
    if value.d is not None:
        return value.d
    return value.i if value.i is not None else value.s


def number_of(value: Value) -> float:
    """An argument as a number; a text counts when it is a plain decimal number."""
    taken = plain(value)
    if isinstance(taken, str):
        if WHOLE.fullmatch(taken):
            return int(taken)
        if FRACTION.fullmatch(taken):
            return float(taken)
    if isinstance(taken, int | float):
        return taken
    raise Unfit("a number is needed")


def instant_of(value: Value) -> datetime:
    """An argument as an instant; a text counts when it is a date-time of RFC 3339."""
    if isinstance(value, Param) and value.l is None and value.dt is not None:
        return moment(value.dt)
    taken = plain(value)
    if isinstance(taken, str):
        try:
            return moment(read_instant(taken))
        except ValueError:
            pass
    raise Unfit("an instant is needed")


def word_of(value: Value) -> str:
    """An argument as the word that a select looks for."""
    taken = plain(value)
    if isinstance(taken, int | str):
        return str(taken)
    raise Unfit("a word or a whole number is needed")
