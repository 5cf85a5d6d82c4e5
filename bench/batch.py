"""A batch of 1,000 updates beside 1,000 PATCHes: ``python bench/batch.py``.

The PATCHes go over one connection, one after the other, as a client without batches sends them,
and, to be fair to the server, over 64 connections at once as well. All in turn in one run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

from connection import Connection, report_of, update
from loads import ROUND, load
from report import RESULTS, Line, report
from servers import milepost

UPDATES = 1000
CONNECTIONS = 64

Rates = dict[str, list[float]]


def batch(connection: Connection, ids: list[str], completed: int) -> float:
    """Updates a second, all in one request."""
    spec = report_of(completed)
    body = json.dumps({"requests": [update(task, spec) for task in ids]})
    begun = time.perf_counter()
    answer = connection.send_text("POST", "/v1/tasks:batch", body)
    taken = time.perf_counter() - begun
    results = json.loads(answer)["results"]
    assert [part["status"] for part in results] == [200] * len(ids)
    return len(ids) / taken


def singles(connection: Connection, ids: list[str], completed: int) -> float:
    """Updates a second, one after the other."""
    body = json.dumps(report_of(completed))
    begun = time.perf_counter()
    for task in ids:
        connection.send_text("PATCH", f"/v1/tasks/{task}", body)
    return len(ids) / (time.perf_counter() - begun)


def measure(*, rounds: int, seconds: int = 2) -> Rates:
    """Updates a second, each way."""
    found: Rates = {"batch": [], "one by one": [], "64 at once": []}
    with milepost(UPDATES) as target:
        ids, connection = target.ids.read_text().split(), target.connect()
        for number in range(1, rounds + 1):
            # A task's progress only grows, so each way starts where none has been.
            start = number * 3 * ROUND
            found["batch"].append(batch(connection, ids, start))
            found["one by one"].append(singles(connection, ids, start + 1))
            loaded = load(target, "PATCH", CONNECTIONS, seconds, start + ROUND)
            found["64 at once"].append(loaded["per_second"])
    return found


def judged(found: Rates) -> list[Line]:
    rates = {name: statistics.median(values) for name, values in found.items()}
    lone, loaded = (rates["batch"] / rates[name] for name in ("one by one", "64 at once"))
    return [
        Line("batch of 1,000 ÷ PATCHes one by one", lone, 5, 15, more_is_better=True),
        Line("batch of 1,000 ÷ PATCHes at 64 connections", loaded, 1, more_is_better=True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure batches against single updates.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(rounds=options.rounds)
    for name, values in found.items():
        print(f"{name:12} {statistics.median(values):9.0f}/s")
    report(options.out, "batch", judged(found), rates=found)


if __name__ == "__main__":
    main()
