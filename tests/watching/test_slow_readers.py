"""Watchers that never read are cut off, hold little, and nobody else is held up by them."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from tests.events import PATH, Events
from tests.hostile.starting import hasty
from tests.hostile.test_table import resident
from tests.serving import Server, eventually, text

SILENT = 30
CHANGES = 120
LARGE = 60_000
ROOM = 40 * 1024
"""KiB that the server may grow by; all that happens, for all of them, would be 500 MiB."""


def sockets(server: Server) -> int:
    """How many it has. Files of the store come and go by themselves."""
    found = 0
    for descriptor in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += str(descriptor.readlink()).startswith("socket:")
    return found


def silent(server: Server, token: str) -> socket.socket:
    """A watcher that has asked and will never read, with a small window."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect((server.host, server.port))
    lines = [f"GET {PATH} HTTP/1.1", "Host: here", f"Authorization: Bearer {token}", "", ""]
    peer.sendall("\r\n".join(lines).encode())
    return peer


@pytest.mark.timeout(180)
def test_watchers_that_never_read_are_cut_off(tmp_path: Path) -> None:
    limits = {"body": 1.0, "closing": 0.5}
    with (
        hasty(tmp_path, limits, watch_memory=str(1024 * 1024), watch_heartbeat="1") as server,
        server.caller() as caller,
        Events(server, caller.token) as quick,
    ):
        task = caller.create(status="RUNNING")
        quick.changes(1)
        before, room = sockets(server), resident(server)
        peers = [silent(server, caller.token) for _ in range(SILENT)]
        for _ in eventually("they are there"):
            if sockets(server) >= before + SILENT:
                break
        for number in range(CHANGES):
            words = f"{number} " + "x" * LARGE
            assert caller.patch(task, {"description": text(words)}).status == 200
            assert quick.changes(1)[0].task == (task, number + 2)
        for _ in eventually("the silent ones are cut off"):
            if sockets(server) <= before:
                break
        assert resident(server) - room < ROOM
        for peer in peers:
            peer.close()


def test_a_watcher_that_reads_too_slowly_is_told_so_and_resumes(tmp_path: Path) -> None:
    """It reads on when much more has happened than is held for it."""
    with (
        hasty(tmp_path, {"body": 60.0}, watch_memory="100000", watch_heartbeat="1") as server,
        server.caller() as caller,
        Events(server, caller.token) as slow,
        Events(server, caller.token) as quick,
    ):
        task = caller.create(status="RUNNING")
        slow.changes(1)
        quick.changes(1)
        # More than the kernels and one buffer hold for a reader that does not read.
        for number in range(CHANGES):
            words = f"{number} " + "x" * LARGE
            assert caller.patch(task, {"description": text(words)}).status == 200
            assert quick.changes(1)[0].task == (task, number + 2)
        told = slow.until(lambda told: told.kind == "end")
        assert told[-1].data["type"] == "urn:milepost:problem:watch.too_slow"
        revisions = [each.task[1] for each in told if each.kind == "message"]
        with Events(server, caller.token, last=slow.last) as again:
            revisions += [each.task[1] for each in again.changes(CHANGES - len(revisions))]
        assert revisions == list(range(2, CHANGES + 2))
