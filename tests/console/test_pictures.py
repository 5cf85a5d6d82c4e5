"""The script that takes the pictures of the docs still does, and every picture is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT, pages

PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def pictures() -> list[tuple[Path, str, Path]]:
    """The pictures on all pages: the page, what is said of it, and the file."""
    return [
        (page, said, (page.parent / target).resolve())
        for page in pages()
        for said, target in PICTURE.findall(page.read_text(encoding="utf-8"))
    ]


def test_every_picture_is_there_and_told_in_words() -> None:
    assert {page.name for page, *_ in pictures()} >= {"README.md", "use-the-console.md"}
    for page, said, file in pictures():
        assert file.is_file(), (page, file)
        assert file.is_relative_to(ROOT)
        assert len(said) > 10, (page, file)


@pytest.mark.needs("chromium")
def test_the_script_takes_them_all(tmp_path: Path) -> None:
    script = ROOT / "docs" / "_pictures.py"
    subprocess.run([sys.executable, script, "--to", tmp_path, "--speed", "20"], check=True)
    taken = {path.name for path in tmp_path.iterdir()}
    assert taken == {path.name for path in (ROOT / "docs" / "images").iterdir()}
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(SIGNATURE)
