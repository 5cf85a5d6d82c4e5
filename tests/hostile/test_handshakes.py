"""Peers that are slow or many at the TLS port, before a request and before the handshake's end.

The server's deadlines are made short; nothing here asserts how long anything takes.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.raw import PATIENCE
from tests.hostile.starting import hasty
from tests.secure import connected, records, rest_of, trust
from tests.serving import Server, eventually, progress

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"
"""The beginning of a client's first message, which announces 512 bytes."""


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"head": 2.0, "body": 2.0, "closing": 1.0, "keep_alive": 2.0}
    with hasty(tmp_path_factory.mktemp("hasty"), limits, tls="self") as server:
        yield server


def descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


@pytest.mark.parametrize("begin", [b"", HELLO])
def test_200_handshakes_that_never_end_do_no_harm(impatient: Server, begin: bytes) -> None:
    with impatient.caller() as caller:
        task = caller.create(status="RUNNING")
        before = descriptors(impatient)
        address = (impatient.host, impatient.port)
        peers = [socket.create_connection(address, timeout=PATIENCE) for _ in range(200)]
        for peer in peers:
            peer.sendall(begin)
        for number in range(20):
            assert caller.patch(task, {"percent_done": progress(number, 20)}).status == 200
            assert impatient.call("GET", "/livez").status == 200
        for peer in peers:
            assert rest_of(peer) == b""
            peer.close()
        for _ in eventually("the descriptors are given back"):
            if descriptors(impatient) <= before:
                break
    assert records(impatient, "error") == []


@pytest.mark.parametrize("begin", [b"", b"GET /livez HTTP/1.1\r\nX: "])
def test_a_request_that_does_not_come_is_late(impatient: Server, begin: bytes) -> None:
    with connected(impatient, trust(impatient)) as peer:
        peer.sendall(begin)
        assert rest_of(peer).startswith(b"HTTP/1.1 408 ")


def test_handshakes_beyond_the_most_are_turned_away(tmp_path: Path) -> None:
    with hasty(tmp_path, {"head": 60.0}, tls="self", max_connections="5") as server:
        address = (server.host, server.port)
        with server.caller() as caller:
            task = caller.create()
            silent = [socket.create_connection(address, timeout=PATIENCE) for _ in range(5)]
            # Their deadline is far away: who is closed at once is one too many.
            with socket.create_connection(address, timeout=PATIENCE) as refused:
                assert rest_of(refused) == b""
            assert caller.get(task).status == 200
            for peer in silent:
                peer.close()
        for _ in eventually("there is room again"):
            try:
                if server.call("GET", "/livez").status == 200:
                    break
            except OSError:
                continue
