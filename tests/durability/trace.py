"""What a trace of the server's system calls tells about answers and the syncs they wait for.

A power cut keeps what was synced, so an answer may leave only when the sync is over that covers
what it acknowledges. Killing the process cannot show that, for the kernel still has the bytes.

Instants are line numbers of the trace: a call begins at the line where it is first told and ends
where its result is told, which may be later, on a line that says "resumed".
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

TRACED = "read,recvfrom,write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync"
# More than a page of the database and more than a request; the rest of a buffer is not shown.
SHOWN_BYTES = 8192
STRACE = f"exec strace -D -f -yy -s {SHOWN_BYTES} -e trace={TRACED}"

BEGUN = re.compile(r"(?P<thread>\d+) +(?P<name>\w+)\((?P<text>.*)")
RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<text>.*)")
UNFINISHED = "<unfinished ...>"
TARGET = re.compile(r"\d+<(.+?)>(?=\s*[,)])")
MARKER = re.compile(r"mark-\d+-\d+-end")

WAL = "milepost.db-wal"
RECEIVING = frozenset({"read", "recvfrom"})
SENDING = frozenset({"write", "writev", "sendto", "sendmsg"})
WRITING = frozenset({"pwrite64", "pwritev", "write", "writev"})
SYNCING = frozenset({"fsync", "fdatasync"})


class Call(NamedTuple):
    """One finished system call; ``target`` is the file or the connection it was made on."""

    name: str
    target: str
    text: str
    began: int
    ended: int


class Journey(NamedTuple):
    """One change on its way, in instants; ``synced`` is ``None`` when no sync covers it."""

    marker: str
    asked: int
    synced: int | None
    answered: int

    @property
    def is_early(self) -> bool:
        """Whether the answer left before the change was safe."""
        return self.synced is None or self.answered < self.synced


def calls_in(lines: Iterable[str]) -> Iterator[Call]:
    """The finished calls of a trace, in the order they ended."""
    pending: dict[tuple[str, str], tuple[int, str]] = {}
    for now, line in enumerate(lines):
        text = line.rstrip("\n")
        if found := RESUMED.match(text):
            began, before = pending.pop((found["thread"], found["name"]))
            whole = before.removesuffix(UNFINISHED) + found["text"]
        elif found := BEGUN.match(text):
            began, whole = now, found["text"]
            if whole.endswith(UNFINISHED):
                pending[found["thread"], found["name"]] = now, whole
                continue
        else:
            continue
        if target := TARGET.match(whole):
            yield Call(found["name"], target[1], whole, began, now)


def journeys(lines: Iterable[str]) -> list[Journey]:
    """The journey of every marked change that was answered with 200.

    A change is written when the log first has its marker, and covered by the first sync of the
    log that begins after that and succeeds. Its answer is the first on the connection its request
    came on.
    """
    asked: dict[str, Call] = {}
    written: dict[str, int] = {}
    syncs: list[Call] = []
    answers: dict[str, list[int]] = defaultdict(list)
    for call in calls_in(lines):
        if call.target.endswith(WAL):
            if call.name in WRITING:
                for marker in MARKER.findall(call.text):
                    written.setdefault(marker, call.ended)
            elif call.name in SYNCING and call.text.endswith(" = 0"):
                syncs.append(call)
        elif call.target.startswith("TCP"):
            if call.name in RECEIVING and (found := MARKER.search(call.text)):
                asked[found[0]] = call
            elif call.name in SENDING and "HTTP/1.1 200" in call.text:
                answers[call.target].append(call.began)
    # One group is committed at a time, here or beside, so the syncs are in order either way.
    begins = [sync.began for sync in syncs]
    found_journeys = []
    for marker, request in asked.items():
        leaving = answers[request.target]
        answered = leaving[bisect_right(leaving, request.ended)]
        covering = bisect_left(begins, written[marker]) if marker in written else len(syncs)
        synced = syncs[covering].ended if covering < len(syncs) else None
        found_journeys.append(Journey(marker, request.ended, synced, answered))
    return found_journeys
