"""What a task holds in the server's memory: ``python bench/memory.py``.

The resident memory of the server's process is read when it is warm, with running tasks that have
each reported once, with twice as many, when all have ended, and when very many more have come and
ended. Of the two halves of the active tasks the one that took more counts: the first may find room
that other work has left free in the heap, and may also pay for what is there once. A task that has
ended is in the file, and should hold nothing.

Warm is a server that has done all of this before, with other tasks that have ended, so many that
SQLite's cache is full. Even then the heap grows by a MiB or two now and then. The least that could
be kept of a task in Python is its id, a text of 75 bytes, so less than half of that counts as 0.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connection import Connection, report_of, update
from processes import resident
from report import RESULTS, Line, report
from servers import Target, milepost, running

ACTIVE = 20_000
FINISHED = 100_000
WARM = 60_000
AT_ONCE = 1000
REST_SECONDS = 2
NOTHING = 32


def run_and_end(connection: Connection, count: int) -> None:
    """Tasks that come, report and end, few at a time."""
    for _ in range(0, count, AT_ONCE):
        end(connection, start(connection, min(AT_ONCE, count)))


def start(connection: Connection, count: int) -> list[str]:
    """Running tasks that have reported."""
    tasks = connection.create(running("com.acme.backup") for _ in range(count))
    connection.batch(update(task, report_of(1)) for task in tasks)
    return tasks


def end(connection: Connection, tasks: list[str]) -> None:
    connection.batch(update(task, {"status": "SUCCEEDED"}) for task in tasks)


def states(target: Target, active: int, finished: int) -> Iterator[str]:
    """Bring the server from one state to the next; it is told when it is there."""
    connection = target.connect()
    run_and_end(connection, WARM * active // ACTIVE)
    yield "warm"
    tasks = start(connection, active)
    yield "half active"
    tasks += start(connection, active)
    yield "active"
    end(connection, tasks)
    yield "ended"
    run_and_end(connection, finished)
    yield "many ended"


def measure(*, active: int, finished: int, rest: float = REST_SECONDS) -> dict[str, Any]:
    """The bytes of the server in each state."""
    found = {}
    with milepost(0) as target:
        for state in states(target, active, finished):
            time.sleep(rest)
            found[state] = resident(target.pid)
    return {"active": active, "finished": finished, "bytes": found}


def judged(found: dict[str, Any]) -> list[Line]:
    held = found["bytes"]
    halves = (held["half active"] - held["warm"], held["active"] - held["half active"])
    active = max(halves) / found["active"]
    finished = (held["many ended"] - held["ended"]) / found["finished"]
    return [
        Line("bytes of memory for an active task", active, 2048, 1024),
        Line("bytes of memory for a finished task", finished, NOTHING, NOTHING),
    ]


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    for state, size in found["bytes"].items():
        print(f"resident, {state:12} {size / 2**20:8.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what tasks hold in memory.")
    parser.add_argument("--active", type=int, default=ACTIVE)
    parser.add_argument("--finished", type=int, default=FINISHED)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(active=options.active, finished=options.finished)
    show(found)
    report(options.out, "memory", judged(found), **found)


if __name__ == "__main__":
    main()
