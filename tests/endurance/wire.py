"""A small asynchronous client: one connection that is kept open, and one stream of events."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple, Self

HEAD_END = b"\r\n\r\n"
JSON_TYPE = "Content-Type: application/json"


class Place(NamedTuple):
    """Where the server is, and a session of it."""

    host: str
    port: int
    token: str


class Reply(NamedTuple):
    status: int
    body: Any


class Line:
    """One connection, for one request after the other."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._place[:2])
        return self

    def close(self) -> None:
        self._writer.close()

    async def ask(self, method: str, path: str, value: Any = None, *more: str) -> Reply:
        body = b"" if value is None else json.dumps(value).encode()
        head = head_of(self._place, method, path, *more, f"Content-Length: {len(body)}")
        self._writer.write(head + body)
        status, length = read_head(await self._reader.readuntil(HEAD_END))
        content = await self._reader.readexactly(length)
        return Reply(status, json.loads(content) if content else None)


class Stream:
    """One stream of events; ``last`` is the newest position it has told."""

    def __init__(self, place: Place, query: str, last: int | None) -> None:
        self._place = place
        self._query = query
        self.last = last

    async def watch(self, seconds: float) -> int:
        """Read for some time, then break off; the status of the answer."""
        reader, writer = await asyncio.open_connection(*self._place[:2])
        try:
            resume = [] if self.last is None else [f"Last-Event-ID: {self.last}"]
            writer.write(head_of(self._place, "GET", f"/v1/events?{self._query}", *resume))
            status, _ = read_head(await reader.readuntil(HEAD_END))
            if status == 200:
                try:
                    async with asyncio.timeout(seconds):
                        await self._read(reader)
                except TimeoutError:
                    pass
            return status
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(b"id: "):
                position = int(line[4:])
                assert self.last is None or position >= self.last, (position, self.last)
                self.last = position


def head_of(place: Place, method: str, path: str, *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: a", f"vmware-api-session-id: {place.token}"]
    return "\r\n".join([*lines, JSON_TYPE, *more, "", ""]).encode()


def read_head(head: bytes) -> tuple[int, int]:
    """Status and length of an answer."""
    length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
    return int(head[9:12]), int(length or 0)
