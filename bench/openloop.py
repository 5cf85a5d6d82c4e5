"""PATCHes at a rate that waits for no answer, as many clients together send them, or at full speed.

A few processes share the rate. Each connection has a task of its own, so its next update is the
next number of that task. An update is due at its own moment, whatever came of those before it, and
its latency counts from that moment; it leaves late only when every connection waits for an answer.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, cast

import uvloop
from servers import Target

PROCESSES = 2
STEP_SECONDS = 0.001
DRAIN_SECONDS = 30
TASK_PATH = "/rest/vcenter/extension/tasks/"
BODY = (
    '{"spec":{"status":"RUNNING","percent_done":{"total":1000000000,"completed":%d,"message":'
    '{"id":"com.acme.backup.copied","default_message":"a part of web-01 copied to the archive, '
    'two more disks are waiting","args":["%d","web-01"],"params":[{"key":"done","value":{"i":%d}},'
    '{"key":"machine","value":{"s":"web-01"}}]}},"description":{"id":"com.acme.backup",'
    '"default_message":"Back up web-01","args":["web-01"]}}}'
)
FIRST = 100_000_000
"""Every number has as many digits as this one, so every body of a task is as long."""
SHED = (429, 503)


class Load(NamedTuple):
    """What one process is to send: updates a second in all, for so long, over these tasks.

    Without a rate each connection sends when the one before was answered. ``first`` is the number
    that each task begins with.
    """

    target: Target
    ids: Sequence[str]
    rate: float | None
    seconds: float
    first: int


class Found(NamedTuple):
    """What was counted. Latencies are milliseconds; ``acknowledged`` has each task's last number.

    ``late`` are the updates that left more than 10 ms after they were due, ``other`` the answers
    with a status that nobody expected, ``silent`` those that never came.
    """

    seconds: float
    sent: int
    accepted: array.array[float]
    shed: array.array[float]
    without_retry: int
    other: list[int]
    silent: int
    late: int
    acknowledged: dict[str, int]


class Client(asyncio.Protocol):
    """One connection, with the task it reports on."""

    def __init__(self, crowd: Crowd, task: str, request: bytes, first: int) -> None:
        self._crowd = crowd
        self._task = task
        self._request = request
        self._number = first
        self._due = 0.0
        self._answer = b""
        self.acknowledged = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, due: float) -> None:
        """Send the next update; it was due at a moment of the loop's time."""
        self._due = due
        self._number = number = self._number + 1
        self.transport.write(self._request % (number, number, number))

    def data_received(self, data: bytes) -> None:
        answer = self._answer + data
        if not is_whole(answer):
            self._answer = answer
            return
        self._answer = b""
        status = int(answer[9:12])
        if status == 200:
            self.acknowledged = self._number
        self._crowd.answered(self, status, answer, self._due)

    @property
    def task(self) -> str:
        return self._task


