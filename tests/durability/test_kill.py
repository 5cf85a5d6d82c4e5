"""Killed again and again under load, the server loses nothing that it has acknowledged."""

from __future__ import annotations

import concurrent.futures
import http.client
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.durability.book import Book
from tests.durability.eventlog import Link, event_links
from tests.serving import WHOLE, Caller, Server, eventually, serving

ROUNDS = 50
THREADS = 8
TASKS = 6
# Commits in the server's process and in one beside it, in turns.
WHERE = ("always", "never")
LOST = (OSError, http.client.HTTPException)


def report_until_killed(server: Server, book: Book, first: int, working: threading.Event) -> None:
    """One client: updates of one task after the other, on one connection, until it breaks.

    Two clients may meet on one task; then the smaller number may come too late.
    """
    with Caller(server, book.token) as caller:
        for turn in range(first, 10**9):
            try:
                reply = book.ask(caller, book.ids[turn % TASKS])
            except LOST:
                return
            assert reply.status == 200 or reply.refused == (400, "invalid_argument")
            working.set()


def kill_under_load(server: Server, book: Book, seconds: float) -> None:
    """Let the clients work for some time, then kill the server."""
    working = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
        clients = [
            threads.submit(report_until_killed, server, book, first, working)
            for first in range(THREADS)
        ]
        for _ in eventually("an update is acknowledged"):
            for client in clients:
                if client.done():
                    client.result()
                    raise AssertionError(f"the server went away by itself: {server.stop()}")
            if working.is_set():
                break
        time.sleep(seconds)
        code = server.stop(signal.SIGKILL)
        for client in clients:
            client.result()
    assert code == -signal.SIGKILL


@pytest.mark.timeout(600)
def test_50_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    """The same session goes on through all of it; at most one update a client stays unknown."""
    data = tmp_path / "data"
    dice = random.Random(50)  # noqa: S311  a test's dice
    with serving(data, history_limit=WHOLE) as server:
        book = Book(server, TASKS)
    for done in range(ROUNDS):
        where = WHERE[done % len(WHERE)]
        with serving(data, history_limit=WHOLE, commit_process=where) as server:
            with Caller(server, book.token) as caller:
                book.assert_kept(caller)
            before = book.count
            kill_under_load(server, book, dice.uniform(0.1, 0.5))
            assert book.count > before
            assert len(book.open) <= THREADS * (done + 1)
    with serving(data, history_limit=WHOLE) as server, Caller(server, book.token) as caller:
        book.assert_kept(caller)
    book.assert_told(data)


@pytest.mark.timeout(600)
def test_kills_while_histories_are_shortened_leave_them_whole(tmp_path: Path) -> None:
    """A server looks for long histories as it starts, so each kill comes while some are cut."""
    data, limit = tmp_path / "data", 100
    dice = random.Random(12)  # noqa: S311  a test's dice
    with serving(data, history_limit=str(limit)) as server:
        book = Book(server, TASKS)
    for done in range(12):
        where = WHERE[done % len(WHERE)]
        with serving(data, history_limit=str(limit), commit_process=where) as server:
            with Caller(server, book.token) as caller:
                book.assert_kept(caller)
            kill_under_load(server, book, dice.uniform(0.1, 0.5))
        assert_chains(event_links(data), book)
    with serving(data, history_limit=str(limit)) as server, Caller(server, book.token) as caller:
        book.assert_kept(caller)
        for _ in eventually("all histories are short"):
            if max(Counter(link.task_id for link in event_links(data)).values()) <= limit:
                break
    links = event_links(data)
    assert_chains(links, book)
    kept = Counter(link.task_id for link in links)
    for task_id, acknowledged in book.acknowledged.items():
        newest = max(acknowledged.values())
        assert newest > limit, "there was something to cut"
        assert limit * 0.9 <= kept[task_id] <= limit


def assert_chains(links: list[Link], book: Book) -> None:
    """Every event of a task is on its one chain, from the newest back to the one that made it."""
    for task_id in book.ids:
        own = [link for link in links if link.task_id == task_id]
        assert own[0].revision == 1
        assert [link.previous for link in own] == [None, *(link.position for link in own[:-1])]
        revisions = [link.revision for link in own]
        assert revisions == sorted(set(revisions))
        assert revisions[-1] >= max(book.acknowledged[task_id].values(), default=1)


def test_the_check_sees_a_broken_chain(tmp_path: Path) -> None:
    """The control."""
    data = tmp_path / "data"
    with serving(data) as server:
        book = Book(server, 1)
        with Caller(server, book.token) as caller:
            for _ in range(3):
                book.ask(caller, book.ids[0])
    links = event_links(data)
    assert_chains(links, book)
    for missing in range(4):
        with pytest.raises(AssertionError):
            assert_chains(links[:missing] + links[missing + 1 :], book)


def test_the_check_sees_a_lost_update(tmp_path: Path) -> None:
    """The control: an update that was acknowledged by another server is missed in both checks."""
    with serving(tmp_path / "data") as server:
        book = Book(server, 1)
        (task_id,) = book.ids
        with Caller(server, book.token) as caller:
            assert book.ask(caller, task_id).revision == 2
            book.assert_kept(caller)
            book.acknowledged[task_id][2] = 3
            with pytest.raises(AssertionError):
                book.assert_kept(caller)
    with pytest.raises(AssertionError):
        book.assert_told(tmp_path / "data")
    del book.acknowledged[task_id][2]
    book.assert_told(tmp_path / "data")
