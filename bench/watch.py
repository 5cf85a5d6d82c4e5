"""Watching, measured: ``python bench/watch.py``. All but memory are ratios within one run.

- PATCH at half of what the server can do, with 1,000 watchers, with one and with none, in turn:
  how long the answers take, and how much the server works for each.
- From the answer of a change to its delivery under that load, for one watcher alone and for one
  among the 1,000.
- What 10,000 idle watchers cost the server.

Server, load and watchers share the cores of one machine, so the ratios are worse than they would
be with the watchers elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import contextlib
import http.client
import json
import multiprocessing
import os
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from report import RESULTS, Line, median, report
from run import HERE, PATCH_PREFIX, THREADS, load
from servers import Target, milepost

WATCHERS = 1000
OF_EVERYTHING = 10
IDLE = 10_000
CONNECTIONS = 32
LOADS = ("none", "one", "many")
DELAYS = ("alone ms", "among ms")
PROBES_A_SECOND = 50
IDENT = re.compile(rb'"revision":(\d+),')


async def watch(target: Target, query: str, begun: asyncio.Queue[None]) -> None:
    """One watcher, that reads and throws away."""
    host, _, port = target.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"GET /v1/events?{query} HTTP/1.1", "Host: a", f"Authorization: Bearer {target.token}"]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200"), answer
    begun.put_nowait(None)
    while await reader.read(256 * 1024):
        pass


def watch_many(target: Target, queries: list[str], told: Connection) -> None:
    """Many watchers in a process of their own, until it is ended."""

    async def run() -> None:
        begun: asyncio.Queue[None] = asyncio.Queue()
        watchers = []
        for query in queries:
            watchers.append(asyncio.ensure_future(watch(target, query, begun)))
            await begun.get()
        told.send(len(watchers))
        await asyncio.gather(*watchers)

    asyncio.run(run())


@contextlib.contextmanager
def watchers(target: Target, queries: list[str]) -> Iterator[None]:
    """Watchers for the time of a block; it begins when all are there."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=watch_many, args=(target, queries, theirs), daemon=True
    )
    process.start()
    assert ours.recv() == len(queries)
    try:
        yield
    finally:
        process.kill()
        process.join()


def queries_over(ids: list[str]) -> list[str]:
    """Ten watch everything, the others a task each."""
    own = [f"task={ids[number % len(ids)]}" for number in range(WATCHERS - OF_EVERYTHING)]
    return [""] * OF_EVERYTHING + own


def paced(target: Target, *, rest_ms: float, seconds: int, start: int) -> Any:
    """PATCH at a pace."""
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(HERE / "paced.lua"), target.url, "--"]
    command += ["PATCH", PATCH_PREFIX, target.token, str(target.ids), str(THREADS), str(start)]
    command.append(str(round(rest_ms)))
    process = process_on(target.data)
    before = cpu_seconds(process)
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    used = cpu_seconds(process) - before
    counted = json.loads(answer.stdout.strip().splitlines()[-1])
    if counted["refused"] or counted["broken"]:
        sys.exit(f"{counted['refused']} refused, {counted['broken']} broken")
    counted["per_second"] = counted["requests"] / counted["seconds"]
    counted["cpu_us_each"] = used / counted["requests"] * 1e6
    return counted


class Probe:
    """Changes a task of its own now and then, and notes when each was answered and delivered."""

    def __init__(self, target: Target, task: str) -> None:
        self._target = target
        self._task = task
        self._delivered: dict[int, float] = {}
        self._watching = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def delays(self, ended: threading.Event) -> list[float]:
        """Milliseconds from the answer to the delivery; 0 where that came first."""
        self._thread.start()
        self._watching.wait()
        answered: dict[int, float] = {}
        connection = self._connection()
        while not ended.is_set():
            body = json.dumps({"description": f"{time.perf_counter()}"})
            headers = {**self._headers(), "Content-Type": "application/json"}
            connection.request("PATCH", f"/v1/tasks/{self._task}", body, headers)
            answer = connection.getresponse()
            answer.read()
            revision = int((answer.getheader("etag") or "").strip('"'))
            answered[revision] = time.perf_counter()
            ended.wait(1 / PROBES_A_SECOND)
        time.sleep(1)
        assert set(answered) <= set(self._delivered), "a change was not delivered"
        return [max(0.0, self._delivered[key] - at) * 1000 for key, at in answered.items()]

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._target.url.removeprefix("http://"), timeout=30)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._target.token}"}

    def _watch(self) -> None:
        connection = self._connection()
        connection.request("GET", f"/v1/events?task={self._task}", headers=self._headers())
        stream = connection.getresponse()
        self._watching.set()
        for line in stream:
            if line.startswith(b'data: {"task"'):
                now = time.perf_counter()
                found = IDENT.search(line)
                assert found is not None
                self._delivered[int(found[1])] = now


