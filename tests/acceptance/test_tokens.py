"""Tokens on the real server: at every door, broken, ended, and beside streams."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_watch import end_of
from tests.events import Events
from tests.ownership.people import disable
from tests.serving import (
    JSON,
    SESSION,
    Caller,
    Server,
    add_people,
    eventually,
    progress,
    serving,
)

TOKENS = "/v1/tokens"
ACME, OTHER = "com.acme.backup", "com.other.copy"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("tokens") / "data"
    add_people(data, {"vera": ("viewer", None)})
    with serving(data, watch_heartbeat="1") as server:
        yield server


@pytest.fixture
def root(server: Server) -> Iterator[Caller]:
    with server.caller() as caller:
        yield caller


def made(caller: Caller, scope: str = "full", **fields: Any) -> dict[str, Any]:
    """A new token as it is told, with its text."""
    body = {"name": f"{scope}-{time.monotonic_ns()}", "scope": scope, **fields}
    reply = caller.send("POST", TOKENS, json.dumps(body).encode(), JSON)
    assert reply.status == 201, reply.body
    assert reply.headers["location"] == f"{TOKENS}/{reply.json['id']}"
    told: dict[str, Any] = reply.json
    return told


def revoke(caller: Caller, token: dict[str, Any]) -> None:
    assert caller.send("DELETE", f"{TOKENS}/{token['id']}").status == 204


def test_a_job_reports_with_a_token_and_reaches_no_further(server: Server, root: Caller) -> None:
    token = made(root, extension=ACME)
    other = root.create()
    with Caller(server, token["token"]) as job:
        task = job.create(status="RUNNING")
        assert job.patch(task, {"percent_done": progress(1, 2)}).status == 200
        assert root.get(task).value["service"] == ACME
        assert job.get(other).status == 404
        assert job.patch(other, {"status": "RUNNING"}).status == 404
        assert job.send("GET", "/v1/users").status == 403
    shown = root.send("GET", f"{TOKENS}/{token['id']}").json
    assert shown.keys() == token.keys() - {"token"} | {"used_at"}


@pytest.mark.parametrize(
    "path",
    [
        "/rest/cis/tasks?filter_spec.services=com.acme.backup",
        "/api/cis/tasks?services=com.acme.backup",
        "/v1/tasks",
    ],
)
def test_every_door_takes_it(server: Server, root: Caller, path: str) -> None:
    token = made(root, "read")["token"]
    assert server.call("GET", path, None, {SESSION: token}).status == 200
    cookie = {"Cookie": f"{SESSION}={token}"}
    assert server.call("GET", path, None, cookie).status == 200
    bearer = server.call("GET", path, None, {"Authorization": f"Bearer {token}"}).status
    assert bearer == (200 if path.startswith("/v1/") else 401), "as it is with a session"


@pytest.mark.parametrize("path", ["/rest/com/vmware/cis/session", "/api/session", "/v1/tokens"])
@pytest.mark.parametrize("scope", ["full", "read", "watch"])
def test_a_token_neither_logs_out_nor_makes_another(
    server: Server, root: Caller, scope: str, path: str
) -> None:
    token = made(root, scope)["token"]
    method, body = ("POST", b'{"name":"n","scope":"full"}') if path == TOKENS else ("DELETE", None)
    reply = server.call(method, path, body, {SESSION: token, **(JSON if body else {})})
    assert reply.status in {400, 403}
    assert reply.message["id"] in {
        "milepost.access.token_stays",
        "milepost.access.tokens_need_session",
    }
    assert server.call("GET", "/v1/tasks", None, {SESSION: token}).status == 200


def test_what_a_scope_leaves_out(server: Server, root: Caller) -> None:
    task = root.create(status="RUNNING", result={"secret": "words"})
    path = f"/v1/tasks/{task}"
    answers: dict[str, list[int]] = {}
    for scope in ("full", "read", "watch"):
        with Caller(server, made(root, scope)["token"]) as caller:
            shown = [caller.send("GET", each) for each in (path, f"/rest/cis/tasks/{task}")]
            for reply in shown:
                assert (b"secret" in reply.body) == (scope != "watch")
            answers[scope] = [
                *(reply.status for reply in shown),
                caller.send("GET", f"{path}/events").status,
                caller.patch(task, {"percent_done": progress(1, 2)}).status,
                caller.cancel(task).status,
            ]
    assert answers["read"] == [200, 200, 200, 403, 403]
    assert answers["watch"] == [200, 200, 403, 403, 403]
    assert answers["full"][:4] == [200, 200, 200, 200]


SPOILED: dict[str, Callable[[str], str]] = {
    "cut off": lambda text: text[:-1],
    "too long": lambda text: text + "0",
    "a letter mistyped": lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
    "no letter": lambda text: text[:9] + "\xff" + text[10:],
    "only its beginning": lambda _text: "mpt_",
    "made up": lambda _text: "mpt_" + "0" * 36,
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_token_that_is_not_whole_is_told_so(server: Server, root: Caller, how: str) -> None:
    text = SPOILED[how](made(root)["token"])
    reply = server.call("GET", "/v1/tasks", None, {SESSION: text})
    assert reply.status == 401
    assert reply.json["messages"][0]["id"] == "milepost.access.token_broken"


def test_a_revoked_token_counts_no_more_and_its_stream_ends(server: Server, root: Caller) -> None:
    token, kept = made(root, "watch"), made(root, "watch")
    with Events(server, token["token"]) as stream, Events(server, kept["token"]) as other:
        task = root.create(status="RUNNING")
        assert stream.changes(1)[0].task == (task, 1)
        revoke(root, token)
        last = end_of(stream)
        assert last.data["type"] == "urn:milepost:problem:access.token_unknown"
        other.changes(1)
        root.patch(task, {"status": "SUCCEEDED"})
        assert other.changes(1)[0].task == (task, 2)
    assert server.call("GET", "/v1/tasks", None, {SESSION: token["token"]}).status == 401


def test_a_token_ends_at_its_time(server: Server, root: Caller) -> None:
    token = made(root, "watch", lifetime_seconds=2)
    with Events(server, token["token"]) as stream:
        last = end_of(stream)
        assert last.data["type"] == "urn:milepost:problem:access.token_unknown"
    assert server.call("GET", "/v1/tasks", None, {SESSION: token["token"]}).status == 401


def test_a_token_ends_with_its_user_and_lives_through_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add_people(data, {"vera": ("viewer", None)})
    with serving(data) as server, server.caller("vera") as vera:
        token = made(vera)["token"]
        assert vera.send("GET", f"{TOKENS}?user=administrator").status == 403
    with serving(data) as server:
        asked = {SESSION: token}
        assert server.call("GET", "/v1/tasks", None, asked).status == 200
        disable(data, "vera")
        for _ in eventually("the token has ended with its user"):
            if server.call("GET", "/v1/tasks", None, asked).status == 401:
                break
