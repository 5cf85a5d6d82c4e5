"""Durable updates over JSON-RPC beside the official provider stack that keeps them in memory.

Both get the same bodies, in turn, several rounds each, and the medians are compared. The official
provider asks for no session and writes nothing; see ``peers/vapi_provider.py``. The result goes to
``bench/results/`` with the machine and the commit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from report import RESULTS, Line, median, report
from servers import Target, free_port, milepost, process

HERE = Path(__file__).parent
THREADS = 2
PEER = "official provider, in memory"
OURS = "Milepost, durable"


@contextlib.contextmanager
def provider(ids: Path) -> Iterator[Target]:
    """The official provider stack, with the same tasks."""
    port = free_port()
    script = str(HERE / "peers" / "vapi_provider.py")
    with process(sys.executable, script, str(port), str(ids), port=port):
        yield Target(f"http://127.0.0.1:{port}", "none", ids, ids.parent)


def load(target: Target, *, connections: int, seconds: int, start: int) -> dict[str, Any]:
    """Put a load on a server and return what was counted. Ends the run when an update failed."""
    command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(HERE / "jsonrpc.lua"), target.url, "--"]
    command += [target.token, str(target.ids), str(THREADS), str(start)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    counted: dict[str, Any] = json.loads(answer.stdout.strip().splitlines()[-1])
    if counted["refused"] or counted["broken"]:
        sys.exit(f"{target.url}: {counted['refused']} refused, {counted['broken']} broken")
    counted["per_second"] = counted["requests"] / counted["seconds"]
    return counted


def measure(*, connections: int, seconds: int, rounds: int, tasks: int) -> dict[str, list[Any]]:
    """The rounds of both, in turn."""
    found: dict[str, list[Any]] = {PEER: [], OURS: []}
    with milepost(tasks) as service, provider(service.ids) as peer:
        for number in range(rounds):
            # A task's progress only grows, so each round starts where none has been.
            start = (number + 1) * 1_000_000
            for name, target in ((PEER, peer), (OURS, service)):
                found[name].append(
                    load(target, connections=connections, seconds=seconds, start=start)
                )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure JSON-RPC against the official provider.")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(
        connections=options.connections,
        seconds=options.seconds,
        rounds=options.rounds,
        tasks=options.tasks,
    )
    ratio = median(found[OURS], "per_second") / median(found[PEER], "per_second")
    for name, rounds in found.items():
        figures = f"{median(rounds, 'per_second'):9.0f}/s  p50 {median(rounds, 'p50_ms'):6.2f} ms"
        print(f"{name:30} {figures}  p99 {median(rounds, 'p99_ms'):6.2f} ms")
    line = Line("JSON-RPC: durable update/s ÷ official provider", ratio, 1.0, more_is_better=True)
    report(options.out, "-jsonrpc", [line], rounds=found)


if __name__ == "__main__":
    main()
