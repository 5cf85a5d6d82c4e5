"""A line of the budget says what it has reached."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from docs import _performance
from tests.documents import ROOT

REPORT = runpy.run_path(str(ROOT / "bench" / "report.py"))


@pytest.mark.parametrize(
    ("value", "sign", "verdict"),
    [
        (30.0, "≥", "aim met"),
        (20.0, "≥", "aim met"),
        (19.9, "≥", "must met"),
        (10.0, "≥", "must met"),
        (9.9, "≥", "MISSED"),
        (9.9, "≤", "aim met"),
        (10.0, "≤", "must met"),
        (20.0, "≤", "must met"),
        (20.1, "≤", "MISSED"),
        (None, "≤", "not measured"),
    ],
)
def test_verdicts(value: float | None, sign: str, verdict: str) -> None:
    must, aim = (10, 20) if sign == "≥" else (20, 9.95)
    line = REPORT["Line"]("x", value, must, aim, more_is_better=sign == "≥")
    assert line.verdict == verdict
    assert f"must {sign} {must}" in str(line)
    assert str(line).endswith(verdict)


@pytest.mark.parametrize(("value", "verdict"), [(10.0, "must met"), (9.0, "MISSED")])
def test_a_line_without_an_aim_has_none_to_meet(value: float, verdict: str) -> None:
    line = REPORT["Line"]("x", value, 10, more_is_better=True)
    assert line.verdict == verdict
    assert "aim" not in str(line)


def test_a_report_is_what_the_page_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench/some.py", "--rounds", "2"])
    line = REPORT["Line"]("thing ÷ other", 3.0, 2, 4, more_is_better=True)
    REPORT["report"](tmp_path, "some", [line], parts={"a": 1})
    (path,) = tmp_path.iterdir()
    assert path.name.endswith("-some.json")
    result: Any = _performance.newest("some", tmp_path)
    assert result["command"] == "bench/some.py --rounds 2"
    assert result["parts"] == {"a": 1}
    assert "| thing ÷ other | ≥ 2 | ≥ 4 | 3 | must met |" in _performance.budget(result)


def test_the_budget_has_the_plain_name(tmp_path: Path) -> None:
    for kind in ("budget", "run"):
        REPORT["report"](tmp_path, kind, [])
    plain, part = sorted((path.stem for path in tmp_path.iterdir()), key=len)
    assert part == f"{plain}-run"
