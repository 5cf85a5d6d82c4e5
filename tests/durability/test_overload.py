"""Sent far more than it can do, a server refuses cheaply, and loses nothing that it took."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.durability.book import TOTAL, Book
from tests.hostile.raw import Heard, Peer
from tests.serving import (
    SESSION,
    Caller,
    Reply,
    Server,
    eventually,
    progress,
    serving,
    spec_body,
    text,
)

MOST = 8
CROWD = 60
ROUNDS = 40
PAGES = ("/livez", "/readyz", "/ui/")


class Crowd:
    """Connections, each with a task of its own, whose updates are all sent before any is answered.

    What was asked and what was acknowledged goes into the book.
    """

    def __init__(self, server: Server, book: Book) -> None:
        self._book = book
        self._peers = {task_id: Peer(server) for task_id in book.ids}
        self._numbers = dict.fromkeys(book.ids, 0)
        self.heard: Counter[int] = Counter()

    def close(self) -> None:
        for peer in self._peers.values():
            peer.close()

    def send(self, most: int = CROWD) -> None:
        """Send one update on each of so many connections."""
        for task_id, peer in list(self._peers.items())[:most]:
            self._numbers[task_id] += 1
            asked = task_id, self._numbers[task_id]
            self._book.open.add(asked)
            peer.send(update(self._book.token, *asked))

    def hear(self, most: int = CROWD) -> list[int]:
        """The statuses of the answers."""
        return [self._hear(task_id) for task_id in self._book.ids[:most]]

    def _hear(self, task_id: str) -> int:
        number = self._numbers[task_id]
        heard = self._peers[task_id].hear()
        self.heard[heard.status] += 1
        if heard.status == 200:
            revision = int(heard.headers["etag"].strip('"'))
            self._book.acknowledged[task_id][number] = revision
        else:
            assert_shed(heard)
        self._book.open.discard((task_id, number))
        return heard.status


def update(token: str, task_id: str, number: int) -> bytes:
    spec = {"percent_done": progress(number, TOTAL), "description": text(f"{number}")}
    body = spec_body(spec)
    lines = [
        f"PATCH /rest/vcenter/extension/tasks/{task_id} HTTP/1.1",
        "Host: a",
        f"{SESSION}: {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def assert_shed(heard: Heard) -> None:
    assert heard.status == 429, heard
    assert heard.told == "429 service.too_busy"
    assert int(heard.headers["retry-after"]) > 0
    assert "connection" not in heard.headers


@contextlib.contextmanager
def crowding(server: Server, book: Book) -> Iterator[Crowd]:
    crowd = Crowd(server, book)
    try:
        yield crowd
    finally:
        crowd.close()


def assert_readable(server: Server, caller: Caller, task_id: str) -> None:
    replies: list[Reply] = [caller.get(task_id), caller.list(("filter_spec.tasks", task_id))]
    replies += [server.call("GET", page) for page in PAGES]
    assert [reply.status for reply in replies] == [200] * len(replies)


def test_what_is_too_much_is_refused_and_the_rest_is_kept(tmp_path: Path) -> None:
    """Every connection lives through it: a refusal does not end one."""
    data = tmp_path / "data"
    with serving(data, max_changing=str(MOST)) as server:
        book = Book(server, CROWD)
        with crowding(server, book) as crowd, Caller(server, book.token) as caller:
            for _ in range(ROUNDS):
                crowd.send()
                assert_readable(server, caller, book.ids[0])
                crowd.hear()
            assert set(crowd.heard) == {200, 429}
            assert crowd.heard[429] >= ROUNDS
            assert not book.open
            book.assert_kept(caller)

            for turn, _ in enumerate(eventually("as many as before are taken at once")):
                time.sleep(0.5 * turn)
                crowd.send(MOST)
                if crowd.hear(MOST) == [200] * MOST:
                    break
            book.assert_kept(caller)
    book.assert_told(data)


def test_killed_under_overload_it_loses_nothing_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, max_changing=str(MOST)) as server:
        book = Book(server, CROWD)
        with crowding(server, book) as crowd:
            enough = threading.Event()

            def overload() -> None:
                with contextlib.suppress(AssertionError, KeyError):
                    while True:
                        crowd.send()
                        crowd.hear()
                        if crowd.heard[200] > CROWD and crowd.heard[429] > CROWD:
                            enough.set()

            load = threading.Thread(target=overload)
            load.start()
            assert enough.wait(30)
            assert server.stop(signal.SIGKILL) == -signal.SIGKILL
            load.join()
    with serving(data) as server, Caller(server, book.token) as caller:
        book.assert_kept(caller)
    book.assert_told(data)


def test_those_who_wait_for_their_answers_are_not_refused(tmp_path: Path) -> None:
    """As many connections as are taken at once; the server sees all their requests together."""
    with serving(tmp_path / "data", max_changing=str(CROWD)) as server:
        book = Book(server, CROWD)
        with crowding(server, book) as crowd:
            for _ in range(ROUNDS):
                server.process.send_signal(signal.SIGSTOP)
                crowd.send()
                server.process.send_signal(signal.SIGCONT)
                crowd.hear()
            assert set(crowd.heard) == {200}
