"""Commands start fast: what is slow to load is loaded by those that need it."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = ("rich", "milepost.server", "msgspec", "httpx2", "argon2", "cryptography", "icu4py")
LOADED = "import sys; {}; print(*(name for name in {!r} if name in sys.modules))"


def loaded(statement: str) -> set[str]:
    """Which of the slow modules are there after a statement."""
    program = LOADED.format(statement, SLOW)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("milepost.cli.main", set()),
        ("milepost.cli.version", set()),
        ("milepost.cli.completion", set()),
        # Their options and what they ask need the service's values; nothing is drawn by them.
        ("milepost.cli.task.changing", {"msgspec"}),
        ("milepost.cli.task.creating", {"msgspec"}),
    ],
)
def test_what_is_loaded(module: str, found: set[str]) -> None:
    assert loaded(f"import {module}") == found


def test_an_update_loads_no_rich() -> None:
    lines = "import milepost.cli.task.changing, milepost.client.blocking, milepost.cli.output.tasks"
    assert loaded(lines) == {"msgspec", "httpx2"}
