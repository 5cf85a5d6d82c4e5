"""``/v1/session``, ``/v1/overview`` and ``/v1/server`` on the real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milepost import __version__
from tests.serving import JSON, PASSWORD, SESSION, Headers, Reply, Server, add_people, serving

PATH = "/v1/session"


def sign_in(server: Server, user: str, password: str = PASSWORD, **headers: str) -> Reply:
    body = json.dumps({"user": user, "password": password}).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return server.call("POST", PATH, body, {**JSON, **named})


def cookie_of(reply: Reply) -> Headers:
    return {"Cookie": reply.headers["set-cookie"].partition(";")[0]}


@pytest.mark.parametrize(
    ("user", "role", "rights"),
    [
        ("vera", "viewer", ["read", "read-history", "read-result"]),
        ("oscar", "operator", ["cancel", "force-close", "read", "read-history", "read-result"]),
        (
            "acme-1",
            "extension",
            ["cancel", "create", "read", "read-history", "read-result", "update"],
        ),
    ],
)
def test_who_signs_in_is_told_who_he_is(
    server: Server, user: str, role: str, rights: list[str]
) -> None:
    reply = sign_in(server, user)
    assert (reply.status, reply.headers["cache-control"]) == (201, "no-store")
    told = reply.json
    assert (told["user"], told["role"], told["rights"]) == (user, role, rights)
    assert told.get("extension") == ("com.acme.backup" if role == "extension" else None)
    parts = reply.headers["set-cookie"].split("; ")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(parts)
    # The token is in the cookie and nowhere else.
    token = parts[0].removeprefix(f"{SESSION}=")
    assert token.encode() not in reply.body
    assert server.call("GET", PATH, None, cookie_of(reply)).json == told
    out = server.call("DELETE", PATH, None, cookie_of(reply))
    assert (out.status, out.headers["set-cookie"].partition(";")[0]) == (204, f"{SESSION}=")
    assert server.call("GET", PATH, None, cookie_of(reply)).status == 401


def test_a_wrong_password_has_no_challenge(server: Server) -> None:
    """A browser would ask for the password by itself, and keep it."""
    reply = sign_in(server, "vera", "wrong")
    assert (reply.status, reply.reason) == (401, "milepost.access.login_failed")
    assert "www-authenticate" not in reply.headers
    assert "set-cookie" not in reply.headers


def test_failed_logins_are_limited_here_too(tmp_path: Path) -> None:
    add_people(tmp_path / "data", {"vera": ("viewer", None)})
    with serving(tmp_path / "data") as server:
        statuses = [sign_in(server, "vera", "wrong").status for _ in range(20)]
        assert statuses[0] == 401
        last = sign_in(server, "vera", "wrong")
        assert last.status == 429
        assert int(last.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"user": "vera"}', b'{"user": "vera", "password": 1}', b'{"user": 1, "x": 2}'],
)
def test_what_is_no_login_is_refused(server: Server, body: bytes) -> None:
    reply = server.call("POST", PATH, body, JSON)
    assert reply.status == 400
    # A password that does not fit is not told back.
    assert b"1 was given" not in reply.body or b"password" not in reply.body


def test_a_page_of_another_host_cannot_sign_in(server: Server) -> None:
    known = sign_in(server, "vera", Origin=server.url)
    assert known.status == 201
    foreign = sign_in(server, "vera", Origin="http://evil.example")
    assert foreign.reason == "milepost.access.foreign_origin"
    # A name that was led here: the page and the server are one origin.
    led = {"Host": "evil.example:8900", "Origin": "http://evil.example:8900"}
    for reply in (
        sign_in(server, "vera", **led),
        server.call("DELETE", PATH, None, {**cookie_of(known), **led}),
    ):
        assert (reply.status, reply.reason) == (403, "milepost.access.foreign_host")
    behind_tls = {"Host": "tasks.example.com", "Origin": "https://tasks.example.com"}
    assert sign_in(server, "vera", **behind_tls).status == 201


def test_a_host_can_be_allowed(tmp_path: Path) -> None:
    add_people(tmp_path / "data", {"vera": ("viewer", None)})
    with serving(tmp_path / "data", allowed_hosts='["tasks.example.com"]') as server:
        host = {"Host": "tasks.example.com:8900", "Origin": "http://tasks.example.com:8900"}
        assert sign_in(server, "vera", **host).status == 201


def test_the_server_tells_of_itself(server: Server) -> None:
    with server.caller("vera") as caller:
        told = caller.send("GET", "/v1/server").json
        caller.send("GET", "/v1/overview")
    assert (told["version"], told["store"], told["ready"]) == (__version__, "sqlite", True)
    assert told["started_at"] < told["now"]
    assert told["first_position"] < told["last_position"]


def test_an_overview_is_of_what_one_may_see(tmp_path: Path) -> None:
    people = {"acme": ("extension", "com.acme"), "vera": ("viewer", None)}
    add_people(tmp_path / "data", people)
    with serving(tmp_path / "data") as server, server.caller("acme") as acme:
        task = acme.create(status="RUNNING")
        acme.create()
        acme.patch(task, {"status": "SUCCEEDED"})
        with server.caller() as admin:
            admin.create()
        with server.caller("vera") as vera:
            whole = vera.send("GET", "/v1/overview").json
        part = acme.send("GET", "/v1/overview").json
    assert [one["service"] for one in whole["open"]] == ["com.acme", "com.milepost.local"]
    assert part["open"] == [{"service": "com.acme", "PENDING": 1, "RUNNING": 0, "BLOCKED": 0}]
    assert part["ended"] == [{"service": "com.acme", "SUCCEEDED": 1, "FAILED": 0}]
    assert [hour["SUCCEEDED"] for hour in part["hours"]] == [0] * 23 + [1]
    assert part["complete"]
