"""``GET /v1/events`` on the real server: what is told, to whom, from where on, and until when."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.events import PATH, Events, Told
from tests.hostile.raw import PATIENCE, Peer, request
from tests.ownership.people import disable, passwd
from tests.serving import (
    ADMINISTRATOR,
    PASSWORD,
    PEOPLE,
    SESSION,
    Caller,
    Reply,
    Server,
    add_people,
    eventually,
    failure,
    progress,
    serving,
    text,
)

SOON = 5.0
"""Seconds in which a stream ends with its session. It takes two at most when nothing else runs."""


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that gives a sign of life every second."""
    data = tmp_path_factory.mktemp("lively") / "data"
    add_people(data, PEOPLE)
    with serving(data, watch_heartbeat="1") as server:
        yield server


@pytest.fixture
def admin(lively: Server) -> Iterator[Caller]:
    with lively.caller() as caller:
        yield caller


def events(caller: Caller, query: str = "", last: int | None = None) -> Events:
    stream = Events(caller.server, caller.token, query, last=last)
    assert stream.status == 200, stream.head
    return stream


def problem(server: Server, token: str, query: str = "", last: str | None = None) -> Any:
    """Status and reason of a stream that is refused."""
    headers = {SESSION: token} | ({} if last is None else {"Last-Event-ID": last})
    reply: Reply = server.call("GET", f"{PATH}?{query}", None, headers)
    assert reply.headers["content-type"] == "application/problem+json"
    told = json.loads(reply.body)
    assert told["status"] == reply.status
    return reply.status, told["messages"][0]["id"]


def test_the_head_of_a_stream_and_its_beginning(admin: Caller) -> None:
    with events(admin) as stream:
        assert "\r\ncontent-type: text/event-stream" in stream.head
        assert "\r\ncache-control: no-store" in stream.head
        first = stream.next()
        assert first is not None
        assert first == Told("bookmark", first.ident, {"position": first.ident})


def test_a_change_tells_the_task_what_moved_who_and_when(admin: Caller) -> None:
    with events(admin) as stream, admin.server.caller("acme-1") as acme:
        task = acme.create(description=text("Backup"), user="anna")
        acme.patch(task, {"status": "RUNNING", "percent_done": progress(1, 2)})
        acme.patch(task, {"status": "FAILED", "error": failure(), "result": ["a secret"]})
        first, second, third = stream.changes(3)
    assert second.ident == first.ident + 1
    assert third.ident == second.ident + 1
    assert first.data["task"]["status"] == "PENDING"
    assert first.data["principal"] == first.data["task"]["principal"] == "acme-1"
    assert {change["field"] for change in first.data["changes"]} >= {"status", "description"}
    assert second.task == (task, 2)
    assert second.data["at"] == second.data["task"]["updated_at"]
    moved = {change["field"]: change for change in second.data["changes"]}
    assert moved["status"] == {"field": "status", "before": "PENDING", "after": "RUNNING"}
    assert moved["progress"]["after"] == progress(1, 2)
    assert {"field": "result"} in third.data["changes"]
    assert "a secret" not in json.dumps(third.data)
    assert "result" not in third.data["task"]
    assert third.data["task"]["error"]["error_type"] == "ERROR"


def test_what_is_refused_or_changes_nothing_is_not_told(admin: Caller) -> None:
    task = admin.create(status="RUNNING")
    with events(admin) as stream:
        assert admin.patch(task, {"status": "RUNNING"}).status == 200
        assert admin.patch(task, {"status": "PENDING"}).status == 400
        admin.cancel(task)
        (told,) = stream.changes(1)
    assert told.task == (task, 2)
    assert [change["field"] for change in told.data["changes"]] == ["cancel_requested"]


@pytest.mark.parametrize(
    ("query", "spec"),
    [
        ("operation=mine&operation=other", {"operation_id": "mine"}),
        ("user=anna", {"user": "anna"}),
        ("target=VirtualMachine:vm-1", {"target": {"type": "VirtualMachine", "id": "vm-1"}}),
        ("status=BLOCKED", {"status": "BLOCKED"}),
        ("service=com.acme.backup", {}),
    ],
)
def test_a_filter(admin: Caller, query: str, spec: dict[str, Any]) -> None:
    with events(admin, query) as stream, admin.server.caller("acme-1") as acme:
        admin.create(operation_id="somebody.elses")
        task = acme.create(**spec)
        assert stream.changes(1)[0].task == (task, 1)


def test_the_filters_of_one_task_and_of_its_children(admin: Caller) -> None:
    task, other = admin.create(), admin.create()
    with events(admin, f"task={task}") as one, events(admin, f"parent={task}") as children:
        child = admin.create(parent_task=task)
        admin.patch(other, {"status": "RUNNING"})
        admin.patch(task, {"status": "RUNNING"})
        assert one.changes(1)[0].task == (task, 2)
        assert children.changes(1)[0].task == (child, 1)


