"""Watchers who come and go while histories are shortened: a gap is always told, and only a gap."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.events import PATH, Events
from tests.serving import SESSION, Caller, Server, eventually, progress, serving

LIMIT = 100
ABSENCES = 3
BUSY = 2


class Watcher:
    """Reads for a while, goes, and comes back where it was.

    ``heard`` are the revisions of each task without a gap since the last one that was told;
    ``gaps`` counts those.
    """

    def __init__(self, server: Server, token: str, query: str = "") -> None:
        self._server, self._token, self._query = server, token, query
        self._last = 0
        self._heard: dict[str, int] = {}
        self.changes = 0
        self.gaps = 0

    def read(self, most: int) -> None:
        """Hear some changes, from where it was or, when these are gone, from where it may."""
        with self._stream() as stream:
            heard = 0
            while heard < most:
                told = stream.next()
                assert told is not None
                if told.kind == "end":
                    # What comes next was cut while it was read; the next stream begins behind it.
                    assert told.data["status"] == 410, told
                    break
                if told.kind == "bookmark" and heard:
                    break
                if told.kind == "message":
                    heard += 1
                    self._note(*told.task)
            self._last = stream.last

    def _stream(self) -> Events:
        stream = Events(self._server, self._token, self._query, last=self._last)
        while stream.status == 410:
            stream.close()
            self.gaps += 1
            self._last, self._heard = self._kept_after(), {}
            stream = Events(self._server, self._token, self._query, last=self._last)
        assert stream.status == 200, stream.head
        return stream

    def _note(self, task_id: str, revision: int) -> None:
        before = self._heard.get(task_id)
        assert before in (None, revision - 1), (task_id, before, revision)
        self._heard[task_id] = revision
        self.changes += 1

    def _kept_after(self) -> int:
        asked = {SESSION: self._token, "Last-Event-ID": str(self._last)}
        reply = self._server.call("GET", f"{PATH}?{self._query}", None, asked)
        assert reply.status == 410
        return int(json.loads(reply.body)["messages"][0]["args"][1])


@contextmanager
def busy(server: Server, token: str, tasks: list[str]) -> Iterator[None]:
    """Tasks that report all the time."""
    ended = threading.Event()

    def report() -> None:
        with Caller(server, token) as caller:
            number = 0
            while not ended.is_set():
                number += 1
                for task in tasks:
                    reply = caller.patch(task, {"percent_done": progress(number, 10**9)})
                    assert reply.status == 200

    thread = threading.Thread(target=report)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def shortened(caller: Caller, task: str) -> int:
    """The oldest revision that a history has but for the first."""
    events = caller.send("GET", f"/v1/tasks/{task}/events?page_size=1000").json["events"]
    return int(events[-2]["revision"]) if len(events) > 1 else 1


@pytest.mark.timeout(300)
def test_a_gap_is_told_to_those_who_have_it(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", watch_heartbeat="1", history_limit=str(LIMIT)) as server,
        server.caller() as caller,
    ):
        tasks = [caller.create(status="RUNNING") for _ in range(BUSY)]
        quiet = caller.create(status="RUNNING")
        everything = Watcher(server, caller.token)
        one = Watcher(server, caller.token, f"task={tasks[0]}")
        calm = Watcher(server, caller.token, f"task={quiet}")
        with busy(server, caller.token, tasks):
            for absence in range(1, ABSENCES + 1):
                for watcher in (everything, one):
                    watcher.read(5 * LIMIT)
                    watcher.read(LIMIT)
                caller.patch(quiet, {"percent_done": progress(absence, ABSENCES)})
                calm.read(1)
                before = shortened(caller, tasks[0])
                for _ in eventually("the history was shortened meanwhile", deadline=60):
                    if shortened(caller, tasks[0]) > before + 10 * LIMIT:
                        break
            for watcher in (everything, one):
                watcher.read(LIMIT)
        assert everything.gaps >= 1
        assert one.gaps >= 1
        assert calm.gaps == 0
        assert calm.changes == ABSENCES
