"""The committing process: it takes groups over a socket, commits them, and answers.

``python -m milepost.store.sqlite.committing DESCRIPTOR DIRECTORY SYNCHRONOUS`` is started by the
server, see ``beside``. It ends when its socket does, so never before a group that has begun, and
holds a lock that the next server on the directory waits for.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO

from milepost.logs import configure
from milepost.store.sqlite import handover
from milepost.store.sqlite.connection import commit_lock
from milepost.store.sqlite.handover import LENGTH, READY, Reply, Verdict
from milepost.store.sqlite.rows import Row
from milepost.store.sqlite.writer import Writer
from milepost.store.sqlite.writing import Batch, write_group


def main() -> None:
    descriptor, directory, synchronous = sys.argv[1:]
    # A terminal or a supervisor tells all processes to end; the server says when it is time.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    configure("warning", "auto")
    place = Path(directory)
    with (
        socket.socket(fileno=int(descriptor)) as channel,
        commit_lock(place),
        contextlib.closing(Writer(place, synchronous)) as writer,
    ):
        serve(channel, writer)


def serve(channel: socket.socket, writer: Writer) -> None:
    """Commit groups until the server ends, or has gone."""
    with contextlib.suppress(ConnectionError), channel.makefile("rb") as frames:
        channel.sendall(handover.reply_frame(READY))
        while data := read_frame(frames):
            reply = committed(writer, *handover.read_group(data))
            channel.sendall(handover.reply_frame(reply))


def read_frame(frames: BinaryIO) -> bytes:
    """The next frame, empty at the end of all; half a frame is never committed."""
    head = frames.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return b""
    (size,) = LENGTH.unpack(head)
    data = frames.read(size)
    return data if len(data) == size else b""


def committed(writer: Writer, batch: Batch, kept: list[Row]) -> Reply:
    """Commit a group, and tell what came of it."""
    try:
        writer.attempt(partial(write_group, batch=batch, kept=kept))
    except sqlite3.OperationalError as fault:
        writer.disconnect()
        return Reply(Verdict.UNAVAILABLE, str(fault))
    except Exception as fault:  # noqa: BLE001  the server finds out whose it is
        return Reply(Verdict.AT_FAULT, str(fault))
    return Reply(Verdict.DONE)


if __name__ == "__main__":
    main()
