"""The whole budget: ``make bench``, or ``python bench/budget.py``, in less than 15 minutes.

Each part is one of the files beside this, which can be run alone too. They run one after the other;
what is compared is measured in turn. The result goes to ``bench/results/`` with the machine and the
commit; ``make docs`` puts the newest into the docs.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import batch
import jsonrpc
import memory
import peer
import run
import steady
import stored
import watch
from loads import Bound, in_turn, tell
from report import BUDGET, RESULTS, Line, report
from servers import BENCH_PYTHON, echo, fastapi, milepost, provider


class Scale(NamedTuple):
    """How much is measured. Seconds are those of one load."""

    seconds: int = 4
    rounds: int = 3
    tasks: int = 2000
    watchers: int = watch.WATCHERS
    many: int = stored.STORED
    few: int = stored.FEW
    requests: int = stored.REQUESTS
    starts: int = stored.STARTS
    windows: int = steady.WINDOWS
    window_seconds: int = steady.SECONDS
    active: int = memory.ACTIVE
    finished: int = memory.FINISHED
    memory_rest: float = memory.REST_SECONDS
    batches: int = 5


QUICK = Scale(
    seconds=1,
    rounds=1,
    tasks=1000,
    watchers=20,
    many=10_000,
    few=1000,
    requests=3,
    starts=1,
    windows=2,
    window_seconds=1,
    active=1000,
    finished=1000,
    memory_rest=0.1,
    batches=1,
)


class Part(NamedTuple):
    """What one part has found."""

    name: str
    lines: list[Line]
    found: Any


def speed(scale: Scale, *, with_peer: bool) -> Part:
    """PATCH and GET beside the echo, the ordinary service and the official stack, in turn."""
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(milepost(scale.tasks))
        bare, official = (stack.enter_context(put(service.ids)) for put in (echo, provider))
        loads = {
            **run.loads(service, bare, connections=run.CONNECTIONS, seconds=scale.seconds),
            **jsonrpc.loads(service, official, seconds=scale.seconds),
        }
        if with_peer:
            ordinary = stack.enter_context(fastapi(service.ids))
            loads |= peer.loads(ordinary, seconds=scale.seconds)
        rounds = in_turn(loads, scale.rounds)
        found = {"rounds": rounds, "lone_fdatasync_ms": run.lone_sync(service.data)}
    tell(rounds)
    beside = peer.judged(rounds) if with_peer else [peer.line(None)]
    return Part("speed", [*run.judged(found), *beside, *jsonrpc.judged(rounds)], found)


def watching(scale: Scale) -> Part:
    found = watch.measure(
        seconds=scale.seconds,
        rounds=scale.rounds,
        tasks=scale.tasks,
        idle=0,
        count=scale.watchers,
    )
    watch.tell(found)
    return Part("watching", watch.judged(found), found)


def storing(scale: Scale) -> Part:
    found = stored.measure(
        stored=scale.many,
        few=scale.few,
        seconds=scale.seconds,
        rounds=scale.rounds,
        requests=scale.requests,
        starts=scale.starts,
    )
    stored.show(found)
    return Part("stored", stored.judged(found), found)


def steadiness(scale: Scale) -> Part:
    found = steady.measure(windows=scale.windows, seconds=scale.window_seconds, tasks=scale.tasks)
    steady.show(found)
    return Part("steady", steady.judged(found), found)


def remembering(scale: Scale) -> Part:
    found = memory.measure(active=scale.active, finished=scale.finished, rest=scale.memory_rest)
    memory.show(found)
    return Part("memory", memory.judged(found), found)


def batching(scale: Scale) -> Part:
    found = batch.measure(rounds=scale.batches, seconds=scale.seconds)
    return Part("batch", batch.judged(found), found)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the whole budget.")
    parser.add_argument("--seconds", type=int, help="of each load")
    parser.add_argument("--rounds", type=int, help="of each load")
    parser.add_argument("--stored", dest="many", type=int, help="tasks in the large store")
    parser.add_argument("--window-seconds", type=int, help="of each window of the long load")
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
        with tempfile.TemporaryDirectory() as folder:
            measure(scale, options.out or Path(folder), with_peer=BENCH_PYTHON.exists())
    else:
        measure(scale, options.out or RESULTS, with_peer=True)


def measure(scale: Scale, out: Path, *, with_peer: bool) -> None:
    """Run all parts, and write one result."""
    begun, took, parts = time.monotonic(), {}, []
    for part in (
        partial(speed, with_peer=with_peer),
        watching,
        storing,
        steadiness,
        remembering,
        batching,
    ):
        before = time.monotonic()
        found = part(scale)
        took[found.name] = round(time.monotonic() - before, 1)
        print(f"{found.name}: {took[found.name]} s", flush=True)
        parts.append(found)
    print(f"all: {time.monotonic() - begun:.0f} s")
    lines = [line for part in parts for line in part.lines]
    found = {part.name: part.found for part in parts}
    report(out, BUDGET, lines, scale=scale._asdict(), seconds=took, parts=found)


if __name__ == "__main__":
    main()
