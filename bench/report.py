"""What was measured, judged and written down: each figure with the machine, commit and command."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results"
BUDGET = "budget"
WIDTH = 58


class Line(NamedTuple):
    """What was measured, and what it must reach; with an aim it is a line of the budget.

    Without a value it was not measured.
    """

    name: str
    value: float | None
    must: float
    aim: float | None = None
    more_is_better: bool = False

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        if self.aim is not None and self._reaches(self.aim):
            return "aim met"
        return "must met" if self._reaches(self.must) else "MISSED"

    def _reaches(self, bound: float) -> bool:
        assert self.value is not None
        return self.value >= bound if self.more_is_better else self.value <= bound

    def __str__(self) -> str:
        sign = "≥" if self.more_is_better else "≤"
        value = "-" if self.value is None else f"{self.value:.3f}"
        aim = "" if self.aim is None else f"aim {sign} {self.aim:g}"
        return (
            f"{self.name:{WIDTH}} {value:>10}  must {sign} {self.must:<7g} {aim:12} {self.verdict}"
        )


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "processor": first_of(Path("/proc/cpuinfo"), r"model name\s*: (.*)"),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def first_of(path: Path, pattern: str) -> str | None:
    """What the first line that fits a pattern says, where there is such a file."""
    found = re.search(pattern, path.read_text()) if path.exists() else None
    return None if found is None else found[1]


def commit() -> str:
    asked = ["git", "describe", "--always", "--dirty"]
    told = subprocess.run(asked, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def report(folder: Path, kind: str, lines: Sequence[Line], **more: Any) -> None:
    """Print the lines with their verdicts and write all that was measured to a file."""
    now = dt.datetime.now(dt.UTC)
    result = {
        "kind": kind,
        "at": now.isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "command": " ".join([f"bench/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "lines": [{**line._asdict(), "verdict": line.verdict} for line in lines],
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    ending = "" if kind == BUDGET else f"-{kind}"
    path = folder / f"{now:%Y-%m-%d}-{result['commit']}{ending}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    for line in sorted(lines, key=lambda line: line.aim is None):
        print(line)
    print(f"written to {path}")
