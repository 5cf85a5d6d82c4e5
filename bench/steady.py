"""Minutes of full load: ``python bench/steady.py``.

PATCH at 64 connections without a rest, in windows of a minute, and the size of SQLite's write-ahead
log ten times a second. The last window is held against the first: a server that puts off its work
looks good in the first one. Between two windows there is a moment in which the load starts anew.
"""

from __future__ import annotations

import argparse
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loads import ROUND, load
from report import RESULTS, Line, report
from servers import milepost

CONNECTIONS = 64
WINDOWS = 5
SECONDS = 60
SAMPLE_SECONDS = 0.1
WAL = "milepost.db-wal"
MIB = 2**20


@contextlib.contextmanager
def sampled(path: Path) -> Iterator[list[int]]:
    """The sizes of a file during a block, in bytes."""
    sizes: list[int] = [path.stat().st_size]
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            sizes.append(path.stat().st_size)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield sizes
    finally:
        ended.set()
        thread.join()


def measure(*, windows: int, seconds: int, tasks: int) -> dict[str, Any]:
    """What was counted in each window."""
    found = []
    with milepost(tasks) as target:
        for number in range(1, windows + 1):
            with sampled(target.data / WAL) as sizes:
                counted = load(target, "PATCH", CONNECTIONS, seconds, number * ROUND)
            found.append({**counted, "largest_wal": max(sizes), "wal_samples": len(sizes)})
        stored = sum(path.stat().st_size for path in target.data.glob("milepost.db*"))
    return {"windows": found, "window_seconds": seconds, "bytes_at_end": stored}


def judged(found: dict[str, Any]) -> list[Line]:
    first, *_, last = found["windows"]
    wal = max(window["largest_wal"] for window in found["windows"]) / MIB
    seconds = found["window_seconds"]
    full = len(found["windows"]) * seconds
    last_part = f"last {seconds} s of {full} s of full load ÷ first"
    rate = last["per_second"] / first["per_second"]
    tail = last["p99_ms"] / first["p99_ms"]
    return [
        Line(f"PATCH/s, {last_part}", rate, 0.9, 1, more_is_better=True),
        Line(f"p99 of PATCH, {last_part}", tail, 1.5, 1.1),
        Line(f"MiB of the largest WAL in {full} s of full load", wal, 256, 64),
    ]


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    for window in found["windows"]:
        figures = f"{window['per_second']:9.0f}/s  p99 {window['p99_ms']:6.2f} ms"
        print(f"full load  {figures}  largest WAL {window['largest_wal'] / MIB:6.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure minutes of full load.")
    parser.add_argument("--windows", type=int, default=WINDOWS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of a window")
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(windows=options.windows, seconds=options.seconds, tasks=options.tasks)
    show(found)
    report(options.out, "steady", judged(found), **found)


if __name__ == "__main__":
    main()
