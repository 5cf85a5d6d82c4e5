"""Hundreds of slow peers at once: all are cut off, and nobody else notices.

The server's deadlines are made short; nothing here asserts how long anything takes.
"""

from __future__ import annotations

import concurrent.futures
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hostile.raw import PATIENCE, Peer, request
from tests.hostile.rows import filled, plain_patch, read
from tests.hostile.starting import hasty
from tests.serving import (
    PEOPLE,
    Caller,
    Reply,
    Server,
    add_people,
    add_tasks,
    eventually,
    progress,
    text,
)

LIMITS = {"head": 3.0, "body": 3.0, "closing": 1.0, "keep_alive": 3.0}
PAUSE = 0.2
SPARE_DESCRIPTORS = 5
BULK = b"/rest/cis/tasks?filter_spec.services=com.bulk.load"


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with short deadlines and 1,000 tasks to list."""
    folder = tmp_path_factory.mktemp("slow")
    add_people(folder / "data", PEOPLE)
    add_tasks(folder / "data", "com.bulk.load", 1000)
    with hasty(folder, LIMITS) as server:
        yield server


def descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


class Slow(NamedTuple):
    """Many peers that do the same: how they begin, and what each adds now and then."""

    peers: int
    begin: bytes
    trickle: bytes


HEAD = b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Filling: "
BODY = plain_patch(b"Content-Length: 5000", tail=b'{"spec":{"description":{"id":"')
CHUNKS = plain_patch(
    b"Transfer-Encoding: chunked", tail=b'1e\r\n{"spec":{"description":{"id":"\r\n'
)
UNREAD = request(b"POST", b"/nowhere", b"Content-Length: 5000")
KINDS = {
    "silent": Slow(500, b"", b""),
    "headers": Slow(500, HEAD, b"a"),
    "a body": Slow(100, BODY, b"a"),
    "chunks": Slow(100, CHUNKS, b"1\r\na\r\n"),
    "a body nobody wants": Slow(100, UNREAD, b"a"),
}
LATE = b"HTTP/1.1 408 "


def trickle(server: Server, slow: Slow, begin: bytes) -> list[bytes]:
    """What each of the peers gets before it is cut off. Ends when all are."""
    address = (server.host, server.port)
    open_ones = {
        socket.create_connection(address, timeout=PATIENCE): b"" for _ in range(slow.peers)
    }
    got: list[bytes] = []
    for peer in open_ones:
        peer.sendall(begin)
        peer.settimeout(0)
    end = time.monotonic() + PATIENCE
    while open_ones:
        assert time.monotonic() < end, f"{len(open_ones)} are still connected"
        for peer in list(open_ones):
            data = once(peer, slow.trickle)
            if data is None:
                got.append(open_ones.pop(peer))
                peer.close()
            else:
                open_ones[peer] += data
        time.sleep(PAUSE)
    return got


def once(peer: socket.socket, more: bytes) -> bytes | None:
    """Send a little and read what is there; ``None`` when cut off."""
    try:
        data = peer.recv(65536)
        if not data:
            return None
    except BlockingIOError:
        data = b""
    except ConnectionError:
        return None
    try:
        if more:
            peer.send(more)
    except BlockingIOError:
        pass
    except ConnectionError:
        return data or None
    return data


def serve_normally(server: Server, task: str, stop: Callable[[], bool]) -> list[Reply]:
    """One client that is not slow, until told to stop: all its answers."""
    replies: list[Reply] = []
    with server.caller() as caller:
        while not stop():
            number = len(replies)
            replies += [
                caller.patch(task, {"description": text(f"{number}")}),
                caller.get(task),
                server.call("GET", "/readyz"),
            ]
            time.sleep(0.01)
    return replies


@pytest.mark.parametrize("kind", KINDS)
def test_slow_peers_are_cut_off_while_others_are_served(impatient: Server, kind: str) -> None:
    slow = KINDS[kind]
    with impatient.caller() as caller:
        task = caller.create(status="RUNNING")
        before = descriptors(impatient)
        begin = filled(slow.begin, caller.token, task)
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            trickling = threads.submit(trickle, impatient, slow, begin)
            replies = serve_normally(impatient, task, trickling.done)
            got = trickling.result()
        assert len(got) == slow.peers
        if kind in ("silent", "headers"):
            # A reset, when the last letters cross the answer, takes the answer away.
            heard = [data for data in got if data]
            assert all(data.startswith(LATE) and b"milepost.http.late" in data for data in heard)
            assert len(heard) == slow.peers or kind != "silent"
        assert len(replies) >= 30
        assert {reply.status for reply in replies} == {200}
        with impatient.caller() as later:
            assert later.get(task).revision == 1 + len(replies) // 3
        for _ in eventually("the descriptors are given back"):
            if descriptors(impatient) <= before + SPARE_DESCRIPTORS:
                break


@pytest.mark.parametrize("lists", [1, 2, 20])
def test_a_peer_that_never_reads_is_cut_off(impatient: Server, lists: int) -> None:
    """It asks for so many large lists at once, and then reads nothing."""
    with impatient.caller("bulk") as bulk:
        task = bulk.create(status="RUNNING", user="reader")
        for number in range(3):
            assert bulk.patch(task, {"percent_done": progress(number, 3)}).status == 200
        before = descriptors(impatient)
        wanted = filled(read(BULK + b"&filter_spec.status=PENDING"), bulk.token, task)
        peer = socket.socket()
        try:
            # A small window, so that a list does not fit into what the kernels hold.
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect((impatient.host, impatient.port))
            peer.sendall(wanted * lists)
            for _ in eventually("it is connected"):
                if descriptors(impatient) > before:
                    break
            served = 0
            for _ in eventually("the descriptor is given back"):
                assert impatient.call("GET", "/livez").status == 200
                assert bulk.get(task).status == 200
                served += 1
                if descriptors(impatient) <= before:
                    break
            assert served > 1
        finally:
            peer.close()


def test_a_connection_that_is_not_used_is_closed(impatient: Server) -> None:
    with Peer(impatient) as peer:
        peer.send(request(b"GET", b"/livez"))
        assert peer.hear().told == "200"
        assert peer.rest() == b""


@pytest.mark.parametrize("more", [b"\r\n", b"\r\n\r\n", b"\r\n" * 1000])
def test_blank_lines_do_not_hold_a_connection(impatient: Server, more: bytes) -> None:
    """They may stand before a request, so the server takes them for the beginning of one."""
    with Peer(impatient) as peer:
        peer.send(request(b"GET", b"/livez"))
        assert peer.hear().told == "200"
        peer.send(more)
        assert peer.rest()[:13] in (b"", LATE)


def test_more_connections_than_allowed_are_told_so(tmp_path: Path) -> None:
    most = 20
    with hasty(tmp_path, {"closing": 1.0}, max_connections=str(most)) as server:
        token = server.login()
        with Caller(server, token) as caller:
            task = caller.create()
            for _ in eventually("the login's own connection is gone"):
                if server.call("GET", "/livez").status == 200:
                    break
            peers = [Peer(server) for _ in range(most - 1)]
            for peer in peers:
                peer.send(request(b"GET", b"/livez"))
                assert peer.hear().told == "200"
            for _ in range(3):
                with Peer(server) as refused:
                    heard = refused.hear()
                    assert heard.told == "503 http.too_many_connections"
                    assert int(heard.headers["retry-after"]) >= 1
                    assert refused.rest() == b""
            assert caller.get(task).status == 200
            peers.pop().close()
            for _ in eventually("there is room again"):
                with Peer(server) as peer:
                    peer.send(request(b"GET", b"/livez"))
                    if peer.hear().status == 200:
                        break
            for peer in peers:
                peer.close()


def test_many_at_once_wait_for_one_another(impatient: Server) -> None:
    """100 quick clients on 10 threads, beside 200 that say nothing: every request is answered."""
    silent = [Peer(impatient) for _ in range(200)]
    ready = threading.Event()

    def client(_number: int) -> int:
        ready.wait(PATIENCE)
        return impatient.call("GET", "/livez").status

    with concurrent.futures.ThreadPoolExecutor(10) as threads:
        working = [threads.submit(client, number) for number in range(100)]
        ready.set()
        assert {each.result() for each in working} == {200}
    for peer in silent:
        assert peer.hear().told == "408 http.late"
        peer.close()
