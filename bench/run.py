"""PATCH and GET beside the bare server stack: ``python bench/run.py``.

The echo and the service are measured in turn, several rounds each, and the medians are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

from loads import Load, in_turn, load, median, tell
from report import RESULTS, Line, report
from servers import Target, echo, milepost

CONNECTIONS = 64
SYNC_BYTES = 512
SYNCS = 2000


def lone_sync(folder: Path, *, size: int = SYNC_BYTES, times: int = SYNCS) -> float:
    """The median of one appended record and its ``fdatasync``, in milliseconds."""
    taken = []
    descriptor = os.open(folder / "lone", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for _ in range(times):
        begun = time.perf_counter()
        os.write(descriptor, b"x" * size)
        os.fdatasync(descriptor)
        taken.append(time.perf_counter() - begun)
    os.close(descriptor)
    return statistics.median(taken) * 1000


def loads(service: Target, bare: Target, *, connections: int, seconds: int) -> dict[str, Load]:
    """PATCH and GET, to the echo and to the service."""
    return {
        f"{prefix}{method}": partial(load, target, method, connections, seconds)
        for method in ("PATCH", "GET")
        for prefix, target in (("echo ", bare), ("", service))
    }


def judged(found: dict[str, Any]) -> list[Line]:
    rounds, sync = found["rounds"], found["lone_fdatasync_ms"]
    patch, get = (
        median(rounds[method], "per_second") / median(rounds[f"echo {method}"], "per_second")
        for method in ("PATCH", "GET")
    )
    tail = median(rounds["PATCH"], "p99_ms") / sync
    return [
        Line("durable PATCH/s ÷ echo", patch, 0.35, 0.6, more_is_better=True),
        Line("GET/s ÷ echo", get, 0.6, 0.8, more_is_better=True),
        Line("p99 of PATCH ÷ lone fdatasync", tail, 60, 25),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the service against the bare stack.")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with milepost(options.tasks) as service, echo(service.ids) as bare:
        put = loads(service, bare, connections=options.connections, seconds=options.seconds)
        rounds = in_turn(put, options.rounds)
        found = {"rounds": rounds, "lone_fdatasync_ms": lone_sync(service.data)}
    tell(rounds)
    print(f"lone fdatasync {found['lone_fdatasync_ms']:.3f} ms")
    report(options.out, "run", judged(found), **found)


if __name__ == "__main__":
    main()
