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
import re
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from loads import ROUND, load, median, paced_load, percentile
from processes import resident
from report import RESULTS, Line, report
from servers import Target, milepost, running

WATCHERS = 1000
OF_EVERYTHING, SHARE_OF_EVERYTHING = 10, 0.01
IDLE = 10_000
CONNECTIONS = 32
LOADS = ("none", "one", "many")
DELAYS = ("alone ms", "among ms")
PROBES_A_SECOND = 50
# Files of the process beside its connections.
OTHER_FILES = 500
PART_OF_ROUND = 300_000
IDENT = re.compile(rb'"revision":(\d+),')


async def watch(target: Target, query: str, began: Callable[[], None]) -> None:
    """One watcher, that reads and throws away until it is cut off."""
    host, _, port = target.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"GET /v1/events?{query} HTTP/1.1", "Host: a", f"Authorization: Bearer {target.token}"]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200"), answer
    began()
    with contextlib.suppress(ConnectionError):
        while await reader.read(256 * 1024):
            pass
    writer.close()


def watch_many(target: Target, queries: list[str], told: Connection, cut: Any) -> None:
    """Many watchers in a process of their own, until it is ended."""

    async def stay(query: str, began: asyncio.Event) -> None:
        while True:
            await watch(target, query, began.set)
            cut.value += 1

    async def run() -> None:
        watchers = []
        for query in queries:
            began = asyncio.Event()
            watcher = asyncio.ensure_future(stay(query, began))
            watchers.append(watcher)
            waiting = asyncio.ensure_future(began.wait())
            await asyncio.wait({watcher, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if watcher.done():
                watcher.result()
        told.send(len(watchers))
        await asyncio.gather(*watchers)

    asyncio.run(run())


@contextlib.contextmanager
def watchers(target: Target, queries: list[str]) -> Iterator[Callable[[], int]]:
    """Watchers for the time of a block; it begins when all are there.

    It can ask how many were cut off so far, for being too slow; each comes back at once.
    """
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    cut = spawning.Value("i", 0)
    process = spawning.Process(target=watch_many, args=(target, queries, theirs, cut), daemon=True)
    process.start()
    # Should the process end early, nobody else holds its end, so there is no waiting for it.
    theirs.close()
    try:
        assert ours.recv() == len(queries)
        yield lambda: cut.value
        assert process.is_alive(), "the watchers have ended"
    finally:
        process.kill()
        process.join()


def queries_over(ids: list[str], count: int) -> list[str]:
    """One in a hundred watches everything, but at most ten, and the others a task each."""
    everything = min(OF_EVERYTHING, round(count * SHARE_OF_EVERYTHING))
    own = [f"task={ids[number % len(ids)]}" for number in range(count - everything)]
    return [""] * everything + own


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


def allow_files() -> int:
    """Let this process and those it starts have as many connections as they may: how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - OTHER_FILES


def measure(
    *, seconds: int, rounds: int, tasks: int, idle: int, count: int = WATCHERS
) -> dict[str, Any]:
    """What ``count`` watchers cost, and what so many ``idle`` ones hold."""
    most = allow_files()
    found: dict[str, list[Any]] = {name: [] for name in (*LOADS, *DELAYS)}
    with milepost(tasks) as target:
        ids = target.ids.read_text().split()
        (probe,) = target.connect().create([running("probe")])
        full = load(target, "PATCH", CONNECTIONS, seconds)
        rest = 2 * CONNECTIONS / full["per_second"] * 1000
        for number in range(rounds):
            options = {"rest_ms": rest, "connections": CONNECTIONS, "seconds": seconds}
            start = (number + 2) * ROUND
            found["none"].append(paced_load(target, **options, start=start))
            with probing(target, probe) as alone:
                found["one"].append(paced_load(target, **options, start=start + PART_OF_ROUND))
            found["alone ms"] += alone
            with (
                watchers(target, queries_over(ids, count)) as cut,
                probing(target, probe) as among,
            ):
                counted = paced_load(target, **options, start=start + 2 * PART_OF_ROUND)
                found["many"].append({**counted, "cut_off": cut()})
            found["among ms"] += among
        held = memory_of(target, ids[0], min(idle, most)) if idle else {}
    delays = {name: quantiles(found.pop(name)) for name in DELAYS}
    return {"watchers": count, "rounds": found, **delays, "full": full["per_second"], "idle": held}


def memory_of(target: Target, task: str, count: int) -> dict[str, float]:
    """What watchers hold who are told nothing."""
    before = resident(target.pid)
    with watchers(target, [f"task={task}"] * count):
        return {"watchers": count, "bytes_each": round((resident(target.pid) - before) / count)}


def quantiles(delays: list[float]) -> dict[str, float]:
    return {"p50": statistics.median(delays), "p99": percentile(delays, 0.99)}


def judged(found: dict[str, Any]) -> list[Line]:
    rounds, count = found["rounds"], f"{found['watchers']:,}"
    none, many = rounds["none"], rounds["many"]
    patch = median(many, "p99_ms") / median(none, "p99_ms")
    work = median(many, "cpu_us_each") / median(none, "cpu_us_each")
    delivery = found["among ms"]["p99"]
    return [
        Line(f"p99 of PATCH at half load, {count} watchers ÷ none", patch, 2, 1.2),
        Line(f"ms from a change to {count} watchers, p99", delivery, 100, 20),
        Line(f"work for a PATCH, {count} watchers ÷ none", work, 2),
        Line("p99 of delivery ÷ p99 of PATCH", delivery / median(none, "p99_ms"), 5),
    ]


def tell(found: dict[str, Any]) -> None:
    """Print what was measured."""
    for name in LOADS:
        rounds = found["rounds"][name]
        figures = f"{median(rounds, 'per_second'):6.0f}/s  p50 {median(rounds, 'p50_ms'):6.2f} ms"
        figures += f"  p99 {median(rounds, 'p99_ms'):6.2f} ms"
        figures += f"  {median(rounds, 'cpu_us_each'):4.0f} us of work"
        print(f"PATCH, {name:5} watching  {figures}")
    for name in DELAYS:
        print(f"delivery, {name:8}  p50 {found[name]['p50']:6.2f}  p99 {found[name]['p99']:6.2f}")
    if idle := found["idle"]:
        print(f"{idle['watchers']} idle: {idle['bytes_each']} bytes each")


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
    tell(found)
    report(options.out, "watch", judged(found), **found)


if __name__ == "__main__":
    main()
