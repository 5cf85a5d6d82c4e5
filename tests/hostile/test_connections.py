"""Several requests on one connection: each has its own answer, and no body is ever a request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hostile.raw import Heard, Peer, chunked, request
from tests.hostile.rows import (
    BROKEN,
    CHUNKED,
    EMPTY,
    GET,
    JSON_LINE,
    LARGE,
    LIST,
    MEDIA,
    NO_METHOD,
    NO_PATH,
    NO_SESSION,
    SESSION_LINE,
    TOKEN,
    UPDATE,
    filled,
    patch,
    plain_patch,
    read,
)
from tests.hostile.values import BODY
from tests.serving import SESSION_PATH, Caller, Server, basic, serving

LAST = b"Connection: close"
NOTE = b'{"spec":{"description":{"id":"%d","default_message":"","args":[]}}}'
OLD = b"GET " + GET + b" HTTP/1.0\r\n" + SESSION_LINE + b"\r\n\r\n"


def note(number: int) -> bytes:
    """A change that differs from the ones before."""
    return patch(body=NOTE % number)


HIDDEN = note(9)
INTO_NOTHING = request(b"POST", b"/nowhere", body=HIDDEN)
TYPELESS = request(b"PATCH", UPDATE, SESSION_LINE, body=b"a" * 100_000)
END = read(GET, LAST)


class Sequence(NamedTuple):
    """Requests sent in one go, what is told of each, and how often the task changes."""

    name: str
    data: bytes
    told: tuple[str, ...]
    changes: int = 0


# fmt: off
SEQUENCES = (
    Sequence("good bad good", note(1) + patch(body=b"{") + note(2) + END,
             ("200", "400 json.not_json", "200", "200"), 2),
    Sequence("bad path between", note(1) + read(b"/none") + note(2) + END,
             ("200", NO_PATH, "200", "200"), 2),
    Sequence("bad method between", note(1) + read(UPDATE, method=b"TRACE") + note(2) + END,
             ("200", NO_METHOD, "200", "200"), 2),
    Sequence("no session between", note(1) + request(b"GET", GET) + note(2) + END,
             ("200", NO_SESSION, "200", "200"), 2),
    Sequence("another type between", note(1) + TYPELESS + note(2) + END,
             ("200", MEDIA, "200", "200"), 2),
    Sequence("too large between", patch(body=EMPTY.ljust(BODY + 1)) + note(1) + END,
             (LARGE, "200", "200"), 1),
    Sequence("too large in chunks between",
             plain_patch(CHUNKED, tail=chunked(*[b" " * 60_000] * 20)) + note(1) + END,
             (LARGE, "200", "200"), 1),
    Sequence("a request in the body of a wrong path", INTO_NOTHING + END, (NO_PATH, "200")),
    Sequence("a request in the body of a GET",
             request(b"GET", GET, SESSION_LINE, body=HIDDEN) + END, ("200", "200")),
    Sequence("a request in a body without a session",
             request(b"PATCH", UPDATE, JSON_LINE, body=HIDDEN) + END, (NO_SESSION, "200")),
    Sequence("a request in chunks of a GET",
             read(GET, CHUNKED) + chunked(HIDDEN) + END, ("200", "200")),
    Sequence("a request in a chunk extension",
             plain_patch(CHUNKED, tail=b'b;x="GET / HTTP/1.1"\r\n' + EMPTY
                         + b"\r\n0\r\n\r\n") + END,
             ("200", "200")),
    Sequence("nothing after the last", note(1) + END + note(2), ("200", "200"), 1),
    Sequence("nothing after 1.0", note(1) + OLD + note(2), ("200", "200"), 1),
    Sequence("a length too short", patch(body=EMPTY + b"rubbish").replace(
        b"Content-Length: 18", b"Content-Length: 11"), ("200",)),
    Sequence("50 in a row", b"".join(note(number) for number in range(50)) + END,
             ("200",) * 51, 50),
    Sequence("200 refusals in a row", request(b"GET", LIST) * 200 + END,
             (NO_SESSION,) * 200 + ("200",)),
    Sequence("newlines between", note(1) + b"\r\n\r\n" + note(2) + b"\r\n" + END,
             ("200", "200", "200"), 2),
)

# Odd, but in order: these are served. The first answer, after any interim one.
ODD = {
    "HTTP/1.0 without a host": OLD,
    "another host": read(b"http://elsewhere" + GET),
    "100 headers": read(GET, *[b"X-%d: a" % number for number in range(98)]),
    "63 KiB of headers": read(GET, b"X: " + b"a" * 63 * 1024),
    "an empty header": read(GET, b"X:"),
    "a header in Latin-1": read(GET, b"X: \xff\xfe"),
    "blank lines before": b"\r\n\r\n" + read(GET),
    "an expectation": patch(b"Expect: 100-continue", body=EMPTY),
    "an unknown expectation": read(GET, b"Expect: wonders"),
    "chunk extensions": plain_patch(CHUNKED, tail=b'b;a="b";c\r\n' + EMPTY + b"\r\n0;x\r\n\r\n"),
    "a trailer that says nothing": plain_patch(CHUNKED, tail=chunked(EMPTY)[:-2] + b"X: a\r\n\r\n"),
    "zeros before the length": plain_patch(b"Content-Length: 00011", tail=EMPTY),
    "an upgrade of a GET": read(GET, b"Upgrade: h2c", b"Connection: Upgrade"),
    "an upgrade of a PATCH": patch(b"Upgrade: h2c", b"Connection: Upgrade", body=EMPTY),
    "a session beside a bad cookie": read(GET, b"Cookie: vmware-api-session-id=bad; ;;=;a"),
    "a session beside Basic": read(GET, b"Authorization: Basic !!!"),
}
# fmt: on


def hear_final(peer: Peer) -> Heard:
    heard = peer.hear()
    return peer.hear() if heard.status == 100 else heard


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file's own: its log must tell of no fault when it ends."""
    with serving(tmp_path_factory.mktemp("connections") / "data") as running:
        yield running


