"""A million stored tasks: ``python bench/million.py``.

A directory is filled once (``bench/filling.py``) and copied, so that each part begins alike:

- ``start``: from the start of the process to the first 200 of ``/readyz``, and its memory.
- ``lists``: pages of 100 by many filters, at the first, a middle and the last page, counts, the
  list of ``/rest`` and the overview; one request at a time.
- ``reading``, ``cutting``, ``sweep``: what a change waits beside four clients that list in a loop,
  beside the shortening of long histories, and beside the removal of a fifth of the tasks. A prober
  sends changes at a steady pace beside a moderate load; windows with and without the work take
  turns where the work can be stopped, and come behind it where not. The slowest change
  of a window is what counts, and the median of these, for a machine pauses by itself as well.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import json
import multiprocessing
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from filling import Filled, fill
from loads import HERE, PATCH_PREFIX
from processes import resident
from report import RESULTS, Line, report
from servers import PASSWORD, free_port

from milepost import Client
from milepost.access.principals import Principal, Role
from milepost.service.paging import KEY_NAME, MARK_BYTES, signed
from milepost.service.reading import encode_question
from milepost.wire.queries import parse_query
from milepost.wire.v1queries import list_query

PARTS = ("start", "lists", "reading", "cutting", "sweep")
PACE = 0.004
WINDOW = 2.0
MIB = 2**20
LOAD_CONNECTIONS, LOAD_REST_MS = 8, 20
LONGEST_LOAD = 300
PROBED = 50
"""Of the tasks for a load, so many belong to the prober."""
KEPT_LONG = {"MILEPOST_RETENTION_AGE": str(400 * 86_400)}


class Running(NamedTuple):
    """A server on a copy of the template; ``ready`` is the seconds until it was."""

    url: str
    token: str
    process: int
    ready: float
    data: Path


# --- servers


def template(folder: Path, count: int) -> Filled:
    """The filled directory; it is made when it is not there."""
    noted = folder / "filled.json"
    if not noted.exists():
        begun = time.monotonic()
        noted.write_text(json.dumps(fill(folder / "data", count)))
        print(f"filled with {count} tasks in {time.monotonic() - begun:.0f} s")
    return Filled(*json.loads(noted.read_text()))


@contextlib.contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A copy of the filled directory for one run."""
    with tempfile.TemporaryDirectory(prefix="milepost-million-", dir=folder.parent) as place:
        data = Path(place) / "data"
        subprocess.run(["cp", "-r", "--reflink=auto", folder / "data", data], check=True)
        yield data


@contextlib.contextmanager
def serving(data: Path, settings: dict[str, str]) -> Iterator[Running]:
    """The service on a data directory, from its start until the end of the block."""
    password = data.parent / "password"
    password.write_text(PASSWORD)
    port = free_port()
    command = [str(Path(sys.executable).parent / "milepost"), "serve", "--data", str(data)]
    command += ["--bind", f"127.0.0.1:{port}", "--admin-password-file", str(password)]
    command += ["--log-level", "warning"]
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env={**os.environ, **KEPT_LONG, **settings}
    )
    try:
        until_ready(port, process)
        ready = time.perf_counter() - begun
        url = f"http://127.0.0.1:{port}"
        with Client(url, user="administrator", password=PASSWORD) as client:
            token = client.log_in()
            yield Running(url, token, process.pid, ready, data)
    finally:
        process.terminate()
        process.wait(60)


def until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.005)
    sys.exit("the server has ended")


# --- lists


