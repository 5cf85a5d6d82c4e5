"""Recorders: watchers that note all they are told, lose their connection, and come back.

They are many, so they share one event loop in a thread, and read a stream with as little work as
will do: the id of each event, and of a change the task and its revision.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.events import PATH
from tests.serving import Server

CHANGE = re.compile(rb'id: (\d+)\ndata: \{"task":\{"id":"([^"]+)","revision":(\d+),')
IDENT = re.compile(rb"^id: (\d+)$", re.MULTILINE)
ENDED = re.compile(rb"^event: end$", re.MULTILINE)
PAUSE = 0.02
TURNS = 6000


class Noted(NamedTuple):
    """A change as it was told."""

    position: int
    task_id: str
    revision: int


class Place:
    """Where the server is now; it may move."""

    def __init__(self, server: Server, token: str) -> None:
        self.move(server)
        self.token = token

    def move(self, server: Server) -> None:
        self.address = server.host, server.port


class Recorder:
    """One watcher. It cuts its own connection after so many bytes, again and again.

    ``noted`` is all that it was told, ``last`` the last id, and ``breaks`` how often it has come
    back. With ``last`` ``None`` it begins at the beginning.
    """

    def __init__(
        self, place: Place, query: str = "", *, cuts: Sequence[int] = (), token: str | None = None
    ) -> None:
        self.noted: list[Noted] = []
        self.last = 0
        self.breaks = 0
        self.endings = 0
        self.refused: list[bytes] = []
        self._place = place
        self._query = query
        self._token = token
        self._cuts = list(cuts)
        self._text = b""

    async def record(self) -> None:
        """Watch until cancelled."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._watch()
            self.breaks += 1
            await asyncio.sleep(PAUSE)

    async def _watch(self) -> None:
        reader, writer = await asyncio.open_connection(*self._place.address)
        try:
            token = self._token or self._place.token
            lines = [f"GET {PATH}?{self._query} HTTP/1.1", "Host: here"]
            lines += [f"Authorization: Bearer {token}", f"Last-Event-ID: {self.last}", "", ""]
            writer.write("\r\n".join(lines).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                self.refused.append(head)
                return
            await self._read(reader, self._cuts.pop(0) if self._cuts else None)
        finally:
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, left: int | None) -> None:
        self._text = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            if left is not None and left < size:
                # The rest of it is lost on the way.
                self._take(await reader.readexactly(left))
                return
            self._take(await reader.readexactly(size))
            await reader.readexactly(2)
            left = None if left is None else left - size

    def _take(self, data: bytes) -> None:
        """Note what is whole; the rest waits."""
        whole, mark, rest = (self._text + data).rpartition(b"\n\n")
        self._text = rest
        whole += mark
        for position, task_id, revision in CHANGE.findall(whole):
            self.noted.append(Noted(int(position), task_id.decode(), int(revision)))
        for ident in IDENT.findall(whole):
            self.last = int(ident)
        self.endings += len(ENDED.findall(whole))


class Recording:
    """Some recorders at work in a thread of their own."""

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self.recorders = recorders
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def until(self, done: Callable[[Recorder], bool], says: str) -> None:
        """Wait until it is so of every recorder."""

        async def wait() -> list[int]:
            missing = []
            for _ in range(TURNS):
                missing = [each.last for each in self.recorders if not done(each)]
                if not missing:
                    break
                await asyncio.sleep(PAUSE)
            return missing

        missing = asyncio.run_coroutine_threadsafe(wait(), self._loop).result()
        assert not missing, f"it never came true: {says}; they are at {missing}"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        tasks = [
            asyncio.run_coroutine_threadsafe(each.record(), self._loop) for each in self.recorders
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
