"""What it costs a job to report: ``python bench/advance.py``.

A million ``advance()`` beside a million updates of tqdm and the bare loop, in turn in one run. Then
a job with work of its own, reported to a good service, to nobody, to one that hangs and to one that
answers rubbish, beside the same job that does not report at all.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from report import RESULTS, Line, report
from servers import PASSWORD, milepost
from tqdm import tqdm

from milepost import Client, Job, track

STEPS = 1_000_000
WORK = 300
RUBBISH = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>"


def bare() -> float:
    begun = time.perf_counter()
    for _ in range(STEPS):
        pass
    return time.perf_counter() - begun


def advancing(job: Job) -> float:
    with job:
        begun = time.perf_counter()
        for _ in range(STEPS):
            job.advance()
        return time.perf_counter() - begun


def tracking(job: Job) -> float:
    with job:
        begun = time.perf_counter()
        for _ in track(range(STEPS), job=job):
            pass
        return time.perf_counter() - begun


def updating() -> float:
    with Path(os.devnull).open("w", encoding="utf-8") as dark, tqdm(total=STEPS, file=dark) as bar:
        begun = time.perf_counter()
        for _ in range(STEPS):
            bar.update()
        return time.perf_counter() - begun


def iterating() -> float:
    with Path(os.devnull).open("w", encoding="utf-8") as dark:
        begun = time.perf_counter()
        for _ in tqdm(range(STEPS), file=dark):
            pass
        return time.perf_counter() - begun


def told(client: Client, job: Job) -> int:
    """How many changes the service has seen of a job, whose end must be exact."""
    assert job.wait_sent(30)
    assert job.id is not None
    task = client.get(job.id)
    assert task.progress is not None
    assert (task.progress.completed, task.status) == (STEPS, "SUCCEEDED")
    return task.revision


def calls(client: Client, rounds: int) -> dict[str, list[float]]:
    """Nanoseconds a call over the bare loop, and how many changes were told."""
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for _ in range(rounds):
        base = bare()
        for name, run in (("advance", advancing), ("track", tracking)):
            job = client.task("Count", total=STEPS)
            note(name, (run(job) - base) / STEPS * 1e9)
            note("changes", told(client, job))
        for name, beside in (("tqdm.update", updating), ("tqdm", iterating)):
            note(name, (beside() - base) / STEPS * 1e9)
    return found


@contextlib.contextmanager
def peer(answer: bytes | None) -> Iterator[str]:
    """A service that answers always the same, or, with ``None``, never."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if answer is None:
                    held.append(connection)
                    continue
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in held:
            connection.close()


def work(step: Callable[[], None]) -> float:
    """A job that computes; its time."""
    begun = time.perf_counter()
    total = 0
    for _ in range(WORK):
        for number in range(40_000):
            total += number * number % 7
        step()
    return time.perf_counter() - begun


def reported(client: Client) -> float:
    begun = time.perf_counter()
    with client.task("Work", total=WORK) as job:
        work(job.advance)
    return time.perf_counter() - begun


def jobs(url: str, rounds: int) -> dict[str, float]:
    """How many times longer a job takes that reports, by what it reports to; the best of each.

    All take turns in one run. The best of several is the one that other programs disturbed least.
    """
    alone: list[float] = []
    during: dict[str, list[float]] = {}
    with peer(None) as hanging, peer(RUBBISH) as rubbish, contextlib.ExitStack() as stack:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
        clients = {
            name: stack.enter_context(
                Client(place, user="administrator", password=PASSWORD, retry_seconds=0)
            )
            for name, place in (
                ("good", url),
                ("nobody", nobody),
                ("hangs", hanging),
                ("rubbish", rubbish),
            )
        }
        for _ in range(rounds):
            for name, client in clients.items():
                gc.collect()
                alone.append(work(lambda: None))
                during.setdefault(name, []).append(reported(client))
    return {name: min(found) / min(alone) for name, found in during.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    rounds = options.rounds
    # What cannot be told to a service that is away is not the question.
    logging.getLogger("milepost").setLevel(logging.ERROR)
    os.environ["MILEPOST_FLUSH_SECONDS"] = "0"
    with (
        milepost(0) as target,
        Client(target.url, user="administrator", password=PASSWORD) as client,
    ):
        found = calls(client, rounds)
        ratios = jobs(target.url, rounds)
    cost = {name: statistics.median(values) for name, values in found.items()}
    for name, value in (*cost.items(), *ratios.items()):
        print(f"{name:14} {value:10.3f}")
    lines = [
        Line("advance() over the bare loop, ns", cost["advance"], 1000),
        Line("track() over the bare loop, ns", cost["track"], 1000),
        Line("changes told of a million", max(found["changes"]), 10),
        *(Line(f"time of a job, service {name}", ratio, 1.02) for name, ratio in ratios.items()),
    ]
    report(options.out, "advance", lines, calls=found, jobs=ratios)


if __name__ == "__main__":
    main()