@contextlib.contextmanager
def probing(target: Target, task: str) -> Iterator[list[float]]:
    """Probe during a block; the list has the delays behind it."""
    found: list[float] = []
    ended = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        delays = threads.submit(Probe(target, task).delays, ended)
        try:
            yield found
        finally:
            ended.set()
        found += delays.result()


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def process_on(data: Path) -> Path:
    """Where the system tells of the server on a data directory."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(data).encode() in (process / "cmdline").read_bytes():
                return process
    sys.exit(f"no server on {data}")


def resident(process: Path) -> int:
    """Bytes of memory of a process."""
    (line,) = re.findall(r"VmRSS:\s+(\d+) kB", (process / "status").read_text())
    return int(line) * 1024


def cpu_seconds(process: Path) -> float:
    """What a process has worked so far."""
    fields = (process / "stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def new_task(target: Target) -> str:
    """One more running task, that is not among those of the load."""
    connection = http.client.HTTPConnection(target.url.removeprefix("http://"), timeout=30)
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}
    spec = {"operation_id": "probe", "cancelable": True, "status": "RUNNING"}
    connection.request("POST", "/v1/tasks", json.dumps(spec), headers)
    found: str = json.loads(connection.getresponse().read())["id"]
    return found


def measure(*, seconds: int, rounds: int, tasks: int, idle: int) -> dict[str, Any]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found: dict[str, list[Any]] = {name: [] for name in (*LOADS, *DELAYS)}
    with milepost(tasks) as target:
        ids = target.ids.read_text().split()
        probe = new_task(target)
        full = load(target, "PATCH", connections=CONNECTIONS, seconds=seconds, start=1_000_000)
        rest = 2 * CONNECTIONS / full["per_second"] * 1000
        for number in range(rounds):
            options = {"rest_ms": rest, "seconds": seconds, "start": (number + 2) * 1_000_000}
            found["none"].append(paced(target, **options))
            options["start"] += 300_000
            with probing(target, probe) as alone:
                found["one"].append(paced(target, **options))
            found["alone ms"] += alone
            options["start"] += 300_000
            with watchers(target, queries_over(ids)), probing(target, probe) as among:
                found["many"].append(paced(target, **options))
            found["among ms"] += among
        count = min(idle, hard - 500)
        process = process_on(target.data)
        before = resident(process)
        with watchers(target, [f"task={ids[0]}"] * count):
            each = (resident(process) - before) / count
    return {
        "rounds": found,
        "full_per_second": full["per_second"],
        "idle": {"watchers": count, "bytes_each": round(each)},
    }


def judged(found: dict[str, Any]) -> list[Line]:
    rounds = found["rounds"]
    patch = median(rounds["many"], "p99_ms") / median(rounds["none"], "p99_ms")
    work = median(rounds["many"], "cpu_us_each") / median(rounds["none"], "cpu_us_each")
    delivery = percentile(rounds["among ms"], 0.99) / median(rounds["none"], "p99_ms")
    return [
        Line("work for a PATCH, 1,000 watchers ÷ none", work, 2.0, more_is_better=False),
        Line("p99 of PATCH, 1,000 watchers ÷ none", patch, 2.0, more_is_better=False),
        Line("p99 of delivery ÷ p99 of PATCH", delivery, 5.0, more_is_better=False),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what watching costs.")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--idle", type=int, default=IDLE)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(
        seconds=options.seconds, rounds=options.rounds, tasks=options.tasks, idle=options.idle
    )
    lines = judged(found)
    for name in LOADS:
        rounds = found["rounds"][name]
        figures = f"{median(rounds, 'per_second'):6.0f}/s  p50 {median(rounds, 'p50_ms'):6.2f} ms"
        figures += f"  p99 {median(rounds, 'p99_ms'):6.2f} ms"
        figures += f"  {median(rounds, 'cpu_us_each'):4.0f} us of work"
        print(f"PATCH, {name:5} watching  {figures}")
    for name in DELAYS:
        delays = found["rounds"].pop(name)
        found[name] = {"p50": statistics.median(delays), "p99": percentile(delays, 0.99)}
        print(f"delivery, {name:8}  p50 {found[name]['p50']:6.2f}  p99 {found[name]['p99']:6.2f}")
    print(f"{found['idle']['watchers']} idle: {found['idle']['bytes_each']} bytes each")
    report(options.out, "-watch", lines, **found)


if __name__ == "__main__":
    main()
