"""``make bench``: every figure is a ratio within one run on one machine.

The echo and the service are measured in turn, several rounds each, and the medians are compared.
The result goes to ``bench/results/`` with the machine and the commit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from report import RESULTS, Line, median, report
from servers import Target, echo, milepost

HERE = Path(__file__).parent
THREADS = 2
PATCH_PREFIX = "/rest/vcenter/extension/tasks/"
GET_PREFIX = "/rest/cis/tasks/"


def load(target: Target, method: str, *, connections: int, seconds: int, start: int) -> Any:
    """Put a load on a server and return what was counted. Ends the run when a request failed."""
    prefix = GET_PREFIX if method == "GET" else PATCH_PREFIX
    command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(HERE / "load.lua"), target.url, "--"]
    command += [method, prefix, target.token, str(target.ids), str(THREADS), str(start)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    counted = json.loads(answer.stdout.strip().splitlines()[-1])
    if counted["refused"] or counted["broken"]:
        sys.exit(f"{method}: {counted['refused']} refused, {counted['broken']} broken")
    counted["per_second"] = counted["requests"] / counted["seconds"]
    return counted


def lone_sync(folder: Path, *, size: int = 512, times: int = 2000) -> float:
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


def measure(*, connections: int, seconds: int, rounds: int, tasks: int) -> dict[str, Any]:
    """The rounds of each load, in turn."""
    found: dict[str, list[Any]] = {"echo PATCH": [], "PATCH": [], "echo GET": [], "GET": []}
    with milepost(tasks) as service, echo(service.ids) as bare:
        for number in range(rounds):
            for method in ("PATCH", "GET"):
                options: dict[str, Any] = {"connections": connections, "seconds": seconds}
                # A task's progress only grows, so each round starts where none has been.
                options["start"] = (number + 1) * 1_000_000
                found[f"echo {method}"].append(load(bare, method, **options))
                found[method].append(load(service, method, **options))
        sync = lone_sync(service.data)
    return {"rounds": found, "lone_fdatasync_ms": sync}


def judged(found: dict[str, Any]) -> list[Line]:
    rounds = found["rounds"]
    patch, get = median(rounds["PATCH"], "per_second"), median(rounds["GET"], "per_second")
    echo_patch = median(rounds["echo PATCH"], "per_second")
    echo_get = median(rounds["echo GET"], "per_second")
    tail = median(rounds["PATCH"], "p99_ms") / found["lone_fdatasync_ms"]
    return [
        Line("durable PATCH/s ÷ echo", patch / echo_patch, 0.35, more_is_better=True),
        Line("GET/s ÷ echo", get / echo_get, 0.6, more_is_better=True),
        Line("p99 of PATCH ÷ lone fdatasync", tail, 60, more_is_better=False),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the service against the bare stack.")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(
        connections=options.connections,
        seconds=options.seconds,
        rounds=options.rounds,
        tasks=options.tasks,
    )
    for name, rounds in found["rounds"].items():
        figures = f"{median(rounds, 'per_second'):9.0f}/s  p50 {median(rounds, 'p50_ms'):6.2f} ms"
        print(f"{name:12} {figures}  p99 {median(rounds, 'p99_ms'):6.2f} ms")
    print(f"lone fdatasync {found['lone_fdatasync_ms']:.3f} ms")
    report(options.out, "", judged(found), **found)


if __name__ == "__main__":
    main()
