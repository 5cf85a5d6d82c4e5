"""What the clients make of a service that is away, busy, garbled or breaks off."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from milepost import Away, Client, Refused, Status
from milepost.client import exchange
from milepost.client.errors import Busy, Garbled, NotFound, Unauthenticated
from tests.client.peers import answers, hangs, nobody, peer, sends
from tests.client.twins import NAMES, TWINS

TASK = json.dumps(
    {
        "id": "t1",
        "revision": 3,
        "service": "s",
        "operation": "op",
        "status": "RUNNING",
        "cancelable": True,
        "principal": "p",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "a_member_of_a_later_service": [1],
    }
).encode()
EVENT = b'{"task": %b, "changes": [], "principal": "p", "at": "2026-01-01T00:00:00Z"}' % TASK
GOOD = answers(200, TASK)
BROKEN = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
BUSY = answers(503, b"", Retry_After="0")
BAD = {
    "silent": sends(b""),
    "broken": BROKEN,
    "nonsense": sends(b"nonsense\r\n\r\n"),
    "busy": BUSY,
}
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

pytestmark = pytest.mark.parametrize("twin", TWINS, ids=NAMES)


def test_nobody_listens(twin: type[Client]) -> None:
    with twin(nobody(), token="t", retry_seconds=0) as client:
        with pytest.raises(Away, match="http://127") as caught:
            client.get("x")
        assert caught.value.sent is False


@pytest.mark.parametrize("how", BAD)
def test_what_is_repeatable_is_sent_again(twin: type[Client], how: str) -> None:
    acts = (BAD[how], BAD[how], GOOD)
    with peer(*acts) as there, twin(there.url, token="t") as client:
        assert client.get("t1").status is Status.RUNNING
        assert len(there.heard) == 3
    with peer(*acts) as there, twin(there.url, token="t") as client:
        client.create("op")
        keys = {line for one in there.heard for line in one.split(b"\r\n") if b"idemp" in line}
        assert (len(there.heard), len(keys)) == (3, 1)


def test_what_is_not_repeatable_is_sent_once(twin: type[Client]) -> None:
    for bad, fault in ((BROKEN, Away), (BUSY, Busy)):
        with peer(bad, GOOD) as there, twin(there.url, token="t") as client:
            with pytest.raises(fault):
                client.update("t1", if_revision=2, status="RUNNING")
            assert len(there.heard) == 1


def test_what_was_not_looked_at_is_sent_again(twin: type[Client]) -> None:
    with peer(answers(429, b""), GOOD) as there, twin(there.url, token="t") as client:
        client.update("t1", if_revision=2, status="RUNNING")
        assert len(there.heard) == 2


def test_the_service_says_when_to_come_back(twin: type[Client]) -> None:
    """Sooner than it says is not tried, and what is later than the patience is the answer."""
    late = answers(503, b"", Retry_After="3600")
    with peer(late) as there, twin(there.url, token="t") as client:
        with pytest.raises(Busy) as caught:
            client.get("x")
        assert (caught.value.retry_after, len(there.heard)) == (3600, 1)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"\xff"])
def test_an_answer_of_someone_else(twin: type[Client], body: bytes) -> None:
    with peer(answers(200, body)) as there, twin(there.url, token="t") as client:
        with pytest.raises(Garbled):
            client.get("x")
        assert len(there.heard) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error_type": 1}'])
def test_a_refusal_of_someone_else(twin: type[Client], body: bytes) -> None:
    with peer(answers(404, body)) as there, twin(there.url, token="t") as client:
        with pytest.raises(NotFound) as caught:
            client.get("x")
        refused = caught.value
        assert (refused.error, refused.message) == ("UNKNOWN", body.decode())
        assert (refused.reason, refused.field, refused.revision) == ("", None, None)
    with (
        peer(answers(418, b"")) as there,
        twin(there.url, token="t") as client,
        pytest.raises(Refused, match="HTTP 418"),
    ):
        client.get("x")


def test_a_service_that_says_nothing(twin: type[Client]) -> None:
    over = threading.Event()
    with peer(hangs(over)) as there:
        with twin(there.url, token="t", timeout=0.1, retry_seconds=0) as client:
            with pytest.raises(Away) as caught:
                client.get("x")
            assert caught.value.sent is True
        over.set()


def test_an_answer_that_drips_or_never_ends(
    twin: type[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def drips(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while not over.wait(0.02):
            connection.sendall(b" ")

    with peer(drips) as there:
        with (
            twin(there.url, token="t", timeout=0.2, retry_seconds=0) as client,
            pytest.raises(Away, match="did not end in time"),
        ):
            client.get("x")
        over.set()
    monkeypatch.setattr(exchange, "MOST_BYTES", 100)
    with (
        peer(answers(200, b"x" * 1000)) as there,
        twin(there.url, token="t") as client,
        pytest.raises(Garbled, match="larger than 100 bytes"),
    ):
        client.get("x")


def test_a_session_that_ends_at_once_is_not_begun_for_ever(twin: type[Client]) -> None:
    """One login more is tried, not one after another."""
    log_in, no = answers(201, b'"token"'), answers(401, b"")
    with peer(log_in, no, log_in, no) as there:
        with twin(there.url, user="u", password="p") as client, pytest.raises(Unauthenticated):
            client.get("x")
        assert len([one for one in there.heard if one.startswith(b"POST /api/session")]) == 2


def test_closing_while_the_service_is_away(twin: type[Client]) -> None:
    with peer(answers(201, b'"token"'), GOOD) as there:
        client = twin(there.url, user="u", password="p", retry_seconds=0).__enter__()
        client.get("t1")
    client.__exit__(None, None, None)


def test_a_watch_goes_on_behind_what_it_has_seen(twin: type[Client]) -> None:
    """After a break, after an end, and after a service that was away for a while."""
    bookmark = b'event: bookmark\nid: 7\ndata: {"position":7}\n\n'
    told = b"id: 9\ndata: " + EVENT + b"\n\n: a sign of life\n\n"
    cut = b"id: 10\ndata: " + EVENT[:20]
    end = b'event: end\nid: 11\ndata: {"error_type": "SERVICE_UNAVAILABLE", "status": 503}\n\n'
    script = (
        sends(STREAM + bookmark),
        sends(b""),
        sends(STREAM + told + cut),
        sends(STREAM + end),
        sends(STREAM + b"id: 12\ndata: " + EVENT + b"\n\n"),
    )
    with peer(*script) as there, twin(there.url, token="t") as client:
        events = client.watch(status=["RUNNING", "FAILED"])
        assert [next(events).position for _ in range(2)] == [9, 12]
        events.close()  # type: ignore[attr-defined]
    asked = [
        next((line for line in one.split(b"\r\n") if line.lower().startswith(b"last-ev")), b"")
        for one in there.heard
    ]
    places = [line.rpartition(b" ")[2] for line in asked]
    assert places == [b"", b"7", b"7", b"9", b"11"]
    assert b"GET /v1/events?status=RUNNING&status=FAILED " in there.heard[0]


def test_a_watch_ends_with_a_token_that_ends(twin: type[Client]) -> None:
    end = b'event: end\nid: 3\ndata: {"error_type": "UNAUTHENTICATED", "status": 401}\n\n'
    with peer(sends(STREAM + end)) as there, twin(there.url, token="t") as client:
        with pytest.raises(Unauthenticated):
            next(client.watch())
        assert len(there.heard) == 1


def test_a_watch_of_something_else_is_told(twin: type[Client]) -> None:
    rubbish = sends(STREAM + b"data: {}\n\n")
    for bad, fault in ((GOOD, Away), (answers(404, b""), NotFound), (rubbish, Garbled)):
        with (
            peer(bad) as there,
            twin(there.url, token="t", retry_seconds=0) as client,
            pytest.raises(fault),
        ):
            next(client.watch())


def test_a_watch_that_never_began_does_not_wait_for_ever(twin: type[Client]) -> None:
    with twin(nobody(), token="t", retry_seconds=0) as client, pytest.raises(Away):
        next(client.watch())
