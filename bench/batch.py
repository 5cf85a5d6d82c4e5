"""A batch of 1,000 updates beside 1,000 PATCHes: ``python bench/batch.py``.

The PATCHes go over one connection, one after the other, as a client without batches sends them,
and, to be fair to the server, over 64 connections at once as well. All in turn in one run.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import time
from pathlib import Path
from typing import Any

from report import RESULTS, Line, report
from run import load
from servers import Target, milepost

UPDATES = 1000
CONNECTIONS = 64


class Client:
    """One connection to a server, kept open."""

    def __init__(self, target: Target) -> None:
        address = target.url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(address, timeout=60)
        self._headers = {
            "Authorization": f"Bearer {target.token}",
            "Content-Type": "application/json",
        }

    def send(self, method: str, path: str, body: str) -> Any:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        data = answer.read()
        assert answer.status == 200, data
        return json.loads(data)


def spec(completed: int) -> dict[str, Any]:
    said = f"{completed} MiB of web-01 copied to the archive, two more disks are waiting"
    return {"percent_done": {"total": 10**9, "completed": completed, "message": said}}


def batch(client: Client, ids: list[str], completed: int) -> float:
    """Updates a second, all in one request."""
    parts = [{"update": {"task": ident, "spec": spec(completed)}} for ident in ids]
    body = json.dumps({"requests": parts})
    begun = time.perf_counter()
    answer = client.send("POST", "/v1/tasks:batch", body)
    taken = time.perf_counter() - begun
    assert [part["status"] for part in answer["results"]] == [200] * len(ids)
    return len(ids) / taken


def singles(client: Client, ids: list[str], completed: int) -> float:
    """Updates a second, one after the other."""
    body = json.dumps(spec(completed))
    begun = time.perf_counter()
    for ident in ids:
        client.send("PATCH", f"/v1/tasks/{ident}", body)
    return len(ids) / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure batches against single updates.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found: dict[str, list[float]] = {"batch": [], "one by one": [], "64 at once": []}
    with milepost(UPDATES) as target:
        ids, client = target.ids.read_text().split(), Client(target)
        for number in range(options.rounds):
            # A task's progress only grows, so each way starts where none has been.
            start = (number + 1) * 3_000_000
            found["batch"].append(batch(client, ids, start))
            found["one by one"].append(singles(client, ids, start + 1))
            loaded = load(
                target, "PATCH", connections=CONNECTIONS, seconds=2, start=start + 1_000_000
            )
            found["64 at once"].append(loaded["per_second"])
    rates = {name: statistics.median(values) for name, values in found.items()}
    for name, rate in rates.items():
        print(f"{name:12} {rate:9.0f}/s")
    lines = [
        Line(
            "batch of 1,000 ÷ PATCHes one by one",
            rates["batch"] / rates["one by one"],
            5.0,
            more_is_better=True,
        ),
        Line(
            "batch of 1,000 ÷ PATCHes at 64 connections",
            rates["batch"] / rates["64 at once"],
            1.0,
            more_is_better=True,
        ),
    ]
    report(options.out, "-batch", lines, rates=found)


if __name__ == "__main__":
    main()