@pytest.mark.parametrize("case", SEQUENCES, ids=lambda case: case.name)
def test_requests_in_one_go(server: Server, admin: Caller, case: Sequence) -> None:
    task = admin.create(status="RUNNING")
    with Peer(server) as peer:
        peer.send(filled(case.data, admin.token, task))
        told = tuple(peer.hear().told for _ in case.told)
        assert told == case.told
        assert peer.rest() == b""
    assert admin.get(task).revision == 1 + case.changes


BREAKS = {
    "rubbish": b"\x00rubbish\r\n\r\n",
    "no version": b"GET /livez\r\n\r\n",
    "two lengths": patch(b"Content-Length: 5"),
    "length and chunks": plain_patch(CHUNKED, b"Content-Length: 5"),
    "101 headers": read(GET, *[b"X: a"] * 101),
    "a bad chunk": plain_patch(CHUNKED, tail=b"zz\r\n"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_nothing_counts_after_a_request_that_breaks_http(
    server: Server, admin: Caller, name: str
) -> None:
    """What came before may stay unanswered; what comes after never happens."""
    task = admin.create(status="RUNNING")
    with Peer(server) as peer:
        peer.send(filled(note(1) + BREAKS[name] + note(2), admin.token, task))
        told = []
        while (heard := peer.hear()).status:
            told.append(heard.told)
        assert told in ([], ["200"], [BROKEN], ["200", BROKEN])
    assert admin.get(task).revision <= 2


@pytest.mark.parametrize("name", ODD)
def test_odd_requests_are_served(server: Server, admin: Caller, name: str) -> None:
    task = admin.create(status="RUNNING")
    with Peer(server) as peer:
        peer.send(filled(ODD[name], admin.token, task))
        assert hear_final(peer).told == "200"


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
def test_the_body_of_an_upgrade_is_no_request(
    server: Server, admin: Caller, upgrade: bytes
) -> None:
    """A proxy takes these bytes for a body and lets them pass."""
    task = admin.create(status="RUNNING")
    hidden = filled(HIDDEN, admin.token, task)
    lines = (b"Upgrade: " + upgrade, b"Connection: Upgrade", b"Content-Length: %d" % len(hidden))
    with Peer(server) as peer:
        peer.send(request(b"GET", b"/livez", *lines))
        # The server has to see the headers alone; it answers a GET without waiting for a body.
        first = peer.hear()
        peer.send(hidden)
        time.sleep(0.2)
        peer.end_sending()
        rest = peer.rest()
    assert first.status in (200, 400)
    assert b" 200 " not in rest
    assert admin.get(task).revision == 1


def test_an_upgrade_with_a_body_that_comes_later_is_served(server: Server, admin: Caller) -> None:
    """The client of Java asks for h2c with every first request, whatever its method."""
    task = admin.create(status="RUNNING")
    body = NOTE % 1
    lines = (b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAEAAEAA")
    with Peer(server) as peer:
        head = plain_patch(*lines, b"Content-Length: %d" % len(body), tail=b"")
        peer.send(filled(head, admin.token, task))
        time.sleep(0.2)
        peer.send(body)
        assert peer.hear().told == "200"
    assert admin.get(task).revision == 2


SECRETS = (SESSION_LINE, b"Authorization: Bearer " + TOKEN, b"Cookie: a=" + TOKEN)


@pytest.mark.parametrize("line", SECRETS)
def test_a_refusal_does_not_repeat_a_secret(server: Server, admin: Caller, line: bytes) -> None:
    lines = (line, line) if line is not SESSION_LINE else (line,)
    with Peer(server) as peer:
        peer.send(filled(patch(*lines), admin.token, admin.create()))
        heard = peer.hear()
    assert heard.told == "400 http.repeated_header"
    assert admin.token.encode() not in heard.body


def test_a_peer_that_leaves_early_leaves_no_trace(tmp_path: Path) -> None:
    """The check is that of ``serving``: no fault in the log. A login takes long enough to leave."""
    with serving(tmp_path / "data") as server:
        for number in range(8):
            line = basic(f"nobody-{number}", "wrong")["Authorization"].encode()
            slow = request(b"POST", SESSION_PATH.encode(), b"Authorization: " + line)
            with Peer(server) as peer:
                peer.send(slow + request(b"GET", b"/livez") * 3)
        for number in range(2):
            with server.caller() as caller:
                task = caller.create(status="RUNNING")
                with Peer(server) as peer:
                    peer.send(filled(note(number) * 3, caller.token, task))
        assert server.call("GET", "/livez").status == 200
