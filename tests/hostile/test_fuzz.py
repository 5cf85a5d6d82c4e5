"""Thousands of good requests with something broken in them, from a few connections.

Whatever is sent: no 5xx, no hang, no trace in the log, and a store that fits together afterwards.
The dice are seeded. The server's deadlines are short, as many of the requests are never whole.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.raw import Peer, request
from tests.hostile.rows import (
    API_CREATE,
    API_GET,
    API_LIST,
    API_LOGIN,
    API_UPDATE,
    CREATE,
    GET,
    JSON_LINE,
    LIST,
    LOGIN,
    SESSION_LINE,
    TASK,
    UPDATE,
    filled,
)
from tests.hostile.starting import hasty
from tests.serving import ADMINISTRATOR, PASSWORD, Server, basic, progress

SEED = int(os.environ.get("MILEPOST_FUZZ_SEED", "20150101"))
REQUESTS = 3000
CONNECTIONS = 6
LIMITS = {"head": 0.3, "body": 0.3, "closing": 0.5}
FULL = (
    b'{"spec":{"status":"RUNNING","percent_done":{"total":100,"completed":7,"message":{"id":"m",'
    b'"default_message":"Copied 7","args":["7"],"params":[{"key":"n","value":{"i":7,"d":0.5,'
    b'"precision":2,"l":{"id":"in","params":[{"key":"t","value":{"dt":"2015-01-01T22:13:05.651Z",'
    b'"format":"MED_DATE"}}]}}}]}},"description":{"id":"d","default_message":"Backup","args":[],'
    b'"localized":"Sicherung"},"result":{"a":[1,-2.5e3,null,true,"\\u00e9\\n"],"b":{}},'
    b'"start_time":"2015-01-01T10:00:00.000+01:00"}}'
)
END = (
    b'{"spec":{"status":"FAILED","error":{"type":"com.vmware.vapi.std.errors.not_found","value":'
    b'{"messages":[{"id":"e","default_message":"Gone","args":[]}],"data":{"x":1}}},'
    b'"end_time":"2015-01-01T11:00:00Z"}}'
)
NEW = (
    b'{"spec":{"operation_id":"com.acme.run","cancelable":true,"target":{"type":"Folder",'
    b'"id":"group-d1"},"user":"ada","status":"PENDING","parent_task":"@PARENT@"}}'
)
QUERY = (
    b"?filter_spec.tasks=%b&filter_spec.status=RUNNING&filter_spec.targets=Folder:group-d1" % TASK
)
BASIC = basic(ADMINISTRATOR, PASSWORD)["Authorization"].encode()


def with_body(method: bytes, target: bytes, body: bytes) -> bytes:
    return request(method, target, SESSION_LINE, JSON_LINE, body=body)


BARE = b'{"status":"RUNNING","description":{"id":"d","default_message":"Backup","args":["7"],'
BARE += b'"params":{"n":{"i":7,"l":{"id":"in","params":{"t":{"dt":"2015-01-01T22:13:05Z"}}}}}}}'
RECORDED = (
    *[with_body(b"PATCH", UPDATE, FULL)] * 4,
    with_body(b"PATCH", UPDATE, END),
    with_body(b"PATCH", UPDATE, b'{"spec":{}}'),
    *[with_body(b"POST", CREATE, NEW.replace(b"@PARENT@", TASK))] * 2,
    request(b"GET", GET + b"?spec.exclude_result=true&spec.return_all=false", SESSION_LINE),
    request(b"GET", LIST + QUERY, SESSION_LINE, b"Accept: application/json"),
    request(b"POST", GET + b"?action=cancel", SESSION_LINE, JSON_LINE, body=b"{}"),
    request(b"POST", LOGIN + b"?~action=get", SESSION_LINE, b"Cookie: a=1; b=2"),
    request(b"GET", b"/readyz"),
    with_body(b"PATCH", API_UPDATE, BARE),
    with_body(b"POST", API_CREATE, b'{"operation_id":"com.acme.run","cancelable":true}'),
    request(
        b"GET", API_LIST + b"?tasks=%b&status=RUNNING&exclude_result=true" % TASK, SESSION_LINE
    ),
    request(b"POST", API_GET + b"?action=cancel", SESSION_LINE),
    request(b"GET", API_LOGIN, SESSION_LINE),
)
ORIGINALS = (*RECORDED * 4, request(b"POST", LOGIN, b"Authorization: " + BASIC, JSON_LINE))

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
NUMBERS = (
    *(b"-1", b"0", b"-0", b"1e309", b"1.5", b"9223372036854775807", b"9223372036854775808"),
    *(b"NaN", b"01", b"1e5", b"null", b'"7"', b"9" * 5000, b"-9223372036854775809", b"[]"),
)
MARKS = (b'"', b"'", b"[", b"]", b"{", b"}", b",", b":", b"\\", b"\\u0000", b"\\ud800", b"/*")
RUBBISH = (
    *(b"\x00", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"%00", b"%ff", b"%", b"&", b"=", b" ", b"\t"),
    *(b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"a" * 70_000, b"../", b"#", b"?"),
)
LINES = (
    *(b"Content-Length: 5", b"Content-Length: -1", b"Transfer-Encoding: chunked", b"Host: b"),
    *(
        b"Content-Type: text/plain",
        b"Expect: 100-continue",
        b"Connection: close",
        b"X: " + b"a" * 999,
    ),
    *(b"Connection: Upgrade\r\nUpgrade: h2c", b"Cookie: vmware-api-session-id=x", b" folded", b":"),
    *(b"Content-Encoding: gzip", b"Trailer: X", b"Range: bytes=0-", b"If-Match: *", b"Host:"),
)

Mutation = Callable[[random.Random, bytes], bytes]


def cut(dice: random.Random, data: bytes, most: int = 40) -> tuple[int, int]:
    start = dice.randrange(len(data) + 1)
    return start, min(len(data), start + dice.randint(1, most))


def flip(dice: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8))):
        if changed:
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def delete(dice: random.Random, data: bytes) -> bytes:
    start, end = cut(dice, data)
    return data[:start] + data[end:]


def double(dice: random.Random, data: bytes) -> bytes:
    start, end = cut(dice, data, 200)
    return data[:end] + data[start:end] * dice.choice((1, 1, 2, 300)) + data[end:]


def splice(dice: random.Random, data: bytes) -> bytes:
    other = dice.choice(RECORDED)
    start, end = cut(dice, data)
    first, last = cut(dice, other, 300)
    return data[:start] + other[first:last] + data[end:]


def insert(dice: random.Random, data: bytes) -> bytes:
    start = dice.randrange(len(data) + 1)
    return data[:start] + dice.choice(MARKS + RUBBISH) + data[start:]


def renumber(dice: random.Random, data: bytes) -> bytes:
    found = list(NUMBER.finditer(data))
    if not found:
        return flip(dice, data)
    place = dice.choice(found)
    return data[: place.start()] + dice.choice(NUMBERS) + data[place.end() :]


def remark(dice: random.Random, data: bytes) -> bytes:
    places = [place for place, byte in enumerate(data) if byte in b"\"'[]{},:\\"]
    if not places:
        return insert(dice, data)
    place = dice.choice(places)
    return data[:place] + dice.choice((*MARKS, b"")) + data[place + 1 :]


def reline(dice: random.Random, data: bytes) -> bytes:
    """Another line among the lines, a line twice, one less, or two that have changed places."""
    lines = data.split(b"\r\n")
    place = dice.randrange(len(lines))
    turn = dice.randrange(4)
    if turn == 0:
        lines.insert(place, dice.choice(LINES))
    elif turn == 1:
        lines.insert(place, lines[place])
    elif turn == 2:
        del lines[place]
    else:
        other = dice.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    return b"\r\n".join(lines)


OF_BODIES: tuple[Mutation, ...] = (flip, delete, double, splice, insert, renumber, remark)
OF_HEADS: tuple[Mutation, ...] = (*OF_BODIES, reline, reline, reline)


def mutated(dice: random.Random, data: bytes) -> bytes:
    """A request with a few things changed; mostly its length is right again afterwards."""
    head, gap, body = data.partition(b"\r\n\r\n")
    for _ in range(dice.choice((1, 1, 2, 4))):
        if body and dice.random() < 0.7:
            body = dice.choice(OF_BODIES)(dice, body)
        else:
            head = dice.choice(OF_HEADS)(dice, head)
    if dice.random() < 0.9:
        length = b"Content-Length: %d" % len(body)
        head = re.sub(rb"Content-Length: \d+", length, head, count=1)
    return head + gap + body


class Fuzz:
    """One connection's share of the work."""

    def __init__(self, server: Server, token: str, tasks: list[str]) -> None:
        self._server = server
        self._token = token
        self._tasks = tasks

    def run(self, number: int) -> Counter[int]:
        """How often each status came; 0 is a closed connection."""
        dice = random.Random(SEED + number)  # noqa: S311  a test's dice
        found: Counter[int] = Counter()
        peer = Peer(self._server)
        for _ in range(REQUESTS // CONNECTIONS):
            good = filled(dice.choice(ORIGINALS), self._token, dice.choice(self._tasks))
            data = mutated(dice, good)
            if peer.lost:
                peer.close()
                peer = Peer(self._server)
            peer.send(data)
            try:
                heard = peer.hear(head_only=data.startswith(b"HEAD"))
            except TimeoutError:
                raise AssertionError(f"no answer to {data!r}") from None
            assert heard.status < 500, (data, heard)
            if heard.status >= 400 and heard.body:
                assert heard.told, data
            found[heard.status] += 1
        peer.close()
        return found


def assert_consistent(data: Path) -> tuple[int, int]:
    """The database fits together; the answer is how many tasks and events there are."""
    with contextlib.closing(sqlite3.connect(f"file:{data}/milepost.db?mode=ro", uri=True)) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        revisions = dict(base.execute("SELECT id, revision FROM tasks").fetchall())
        told = dict(
            base.execute("SELECT task_id, count(*) FROM events GROUP BY task_id").fetchall()
        )
        last = dict(
            base.execute("SELECT task_id, max(revision) FROM events GROUP BY task_id").fetchall()
        )
    assert revisions == told == last
    return len(revisions), sum(told.values())


@pytest.mark.timeout(240)
def test_broken_requests_break_nothing(tmp_path: Path) -> None:
    with hasty(tmp_path, LIMITS) as server:
        with server.caller() as caller:
            tasks = [
                caller.create(status="RUNNING", percent_done=progress(1, 100)) for _ in range(40)
            ]
            token = caller.token
        fuzz = Fuzz(server, token, tasks)
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
            found = sum(threads.map(fuzz.run, range(CONNECTIONS)), Counter[int]())
        # The dice have power: enough is accepted, refused for many reasons, and cut off.
        assert found.total() == REQUESTS // CONNECTIONS * CONNECTIONS
        assert all(found[status] > 20 for status in (200, 400, 404)), found
        with server.caller() as caller:
            alive = caller.create(status="RUNNING")
            assert caller.patch(alive, {"status": "SUCCEEDED"}).revision == 2
            assert caller.get(alive).value["status"] == "SUCCEEDED"
    tasks_there, events = assert_consistent(server.data)
    assert tasks_there > len(tasks)
    assert events > tasks_there
    print(f"seed {SEED}: {dict(found)}; {tasks_there} tasks, {events} events")  # noqa: T201