class Crowd:
    """The connections of one process, and what became of their updates."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.clients: list[Client] = []
        self.idle: deque[Client] = deque()
        self.overdue: deque[float] = deque()
        self.until = 0.0
        self.sent = self.late = self.without_retry = 0
        self.accepted, self.shed = array.array("d"), array.array("d")
        self.other: list[int] = []

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        host, _, port = self._load.target.url.removeprefix("http://").partition(":")
        for task in self._load.ids:
            client = Client(self, task, request_of(self._load.target, task), self._load.first)
            await loop.create_connection(lambda made=client: made, host, int(port))  # type: ignore[misc]
            self.clients.append(client)
        self.idle.extend(self.clients)

    async def run(self, start: float) -> float:
        """Send from a moment on; the answer is how long that took."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(start - loop.time())
        self.until = start + self._load.seconds
        if self._load.rate is None:
            self._send_all()
            await asyncio.sleep(self.until - loop.time())
        else:
            await self._send_at(self._load.rate, start)
        taken = loop.time() - start
        # What could not be sent in time was never offered.
        self.overdue.clear()
        await self._drain(loop.time() + DRAIN_SECONDS)
        return taken

    def _send_all(self) -> None:
        while self.idle:
            self.overdue.append(asyncio.get_running_loop().time())
            self._send(self.idle.popleft(), self.overdue[0])

    async def _send_at(self, rate: float, start: float) -> None:
        loop = asyncio.get_running_loop()
        due = 0
        while (now := loop.time()) < self.until:
            wanted = int((now - start) * rate)
            for number in range(due, wanted):
                self.overdue.append(start + number / rate)
            due = max(due, wanted)
            while self.overdue and self.idle:
                self._send(self.idle.popleft(), now)
            await asyncio.sleep(STEP_SECONDS)

    def answered(self, client: Client, status: int, answer: bytes, due: float) -> None:
        now = asyncio.get_running_loop().time()
        taken = (now - due) * 1000
        if status == 200:
            self.accepted.append(taken)
        elif status in SHED:
            self.shed.append(taken)
            self.without_retry += b"\r\nretry-after: " not in answer
        else:
            self.other.append(status)
        if self._load.rate is None and now < self.until:
            self.overdue.append(now)
        if self.overdue:
            self._send(client, now)
        else:
            self.idle.append(client)

    def _send(self, client: Client, now: float) -> None:
        due = self.overdue.popleft()
        self.late += now - due > 0.01
        self.sent += 1
        client.send(due)

    async def _drain(self, until: float) -> None:
        """Wait for the answers that are still to come."""
        loop = asyncio.get_running_loop()
        # An event would cost something at each answer.
        while len(self.idle) < len(self.clients) and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    def found(self, seconds: float) -> Found:
        return Found(
            seconds=seconds,
            sent=self.sent,
            accepted=self.accepted,
            shed=self.shed,
            without_retry=self.without_retry,
            other=self.other,
            silent=len(self.clients) - len(self.idle),
            late=self.late,
            acknowledged={one.task: one.acknowledged for one in self.clients if one.acknowledged},
        )


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    return len(body) >= int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])


def request_of(target: Target, task: str) -> bytes:
    """An update of a task, with places for its number."""
    length = len(BODY % (FIRST, FIRST, FIRST))
    lines = [
        f"PATCH {TASK_PATH}{task} HTTP/1.1",
        "Host: milepost",
        f"vmware-api-session-id: {target.token}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", BODY]).encode()


def work(load: Load, told: Connection) -> None:
    """One process: connect, say so, begin when told, and tell what was found."""

    async def run() -> Found:
        crowd = Crowd(load)
        await crowd.connect()
        told.send(None)
        begins_in = told.recv() - time.monotonic()
        return crowd.found(await crowd.run(asyncio.get_running_loop().time() + begins_in))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told.send(runner.run(run()))


@contextlib.contextmanager
def process(load: Load) -> Iterator[Connection]:
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=work, args=(load, theirs), daemon=True)
    worker.start()
    try:
        yield ours
    finally:
        worker.kill()
        worker.join()


def open_loop(
    target: Target, ids: Sequence[str], *, rate: float | None, seconds: float, first: int
) -> dict[str, Any]:
    """Send so many updates a second over a connection a task, and count what came of them.

    Without a rate each connection sends when the one before was answered.
    """
    with contextlib.ExitStack() as stack:
        pipes = [
            stack.enter_context(
                process(
                    Load(target, ids[part::PROCESSES], rate and rate / PROCESSES, seconds, first)
                )
            )
            for part in range(PROCESSES)
        ]
        for pipe in pipes:
            pipe.recv()
        start = time.monotonic() + 0.1
        for pipe in pipes:
            pipe.send(start)
        return together([pipe.recv() for pipe in pipes])


def together(parts: Sequence[Found]) -> dict[str, Any]:
    """What all processes found, as a result shows it."""
    seconds = max(part.seconds for part in parts)
    accepted = sorted(taken for part in parts for taken in part.accepted)
    shed = sorted(taken for part in parts for taken in part.shed)
    return {
        "seconds": seconds,
        "offered_per_second": sum(part.sent for part in parts) / seconds,
        "accepted_per_second": len(accepted) / seconds,
        "shed_per_second": len(shed) / seconds,
        "accepted_ms": percentiles(accepted),
        "shed_ms": percentiles(shed),
        "late": sum(part.late for part in parts),
        "without_retry_after": sum(part.without_retry for part in parts),
        "unexpected": sorted({status for part in parts for status in part.other}),
        "silent": sum(part.silent for part in parts),
        "acknowledged": {task: last for part in parts for task, last in part.acknowledged.items()},
    }


def percentiles(ordered: Sequence[float]) -> dict[str, float]:
    if not ordered:
        return {}
    last = len(ordered) - 1
    parts = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {name: ordered[min(last, int(len(ordered) * part))] for name, part in parts.items()}
