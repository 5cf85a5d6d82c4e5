"""Twice what the server can do: ``python bench/overload.py``. All figures are of one run.

- What it can do: PATCHes over 64 and over 512 connections, each sent when the one before was
  answered; the larger of the two rates counts, and none may be refused.
- Half of that, and then twice that for longer, over 2,000 connections, at a rate that waits for no
  answer.

Those accepted at twice the rate should be answered nearly as fast as at half of it, the others be
refused with ``Retry-After``, and every update that was acknowledged be there afterwards.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
from pathlib import Path
from typing import Any

from loads import GET_PREFIX
from openloop import FIRST, open_loop
from report import RESULTS, Line, report
from servers import Target, milepost

PATIENT = (64, 512)
"""Numbers of connections that each wait for their answer."""
LONGER = 3
BETWEEN = 10_000_000
"""More than the numbers that one part of the run uses for a task."""


def lost(target: Target, acknowledged: dict[str, int]) -> int:
    """How many tasks do not show the update that was acknowledged last."""
    connection = http.client.HTTPConnection(target.url.removeprefix("http://"), timeout=30)
    headers = {"vmware-api-session-id": target.token}
    count = 0
    for task, last in acknowledged.items():
        connection.request("GET", GET_PREFIX + task, headers=headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        count += body["value"]["progress"]["completed"] != last
    return count


def measure(*, seconds: int, connections: int, times: float) -> dict[str, Any]:
    with milepost(connections) as target:
        ids = target.ids.read_text().split()
        firsts = itertools.count(FIRST, BETWEEN)

        def part(ids: list[str], rate: float | None, seconds: int) -> dict[str, Any]:
            one = open_loop(target, ids, rate=rate, seconds=seconds, first=next(firsts))
            acknowledged = one.pop("acknowledged")
            one["never_accepted"] = len(ids) - len(acknowledged)
            return {**one, "lost": lost(target, acknowledged)}

        found = {f"full, {many}": part(ids[:many], None, seconds) for many in PATIENT}
        full = max(one["accepted_per_second"] for one in found.values())
        found["half"] = part(ids, full / 2, seconds)
        found["over"] = part(ids, full * times, LONGER * seconds)
    return {"sustainable_per_second": full, "parts": found}


def judged(found: dict[str, Any], times: float) -> list[Line]:
    full, parts = found["sustainable_per_second"], found["parts"]
    half, over = parts["half"], parts["over"]
    offered = over["offered_per_second"] / full
    tail = over["accepted_ms"]["p99"] / half["accepted_ms"]["p99"]
    patient = sum(parts[f"full, {many}"]["shed_per_second"] for many in PATIENT)
    lost_ones = sum(one["lost"] for one in parts.values())
    faults = sum(
        one["silent"] + one["without_retry_after"] + len(one["unexpected"])
        for one in parts.values()
    )
    return [
        Line("offered ÷ sustainable", offered, times * 0.95, more_is_better=True),
        Line("p99 of accepted, over ÷ half load", tail, 5.0, more_is_better=False),
        Line("refused a second, 512 patient connections", patient, 0, more_is_better=False),
        Line("connections never accepted", over["never_accepted"], 0, more_is_better=False),
        Line("tasks that lost an update", lost_ones, 0, more_is_better=False),
        Line("answers that were wrong or missing", faults, 0, more_is_better=False),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Offer more than the server can do.")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--times", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(seconds=options.seconds, connections=options.connections, times=options.times)
    for name, one in found["parts"].items():
        print(
            f"{name:9} offered {one['offered_per_second']:7.0f}/s"
            f"  accepted {one['accepted_per_second']:7.0f}/s"
            f"  shed {one['shed_per_second']:7.0f}/s  late {one['late']}"
        )
        for kind in ("accepted_ms", "shed_ms"):
            shown = "  ".join(f"{part} {value:8.2f}" for part, value in one[kind].items())
            print(f"{'':9} {kind:12} {shown}")
    kept = found["parts"]["over"]["accepted_per_second"] / found["sustainable_per_second"]
    print(f"accepted ÷ sustainable: {kept:.2f}")
    report(options.out, "overload", judged(found, options.times), **found)


if __name__ == "__main__":
    main()
