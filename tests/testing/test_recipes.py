"""The recipes of ``docs/howto/report-from-a-shell.md``: each does what its page says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from milepost.testing.server import MilepostServer
from tests.documents import ROOT, Block, blocks, headings, prose

PAGE = ROOT / "docs/howto/report-from-a-shell.md"
TEXT = PAGE.read_text(encoding="utf-8")
BEGINNING = 3
RUNS = {
    "sh": ("sh", "-eu", "-c"),
    "python": (sys.executable, "-c"),
    "perl": ("perl", "-we"),
    "js": ("node", "--input-type=module", "-e"),
}
PROGRAMS = {"sh": ("sh", "curl"), "python": (), "perl": ("perl",), "js": ("node",)}
# How each program is told whom to trust.
TRUST = {"sh": "CURL_CA_BUNDLE", "python": "SSL_CERT_FILE", "js": "NODE_EXTRA_CA_CERTS"}


class Recipe(NamedTuple):
    """A program of the page, and what becomes of its task."""

    kind: str
    begin: Block
    rest: Block
    ends: str
    completed: int
    code: int = 0


def recipes() -> dict[str, Recipe]:
    """The recipes by name: a beginning and what may follow it."""
    found: dict[str, Recipe] = {}
    by_kind: dict[str, list[Block]] = {}
    for block in blocks(TEXT):
        by_kind.setdefault(block.kind, []).append(block)
    for kind, (begin, first, *others) in by_kind.items():
        found[kind] = Recipe(kind, begin, first, "SUCCEEDED", 3)
        if kind == "sh":
            fails, cancelled, leased = others
            found["sh, fails"] = Recipe(kind, begin, fails, "FAILED", 0, code=1)
            found["sh, cancelled"] = Recipe(kind, begin, cancelled, "FAILED", 2)
            found["sh, leased"] = Recipe(kind, begin, leased, "SUCCEEDED", 0)
    return found


RECIPES = recipes()
ALL = [
    pytest.param(recipe, id=name, marks=pytest.mark.needs(*PROGRAMS[recipe.kind]))
    for name, recipe in RECIPES.items()
]
OVER_TLS = [
    pytest.param(RECIPES[kind], id=kind, marks=pytest.mark.needs(*PROGRAMS[kind])) for kind in TRUST
]


def run(recipe: Recipe, server: MilepostServer, where: Path, **variables: str) -> None:
    """Run a recipe as its reader would, and look at its task."""
    environment = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("MILEPOST_") and "proxy" not in name.lower()
    }
    done = subprocess.run(
        [*RUNS[recipe.kind], recipe.begin.text + recipe.rest.text],
        cwd=where,
        env=environment | server.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == recipe.code, done.stderr
    [task] = server.tasks()
    assert task["operation"] == "backup"
    server.assert_task(task["id"], status=recipe.ends, completed=recipe.completed)


@pytest.mark.parametrize("recipe", ALL)
def test_a_recipe_reports(recipe: Recipe, milepost_server: MilepostServer, tmp_path: Path) -> None:
    run(recipe, milepost_server, tmp_path)


@pytest.mark.milepost(tls=True)
@pytest.mark.parametrize("recipe", OVER_TLS)
def test_a_recipe_reports_over_tls(
    recipe: Recipe, milepost_server: MilepostServer, tmp_path: Path
) -> None:
    trust = {TRUST[recipe.kind]: str(milepost_server.ca_file)}
    assert TRUST[recipe.kind] in prose(TEXT)
    run(recipe, milepost_server, tmp_path, **trust)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_three_lines_are_enough_to_begin(recipe: Recipe) -> None:
    assert len(recipe.begin.text.splitlines()) == BEGINNING
    # The first line of what follows opens the task where the beginning has not.
    assert "operation_id" in (recipe.begin.text if recipe.kind == "sh" else recipe.rest.text)


def test_every_language_has_its_heading() -> None:
    assert {block.kind for block in blocks(TEXT)} == set(RUNS)
    assert {"sh and curl", "Python without the client", "Perl", "Node"} <= set(headings(TEXT))
