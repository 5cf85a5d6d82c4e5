"""What was measured, judged and written down: each figure with the machine, commit and command."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results"


class Line(NamedTuple):
    """One line of the budget: what was measured, and what it must reach."""

    name: str
    value: float
    must: float
    more_is_better: bool

    @property
    def verdict(self) -> str:
        good = self.value >= self.must if self.more_is_better else self.value <= self.must
        return "met" if good else "MISSED"


def median(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(found[name] for found in rounds)


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def commit() -> str:
    asked = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def report(folder: Path, kind: str, lines: Sequence[Line], **more: Any) -> None:
    """Print the lines with their verdicts and write all that was measured to a file."""
    now = dt.datetime.now(dt.UTC)
    result = {
        "at": now.isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "command": " ".join([f"bench/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "lines": [{**line._asdict(), "verdict": line.verdict} for line in lines],
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%d}-{result['commit']}{kind}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    for line in lines:
        sign = "≥" if line.more_is_better else "≤"
        print(f"{line.name:46} {line.value:8.3f}  must {sign} {line.must}  {line.verdict}")
    print(f"written to {path}")
