"""The documentation says what is so: its generated parts, entries, links, tests and names.

What its commands do is in ``test_docs_commands.py``.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest

from docs import _make
from milepost.doors.refusals import status_of
from milepost.doors.routing import Route
from milepost.rules.reasons import REASONS, Reason, Refusal
from milepost.rules.rows import MOVES
from milepost.rules.values import Status
from milepost.settings import MEANINGS, PREFIX
from milepost.wire import interfaces, jsonrpc
from tests import architecture
from tests.documents import (
    ROOT,
    anchors,
    blocks,
    founding_sentences,
    headings,
    is_test,
    links,
    name_of,
    named_tests,
    pages,
    table_rows,
)

# SHA-256 of the sentences of the published page, each with the field it stands at.
PAGE_DIGEST = "90d6e7ee81dd1bfc7b717e4197cd30900f56cb655deb38196ece60ef42f9fdde"
EXPLAIN, REFERENCE = ROOT / "docs" / "explain", ROOT / "docs" / "reference"
LEDGER, GUARANTEES = EXPLAIN / "ledger.md", EXPLAIN / "guarantees.md"
PAGES = pytest.mark.parametrize("page", pages(), ids=name_of)

# What may not stand in any file that is published.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:root|work|home/\w+|Users/\w+)\b"),
    "a registry's host": re.compile(
        r"(?:files\.pythonhosted|pypi(?!\.org/project/))\.(?:org|io)\b"
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a token": re.compile(r"\b(?:ghp|gho|pypi|xox[bp]|AKIA|sk)[-_][A-Za-z0-9_-]{16,}"),
}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    _, _, rest = text.partition(f"# {heading}\n")
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


# What is generated.


@pytest.mark.parametrize("page", _make.pages(), ids=name_of)
def test_generated_parts_are_what_the_generator_makes(page: Path) -> None:
    assert text_of(page) == _make.render(text_of(page)), "run: make docs"


def test_every_generated_part_stands_on_a_page() -> None:
    found = [name for page in _make.pages() for name in _make.PART.findall(text_of(page))]
    assert sorted(found) == sorted(_make.PARTS)


# Every thing has its entry.


@pytest.mark.parametrize("name", MEANINGS)
def test_every_setting_has_its_entry(name: str) -> None:
    entry = section(text_of(REFERENCE / "settings.md"), name)
    assert MEANINGS[name] in entry
    assert f"{PREFIX}{name.upper()}" in entry
    assert "- Default: " in entry


@pytest.mark.parametrize("reason", list(REASONS.values()), ids=lambda reason: reason.id)
def test_every_reason_has_its_entry(reason: Reason) -> None:
    entry = section(text_of(REFERENCE / "errors.md"), reason.id)
    assert entry.strip().startswith(f"{status_of(Refusal(reason))} `{reason.error}`")
    assert reason.text in entry


PAGE_ROUTES = [(page, route) for page, routes in _make.routes_by_page().items() for route in routes]


@pytest.mark.parametrize(
    ("page", "route"), PAGE_ROUTES, ids=[route.operation for _, route in PAGE_ROUTES]
)
def test_every_route_has_its_entry(page: str, route: Route) -> None:
    entry = section(text_of(REFERENCE / page), f"{route.method} {route.path}")
    assert route.summary in entry
    assert all(f"`{parameter.name}`" in entry for parameter in route.parameters)
    assert [block.kind for block in blocks(entry)][:1] == ["sh"]


@pytest.mark.parametrize("service", interfaces.OPERATIONS)
def test_every_operation_of_jsonrpc_has_its_entry(service: str) -> None:
    entry = section(text_of(REFERENCE / "jsonrpc.md"), service)
    shown = {row[0].strip("`"): row[1] for row in table_rows(entry)}
    assert list(shown) == list(interfaces.OPERATIONS[service])
    for name, operation in interfaces.OPERATIONS[service].items():
        assert all(f"`{member.name}`" in shown[name] for member in operation.parameters)


def test_every_code_of_jsonrpc_has_its_entry() -> None:
    codes = {row[0] for row in table_rows(text_of(REFERENCE / "jsonrpc.md"))}
    assert {str(code) for code in jsonrpc.TEXTS} <= codes


def all_flags() -> Iterator[tuple[str, str]]:
    for name, found in _make.all_commands():
        for parameter in found.params:
            if isinstance(parameter, click.Option):
                for flag in (*parameter.opts, *parameter.secondary_opts):
                    yield name, flag


@pytest.mark.parametrize(("name", "flag"), list(all_flags()))
def test_every_flag_has_its_entry(name: str, flag: str) -> None:
    entry = section(text_of(REFERENCE / "cli.md"), name)
    cells = [row[0] for row in table_rows(entry)]
    assert any(flag in cell.strip("`").split(" / ") for cell in cells)


@pytest.mark.parametrize("name", [name for name, _ in _make.all_commands()])
def test_every_command_has_its_entry(name: str) -> None:
    assert f"Usage: {name}" in text_of(REFERENCE / "cli.md")
    assert name in headings(text_of(REFERENCE / "cli.md"))


def exceptions_below(kind: type[click.ClickException]) -> Iterator[type[click.ClickException]]:
    yield kind
    for found in kind.__subclasses__():
        yield from exceptions_below(found)


def test_every_exit_code_has_its_entry() -> None:
    entry = section(text_of(REFERENCE / "cli.md"), "Exit codes")
    codes = {found.exit_code for found in exceptions_below(click.ClickException)}
    assert {int(row[0]) for row in table_rows(entry)} == {0} | codes


def test_every_move_is_in_the_table_of_states() -> None:
    rows = [row for row in table_rows(text_of(EXPLAIN / "states.md")) if len(row) == 6]
    shown = {row[0].strip("`"): row[1:] for row in rows if row[1] != "no" and row[1] != "always"}
    assert list(shown) == list(Status)
    for before, cells in shown.items():
        for after, cell in zip(Status, cells, strict=True):
            allowed = after in MOVES[Status(before)]
            assert (cell in ("yes", "stays")) == allowed


def test_the_picture_of_rooms_is_the_table_of_arrows() -> None:
    rows = table_rows(text_of(EXPLAIN / "architecture.md"))
    shown = {row[0].strip("`"): set(row[2].replace("`", "").split(", ")) for row in rows}
    rooms = {module.room for module in architecture.package()} - {""}
    words = {(): {"nothing"}, ("*",): {"everything"}}
    assert shown == {
        room: words.get(architecture.ARROWS[room], set(architecture.ARROWS[room])) for room in rooms
    }


# Links and names.


@PAGES
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(text_of(page)):
        if link.startswith(("https://", "http://")):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.is_file(), link
        if fragment:
            assert fragment in anchors(text_of(target)), link


@PAGES
def test_named_tests_are_there(page: Path) -> None:
    assert [name for name in named_tests(text_of(page)) if not is_test(name)] == []


@PAGES
def test_fences_are_closed(page: Path) -> None:
    fences = [line for line in text_of(page).splitlines() if line.startswith("```")]
    assert len(fences) == 2 * len(blocks(text_of(page)))


def test_every_page_is_reached_from_the_readme() -> None:
    waiting, reached = [ROOT / "README.md"], {ROOT / "README.md"}
    while waiting:
        page = waiting.pop()
        for link in links(text_of(page)):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file() and target not in reached:
                reached.add(target)
                waiting.append(target)
    assert set(pages()) <= reached


def test_every_guarantee_names_a_test() -> None:
    rows = list(table_rows(text_of(GUARANTEES)))
    assert rows
    assert [row[0] for row in rows if not named_tests(row[-1])] == []


# The ledger.


def ledger() -> list[tuple[int, set[str], str, str, list[str]]]:
    """The rows: number, where it stands, the quote, the decision, the tests."""
    return [
        (
            int(row[0]),
            set(row[1].replace("`", "").split()),
            row[2].removeprefix("“").removesuffix("”"),
            row[3],
            named_tests(row[4]),
        )
        for row in table_rows(text_of(LEDGER))
    ]


def test_the_ledger_is_numbered() -> None:
    assert [row[0] for row in ledger()] == list(range(1, len(ledger()) + 1))


def test_the_ledger_names_tests() -> None:
    exempt = ("A heading.", "About the original.")
    assert [
        quote for _, _, quote, says, held in ledger() if not held and not says.startswith(exempt)
    ] == []


def digest(said: Iterable[tuple[str, str]]) -> str:
    return hashlib.sha256("\n".join(sorted(map(" | ".join, said))).encode()).hexdigest()


def test_the_ledger_has_every_sentence_of_the_page_and_no_other() -> None:
    """The page is not ours to publish, so its sentences are known by their digest.

    Where a copy is at hand, ``FOUNDING_PAGE=copy.txt`` tells which sentence is at fault.
    """
    listed = [(where, quote) for _, places, quote, _, _ in ledger() for where in places]
    assert len(listed) == len(set(listed))
    if copy := os.environ.get("FOUNDING_PAGE"):
        said = set(founding_sentences(text_of(Path(copy))))
        assert digest(said) == PAGE_DIGEST
        assert said - set(listed) == set()
        assert set(listed) - said == set()
    assert digest(listed) == PAGE_DIGEST


# What may not be published.


def published() -> list[Path]:
    """Every file that is, or would be, in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("this is no git checkout, so it is not known which files are published")
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.needs("git")
@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_forbidden_is_published(what: str) -> None:
    faults = []
    for path in published():
        try:
            lines = text_of(path).splitlines()
        except UnicodeDecodeError:
            continue
        faults += [
            f"{name_of(path)}:{number}"
            for number, line in enumerate(lines, start=1)
            if FORBIDDEN[what].search(line)
        ]
    assert faults == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of one machine", "see /" + "root/notes"),
        ("a path of one machine", "cd /" + "home/anna/milepost"),
        ("a path of one machine", "'/" + "work/x'"),
        ("a registry's host", "https://pypi." + "org/simple"),
        ("a registry's host", "files.python" + "hosted.org"),
        ("a private key", "-----BEGIN " + "PRIVATE KEY-----"),
        ("a token", "ghp" + "_0123456789abcdefghij"),
    ],
)
def test_what_is_forbidden_is_found(what: str, line: str) -> None:
    assert FORBIDDEN[what].search(line)


@pytest.mark.parametrize("line", ["group-d1/root", "the work/home split", "framework", "/api"])
def test_what_is_not_forbidden_is_not_found(line: str) -> None:
    assert not any(pattern.search(line) for pattern in FORBIDDEN.values())
