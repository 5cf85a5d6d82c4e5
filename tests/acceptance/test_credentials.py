"""Who may come in, over plain HTTP: logins, cookies, precedence, the life of a session."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import (
    ADMINISTRATOR,
    JSON,
    PASSWORD,
    SESSION,
    SESSION_PATH,
    TASKS,
    Reply,
    Server,
    basic,
    eventually,
    serving,
)
from tests.spelling import API, DOORS, REST, Door

ASK = f"{SESSION_PATH}?~action=get"
UNAUTHENTICATED = (401, "unauthenticated")
FOREIGN = (403, "unauthorized")


@pytest.fixture
def token(server: Server) -> Iterator[str]:
    """A session that the test may end."""
    token = server.login()
    yield token
    server.call("DELETE", SESSION_PATH, None, {SESSION: token})


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"{SESSION}={token}"}


def change(server: Server, door: Door = REST, /, **headers: str) -> Reply:
    """A request that changes something, with these headers; _ in their names stands for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = door.body({"operation_id": "op", "cancelable": True})
    return server.call("POST", door.extension_tasks, body, {**JSON, **named})


# Logins.


def test_a_login_answers_the_token_and_sets_the_cookie(server: Server, door: Door) -> None:
    reply = server.call("POST", door.session, None, basic(ADMINISTRATOR, PASSWORD))
    token = reply.value
    assert (reply.status, type(token)) == (door.created, str)
    assert len(token) >= 22
    parts = [part.strip() for part in reply.headers["set-cookie"].split(";")]
    assert parts[0] == f"{SESSION}={token}"
    assert set(parts[1:]) == {"Path=/", "HttpOnly", "SameSite=Lax"}


def test_header_authentication_suppresses_the_cookie(server: Server, door: Door) -> None:
    headers = {**basic(ADMINISTRATOR, PASSWORD), "vmware-use-header-authn": "test"}
    reply = server.call("POST", door.session, None, headers)
    assert reply.value
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        {"Authorization": "Bearer token"},
        basic("nobody", PASSWORD),
        basic(ADMINISTRATOR, PASSWORD + "!"),
        basic(ADMINISTRATOR.upper(), PASSWORD),
        basic("", ""),
    ],
    ids=str,
)
def test_a_login_that_does_not_fit(server: Server, door: Door, headers: dict[str, str]) -> None:
    reply = server.call("POST", door.session, None, headers)
    assert reply.refused == UNAUTHENTICATED
    assert reply.headers["www-authenticate"].startswith("Basic realm=")
    assert "set-cookie" not in reply.headers


def test_unknown_user_and_wrong_password_look_the_same(server: Server) -> None:
    unknown = server.call("POST", SESSION_PATH, None, basic("nobody", PASSWORD))
    wrong = server.call("POST", SESSION_PATH, None, basic("vera", PASSWORD + "!"))
    assert (unknown.status, unknown.body) == (wrong.status, wrong.body)


def test_the_scheme_may_be_written_in_any_case(server: Server) -> None:
    given = basic(ADMINISTRATOR, PASSWORD)["Authorization"].partition(" ")[2]
    for scheme in ("basic", "BASIC"):
        reply = server.call("POST", SESSION_PATH, None, {"Authorization": f"{scheme} {given}"})
        assert reply.value


@pytest.mark.parametrize("path", [TASKS + "?filter_spec.tasks=a", TASKS + "/a", API.tasks + "/a"])
def test_basic_works_nowhere_else(server: Server, path: str) -> None:
    reply = server.call("GET", path, None, basic(ADMINISTRATOR, PASSWORD))
    assert reply.refused == UNAUTHENTICATED


def test_basic_tells_nothing_about_a_session(server: Server, door: Door) -> None:
    reply = server.call(*door.ask, None, basic(ADMINISTRATOR, PASSWORD))
    assert reply.refused == UNAUTHENTICATED


def test_bearer_is_not_accepted(server: Server, door: Door, token: str) -> None:
    reply = server.call(*door.ask, None, {"Authorization": f"Bearer {token}"})
    assert reply.refused == UNAUTHENTICATED


# Header and cookie.


def test_the_session_comes_in_the_header_or_in_the_cookie(
    server: Server, door: Door, token: str
) -> None:
    for headers in ({SESSION: token}, {SESSION.upper(): token}, cookie(token)):
        value = server.call(*door.ask, None, headers).value
        assert set(value) == {"user", "created_time", "last_accessed_time"}
        assert value["user"] == ADMINISTRATOR
        assert value["created_time"] <= value["last_accessed_time"]


@pytest.mark.parametrize(
    "template",
    [
        "other=1; {0}",
        "{0}; other=1",
        'a="b;c"; {0}',
        "garbage; =; {0}",
        f"x-{SESSION}=bad; {{0}}",
        "JSESSIONID=vmware-api-session-id; {0}",
    ],
)
def test_unrelated_cookies_do_no_harm(server: Server, token: str, template: str) -> None:
    text = template.format(f"{SESSION}={token}")
    assert server.call("POST", ASK, None, {"Cookie": text}).status == 200
    headers = {"Cookie": template.format("more=2"), SESSION: token}
    assert server.call("POST", ASK, None, headers).status == 200


