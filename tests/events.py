"""A reader of ``GET /v1/events``, made of a socket: what a stream tells, event by event."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.serving import Server

PATH = "/v1/events"
PATIENCE = 20.0


class Told(NamedTuple):
    """One event of a stream: its kind (``message`` without a name), its id and its data.

    A comment, which is a sign of life, counts as an event too.
    """

    kind: str
    ident: int
    data: Any

    @property
    def task(self) -> tuple[str, int]:
        """The task of a change, and its revision."""
        return self.data["task"]["id"], self.data["task"]["revision"]


class Events:
    """One stream. ``last`` is the last id that was told; ``head`` the head of the answer.

    ``ended`` says that the stream came to its end, and not just to the end of its connection.
    """

    def __init__(
        self,
        server: Server,
        token: str,
        query: str = "",
        *,
        last: int | None = None,
        version: str = "1.1",
    ) -> None:
        self.last = -1 if last is None else last
        self.ended = False
        self._chunked = version == "1.1"
        self._raw = b""
        self._text = b""
        self._socket = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        lines = [
            f"GET {PATH}?{query} HTTP/{version}",
            "Host: here",
            f"Authorization: Bearer {token}",
        ]
        lines += [] if last is None else [f"Last-Event-ID: {last}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.head = self._until(b"\r\n\r\n").decode()

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

    @property
    def status(self) -> int:
        return int(self.head.split(" ")[1])

    def next(self) -> Told | None:
        """The next event, of whatever kind; ``None`` at the end of the stream or connection.

        Raises ``TimeoutError``.
        """
        while b"\n\n" not in self._text:
            if not self._more_text():
                return None
        block, _, self._text = self._text.partition(b"\n\n")
        return self._read(block.decode())

    def changes(self, count: int) -> list[Told]:
        """The next changes; what is no change is passed over."""
        found: list[Told] = []
        while len(found) < count:
            told = self.next()
            assert told is not None, f"the stream ended after {found}"
            assert told.kind != "end", told
            if told.kind == "message":
                found.append(told)
        return found

    def until(self, done: Callable[[Told], bool]) -> list[Told]:
        """All events up to and with the first that is the one."""
        found: list[Told] = []
        while not (found and done(found[-1])):
            told = self.next()
            assert told is not None, f"the stream ended after {found}"
            found.append(told)
        return found

    def _read(self, block: str) -> Told:
        kind, data = "message", ""
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            if name == "":
                return Told("comment", self.last, value)
            if name == "id":
                ident = int(value)
                # A bookmark may repeat what was told; nothing goes back.
                assert ident > self.last or (kind != "message" and ident == self.last), block
                self.last = ident
            elif name == "event":
                kind = value
            elif name == "data":
                data = value
            else:
                assert name == "retry", block
        return Told(kind, self.last, json.loads(data))

    def _more_text(self) -> bool:
        if not self._chunked:
            self._text += self._raw
            self._raw = b""
            return self._more()
        if self.ended:
            return False
        line = self._until(b"\r\n")
        if not line:
            return False
        size = int(line, 16)
        while len(self._raw) < size + 2:
            if not self._more():
                return False
        self._text += self._raw[:size]
        assert self._raw[size : size + 2] == b"\r\n"
        self._raw = self._raw[size + 2 :]
        self.ended = size == 0
        return not self.ended

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._raw:
            if not self._more():
                return b""
        found, _, self._raw = self._raw.partition(mark)
        return found

    def _more(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except ConnectionError:
            data = b""
        self._raw += data
        return bool(data)
