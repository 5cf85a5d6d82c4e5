"""Templates in ICU MessageFormat, read into nodes and written back.

The syntax is that of ICU with apostrophes as it has them by default: ``''`` is an apostrophe, and
one right before a brace (or a ``#`` of a plural) begins a quotation. Narrower than ICU: no
``choice``, ``spellout``, ``ordinal`` or ``duration``, no stray ``}``, no name twice among the
branches, names and numbers not mixed, nesting and sizes bounded. So what is read here cannot
overflow ICU's stack or blow up its output. ICU itself still has the last word on the styles of
numbers and dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, NoReturn

MAX_TEMPLATE = 64 * 1024
MAX_NESTING = 16
MAX_STYLE = 256

Kind = Literal["text", "number", "date", "time"]
Selection = Literal["plural", "selectordinal", "select"]


class BadTemplate(ValueError):
    """A template that cannot be used; the text says what is wrong and where."""


class Text(NamedTuple):
    """Text as the reader sees it."""

    text: str


class Argument(NamedTuple):
    """``{name}`` or ``{name, kind, style}``; the style is as written."""

    name: str
    kind: Kind = "text"
    style: str = ""


class Sign(NamedTuple):
    """The ``#`` of a plural: the number less the offset."""

    name: str
    offset: int


class Choice(NamedTuple):
    """``{name, plural, …}``: the selectors in their order, each with its nodes."""

    name: str
    kind: Selection
    offset: int
    branches: tuple[tuple[str, Nodes], ...]


Node = Text | Argument | Sign | Choice
Nodes = tuple[Node, ...]

BLANK = r"[ \t\n\v\f\r\x85\u200e\u200f\u2028\u2029]*"
NAME = re.compile(rf"{BLANK}(0|[1-9][0-9]{{0,3}}|[^\W\d]\w*){BLANK}([,}}])")
TYPE = re.compile(rf"{BLANK}([A-Za-z]+){BLANK}([,}}])")
OFFSET = re.compile(rf"{BLANK}offset:{BLANK}([0-9]{{1,9}})(?=[ \t\n=a-z])")
SELECTOR = re.compile(rf"{BLANK}(=[0-9]{{1,15}}|[^\W]+){BLANK}\{{")
# A quotation without a closing apostrophe goes to the end, as in ICU.
TEXT = re.compile(r"'(?P<quoted>[{}](?:[^']|'')*)'?|(?P<plain>[^{}']+)|''?")
TEXT_IN_PLURAL = re.compile(r"'(?P<quoted>[{}#](?:[^']|'')*)'?|(?P<plain>[^{}#']+)|''?")
END = re.compile(rf"{BLANK}\}}")
# In a style an apostrophe always begins a quotation.
STYLE = re.compile(r"((?:[^{}']|'[^']*')*)\}")
SCALE = re.compile(r"scale/(?![0-9]{1,6}(?:\.[0-9]{1,6})?(?:\s|$))")
CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})
KINDS: dict[str, Kind] = {"number": "number", "date": "date", "time": "time"}
SELECTIONS: dict[str, Selection] = {
    "plural": "plural",
    "selectordinal": "selectordinal",
    "select": "select",
}


def read_pattern(template: str) -> Nodes:
    """The nodes of a template. Raises ``BadTemplate``."""
    refuse_long(template)
    nodes = Reading(template).message(0, None)
    names = {name for name, _ in arguments(nodes)}
    numbers = {name for name in names if name.isdigit()}
    if numbers and names != numbers:
        other = min(names - numbers)
        raise BadTemplate(f"numbered ({{{min(numbers)}}}) and named ({{{other}}}) arguments mix")
    return nodes


def refuse_long(template: str) -> None:
    """Raise ``BadTemplate`` for a template that is too long or holds what no text may hold."""
    if len(template) > MAX_TEMPLATE or len(template.encode(errors="replace")) > MAX_TEMPLATE:
        raise BadTemplate(f"it is longer than the limit of {MAX_TEMPLATE} bytes")
    if "\0" in template:
        raise BadTemplate("it holds a NUL character")
    if re.search("[\ud800-\udfff]", template):
        raise BadTemplate("it holds half of a surrogate pair")


def arguments(nodes: Nodes) -> Iterator[tuple[str, str]]:
    """The name and the kind of every argument, wherever it stands."""
    for node in nodes:
        if isinstance(node, Argument | Choice):
            yield node.name, node.kind
        if isinstance(node, Choice):
            for _, inner in node.branches:
                yield from arguments(inner)


