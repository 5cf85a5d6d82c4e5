"""A million stored tasks beside a thousand: ``python bench/stored.py``.

- PATCH to a thousand running tasks, in a store with a thousand and in one with a million, in turn.
  In the large one they are from all over the million.
- Pages of 100 from the million by several filters, first and later ones, one request at a time; the
  time includes reading the answer. The line tells the filter that takes longest.
- The start on the million, until ``/readyz`` is answered with 200. The files are still in the
  system's cache.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime as dt
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from connection import MOST_AT_ONCE, Connection, chunks
from loads import in_turn, load, median, percentile, tell
from report import RESULTS, Line, report
from servers import Target, milepost, serving

STORED = 1_000_000
FEW = 1000
CONNECTIONS = 64
FILLING = 2
# One of so many is of the kind.
RUNNING, FAILED = 50, 25
SERVICES = ("com.acme.backup", "com.acme.copy", "org.example.build", "io.rare.audit")
RARE_SERVICE = 500
TARGETS, USERS = 2000, 200
PAGE = 100
WALK = 10
REQUESTS = 200
STARTS = 3
NEXT = re.compile(rb'"next_page_token":\s*"([^"]+)"')


class Filled(NamedTuple):
    """What a store was filled with: the running tasks, and when each tenth of all was there."""

    running: list[str]
    seconds: float
    tenths: list[dt.datetime]


def spec(number: int) -> dict[str, Any]:
    """What is created as the task of a number: 94 of 100 have succeeded, 2 run."""
    service = SERVICES[-1] if number % RARE_SERVICE == 0 else SERVICES[number % 3]
    machine = f"vm-{number * 7919 % TARGETS}"
    found: dict[str, Any] = {
        "operation_id": f"{service}.run",
        "cancelable": True,
        "extension": service,
        "target": {"type": "VirtualMachine", "id": machine},
        "user": f"user-{number % USERS}",
        "description": {
            "id": f"{service}.job",
            "default_message": f"Work on {machine}",
            "args": [machine],
        },
    }
    if number % RUNNING == 1:
        return {**found, "status": "RUNNING"}
    if number % FAILED == 2:
        broken = {"id": f"{service}.broken", "default_message": "It broke.", "args": []}
        return {**found, "status": "FAILED", "error": {"error_type": "ERROR", "messages": [broken]}}
    return {**found, "status": "SUCCEEDED", "result": {"bytes": number}}


def fill(target: Target, numbers: range) -> Filled:
    """Create the tasks of some numbers, in batches over a few connections."""
    begun = time.perf_counter()
    tenths = [dt.datetime.now(dt.UTC)]
    parts = list(chunks(numbers, MOST_AT_ONCE))
    running: list[str] = []
    with concurrent.futures.ThreadPoolExecutor(FILLING) as threads:
        for tenth in chunks(parts, max(1, len(parts) // 10)):
            for made in threads.map(partial(create, target), shared(tenth)):
                running += made
            tenths.append(dt.datetime.now(dt.UTC))
    return Filled(running, time.perf_counter() - begun, tenths)


def shared(parts: list[list[int]]) -> list[list[list[int]]]:
    return [parts[first::FILLING] for first in range(FILLING)]


def create(target: Target, parts: list[list[int]]) -> list[str]:
    """The ids of the running tasks among those that are created."""
    connection, running = target.connect(), []
    for part in parts:
        made = connection.create(map(spec, part))
        running += [task for number, task in zip(part, made, strict=True) if number % RUNNING == 1]
    return running


def spread(values: list[str], count: int) -> list[str]:
    """So many values from all over a list."""
    step = max(1, len(values) // count)
    return values[::step][:count]


def aim_at(target: Target, tasks: list[str]) -> None:
    target.ids.write_text("".join(f"{task}\n" for task in tasks))


def filters(tenths: list[dt.datetime]) -> dict[str, dict[str, Any]]:
    """The queries, by what they ask for."""
    middle = {
        "created_after": instant(tenths[len(tenths) // 2 - 1]),
        "created_before": instant(tenths[len(tenths) // 2]),
    }
    return {
        "all": {},
        "all, oldest first": {"order": "created"},
        "status RUNNING": {"status": "RUNNING"},
        "status FAILED": {"status": "FAILED"},
        "service, 1 of 3": {"service": SERVICES[1]},
        f"service, 1 of {RARE_SERVICE}": {"service": SERVICES[-1]},
        "service and status": {"service": SERVICES[0], "status": "FAILED"},
        "user and status": {"user": "user-7", "status": "SUCCEEDED"},
        "target": {"target": "VirtualMachine:vm-17"},
        "text of many": {"text": "work on"},
        "text of few": {"text": "vm-1234"},
        "created in a tenth": middle,
    }


def instant(time: dt.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"


def pages(connection: Connection, query: dict[str, Any]) -> Iterator[float]:
    """Milliseconds of each page, without end: some pages one after the other, then the first."""
    while True:
        more: dict[str, Any] = {}
        for _ in range(WALK):
            path = f"/v1/tasks?{urlencode({'page_size': PAGE, **query, **more})}"
            begun = time.perf_counter()
            text = connection.send_text("GET", path)
            yield (time.perf_counter() - begun) * 1000
            token = NEXT.search(text)
            if token is None:
                break
            more = {"page_token": token[1].decode()}


def listing(
    target: Target, tenths: list[dt.datetime], requests: int
) -> dict[str, dict[str, float]]:
    """The milliseconds of a page, by filter."""
    connection = target.connect()
    found = {}
    for name, query in filters(tenths).items():
        taken = list(islice(pages(connection, query), requests))
        found[name] = {"p50_ms": statistics.median(taken), "p99_ms": percentile(taken, 0.99)}
    return found


def measure(
    *, stored: int, few: int, seconds: int, rounds: int, requests: int, starts: int
) -> dict[str, Any]:
    """Fill, then load, list and start again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with milepost(few) as small, serving(folder) as large:
            filled = fill(large, range(stored))
            aim_at(large, spread(filled.running, few))
            found = in_turn(
                {
                    "few": partial(load, small, "PATCH", CONNECTIONS, seconds),
                    "stored": partial(load, large, "PATCH", CONNECTIONS, seconds),
                },
                rounds,
            )
            listed = listing(large, filled.tenths, requests)
        ready = [start(folder) for _ in range(starts)]
    return {
        "stored": stored,
        "few": few,
        "fill_seconds": filled.seconds,
        "rounds": found,
        "lists": listed,
        "ready_seconds": ready,
    }


