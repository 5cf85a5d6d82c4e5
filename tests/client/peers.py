"""Servers that misbehave, each in its way, on a free port of this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Act = Callable[[socket.socket, bytes], None]


class Peer:
    """Listens; does with each connection what its script says, the last entry from then on.

    ``heard`` are the requests, as they came.
    """

    def __init__(self, *script: Act, port: int = 0) -> None:
        self.heard: list[bytes] = []
        self._script = list(script)
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closing.is_set():
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            request = received(connection)
            if request:
                act = self._script[min(len(self.heard), len(self._script) - 1)]
                self.heard.append(request)
                act(connection, request)

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@contextlib.contextmanager
def peer(*script: Act, port: int = 0) -> Iterator[Peer]:
    """A peer for the time of a block."""
    running = Peer(*script, port=port)
    try:
        yield running
    finally:
        running.close()


def received(connection: socket.socket) -> bytes:
    """A request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answers(status: int, body: bytes = b"", **headers: str) -> Act:
    """Answer and close."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    answer = "\r\n".join([*lines, "", ""]).encode() + body

    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(answer)

    return act


def sends(data: bytes) -> Act:
    """Send these bytes, whatever they are, and close."""

    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(data)

    return act


def hangs(until: threading.Event) -> Act:
    """Say nothing until something has happened."""

    def act(_connection: socket.socket, _request: bytes) -> None:
        until.wait(60)

    return act


def nobody() -> str:
    """The URL of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
