"""``import milepost`` is light, and its names are where it says."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import milepost

SOURCE = Path(milepost.__file__)
HEAVY = ("httpx2", "msgspec", "ssl", "asyncio", "logging", "platformdirs", "importlib.metadata")


def typed_imports() -> dict[str, str]:
    """What a type checker sees: each name and its module."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    return {
        alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("milepost.")
        for alias in node.names
    }


def test_checkers_and_programs_see_the_same_names() -> None:
    assert typed_imports() == milepost.PLACES
    for name, place in milepost.PLACES.items():
        assert getattr(milepost, name) is getattr(importlib.import_module(place), name)
    assert {*milepost.PLACES, "__version__"} <= set(dir(milepost))
    with pytest.raises(AttributeError, match="nonsense"):
        milepost.nonsense  # noqa: B018  to ask is the test


def test_the_package_is_typed() -> None:
    assert SOURCE.with_name("py.typed").is_file()


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("import milepost", HEAVY),
        ("import milepost; milepost.__version__", ("httpx2", "msgspec", "ssl", "asyncio")),
        ("from milepost import Client, task", ("tqdm", "rich", "keyring", "uvloop", "click")),
    ],
)
def test_what_an_import_brings(text: str, absent: tuple[str, ...]) -> None:
    code = f"import sys; before = set(sys.modules); {text}; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = set(run.stdout.split())
    assert found & set(absent) == set()
