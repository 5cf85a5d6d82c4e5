"""Each bench runs to its end and tells what the page about performance needs.

The loads are tiny, so the figures mean nothing, and nothing here looks at how large they are.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs import _performance
from tests.documents import ROOT, parsed

BENCH = ROOT / "bench"
PEER = ROOT / ".venv" / "bench" / "bin" / "python"
ORDINARY = "durable PATCH/s ÷ FastAPI + SQLAlchemy"
BUDGET = [
    "durable PATCH/s ÷ echo",
    "GET/s ÷ echo",
    "p99 of PATCH ÷ lone fdatasync",
    ORDINARY,
    "durable PATCH/s ÷ official provider",
    "p99 of PATCH at half load, 20 watchers ÷ none",
    "ms from a change to 20 watchers, p99",
    "PATCH/s, 10,000 tasks stored ÷ 1,000",
    "ms for a page of 100 of 10,000, slowest filter, p99",
    "s to start with 10,000 tasks",
    "PATCH/s, last 1 s of 2 s of full load ÷ first",
    "p99 of PATCH, last 1 s of 2 s of full load ÷ first",
    "MiB of the largest WAL in 2 s of full load",
    "bytes of memory for an active task",
    "bytes of memory for a finished task",
    "batch of 1,000 ÷ PATCHes one by one",
]
CURVES = {
    "connections": [1, 2],
    "stored tasks": [1000, 2000],
    "watchers": [0, 1],
    "bytes of a body": [256, 400],
}

pytestmark = [pytest.mark.needs("wrk"), pytest.mark.timeout(600)]


def measured(script: str, kind: str, folder: Path) -> tuple[Any, str]:
    """The result that a bench has written, and what it has printed."""
    command = [sys.executable, str(BENCH / script), "--quick", "--out", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    result = _performance.newest(kind, folder)
    assert result is not None
    return result, ran.stdout


def test_the_whole_budget_is_measured(tmp_path: Path) -> None:
    result, printed = measured("budget.py", "budget", tmp_path)
    lines = {line["name"]: line for line in result["lines"] if line["aim"] is not None}
    assert list(lines) == BUDGET
    if not PEER.exists():
        assert lines.pop(ORDINARY)["verdict"] == "not measured"
    for name, line in lines.items():
        assert line["verdict"] in ("aim met", "must met", "MISSED"), name
        assert isinstance(line["value"], float), name
    rows = [row for row in printed.splitlines() if row.startswith(tuple(BUDGET))]
    assert len(rows) == len(BUDGET)
    assert result["machine"]["cores"] > 0
    assert result["command"].startswith("bench/budget.py --quick")
    shown = _performance.budget(result)
    assert all(f"| {name} | " in shown for name in BUDGET)
    assert "| text of few | " in _performance.counted(result)


def test_growth_is_measured_and_drawn(tmp_path: Path) -> None:
    result, _ = measured("growth.py", "growth", tmp_path)
    curves = result["curves"]
    assert {name: [point["at"] for point in curves[name]] for name in curves} == CURVES
    assert all(point["per_second"] > 0 for points in curves.values() for point in points)
    drawings = _performance.drawings(result)
    assert sorted(drawings) == sorted(file for file, _ in _performance.FILES.values())
    shown = _performance.growth(result)
    assert "| watchers | PATCH/s | p99 in ms | cut off for being slow |" in shown
    for file, text in drawings.items():
        assert len(parsed(text).findall(".//{*}circle")) == 4
        assert f"(../images/{file})" in shown
