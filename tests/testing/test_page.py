"""The examples of ``docs/howto/test-your-extension.md`` are a project, and its tests are run.

A ``toml`` block is its configuration, a ``python`` block a module of tests that pass; where a
``text`` block follows, they fail with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import milepost.testing.starting  # noqa: F401  pytester forgets what was imported in a run
from tests.documents import ROOT, Block, blocks
from tests.test_docs_commands import check

pytest_plugins = ["pytester"]
PAGE = ROOT / "docs/howto/test-your-extension.md"


class Example(NamedTuple):
    """A module of tests, and what its failure shows if it fails."""

    source: str
    line: int
    shown: Block | None


def examples(page: Path) -> Iterator[Example]:
    found = blocks(page.read_text(encoding="utf-8"))
    for block, following in zip(found, [*found[1:], None], strict=True):
        if block.kind == "python":
            shown = following if following is not None and following.kind == "text" else None
            yield Example(block.text, block.line, shown)


EXAMPLES = list(examples(PAGE))


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == len(
        [block for block in blocks(PAGE.read_text()) if block.kind == "python"]
    )
    assert [each.shown is not None for each in EXAMPLES].count(True) == 1


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"line {each.line}")
def test_an_example_of_the_page(example: Example, pytester: pytest.Pytester) -> None:
    [settings] = [block for block in blocks(PAGE.read_text("utf-8")) if block.kind == "toml"]
    # Besides, as this project does it: a warning, and whatever is left open, is an error.
    warnings = "filterwarnings = ['error', 'ignore::DeprecationWarning']\n"
    pytester.makepyprojecttoml(settings.text + warnings)
    pytester.makepyfile(test_example=example.source)
    options = ("-p", "no:randomly", "-p", "no:schemathesis")
    result = pytester.runpytest_subprocess(*options)
    outcomes = result.parseoutcomes()
    if example.shown is None:
        assert set(outcomes) == {"passed"}, result.stdout.str()
        assert result.ret == pytest.ExitCode.OK
    else:
        assert outcomes == {"failed": 1}
        check(example.shown, result.stdout.str())