def start(folder: Path) -> float:
    """Seconds from the start of the process until it is ready."""
    with serving(folder) as target:
        assert target.connect().send("GET", "/v1/tasks?page_size=1")["tasks"], "nothing is stored"
        return target.ready


def judged(found: dict[str, Any]) -> list[Line]:
    rounds, stored = found["rounds"], f"{found['stored']:,}"
    patch = median(rounds["stored"], "per_second") / median(rounds["few"], "per_second")
    slowest = max(taken["p99_ms"] for taken in found["lists"].values())
    ready = statistics.median(found["ready_seconds"])
    against = f"PATCH/s, {stored} tasks stored ÷ {found['few']:,}"
    return [
        Line(against, patch, 0.8, 0.95, more_is_better=True),
        Line(f"ms for a page of {PAGE} of {stored}, slowest filter, p99", slowest, 10, 3),
        Line(f"s to start with {stored} tasks", ready, 3, 1),
    ]


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    tell(found["rounds"])
    for name, taken in found["lists"].items():
        print(f"page: {name:26}  p50 {taken['p50_ms']:6.2f} ms  p99 {taken['p99_ms']:6.2f} ms")
    print(f"filled in {found['fill_seconds']:.0f} s, ready after", found["ready_seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what stored tasks cost.")
    parser.add_argument("--stored", type=int, default=STORED)
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of each filter")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(
        stored=options.stored,
        few=options.few,
        seconds=options.seconds,
        rounds=options.rounds,
        requests=options.requests,
        starts=STARTS,
    )
    show(found)
    report(options.out, "stored", judged(found), **found)


if __name__ == "__main__":
    main()
