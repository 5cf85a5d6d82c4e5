"""Where the time of a PATCH goes: ``python bench/hotpath.py``.

A full load at 64 connections, first without and then with py-spy looking on. From the first load
come the rate and the time each thread was on a processor, from the second what the event loop did
in that time: each look counts for the innermost of our rooms. The bare server stack is measured
beside it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from loads import Counted, load
from processes import processes
from report import RESULTS, report
from run import CONNECTIONS
from servers import BENCH_PYTHON, Target, echo, milepost

KIND = "hotpath"
RATE = 200
LOOP = "MainThread"

WAIT = "wait for sockets, receive (kernel, uvloop)"
SEND = "send the answer (kernel, uvloop)"
OTHER = "anything else"
# The first that fits a frame of ours, from the innermost frame outwards.
ROOMS = (
    ("store/sqlite/committer", "gather a group, tell who waits"),
    ("store/sqlite/working", "gather a group, tell who waits"),
    ("store/sqlite/store", "gather a group, tell who waits"),
    ("store/", "the event and the rows"),
    ("rules/", "decide"),
    ("service/", "decide"),
    ("wire/", "decode the body"),
    ("access/", "route, session"),
    ("doors/credentials", "route, session"),
    ("doors/routing", "route, session"),
    ("doors/app", "route, session"),
    ("doors/", "HTTP: read the request, write the answer"),
)


class Used(NamedTuple):
    """Seconds a thread was on a processor, in all and within the kernel's and its own code."""

    name: str
    seconds: float


def threads_of(pid: int) -> dict[int, Used]:
    """What each thread of a server has used so far."""
    found = {}
    for process in processes(pid):
        for task in Path(f"/proc/{process}/task").iterdir():
            name = (task / "comm").read_text().strip()
            nanoseconds = int((task / "schedstat").read_text().split()[0])
            found[int(task.name)] = Used(name, nanoseconds / 1e9)
    return found


def used(pid: int, before: dict[int, Used], requests: float) -> dict[str, float]:
    """Microseconds a request that the loop's thread and the others have used since."""
    spent = {"loop": 0.0, "others": 0.0}
    for thread, now in threads_of(pid).items():
        seconds = now.seconds - before[thread].seconds if thread in before else now.seconds
        spent["loop" if thread == pid else "others"] += seconds / requests * 1e6
    return spent


def measured(target: Target, seconds: int, start: int) -> Counted:
    """A full load: its rate, and the work of each thread for a request."""
    before = threads_of(target.pid)
    counted = load(target, "PATCH", CONNECTIONS, seconds, start)
    return {**counted, **used(target.pid, before, counted["requests"])}


def looked_at(target: Target, seconds: int, start: int) -> Counter[str]:
    """How often the loop was seen in each part, during a full load."""
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks"
        spy = [str(BENCH_PYTHON.parent / "py-spy"), "record", "--nonblocking", "--threads"]
        spy += ["--pid", str(target.pid), "--rate", str(RATE), "--duration", str(seconds)]
        looking = subprocess.Popen(
            [*spy, "--format", "raw", "--output", str(stacks)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        load(target, "PATCH", CONNECTIONS, seconds + 1, start)
        if looking.wait(60):
            sys.exit("py-spy could not look; it needs leave to trace other processes")
        return Counter(dict(parts(stacks.read_text().splitlines())))


def parts(stacks: list[str]) -> Iterator[tuple[str, int]]:
    """The parts of the loop's looks, with their counts."""
    found: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if LOOP in thread and frames:
            found[part_of(frames)] += int(count)
    return iter(found.items())


def part_of(frames: list[str]) -> str:
    """What the loop was at, from the frames of a look, the innermost last."""
    if frames[-1].startswith("Runner.run"):
        return WAIT
    if frames[-1].startswith("Connection.finish") or frames[-1].startswith("Connection.send"):
        return SEND
    for frame in reversed(frames):
        for room, part in ROOMS:
            if f"milepost/{room}" in frame:
                return part
    return OTHER


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure where the time of a PATCH goes.")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with milepost(options.tasks) as service, echo(service.ids) as bare:
        found: dict[str, Any] = {
            "echo": measured(bare, options.seconds, 1_000_000),
            "PATCH": measured(service, options.seconds, 2_000_000),
        }
        looks = looked_at(service, options.seconds, 4_000_000)
    whole = sum(looks.values())
    loop = found["PATCH"]["loop"]
    found["parts"] = {name: count / whole * loop for name, count in looks.most_common()}
    found["looks"] = whole
    for name in ("echo", "PATCH"):
        one = found[name]
        period = 1e6 / one["per_second"]
        print(
            f"{name:6} {one['per_second']:7.0f}/s, {period:5.1f} us each;"
            f" on a processor: loop {one['loop']:5.1f} us, all others {one['others']:5.1f} us"
        )
    for name, microseconds in found["parts"].items():
        print(f"{microseconds:6.1f} us  {name}")
    report(options.out, KIND, [], **found)


if __name__ == "__main__":
    main()