class Reading:
    """One template on its way through; ``at`` is where the reading stands."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.at = 0

    def fail(self, what: str, at: int | None = None) -> NoReturn:
        raise BadTemplate(f"{what} at character {(self.at if at is None else at) + 1}")

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.template, self.at)
        if match:
            self.at = match.end()
        return match

    def message(self, depth: int, sign: Sign | None) -> Nodes:
        """A message: the whole template, or what stands in the braces of a branch.

        ``sign`` is what a ``#`` stands for, where it stands for something.
        """
        if depth > MAX_NESTING:
            self.fail(f"branches are nested deeper than {MAX_NESTING} levels")
        nodes: list[Node] = []
        while True:
            if text := self.text(sign):
                nodes.append(Text(text))
            if self.at == len(self.template) or self.template[self.at] == "}":
                self.close(depth)
                return tuple(nodes)
            self.at += 1
            if self.template[self.at - 1] == "{":
                nodes.append(self.argument(depth, self.at - 1))
            else:
                nodes.append(sign or Text("#"))

    def close(self, depth: int) -> None:
        """Take the end of a message."""
        ended = self.at == len(self.template)
        if depth == 0 and not ended:
            self.fail("a } without its {")
        if depth > 0 and ended:
            self.fail("a { without its }")
        self.at += 1

    def text(self, sign: Sign | None) -> str:
        """The text up to the next brace (or the next ``#`` that counts), without quotations."""
        token = TEXT if sign is None else TEXT_IN_PLURAL
        parts = []
        while match := self.take(token):
            parts.append((match["quoted"] or "").replace("''", "'") or match["plain"] or "'")
        return "".join(parts)

    def argument(self, depth: int, begun: int) -> Node:
        name = self.take(NAME)
        if name is None:
            self.fail("after { a name or a number is expected")
        if name[2] == "}":
            return Argument(name[1])
        kind = self.take(TYPE)
        if kind is None:
            self.fail("after the comma a type such as number or plural is expected")
        if kind[1] in SELECTIONS and kind[2] == ",":
            return self.choice(name[1], SELECTIONS[kind[1]], depth, begun)
        if kind[1] not in KINDS:
            known = ", ".join((*KINDS, *SELECTIONS))
            self.fail(f"{{{name[1]}, {kind[1]}}} is not one of {known}, with what they need", begun)
        style = self.style(begun) if kind[2] == "," else ""
        return Argument(name[1], KINDS[kind[1]], style)

    def style(self, begun: int) -> str:
        """The style of a number or date, as written: ICU counts a blank at its beginning."""
        match = self.take(STYLE)
        if match is None:
            self.fail("a { without its }, or with another one inside,", begun)
        style = match[1]
        if len(style) > MAX_STYLE:
            self.fail(f"a style is longer than {MAX_STYLE} characters", begun)
        if SCALE.search(style):
            self.fail("scale/ is not followed by a plain number below a million", begun)
        return style

    def choice(self, name: str, kind: Selection, depth: int, begun: int) -> Choice:
        offset = self.take(OFFSET) if kind == "plural" else None
        less = int(offset[1]) if offset else 0
        sign = None if kind == "select" else Sign(name, less)
        branches: dict[str, Nodes] = {}
        while not self.take(END):
            at = self.at
            selector = self.take(SELECTOR)
            if selector is None:
                self.fail(f"{{{name}, {kind}: a selector and its text in braces are expected")
            self.check_selector(selector[1], kind, branches, at)
            branches[selector[1]] = self.message(depth + 1, sign)
        if "other" not in branches:
            self.fail(f"{{{name}, {kind}}} has no branch other", begun)
        return Choice(name, kind, less, tuple(branches.items()))

    def check_selector(
        self, selector: str, kind: Selection, branches: dict[str, Nodes], at: int
    ) -> None:
        if selector in branches:
            self.fail(f"the branch {selector} stands twice", at)
        exact = selector.startswith("=")
        if (kind == "select" and exact) or (
            kind != "select" and not exact and selector not in CATEGORIES
        ):
            self.fail(f"{selector} is no selector of {kind}", at)


def quoted(text: str, *, in_plural: bool) -> str:
    """A text as a template has it, so that nothing in it counts as syntax."""
    special = r"[{}#']+" if in_plural else r"[{}']+"
    return re.sub(special, lambda match: quoted_run(match[0]), text)


def quoted_run(run: str) -> str:
    doubled = run.replace("'", "''")
    return doubled if set(run) == {"'"} else f"'{doubled}'"