class Asker:
    """One connection that asks, one request after the other."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self._session = {"vmware-api-session-id": token}
        self._bearer = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> tuple[float, Any]:
        """Milliseconds until the whole answer is there, and what it says."""
        headers = self._bearer if path.startswith("/v1") else self._session
        begun = time.perf_counter()
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        data = answer.read()
        taken = (time.perf_counter() - begun) * 1000
        assert answer.status in (200, 400), (path, answer.status, data[:300])
        return taken, json.loads(data)


def instant(days_ago: float) -> str:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    return quote(at.strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def questions(filled: Filled) -> dict[str, str]:
    """What is asked of ``/v1/tasks``, by name."""
    ids = "&".join(f"task={one}" for one in filled.busy[:100])
    every = "&".join(f"status={one}" for one in ("PENDING", "RUNNING", "BLOCKED"))
    return {
        "everything": "order=-created",
        "oldest first": "order=created",
        "status RUNNING": "status=RUNNING",
        "status FAILED": "status=FAILED",
        "open": every,
        "service, large": "service=com.acme.backup",
        "service, small": "service=io.rare.move",
        "service and status": "service=com.acme.copy&status=FAILED",
        "three services": "service=com.acme.copy&service=io.rare.move&service=net.sample.scan",
        "operation": "operation=org.example.build.run",
        "operation and status": "operation=org.example.build.run&status=FAILED",
        "target": "target=VirtualMachine:vm-77",
        "target and status": "target=VirtualMachine:vm-77&status=FAILED",
        "user, of many": "user=user-0",
        "user, of few": "user=user-190",
        "user and status": "user=user-0&status=RUNNING",
        "user and service": "user=user-3&service=io.rare.move",
        "parent, of many": f"parent={filled.parent}",
        "parent and status": f"parent={filled.parent}&status=FAILED",
        "100 tasks": ids,
        "created, last day": f"created_after={instant(1)}",
        "created, a day long ago": f"created_after={instant(51)}&created_before={instant(50)}",
        "created, before long ago": f"created_before={instant(50)}",
        "created long ago, service": f"created_before={instant(50)}&service=com.acme.backup",
        "created long ago, FAILED": f"created_before={instant(50)}&status=FAILED",
        "created long ago, user": f"created_before={instant(50)}&user=user-0",
        "counts": "counts=true",
        "counts of a service": "counts=true&service=com.acme.backup",
        "counts of a user": "counts=true&user=user-0",
        "counts of an operation": "counts=true&operation=org.example.build.run",
        "counts of a target": "counts=true&target=VirtualMachine:vm-77",
        "counts of a parent": f"counts=true&parent={filled.parent}",
        **slow_questions(),
    }


def slow_questions() -> dict[str, str]:
    """What no index knows: each task is looked at, and a page is cut short."""
    return {
        "text, common": "text=vm-7",
        "text, nowhere": "text=nowhere+at+all",
        "text nowhere, service": "text=nowhere&service=com.acme.backup",
        "text nowhere, four services": "text=nowhere&service=com.acme.backup&service=com.acme.copy"
        "&service=net.sample.scan&service=io.rare.move",
        "text nowhere, user": "text=nowhere&user=user-0",
        "updated, last hour": f"updated_after={instant(1 / 24)}",
        "updated, long ago": f"updated_before={instant(50)}",
        "finished, last hour": f"finished_after={instant(1 / 24)}",
        "finished, long ago": f"finished_before={instant(50)}",
        "counts of a text": "counts=true&text=nowhere",
    }


def other_lists(filled: Filled) -> dict[str, str]:
    """The founding list and the overview, by their paths."""
    root = "/rest/cis/tasks?"
    ids = "&".join(f"filter_spec.tasks={one}" for one in filled.busy[:100])
    service = "filter_spec.services=com.acme.backup"
    return {
        "/rest, 100 tasks": root + ids,
        "/rest, a service, RUNNING": f"{root}{service}&filter_spec.status=RUNNING",
        "/rest, a service, a user": f"{root}{service}&filter_spec.users=user-150",
        "/rest, a service, a target": f"{root}{service}&filter_spec.targets=VirtualMachine:vm-9",
        "/rest, too many": root + service,
        "/rest, a service, nobody": f"{root}{service}&filter_spec.users=nobody",
        "/rest, a service, BLOCKED": f"{root}{service}&filter_spec.status=BLOCKED",
        "overview": "/v1/overview",
    }


def paths_of(filled: Filled) -> dict[str, str]:
    asked = {name: f"/v1/tasks?{text}" for name, text in questions(filled).items()}
    return asked | other_lists(filled)


def turned(server: Running, text: str, behind: int) -> str:
    """The path of the page behind the task of that number, with the token a walk would get."""
    with contextlib.closing(sqlite3.connect(server.data / "milepost.db")) as database:
        (key,) = database.execute("SELECT value FROM keys WHERE name = ?", (KEY_NAME,)).fetchone()
    who = Principal("administrator", Role.ADMINISTRATOR)
    question = encode_question(list_query(parse_query(text.encode())).selection)
    mark = behind.to_bytes(MARK_BYTES)
    token = base64.urlsafe_b64encode(mark + signed(key.encode(), who, question, mark)).decode()
    return f"/v1/tasks?{text}&page_token={quote(token)}"


def measure_lists(server: Running, filled: Filled, stored: int, times: int) -> dict[str, Any]:
    """The p50, p99 and maximum in milliseconds of each question."""
    asker = Asker(server.url, server.token)
    paths = paths_of(filled)
    token = asker.get("/v1/tasks?page_size=1")[1]["next_page_token"]  # the key is there from now on
    assert token
    for name in ("everything", "service, large", "status FAILED", "text nowhere, service"):
        text = questions(filled)[name]
        paths[f"{name}, middle"] = turned(server, text, stored // 2)
        paths[f"{name}, last"] = turned(server, text, 50)
    found = {}
    for name, path in paths.items():
        asker.get(path)
        taken = sorted(asker.get(path)[0] for _ in range(times))
        print(f"{name:34} p50 {taken[len(taken) // 2]:8.2f}  max {taken[-1]:8.2f}", flush=True)
        found[name] = {
            "p50": statistics.median(taken),
            "p99": taken[min(len(taken) - 1, int(len(taken) * 0.99))],
            "max": taken[-1],
        }
    return found


# --- pauses


def probe(url: str, token: str, ids: list[str], told: Connection) -> None:
    """Send changes at a pace, and note when each was sent and what it took, until told to end."""
    host, _, port = url.removeprefix("http://").partition(":")
    peer = socket.create_connection((host, int(port)))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found: list[tuple[float, float]] = []
    number, due = int(time.time() * 1000), time.perf_counter()
    while not told.poll():
        due = max(due + PACE, time.perf_counter())
        time.sleep(max(0.0, due - time.perf_counter()))
        number += 1
        body = json.dumps(
            {"spec": {"percent_done": {"total": 10**15, "completed": number, "message": MESSAGE}}}
        )
        head = f"PATCH {PATCH_PREFIX}{ids[number % len(ids)]} HTTP/1.1\r\nHost: a\r\n"
        head += f"vmware-api-session-id: {token}\r\nContent-Type: application/json\r\n"
        begun = time.perf_counter()
        peer.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = peer.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        found.append((begun, (time.perf_counter() - begun) * 1000))
    told.send(found)


MESSAGE = {"id": "com.acme.copied", "default_message": "copied", "args": ["1", "web-01"]}


class Latencies(NamedTuple):
    """When each change was sent (``perf_counter``) and its milliseconds."""

    sent: list[tuple[float, float]]

    def windows(self, begin: float, end: float) -> list[list[float]]:
        """The milliseconds by whole windows between two instants."""
        count = int((end - begin) / WINDOW)
        found: list[list[float]] = [[] for _ in range(count)]
        for at, taken in self.sent:
            place = int((at - begin) / WINDOW)
            if at >= begin and place < count:
                found[place].append(taken)
        return [window for window in found if window]


class Work(NamedTuple):
    """Work that a server begins by itself with these settings.

    ``left`` asks the database whether it goes on, ``counted`` how far it has come.
    """

    settings: dict[str, str]
    left: str
    counted: str


@contextlib.contextmanager
def probing(server: Running, ids: list[str]) -> Iterator[Latencies]:
    """A prober and a moderate load for the time of a block; the latencies are there behind it."""
    found = Latencies([])
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    prober = context.Process(
        target=probe, args=(server.url, server.token, ids[:PROBED], theirs), daemon=True
    )
    loaded = server.data.parent / "loaded"
    loaded.write_text("".join(f"{one}\n" for one in ids[PROBED:]))
    command = ["wrk", "-t1", f"-c{LOAD_CONNECTIONS}", f"-d{LONGEST_LOAD}s", "--timeout", "60s"]
    command += ["-s", str(HERE / "paced.lua"), server.url, "--", "PATCH", PATCH_PREFIX]
    command += [server.token, str(loaded), "1", str(int(time.time()) % 10**8), str(LOAD_REST_MS)]
    load = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    prober.start()
    theirs.close()
    try:
        time.sleep(2)
        yield found
    finally:
        ours.send(None)
        found.sent.extend(ours.recv())
        prober.join()
        load.terminate()
        load.wait()


def judged_windows(windows: list[list[float]]) -> dict[str, float]:
    """The slowest change of a window, in the middle and in the worst one; and p99.9 of all."""
    slowest = [max(window) for window in windows]
    every = sorted(taken for window in windows for taken in window)
    return {
        "windows": len(windows),
        "median of the slowest": statistics.median(slowest),
        "slowest of all": max(slowest),
        "p50": statistics.median(every),
        "p99.9": every[int(len(every) * 0.999)],
        "above 20 ms": sum(taken > 20 for taken in every),
    }


def compared(with_work: list[list[float]], without: list[list[float]]) -> dict[str, Any]:
    return {"with": judged_windows(with_work), "without": judged_windows(without)}


def list_in_turn(url: str, token: str, paths: list[str], told: Connection) -> None:
    """Four clients that list in a loop while they are told to (True), and rest (False)."""
    going, ended = threading.Event(), threading.Event()
    counted = [0] * 4

    def ask(place: int) -> None:
        asker, number = Asker(url, token), place * 7
        while not ended.is_set():
            if going.wait(0.05):
                asker.get(paths[number % len(paths)])
                number += 1
                counted[place] += 1

    threads = [threading.Thread(target=ask, args=(place,), daemon=True) for place in range(4)]
    for thread in threads:
        thread.start()
    while (wanted := told.recv()) is not None:
        (going.set if wanted else going.clear)()
    ended.set()
    told.send(sum(counted))


def measure_reading(server: Running, filled: Filled, seconds: float) -> dict[str, Any]:
    """Changes beside four clients that list, and without them, by turns."""
    ours, theirs = multiprocessing.Pipe()
    paths = list(paths_of(filled).values())
    reader = multiprocessing.get_context("spawn").Process(
        target=list_in_turn, args=(server.url, server.token, paths, theirs), daemon=True
    )
    reader.start()
    theirs.close()
    spans: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    with probing(server, filled.busy) as latencies:
        until = time.perf_counter() + seconds
        wanted = False
        while time.perf_counter() < until:
            ours.send(wanted)
            time.sleep(0.3)
            begun = time.perf_counter()
            time.sleep(2 * WINDOW)
            spans[wanted].append((begun, time.perf_counter()))
            wanted = not wanted
        ours.send(None)
        asked = ours.recv()
    memory = resident(server.process) / MIB
    found = {
        wanted: [one for begin, end in both for one in latencies.windows(begin, end)]
        for wanted, both in spans.items()
    }
    rate = asked / sum(end - begin for begin, end in spans[True])
    return {**compared(found[True], found[False]), "lists a second": rate, "MiB": memory}


def measure_work(server: Running, ids: list[str], work: Work, seconds: float) -> dict[str, Any]:
    """Changes beside work that a server does by itself, until it is done or time is over."""
    with (
        contextlib.closing(sqlite3.connect(server.data / "milepost.db")) as database,
        probing(server, ids) as latencies,
    ):
        database.execute("PRAGMA query_only = ON")
        (before,) = database.execute(work.counted).fetchone()
        begun = time.perf_counter()
        while time.perf_counter() < begun + seconds and database.execute(work.left).fetchone()[0]:
            time.sleep(0.25)
        ended = time.perf_counter()
        (after,) = database.execute(work.counted).fetchone()
    return {
        "latencies": latencies.windows(begun, ended),
        "done": abs(after - before),
        "a second": abs(after - before) / (ended - begun),
        "MiB": resident(server.process) / MIB,
    }


def quiet(server: Running, ids: list[str], seconds: float) -> list[list[float]]:
    """Changes with nothing beside them."""
    with probing(server, ids) as latencies:
        begun = time.perf_counter()
        time.sleep(seconds)
        ended = time.perf_counter()
    return latencies.windows(begun, ended)


def beside_work(folder: Path, filled: Filled, work: Work, seconds: float) -> dict[str, Any]:
    """A server that works by itself, and behind it one on the same data that has nothing to do."""
    with copied(folder) as data:
        with serving(data, work.settings) as server:
            found = measure_work(server, filled.busy, work, seconds)
        with serving(data, IDLE) as server:
            idle = quiet(server, filled.busy, min(seconds, 30))
    return compared(found.pop("latencies"), idle) | found


IDLE = {"MILEPOST_HISTORY_LIMIT": "1000000"}
CUTTING = Work(
    {"MILEPOST_HISTORY_LIMIT": "1000"},
    left="SELECT EXISTS (SELECT 1 FROM overlong)",
    counted="SELECT count(*) FROM overlong",
)
SWEPT_AFTER = 86_400 * 48  # a fifth of the days that were filled
SWEEPING = Work(
    {**IDLE, "MILEPOST_RETENTION_AGE": str(SWEPT_AFTER)},
    # The service that sorts last is the last one that is swept.
    left="SELECT EXISTS (SELECT 1 FROM discarded) OR EXISTS (SELECT 1 FROM tasks"
    " WHERE service = 'org.example.deploy' AND finished_at < 1000 * (unixepoch() - 86400 * 48))",
    counted="SELECT count(*) FROM tombstones",
)


# --- the whole


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    filled = template(folder, options.tasks)
    found: dict[str, Any] = {}
    if {"start", "lists", "reading"} & set(options.only):
        with copied(folder) as data:
            with serving(data, IDLE) as server:
                # The first start on a copy may have to bring the schema up to date.
                found["first start"] = {"s": server.ready, "MiB": resident(server.process) / MIB}
            starts = []
            for _ in range(3 if "start" in options.only else 0):
                with serving(data, IDLE) as server:
                    starts.append((server.ready, resident(server.process) / MIB))
            if starts:
                ready, memory = zip(*starts, strict=True)
                found["start"] = {"s": statistics.median(ready), "MiB": max(memory)}
            with serving(data, IDLE) as server:
                if "lists" in options.only:
                    found["lists"] = measure_lists(server, filled, options.tasks, options.times)
                    found["lists MiB"] = resident(server.process) / MIB
                if "reading" in options.only:
                    found["reading"] = measure_reading(server, filled, options.seconds)
                    print("reading", found["reading"], flush=True)
    if "cutting" in options.only:
        found["cutting"] = beside_work(folder, filled, CUTTING, options.seconds)
        print("cutting", found["cutting"], flush=True)
    if "sweep" in options.only:
        found["sweep"] = beside_work(folder, filled, SWEEPING, options.seconds)
        print("sweep", found["sweep"], flush=True)
    return found


def judged(found: dict[str, Any]) -> list[Line]:
    lines = []
    if "start" in found:
        lines.append(Line("start, s", found["start"]["s"], 3))
        lines.append(Line("memory after the start, MiB", found["start"]["MiB"], 256))
    slow = set(slow_questions())
    for name, taken in found.get("lists", {}).items():
        kind = " (looked at one by one)" if name in slow else ""
        lines.append(Line(f"list, {name}, p99 ms{kind}", taken["p99"], 10))
    for name in ("reading", "cutting", "sweep"):
        if name in found:
            part = found[name]
            added = part["with"]["median of the slowest"] - part["without"]["median of the slowest"]
            lines.append(Line(f"pause added by {name}, ms", added, 20))
    return lines


def show(found: dict[str, Any]) -> None:
    for name, taken in found.get("lists", {}).items():
        print(
            f"{name:34} p50 {taken['p50']:8.2f}  p99 {taken['p99']:8.2f}  max {taken['max']:8.2f}"
        )
    for name in ("first start", "start", "lists MiB"):
        if name in found:
            print(name, found[name])
    for name in ("reading", "cutting", "sweep"):
        for key, value in found.get(name, {}).items():
            print(f"{name}, {key}: {value}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a server with a million tasks.")
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--template", type=Path, help="a directory that is filled once and kept")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--times", type=int, default=100, help="requests of each kind of list")
    parser.add_argument("--seconds", type=float, default=60, help="of each part with a load")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.template
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "template"
        folder.mkdir(parents=True, exist_ok=True)
        found = measure(folder, options)
    show(found)
    report(options.out, "million", judged(found), **found)


if __name__ == "__main__":
    main()
