"""Bytes to a server and back: requests as they stand, answers taken apart by the rules of HTTP."""

from __future__ import annotations

import json
import socket
from types import TracebackType
from typing import NamedTuple, Self

from tests.serving import Reply, Server
from tests.spelling import API, REST, V1, Door

PATIENCE = 20.0
"""Seconds after which a server that neither answers nor closes counts as hanging."""
CLOSED = "closed"


class Heard(NamedTuple):
    """One answer; ``status`` 0 is a connection that was closed without one."""

    status: int
    headers: dict[str, str]
    body: bytes
    head: bytes = b""

    @property
    def told(self) -> str:
        """What a table expects: status and message id of a refusal, after a look at its shape.

        A refusal in the shape of ``/api`` or ``/v1`` says so.
        """
        if self.status == 0:
            return CLOSED
        if self.status < 400:
            return str(self.status)
        if self.headers["content-type"] == V1.refused_as:
            door: Door = V1
        else:
            door = API if "error_type" in json.loads(self.body) else REST
        reply = Reply(self.status, self.headers, self.body, door)
        shape = "" if door is REST else f"{door.name} "
        return f"{self.status} {shape}{reply.reason.removeprefix('milepost.')}"


class Peer:
    """One connection."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        self._kept = b""
        self.lost = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send as much as the server takes; a server may answer and close before the end."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.lost = True

    def end_sending(self) -> None:
        """Tell the server that nothing more comes."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.lost = True

    def hear(self, *, head_only: bool = False) -> Heard:
        """The next answer. Raises ``TimeoutError`` when the server hangs."""
        head = self._until(b"\r\n\r\n")
        if not head:
            return Heard(0, {}, b"")
        lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        version, status, _ = lines[0].split(b" ", 2)
        assert version == b"HTTP/1.1", lines[0]
        pairs = [line.decode("latin-1").split(": ", 1) for line in lines[1:]]
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs), head
        if int(status) == 100:
            return Heard(100, headers, b"", head)
        size = 0 if head_only or int(status) == 204 else int(headers["content-length"])
        body = self._exactly(size)
        if headers.get("connection") == "close":
            self.lost = True
        return Heard(int(status), headers, body, head)

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        while self._more():
            pass
        kept, self._kept = self._kept, b""
        return kept

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._kept:
            if not self._more():
                assert not self._kept, self._kept[:200]
                return b""
        found, _, self._kept = self._kept.partition(mark)
        return found + mark

    def _exactly(self, size: int) -> bytes:
        while len(self._kept) < size:
            assert self._more(), "the connection was closed within an answer"
        found, self._kept = self._kept[:size], self._kept[size:]
        return found

    def _more(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self._kept += data
        self.lost = self.lost or not data
        return bool(data)


def ask(server: Server, data: bytes, *, end: bool = False) -> Heard:
    """The first answer to some bytes on a connection of their own."""
    with Peer(server) as peer:
        peer.send(data)
        if end:
            peer.end_sending()
        return peer.hear()


def request(
    method: bytes,
    target: bytes,
    *lines: bytes,
    body: bytes | None = None,
    host: bytes | None = b"Host: milepost",
) -> bytes:
    """A request with exactly these header lines, ``Host`` and, for a body, its length."""
    head = [method + b" " + target + b" HTTP/1.1"]
    head += [] if host is None else [host]
    head += lines
    head += [] if body is None else [b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, b"", body or b""])


def chunked(*parts: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + last


def text_of(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
