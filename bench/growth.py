"""How PATCH goes when there is more of something: ``python bench/growth.py``, in some minutes.

PATCH without a rest, at 64 connections and 2,000 tasks where nothing else is said:

- at 1 to 512 connections;
- with 1,000 to 1,000,000 tasks stored, measured between the steps of filling a store;
- with 0 to 10,000 watchers, of whom one in a hundred, but at most ten, watches everything and the
  others a task each; one that is cut off for being too slow is counted, and comes back at once;
- with bodies of 256 bytes to 64 KiB, which is about as long as one text may be.

The result goes to ``bench/results/``; ``make docs`` draws the newest into the docs.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from loads import ROUND, Bound, Counted, load, median, sized_load
from report import RESULTS, report
from servers import milepost
from stored import aim_at, fill, spread
from watch import allow_files, queries_over, watchers

KIND = "growth"
CONNECTIONS = 64
SETTLE_SECONDS = 2
FIRST_BODY = 256

Points = Iterator[tuple[int, Counted]]


class Scale(NamedTuple):
    """How far each curve goes. Of the loads of a point the median one counts."""

    seconds: int = 4
    rounds: int = 3
    tasks: int = 2000
    few: int = 1000
    connections: int = 512
    stored: int = 1_000_000
    watchers: int = 10_000
    body: int = 64 * 1024


QUICK = Scale(
    seconds=1, rounds=1, tasks=1000, few=1000, connections=2, stored=2000, watchers=1, body=400
)


def median_of(scale: Scale, put: Callable[[int], Counted], begin: int) -> Counted:
    """The median of each figure, of a few loads with growing progress."""
    step = ROUND // 10
    rounds = [put(begin + number * step) for number in range(scale.rounds)]
    return {name: median(rounds, name) for name in rounds[0]}


def up_to(most: int, *, first: int, factor: int) -> list[int]:
    """Values that grow by a factor, to one that is the most."""
    steps = math.ceil(math.log(most / first, factor) - 1e-9)
    return [*(first * factor**step for step in range(steps)), most]


def over_connections(scale: Scale) -> Points:
    with milepost(scale.tasks) as target:
        for turn, many in enumerate(up_to(scale.connections, first=1, factor=2), 1):

            def put(start: int, many: int = many) -> Counted:
                return load(target, "PATCH", many, scale.seconds, start)

            yield many, median_of(scale, put, turn * ROUND)


def over_stored(scale: Scale) -> Points:
    """The load goes to running tasks from all over what is stored."""
    stored = scale.few
    with milepost(stored) as target:
        running = target.ids.read_text().split()
        for turn, many in enumerate(up_to(scale.stored, first=scale.few, factor=10), 1):
            running += fill(target, range(stored, many)).running
            stored = many
            aim_at(target, spread(running, scale.few))
            time.sleep(SETTLE_SECONDS)

            def put(start: int) -> Counted:
                return load(target, "PATCH", CONNECTIONS, scale.seconds, start)

            yield many, median_of(scale, put, turn * ROUND)


def over_watchers(scale: Scale) -> Points:
    most = min(scale.watchers, allow_files())
    with milepost(scale.tasks) as target:
        tasks = target.ids.read_text().split()
        counts = [0, *up_to(most, first=1, factor=10)]
        for turn, many in enumerate(counts, 1):

            def put(start: int) -> Counted:
                return load(target, "PATCH", CONNECTIONS, scale.seconds, start)

            queries = queries_over(tasks, many)
            with watchers(target, queries) if many else contextlib.nullcontext(int) as cut:
                counted = median_of(scale, put, turn * ROUND)
                yield many, {**counted, "cut_off": cut()}


def over_bodies(scale: Scale) -> Points:
    with milepost(scale.tasks) as target:
        for turn, size in enumerate(up_to(scale.body, first=FIRST_BODY, factor=4), 1):

            def put(start: int, size: int = size) -> Counted:
                return sized_load(
                    target,
                    size=size,
                    connections=CONNECTIONS,
                    seconds=scale.seconds,
                    start=start,
                )

            yield size, median_of(scale, put, turn * ROUND)


CURVES: dict[str, Callable[[Scale], Points]] = {
    "connections": over_connections,
    "stored tasks": over_stored,
    "watchers": over_watchers,
    "bytes of a body": over_bodies,
}


def measure(scale: Scale) -> dict[str, list[dict[str, Any]]]:
    """The points of each curve, printed as they come."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, points in CURVES.items():
        for many, counted in points(scale):
            figures = f"{counted['per_second']:9.0f}/s  p99 {counted['p99_ms']:7.2f} ms"
            print(f"{many:9,} {name:16} {figures}", flush=True)
            found.setdefault(name, []).append({"at": many, **counted})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure PATCH as things grow.")
    parser.add_argument("--seconds", type=int, help="of each load")
    parser.add_argument("--rounds", type=int, help="of each load")
    parser.add_argument("--stored", type=int, help="tasks at the end of filling")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="only see that all of it runs; its figures mean nothing",
    )
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    given = {
        name: value for name, value in vars(options).items() if name in Scale._fields and value
    }
    scale = (QUICK if options.quick else Scale())._replace(**given)
    if options.quick:
        Bound.connections = Bound.quick
    begun = time.monotonic()
    found = measure(scale)
    took = round(time.monotonic() - begun)
    print(f"all: {took} s")
    with tempfile.TemporaryDirectory() as folder:
        out = options.out or (Path(folder) if options.quick else RESULTS)
        report(out, KIND, [], scale=scale._asdict(), seconds=took, curves=found)


if __name__ == "__main__":
    main()
