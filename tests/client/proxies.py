"""A service that misbehaves in front of a real one: some requests go through, others do not."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import time
from collections.abc import Callable, Iterator

from tests.client.peers import Peer, peer
from tests.serving import Server

DEADLINE = 30


def through(server: Server, request: bytes) -> bytes:
    """What the real service answers, as bytes."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=DEADLINE)
    with contextlib.closing(connection):
        connection.request(method, path, body or None, {**headers, "Connection": "close"})
        answer = connection.getresponse()
        content = answer.read()
    kept = [f"{name}: {text}" for name, text in answer.getheaders() if name != "content-length"]
    lines = [f"HTTP/1.1 {answer.status} So", *kept, f"content-length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + content


Behaviour = Callable[[Server, socket.socket, bytes], None]


def good(server: Server, connection: socket.socket, request: bytes) -> None:
    connection.sendall(through(server, request))


def lost_answer(server: Server, _connection: socket.socket, request: bytes) -> None:
    """Made, but nobody is told."""
    through(server, request)


def half_answer(server: Server, connection: socket.socket, request: bytes) -> None:
    connection.sendall(through(server, request)[:-20])


def lost_request(_server: Server, _connection: socket.socket, _request: bytes) -> None:
    """Not made, and nobody is told."""


def slow(server: Server, connection: socket.socket, request: bytes) -> None:
    time.sleep(0.3)
    good(server, connection, request)


def rubbish(_server: Server, connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")


def nonsense(_server: Server, connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"\x00\x01\x02nonsense\r\n\r\n")


def bad_gateway(_server: Server, connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad")


def unavailable(_server: Server, connection: socket.socket, _request: bytes) -> None:
    head = b"HTTP/1.1 503 So\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
    connection.sendall(head)


def unauthenticated(_server: Server, connection: socket.socket, request: bytes) -> None:
    """The session has ended."""
    del request
    connection.sendall(b"HTTP/1.1 401 So\r\nContent-Length: 0\r\n\r\n")


FAULTS: dict[str, Behaviour] = {
    behaviour.__name__: behaviour
    for behaviour in (
        lost_answer,
        half_answer,
        lost_request,
        slow,
        rubbish,
        nonsense,
        bad_gateway,
        unavailable,
        unauthenticated,
    )
}


@contextlib.contextmanager
def proxy(server: Server, *behaviours: Behaviour, port: int = 0) -> Iterator[Peer]:
    """A proxy that treats the requests after the logins so, the last one from then on."""
    numbers = itertools.count()

    def act(connection: socket.socket, request: bytes) -> None:
        is_login = b"/session " in request.split(b"\r\n", 1)[0]
        number = 0 if is_login else next(numbers)
        behaviour = good if is_login else behaviours[min(number, len(behaviours) - 1)]
        behaviour(server, connection, request)

    with peer(act, port=port) as running:
        yield running
