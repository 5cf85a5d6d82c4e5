"""Loads for a server: wrk with one of the scripts beside this, and what it has counted."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from processes import cpu_seconds
from servers import Target

HERE = Path(__file__).parent
THREADS = 2
PATCH_PREFIX = "/rest/vcenter/extension/tasks/"
GET_PREFIX = "/rest/cis/tasks/"
REST_SECONDS = 0.3
# A task's progress only grows, so each round of a load starts where none has been.
ROUND = 1_000_000

Counted = dict[str, float]
Rounds = dict[str, list[Counted]]
Load = Callable[[int], Counted]
"""Puts a load on a server; it is told the first progress to report."""


class Bound:
    """The most connections of a load.

    While connections come, the first ones already send; with few tasks they would come round to
    one whose request still waits, and its progress would seem to go backwards.
    """

    connections = 100_000
    quick = 8


def wrk(script: str, target: Target, *arguments: object, connections: int, seconds: int) -> Counted:
    """What wrk counts with a script. Ends the program when a request failed.

    The last line that the script writes has ``requests``, ``seconds``, ``p50_ms``, ``p99_ms``,
    ``max_ms``, ``refused`` and ``broken``; ``per_second`` is added.
    """
    connections = min(connections, Bound.connections)
    command = ["wrk", f"-t{threads(connections)}", f"-c{connections}", f"-d{seconds}s"]
    command += ["--timeout", "30s", "-s", str(HERE / script), target.url, "--"]
    command += [str(argument) for argument in arguments]
    # What the load before has left under way is answered meanwhile, and does not count as too much.
    time.sleep(REST_SECONDS)
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    counted: Counted = json.loads(answer.stdout.strip().splitlines()[-1])
    if counted["refused"] or counted["broken"]:
        sys.exit(f"{script} {target.url}: {counted['refused']} refused, {counted['broken']} broken")
    counted["per_second"] = counted["requests"] / counted["seconds"]
    return counted


def threads(connections: int) -> int:
    return min(THREADS, connections)


def load(
    target: Target, method: str, connections: int, seconds: int, start: int = ROUND
) -> Counted:
    """PATCH or GET over ``/rest``, as fast as it is answered."""
    prefix = GET_PREFIX if method == "GET" else PATCH_PREFIX
    arguments = (method, prefix, target.token, target.ids, threads(connections), start)
    return wrk("load.lua", target, *arguments, connections=connections, seconds=seconds)


def rpc_load(target: Target, connections: int, seconds: int, start: int = ROUND) -> Counted:
    """Updates over JSON-RPC, as fast as they are answered."""
    arguments = (target.token, target.ids, threads(connections), start)
    return wrk("jsonrpc.lua", target, *arguments, connections=connections, seconds=seconds)


def sized_load(
    target: Target, *, size: int, connections: int, seconds: int, start: int = ROUND
) -> Counted:
    """PATCH with bodies of so many bytes."""
    arguments = ("PATCH", PATCH_PREFIX, target.token, target.ids, threads(connections), start, size)
    return wrk("sized.lua", target, *arguments, connections=connections, seconds=seconds)


def paced_load(
    target: Target, *, rest_ms: float, connections: int, seconds: int, start: int = ROUND
) -> Counted:
    """PATCH at a pace: each connection rests before a request.

    ``cpu_us_each`` is how long the server has worked for a request, in microseconds.
    """
    before = cpu_seconds(target.pid)
    arguments = ("PATCH", PATCH_PREFIX, target.token, target.ids, threads(connections), start)
    counted = wrk(
        "paced.lua", target, *arguments, round(rest_ms), connections=connections, seconds=seconds
    )
    used = cpu_seconds(target.pid) - before
    return {**counted, "cpu_us_each": used / counted["requests"] * 1e6}


def in_turn(loads: Mapping[str, Load], rounds: int) -> Rounds:
    """What each load has counted, in rounds: the first of each, then the second of each."""
    found: Rounds = {name: [] for name in loads}
    for number in range(1, rounds + 1):
        for name, put in loads.items():
            found[name].append(put(number * ROUND))
    return found


def median(rounds: list[Counted], name: str) -> float:
    return statistics.median(counted[name] for counted in rounds)


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def best(found: Rounds, names: list[str]) -> float:
    """The rate of the load, of some, that has the highest one."""
    return max(median(found[name], "per_second") for name in names)


def tell(found: Rounds) -> None:
    """Print the medians of each load."""
    for name, rounds in found.items():
        figures = f"{median(rounds, 'per_second'):9.0f}/s  p50 {median(rounds, 'p50_ms'):6.2f} ms"
        print(f"{name:32} {figures}  p99 {median(rounds, 'p99_ms'):6.2f} ms")
