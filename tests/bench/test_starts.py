"""Each bench can be begun: what it needs of the others is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT

SERVER = "echo.py"
BENCHES = sorted(
    path
    for path in (ROOT / "bench").glob("*.py")
    if path.name != SERVER and "__main__" in path.read_text("utf-8")
)


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.name)
def test_it_says_how_it_is_used(path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(path), "--help"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "usage: " in ran.stdout