def test_a_stream_is_resumed_where_it_broke_off(admin: Caller) -> None:
    with events(admin) as stream:
        task = admin.create(status="RUNNING")
        (first,) = stream.changes(1)
    for number in range(1, 4):
        admin.patch(task, {"percent_done": progress(number, 9)})
    with events(admin, last=first.ident) as resumed, events(admin, f"after={first.ident}") as same:
        assert [told.task for told in resumed.changes(3)] == [(task, 2), (task, 3), (task, 4)]
        assert [told.task for told in same.changes(3)] == [(task, 2), (task, 3), (task, 4)]
        admin.patch(task, {"status": "SUCCEEDED"})
        assert resumed.changes(1)[0].task == (task, 5)
    with events(admin, f"after={first.ident}", last=first.ident + 3) as later:
        assert later.changes(1)[0].task == (task, 5)


def test_a_stream_without_a_position_begins_now(admin: Caller) -> None:
    for _ in range(20):
        before = admin.create()
        with events(admin) as stream:
            after = admin.create()
            assert stream.changes(1)[0].task == (after, 1), before


def test_a_quiet_stream_lives_and_moves_on_with_the_log(admin: Caller) -> None:
    """Its bookmarks let a filtered stream resume far ahead."""
    with events(admin, "user=nobody") as stream:
        begun = stream.next()
        assert begun is not None
        admin.create()
        bookmark = stream.until(lambda told: told.ident > begun.ident)[-1]
        assert bookmark.kind == "bookmark"
        assert bookmark.data == {"position": bookmark.ident}
        for _ in range(2):
            assert stream.next() == Told("comment", bookmark.ident, "nothing new")


def test_two_kinds_of_bad_position(admin: Caller) -> None:
    bad = (400, "milepost.watch.bad_position")
    assert problem(admin.server, admin.token, "after=last") == bad
    assert problem(admin.server, admin.token, last="1.5") == bad
    ahead = (400, "milepost.watch.position_ahead")
    assert problem(admin.server, admin.token, "after=1000000000") == ahead
    assert problem(admin.server, admin.token, last="1000000000") == ahead


def test_a_position_that_is_no_longer_kept_is_gone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server, server.caller() as caller:
        task = caller.create(status="RUNNING")
        for number in range(1, 5):
            caller.patch(task, {"percent_done": progress(number, 9)})
    with contextlib.closing(sqlite3.connect(data / "milepost.db")) as database:
        database.execute("DELETE FROM events WHERE position <= 2")
        database.commit()
    with serving(data) as server, Caller(server, caller.token) as again:
        gone = (410, "milepost.watch.position_gone")
        assert problem(server, caller.token, "after=0") == gone
        assert problem(server, caller.token, last="1") == gone
        with events(again, last=2) as stream:
            assert [told.ident for told in stream.changes(3)] == [3, 4, 5]


def test_a_shortened_history_is_missed_by_those_who_watch_its_task(tmp_path: Path) -> None:
    limit = 100
    with serving(tmp_path / "data", history_limit=str(limit)) as server, server.caller() as caller:
        other = caller.create()
        task = caller.create(status="RUNNING")
        for number in range(1, limit + 10):
            caller.patch(task, {"percent_done": progress(number, 999)})
        caller.patch(other, {"status": "RUNNING"})
        path = f"/v1/tasks/{task}/events?page_size=1000"
        for _ in eventually("the history is short"):
            history = caller.send("GET", path).json["events"]
            if len(history) <= limit:
                break
        assert [history[-1]["kind"], history[0]["revision"]] == ["created", limit + 10]
        through = history[-2]["position"] - 1
        gone = (410, "milepost.watch.position_gone")
        assert problem(server, caller.token, "after=2") == gone
        assert problem(server, caller.token, f"after=2&task={task}") == gone
        with events(caller, f"after=2&task={other}") as stream:
            assert stream.changes(1)[0].task == (other, 2)
        with events(caller, f"after={through}&task={task}") as stream:
            assert stream.changes(1)[0].ident == through + 1


def test_what_cannot_be_asked(admin: Caller) -> None:
    server, token = admin.server, admin.token
    unknown = (400, "milepost.query.unknown_parameter")
    assert problem(server, token, "colour=red") == unknown
    assert problem(server, token, "text=a") == unknown
    assert problem(server, token, "status=DONE") == (400, "milepost.query.bad_parameter")
    many = "&".join(f"task={number}" for number in range(257))
    assert problem(server, token, many) == (400, "milepost.watch.filter_too_large")
    assert problem(server, "") == (401, "milepost.access.no_session")
    assert problem(server, "bad") == (401, "milepost.access.session_unknown")


