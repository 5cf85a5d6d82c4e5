"""A skipped test fails the run under ``CI=true``, and only there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PASSES = "def test_it(): pass"
PROVES_NOTHING = [
    "import pytest\n@pytest.mark.skip(reason='because')\ndef test_it(): pass",
    "import pytest\npytest.skip('because', allow_module_level=True)",
    "import pytest\n@pytest.mark.needs('no-such-program')\ndef test_it(): pass",
    "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False",
]


def run(folder: Path, sources: list[str], *, ci: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on some test modules, as the project runs it."""
    for number, source in enumerate(sources):
        (folder / f"test_{number}.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs(program): as in the project\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_what_proves_nothing_fails_the_run_under_ci(tmp_path: Path) -> None:
    done = run(tmp_path, [PASSES, *PROVES_NOTHING], ci="true")

    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "CI=true: 4 skipped or expected to fail" in done.stdout


def test_elsewhere_it_does_not(tmp_path: Path) -> None:
    done = run(tmp_path, [PASSES, *PROVES_NOTHING], ci="")

    assert done.returncode == pytest.ExitCode.OK
    assert "CI=true" not in done.stdout


def test_a_run_that_proves_all_passes_under_ci(tmp_path: Path) -> None:
    assert run(tmp_path, [PASSES], ci="true").returncode == pytest.ExitCode.OK