@pytest.mark.parametrize(
    ("header", "crumb", "status"),
    [
        ("good", None, 200),
        (None, "good", 200),
        ("good", "bad", 200),
        ("bad", "good", 401),
        ("", "good", 401),
        ("bad", None, 401),
        (None, "bad", 401),
        (None, "", 401),
        (None, None, 401),
    ],
)
def test_the_first_that_is_present_decides_alone(
    server: Server, door: Door, token: str, *, header: str | None, crumb: str | None, status: int
) -> None:
    known = {"good": token}
    headers = {}
    if header is not None:
        headers[SESSION] = known.get(header, header)
    if crumb is not None:
        headers |= cookie(known.get(crumb, crumb))
    reply = server.call(*door.ask, None, headers)
    assert reply.status == status
    if status == 401:
        assert reply.error == "unauthenticated"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://{0}.evil.example", ""])
def test_a_cookie_from_another_origin_changes_nothing(
    server: Server, door: Door, token: str, origin: str
) -> None:
    origin = origin.format(f"{server.host}:{server.port}")
    assert change(server, door, Origin=origin, **cookie(token)).refused == FOREIGN
    headers = {**cookie(token), "Origin": origin}
    query = door.query(f"{door.tasks}?filter_spec.tasks=a")
    assert server.call("GET", query, None, headers).status == 200
    assert change(server, door, Origin=origin, vmware_api_session_id=token).value
    assert change(server, door, **cookie(token)).value
    assert change(server, door, Origin=server.url, **cookie(token)).value


def test_an_origin_that_is_none_is_another_one(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        crumb = cookie(server.login())
        origins = ("http://[::1", "http://[bad]", "::", "http://a:b:c")
        replies = {origin: change(server, Origin=origin, **crumb) for origin in origins}
        assert {reply.refused for reply in replies.values()} == {FOREIGN}, replies


# The life of a session.


def test_a_session_ends_with_logout(server: Server, door: Door) -> None:
    for way in ("header", "cookie"):
        token = server.login()
        headers = {SESSION: token} if way == "header" else cookie(token)
        reply = server.call("DELETE", door.session, None, headers)
        assert reply.done, reply
        parts = [part.strip() for part in reply.headers["set-cookie"].split(";")]
        assert parts[0] == f"{SESSION}="
        assert {"Max-Age=0", "Path=/"} <= set(parts)
        for again in (server.call("POST", ASK, None, headers), change(server, **cookie(token))):
            assert again.refused == UNAUTHENTICATED
        assert server.call("DELETE", door.session, None, headers).refused == UNAUTHENTICATED


def test_a_session_counts_at_every_door_and_ends_at_all(server: Server, door: Door) -> None:
    token = server.call("POST", door.session, None, basic(ADMINISTRATOR, PASSWORD)).value
    headers = {SESSION: token}
    assert {server.call(*each.ask, None, headers).status for each in DOORS.values()} == {200}
    assert server.call("DELETE", door.session, None, headers).done
    assert {server.call(*each.ask, None, headers).status for each in DOORS.values()} == {401}


def test_sessions_of_one_user_end_one_by_one(server: Server, token: str) -> None:
    other = server.login()
    server.call("DELETE", SESSION_PATH, None, {SESSION: other})
    assert server.call("POST", ASK, None, {SESSION: token}).status == 200


def test_an_unused_session_ends(tmp_path: Path) -> None:
    with serving(tmp_path / "data", session_idle="1") as server:
        token = server.login()
        time.sleep(1.2)
        assert server.call("POST", ASK, None, {SESSION: token}).refused == UNAUTHENTICATED
        assert server.call("POST", ASK, None, {SESSION: server.login()}).status == 200


def test_a_session_that_is_used_ends_at_its_absolute_age(tmp_path: Path) -> None:
    with serving(tmp_path / "data", session_absolute="1") as server:
        token = server.login()
        for _ in eventually("the session has ended"):
            reply = server.call("POST", ASK, None, {SESSION: token})
            if reply.status == 401:
                break
            assert reply.status == 200
        assert reply.refused == UNAUTHENTICATED


def test_a_session_survives_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as first:
        token, ended = first.login(), first.login()
        created = first.call("POST", ASK, None, {SESSION: token}).value["created_time"]
        first.call("DELETE", SESSION_PATH, None, {SESSION: ended})
    with serving(tmp_path / "data") as second:
        kept = second.call("POST", ASK, None, {SESSION: token})
        assert kept.value["created_time"] == created
        assert second.call("POST", ASK, None, {SESSION: ended}).refused == UNAUTHENTICATED


def test_no_secret_is_stored_or_logged(tmp_path: Path) -> None:
    with serving(tmp_path / "data", log_level="debug") as server:
        token, ended = server.login(), server.login()
        wrong = "a wrong password nobody else has"
        server.call("POST", SESSION_PATH, None, basic(ADMINISTRATOR, wrong))
        server.call("POST", SESSION_PATH + "?x=1", b"{", basic(ADMINISTRATOR, PASSWORD))
        server.call("POST", ASK, None, cookie(token))
        change(server, **cookie(token))
        change(server, **cookie(token + "x"))
        server.call("GET", f"{TASKS}/{token}", None, {SESSION: token})
        server.call("DELETE", SESSION_PATH, None, {SESSION: ended})
        basics = [basic(ADMINISTRATOR, text)["Authorization"][6:] for text in (PASSWORD, wrong)]
        secrets = [text.encode() for text in (token, ended, wrong, PASSWORD, *basics)]
        running = {path.name: path.read_bytes() for path in server.data.iterdir()}
    assert "milepost.db" in running
    stopped = {path.name: path.read_bytes() for path in server.data.iterdir()}
    said = "\n".join(server.said).encode() + server.log.read_bytes()
    for secret in secrets:
        for content in (*running.values(), *stopped.values(), said):
            assert secret not in content
