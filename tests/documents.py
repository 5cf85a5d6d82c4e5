"""Reading the documentation: headings, links, tables, fenced blocks, and the tests it names."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)+)`")
INLINE_CODE = re.compile(r"`[^`]*`")


class Block(NamedTuple):
    """A fenced block: its kind, its text, and the line it begins at."""

    kind: str
    text: str
    line: int


def pages() -> list[Path]:
    """Every page of the documentation."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(match[1], match[2], text.count("\n", 0, match.start()) + 1)
        for match in FENCE.finditer(text)
    ]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", text)


def headings(text: str) -> list[str]:
    return HEADING.findall(prose(text))


def anchors(text: str) -> set[str]:
    """The anchors of a page, made of its headings as code hosts make them."""
    found: set[str] = set()
    for heading in headings(text):
        plain = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number = 0
        while (plain if number == 0 else f"{plain}-{number}") in found:
            number += 1
        found.add(plain if number == 0 else f"{plain}-{number}")
    return found


def links(text: str) -> list[str]:
    """The targets of the links of a page."""
    found: list[str] = LINK.findall(prose(text))
    return found


def table_rows(text: str) -> Iterator[list[str]]:
    """The rows of all tables of a page, each as its cells, without heads and rules."""
    lines = [line.strip() for line in prose(text).splitlines()]
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        is_rule = re.fullmatch(r"[|\- ]+", line) is not None
        is_head = line.startswith("|") and re.fullmatch(r"\|[|\- ]+", following) is not None
        if line.startswith("|") and not is_rule and not is_head:
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


@cache
def tests_in(path: Path) -> frozenset[str]:
    """The tests of a file, such as ``test_a`` and ``TestB::test_c``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}::{part.name}"
                for part in node.body
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return frozenset(name for name in found if name.split("::")[-1].startswith("test"))


def named_tests(text: str) -> list[str]:
    """The tests that a page names, as ``path::name``."""
    return TEST_NAME.findall(prose(text))


def is_test(name: str) -> bool:
    """Whether there is a test of that name."""
    path, _, test = name.partition("::")
    return (ROOT / path).is_file() and test in tests_in(ROOT / path)


# The founding page.

SAMPLE = "the sample body"
BACK_TO_THE_PAGE = frozenset(
    {"Request Body Structure:", "Request Body Parameters:", "Response:", "Errors:"}
)
PARAMETER = re.compile(
    r"((?:spec(?:\.\w+)*|task_id) (?:update_spec|progress|long|localizable_message|string\[\]"
    r"|string|list|exception|opaque|date_time))(?: (.*))?"
)
SENTENCE_END = re.compile(r"(?<=(?<!Warning)\.) +(?=[A-Za-z])")


class Sentence(NamedTuple):
    """One statement of the founding page: the field it stands at, or ``page``, and its words."""

    where: str
    text: str


def founding_sentences(page: str) -> list[Sentence]:
    """The page, split: each line of a parameter, each sentence; the sample body is one."""
    start, end = page.index("\n{\n"), page.index("\n}\n")
    lines = f"{page[:start]}\n{SAMPLE}\n{page[end + 3 :]}".splitlines()
    found, where = [], "page"
    for line in map(str.strip, lines):
        parameter = PARAMETER.fullmatch(line)
        if parameter:
            where = parameter[1].split(" ")[0]
            found.append(Sentence(where, parameter[1]))
        elif line in BACK_TO_THE_PAGE:
            where = "page"
        text = (parameter[2] or "") if parameter else line
        found += [Sentence(where, part) for part in SENTENCE_END.split(text) if part]
    return found


def parsed(svg: str) -> ET.Element:
    """The root of a picture of ours."""
    return ET.fromstring(svg)  # noqa: S314  it is not from elsewhere
