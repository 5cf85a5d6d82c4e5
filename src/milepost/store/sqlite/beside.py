"""Commits in a process of their own, beside the server's.

Python runs one thread at a time, so a thread that commits and the event loop hold each other up.
While a server is busy its groups go to a process that does nothing else. It only ever gets whole
groups of finished rows; what is out of the ordinary is done in the server's own process: a job, a
group with a row at fault, a very large one, and all while the committing process is not there.

There is no such process before the first large group, and none where a socket cannot be handed to
another process (on Windows).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Literal

from milepost.logs import logger
from milepost.store.base import Unavailable
from milepost.store.sqlite import handover
from milepost.store.sqlite.handover import LENGTH, READY, Reply, Verdict
from milepost.store.sqlite.rows import Row
from milepost.store.sqlite.writing import Batch

COMMAND = (sys.executable, "-P", "-m", "milepost.store.sqlite.committing")
IS_POSSIBLE = os.name == "posix" and bool(sys.executable)
BUSY = 8
"""Changes in a group that show that clients wait for each other."""
LARGEST_SENT = 1024 * 1024
"""Characters of a group; to hand over more would hold up the event loop."""
START_SECONDS = 30
START_AGAIN_SECONDS = 30
END_SECONDS = 10
REPLY_BYTES = 64 * 1024

CommitProcess = Literal["auto", "always", "never"]
"""When groups are committed in a process of their own: when the server is busy, always, never."""

log = logger(__name__)


class Fate(Enum):
    """What became of a group: durable, as if it had never been asked for, or nobody knows."""

    DONE = "done"
    NOT_BEGUN = "not begun"
    UNKNOWN = "unknown"


class Channel:
    """A committing process that runs, and the socket to it."""

    def __init__(self, process: subprocess.Popen[bytes], ours: socket.socket) -> None:
        self._process = process
        self._socket = ours
        self._read = b""

    async def ask(self, frame: bytes) -> Reply:
        """Hand a group over. Raises ``OSError`` and ``EOFError`` when the process has gone."""
        await self._send(frame)
        return await self.reply()

    async def reply(self) -> Reply:
        """The next reply. Raises ``OSError`` and ``EOFError`` when the process has gone."""
        (size,) = LENGTH.unpack(await self._receive(LENGTH.size))
        return handover.decode_reply(await self._receive(size))

    async def end(self, *, at_once: bool = False) -> int:
        """Let the process end, and see that it has; its exit code, or minus a signal."""
        self._socket.close()
        return await asyncio.to_thread(self._wait, 0 if at_once else END_SECONDS)

    async def _send(self, frame: bytes) -> None:
        # Most frames leave with one call, which costs less than to ask the loop to do it.
        sent = 0
        with contextlib.suppress(BlockingIOError):
            sent = self._socket.send(frame)
        if sent < len(frame):
            await asyncio.get_running_loop().sock_sendall(self._socket, memoryview(frame)[sent:])

    async def _receive(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        while len(self._read) < size:
            more = await loop.sock_recv(self._socket, REPLY_BYTES)
            if not more:
                raise EOFError("it has ended")
            self._read += more
        data, self._read = self._read[:size], self._read[size:]
        return data

    def _wait(self, seconds: float) -> int:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        self._process.kill()
        return self._process.wait()


class Beside:
    """The committing process of a store: started when it is of use, and again when it has gone.

    It is of use when groups are large; if it is to be used ``always``, already the first change
    waits for its start. One group is given at a time.
    """

    def __init__(self, directory: Path, synchronous: str, *, always: bool) -> None:
        self._directory = directory
        self._synchronous = synchronous
        self._always = always
        self._channel: Channel | None = None
        self._starting: asyncio.Task[None] | None = None
        self._next_start = 0.0

    async def commit(self, batch: Batch, kept: list[Row], size: int) -> Fate:
        """Have a group of so many characters committed. Raises ``Unavailable``."""
        if self._channel is None:
            await self._start_when_busy(len(batch.events))
        channel = self._channel
        if channel is None or size > LARGEST_SENT:
            return Fate.NOT_BEGUN
        try:
            frame = handover.group_frame(batch, kept)
        except (UnicodeEncodeError, OverflowError):
            return Fate.NOT_BEGUN
        try:
            verdict, text = await channel.ask(frame)
        except (OSError, EOFError) as fault:
            await self._lose(channel, fault)
            return Fate.UNKNOWN
        if verdict is Verdict.UNAVAILABLE:
            raise Unavailable(text)
        return Fate.DONE if verdict is Verdict.DONE else Fate.NOT_BEGUN

    async def close(self) -> None:
        """Let the process end, after what it has begun."""
        if self._starting is not None:
            await self._starting
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.end()

    async def _start_when_busy(self, changes: int) -> None:
        loop = asyncio.get_running_loop()
        is_wanted = self._always or changes >= BUSY
        if is_wanted and self._starting is None and loop.time() >= self._next_start:
            self._next_start = loop.time() + START_AGAIN_SECONDS
            self._starting = loop.create_task(self._start())
        if self._always and self._starting is not None:
            await self._starting

    async def _start(self) -> None:
        try:
            self._channel = await started(self._directory, self._synchronous)
        except (OSError, EOFError, TimeoutError) as fault:
            log.warning("the committing process does not start", reason=str(fault))
        finally:
            self._starting = None

    async def _lose(self, channel: Channel, fault: Exception) -> None:
        """The process has gone: see that it has, so that nothing is written any more."""
        self._channel = None
        code = await channel.end(at_once=True)
        log.warning("the committing process has gone", reason=str(fault), exit_code=code)


def beside_of(directory: Path, synchronous: str, when: CommitProcess) -> Beside | None:
    """The committing process that a store may have, not yet started."""
    if when == "never" or not IS_POSSIBLE:
        return None
    return Beside(directory, synchronous, always=when == "always")


async def started(directory: Path, synchronous: str) -> Channel:
    """A process that is ready. Raises ``OSError``, ``EOFError`` and ``TimeoutError``."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003  its only argument
    command = [*COMMAND, str(theirs.fileno()), str(directory), synchronous]
    with theirs:
        try:
            process = await asyncio.to_thread(spawned, command, theirs.fileno())
        except OSError:
            ours.close()
            raise
    channel = Channel(process, ours)
    try:
        if await asyncio.wait_for(channel.reply(), START_SECONDS) != READY:
            raise EOFError("it says something else than that it is ready")
    except BaseException:
        await channel.end(at_once=True)
        raise
    return channel


def spawned(command: list[str], descriptor: int) -> subprocess.Popen[bytes]:
    """A process that has a descriptor, and the place where ours logs."""
    nothing = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603  our own program
        command, stdin=nothing, stdout=nothing, pass_fds=[descriptor]
    )