def test_head_is_not_allowed_and_http_1_0_is(admin: Caller) -> None:
    with Peer(admin.server) as peer:
        peer.send(request(b"HEAD", PATH.encode(), f"{SESSION}: {admin.token}".encode()))
        heard = peer.hear(head_only=True)
        assert (heard.status, heard.headers["allow"]) == (405, "GET")
    with Events(admin.server, admin.token, version="1.0") as stream:
        assert "transfer-encoding" not in stream.head
        assert "\r\nconnection: close" in stream.head
        task = admin.create()
        assert stream.changes(1)[0].task == (task, 1)


def test_who_asks_behind_a_stream_waits_for_its_end(admin: Caller) -> None:
    server = admin.server
    token = server.login()
    line = f"{SESSION}: {token}".encode()
    with Peer(server) as peer:
        peer.send(request(b"GET", PATH.encode(), line) + request(b"GET", b"/livez"))
        assert b"text/event-stream" in peer._until(b"\r\n\r\n")
        server.call("DELETE", "/api/session", None, {SESSION: token})
        assert b"event: end" in peer._until(b"\r\n0\r\n\r\n")
        assert peer.hear().status == 200


# An open stream is a use of its session, and ends with it.


def end_of(stream: Events) -> Told:
    """The last event of a stream that ends now, in time."""
    begun = time.monotonic()
    last = stream.until(lambda told: told.kind == "end")[-1]
    assert time.monotonic() - begun < SOON
    assert stream.next() is None
    assert stream.ended
    return last


def test_a_stream_ends_with_logout_and_others_go_on(admin: Caller) -> None:
    server = admin.server
    token = server.login()
    with Events(server, token) as stream, Events(server, token) as same, events(admin) as other:
        task = admin.create()
        assert stream.changes(1)[0].task == (task, 1)
        assert server.call("DELETE", "/api/session", None, {SESSION: token}).status == 204
        for ending in (end_of(stream), end_of(same)):
            assert ending.data["status"] == 401
            assert ending.data["type"] == "urn:milepost:problem:access.session_unknown"
        other.changes(1)
        admin.patch(task, {"status": "RUNNING"})
        assert other.changes(1)[0].task == (task, 2)
        assert problem(server, token, last=str(stream.last))[0] == 401


@pytest.mark.parametrize("how", ["disabled", "another password"])
def test_a_stream_ends_with_its_user(tmp_path: Path, how: str) -> None:
    data = tmp_path / "data"
    add_people(data, {"vera": ("viewer", None)})
    with (
        serving(data, watch_heartbeat="1") as server,
        server.caller() as admin,
        Events(server, server.login("vera")) as stream,
        events(admin) as other,
    ):
        if how == "disabled":
            disable(data, "vera")
        else:
            passwd(data, "vera", "another good password")
        assert end_of(stream).data["status"] == 401
        task = admin.create()
        assert other.changes(1)[0].task == (task, 1)


def test_a_stream_keeps_its_session_and_ends_at_its_absolute_age(tmp_path: Path) -> None:
    """The session would have ended unused after a second."""
    with serving(
        tmp_path / "data", session_idle="1", session_absolute="4", watch_heartbeat="1"
    ) as server:
        begun = time.monotonic()
        token = server.login(ADMINISTRATOR, PASSWORD)
        with Events(server, token) as stream:
            stream.until(lambda told: told.kind == "end")
            assert time.monotonic() - begun > 2.5
        assert problem(server, token)[0] == 401


def test_a_stream_ends_when_the_server_stops(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data") as server,
        server.caller() as caller,
        events(caller) as stream,
        events(caller, "user=nobody") as quiet,
    ):
        task = caller.create()
        assert stream.changes(1)[0].task == (task, 1)
        begun = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - begun < SOON
        for one in (stream, quiet):
            ending = end_of(one)
            assert ending.data["type"] == "urn:milepost:problem:service.stopping"
        assert stream.last == 1


def test_no_more_watch_than_allowed(tmp_path: Path) -> None:
    with serving(tmp_path / "data", max_watchers="2") as server, server.caller() as caller:
        first, second = events(caller), events(caller)
        too_many = (503, "milepost.watch.too_many")
        assert problem(server, caller.token) == too_many
        first.close()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with Events(server, caller.token) as again:
                if again.status == 200:
                    break
        else:
            pytest.fail("there is no room again")
        second.close()


def test_what_a_server_told_is_resumed_at_the_next_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server, server.caller() as caller:
        with events(caller) as stream:
            task = caller.create(status="RUNNING")
            (told,) = stream.changes(1)
        caller.patch(task, {"percent_done": progress(1, 9)})
        server.stop(signal.SIGKILL)
    with (
        serving(data) as server,
        Caller(server, caller.token) as again,
        events(again, last=told.ident) as stream,
    ):
        again.patch(task, {"percent_done": progress(2, 9)})
        assert [each.task for each in stream.changes(2)] == [(task, 2), (task, 3)]
