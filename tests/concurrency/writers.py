"""Clients that write and read the same tasks at once, and note what they were told and when.

Each is a thread with one raw connection, some of them in one process: a hundred thousand requests
must not take the whole machine. Instants are those of the clock all processes of a machine share.
"""

from __future__ import annotations

import concurrent.futures
import json
import random
import re
import socket
import time
from collections.abc import Sequence
from typing import Literal, NamedTuple, Self

from tests.serving import EXTENSION_TASKS, SESSION, TASKS

TOTAL = 10**9
DEADLINE = 60
RECEIVED = 64 * 1024
READ_EVERY = 10
MORE_WORK = 0.25

ETAG = re.compile(rb'\r\netag: "(\d+)"\r\n')
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")
HEAD_END = b"\r\n\r\n"


Kind = Literal["write", "read", "refused"]
WRITE: Kind = "write"
READ: Kind = "read"
REFUSED: Kind = "refused"


class Told(NamedTuple):
    """One answer: when it was asked for and came, and the revision it showed.

    A write and a refused write have the completed work and the words that were sent, a read has
    those that came.
    """

    kind: Kind
    task_id: str
    called: int
    answered: int
    revision: int
    completed: int
    words: str


class Job(NamedTuple):
    """What one writer does: so many accepted updates of one task."""

    number: int
    task_id: str
    updates: int


class Server(NamedTuple):
    """Where the server is, and a session on it."""

    host: str
    port: int
    token: str


class Line:
    """One connection."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection((server.host, server.port), DEADLINE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = (
            f"Host: {server.host}\r\n"
            f"{SESSION}: {server.token}\r\n"
            "Content-Type: application/json\r\n"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, int, bytes]:
        """Status, revision and body of an answer."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        request = f"{method} {path} HTTP/1.1\r\n{self._headers}{length}\r\n{body}"
        self._socket.sendall(request.encode())
        got = b""
        while (end := got.find(HEAD_END)) < 0:
            got += self._more()
        head, rest = got[: end + 2], got[end + len(HEAD_END) :]
        length_told, etag = LENGTH.search(head), ETAG.search(head)
        assert length_told, got
        assert etag, got
        while len(rest) < int(length_told[1]):
            rest += self._more()
        return int(head[9:12]), int(etag[1]), rest

    def _more(self) -> bytes:
        more = self._socket.recv(RECEIVED)
        assert more, "the server hung up"
        return more


class Writer:
    """One writer of one task, which others may write too."""

    def __init__(self, line: Line, job: Job) -> None:
        self._line = line
        self._job = job
        self._known = 0
        self.told: list[Told] = []

    def work(self) -> None:
        """Tell a little more work each time; look now and then, and when someone was ahead."""
        dice = random.Random(self._job.number)  # noqa: S311  a test's dice
        accepted, sent = 0, 0
        while accepted < self._job.updates:
            if sent % READ_EVERY == 0:
                self._read()
            sent += 1
            # As much as is known is not too little; the words make it a change all the same.
            more = dice.random() < MORE_WORK
            if self._write(self._known + more, f"{self._job.number}:{sent}"):
                accepted += 1
            else:
                self._read()
        self._read()

    def _write(self, completed: int, words: str) -> bool:
        """Whether an update is accepted."""
        body = (
            f'{{"spec":{{"percent_done":{{"total":{TOTAL},"completed":{completed},"message":'
            '{"id":"","default_message":"","args":[]}},'
            f'"description":{{"id":"","default_message":"{words}","args":[]}}}}}}'
        )
        task_id, called = self._job.task_id, time.monotonic_ns()
        status, revision, answer = self._line.ask("PATCH", f"{EXTENSION_TASKS}/{task_id}", body)
        answered = time.monotonic_ns()
        if status == 200:
            self._known = completed
        else:
            assert status == 400, answer
            assert json.loads(answer)["type"].endswith(".invalid_argument"), answer
        kind = WRITE if status == 200 else REFUSED
        self.told.append(Told(kind, task_id, called, answered, revision, completed, words))
        return status == 200

    def _read(self) -> None:
        task_id, called = self._job.task_id, time.monotonic_ns()
        status, revision, answer = self._line.ask("GET", f"{TASKS}/{task_id}")
        answered = time.monotonic_ns()
        assert status == 200, answer
        value = json.loads(answer)["value"]
        self._known = value["progress"]["completed"]
        words = value["description"]["default_message"]
        self.told.append(Told(READ, task_id, called, answered, revision, self._known, words))


def work(server: Server, jobs: Sequence[Job]) -> list[list[Told]]:
    """Do all jobs at once, in this process; the answer has a list for each."""

    def one(job: Job) -> list[Told]:
        with Line(server) as line:
            writer = Writer(line, job)
            writer.work()
            return writer.told

    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(one, jobs))
