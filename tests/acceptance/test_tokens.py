"""Tokens from end to end: made once, let in everywhere, narrow, and gone when they end."""

from __future__ import annotations

import http.client
import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from milepost.access.tokens import new_token
from tests import rpc
from tests.events import Events
from tests.ownership.people import A, B, Person, add, change, disable
from tests.serving import (
    COMMAND,
    DEADLINE,
    JSON,
    PASSWORD,
    SESSION,
    Caller,
    Reply,
    Server,
    environment,
    eventually,
    exchange,
    progress,
    serving,
)
from tests.spelling import API, DOORS, REST, V1, Door

TOKENS = "/v1/tokens"
SOON = 10.0
UNKNOWN = "milepost.access.token_unknown"
BROKEN = "milepost.access.token_broken"
RESULT = {"copied": 12345678}
EVERY_DOOR = {**DOORS, "v1": V1}
numbers = itertools.count()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("tokens") / "data", watch_heartbeat="1") as server:
        for person in (Person("oscar", "operator"), Person("a-1", "extension", A)):
            add(server.data, person)
        yield server


def made(server: Server, owner: str = "administrator", scope: str = "full", **more: Any) -> Any:
    """A new token as it is told, made by the administrator."""
    new = {"name": f"{next(numbers)}", "scope": scope, "user": owner, **more}
    with server.caller() as admin:
        reply = admin.send("POST", TOKENS, json.dumps(new).encode())
    assert reply.status == 201, reply
    return reply.json


def text_of(server: Server, owner: str = "administrator", scope: str = "full", **more: Any) -> str:
    text: str = made(server, owner, scope, **more)["token"]
    return text


def revoke(server: Server, token: Any) -> None:
    with server.caller() as admin:
        assert admin.send("DELETE", f"{TOKENS}/{token['id']}").status == 204


def refused_soon(server: Server, text: str, reason: str = UNKNOWN) -> None:
    for _ in eventually("the token counts no more"):
        reply = server.call("GET", "/api/session", None, {SESSION: text})
        if reply.status == 401:
            assert reply.reason == reason
            return


# How it is made, and who is let in with it.


def test_its_text_is_told_once_and_never_logged(house: Server) -> None:
    with house.caller() as admin:
        new = {"name": "once", "scope": "read", "extension": A, "lifetime_seconds": 3600}
        reply = admin.send("POST", TOKENS, json.dumps(new).encode())
        assert (reply.status, reply.headers["cache-control"]) == (201, "no-store")
        place, text = reply.headers["location"], reply.json["token"]
        told = {name: part for name, part in reply.json.items() if name != "token"}
        assert admin.send("GET", place).json == told
        assert place == f"{TOKENS}/{told['id']}"
        assert told | {"created_at": "", "expires_at": ""} == {
            **{name: new[name] for name in ("name", "scope", "extension")},
            "id": told["id"],
            "user": "administrator",
            "created_at": "",
            "expires_at": "",
        }
        assert admin.send("DELETE", place).status == 204
        assert "revoked_at" in admin.send("GET", place).json
    for file in house.data.iterdir():
        assert text.encode() not in file.read_bytes()
    assert text not in house.log_text()
    assert f'"token": "{told["id"]}"' in house.log_text()


WAYS: dict[str, Callable[[str], dict[str, str]]] = {
    "header": lambda text: {SESSION: text},
    "cookie": lambda text: {"Cookie": f"{SESSION}={text}"},
    "bearer": lambda text: {"Authorization": f"Bearer {text}"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EVERY_DOOR)
def test_it_counts_where_a_session_counts(house: Server, name: str, way: str) -> None:
    door, headers = EVERY_DOOR[name], {**JSON, **WAYS[way](text_of(house, "a-1"))}
    spec = door.body({"operation_id": "op", "cancelable": True})
    reply = house.call("POST", door.extension_tasks, spec, headers)
    if way == "bearer" and door is not V1:
        assert reply.refused == (401, "unauthenticated")
        return
    task = reply.value["id"] if door is V1 else reply.value
    with house.caller() as admin:
        assert admin.get(task).value["service"] == A


def test_it_counts_in_a_body_of_jsonrpc(house: Server) -> None:
    security = rpc.session_id(text_of(house, "a-1"))
    call = rpc.request(rpc.EXTENSION, "create", {"spec": rpc.create_spec()}, security=security)
    assert rpc.post(house, call).output
    told = rpc.post(house, rpc.request(rpc.SESSIONS, "get", security=security)).output
    assert next(iter(told["STRUCTURE"].values()))["user"] == "a-1"


def test_a_token_makes_no_login(house: Server) -> None:
    text = text_of(house)
    for headers in ({SESSION: text}, {"Authorization": f"Bearer {text}"}):
        for door in (REST, API):
            reply = house.call("POST", door.session, None, headers)
            assert reply.refused == (401, "unauthenticated")


@pytest.mark.parametrize("door", [REST, API], ids=lambda door: door.name)
def test_a_logout_refuses_to_end_it(house: Server, door: Door) -> None:
    with Caller(house, text_of(house), door) as caller:
        reply = caller.send("DELETE", door.session)
        assert (reply.refused, reply.reason) == (
            (400, "unsupported"),
            "milepost.access.token_stays",
        )
        assert "set-cookie" not in reply.headers
        assert caller.send(*door.ask).status == 200


def test_a_logout_over_jsonrpc_refuses_to_end_it(house: Server) -> None:
    security = rpc.session_id(text_of(house))
    answer = rpc.post(house, rpc.request(rpc.SESSIONS, "delete", security=security))
    assert (answer.refusal, answer.ids[-1]) == ("unsupported", "milepost.access.token_stays")
    assert rpc.post(house, rpc.request(rpc.SESSIONS, "get", security=security)).output


# What is no token.

WHOLE = new_token()
LAST = "0" if WHOLE[-1] != "0" else "1"
NO_TOKENS = {
    "nobody's": (WHOLE, UNKNOWN),
    "another check": (WHOLE[:-1] + LAST, BROKEN),
    "cut off": (WHOLE[:-1], BROKEN),
    "longer": (WHOLE + "0", BROKEN),
    "two": (WHOLE + WHOLE, BROKEN),
    "only the beginning": ("mpt_", BROKEN),
    "a sign": (WHOLE[:-1] + "'", BROKEN),
    "not ASCII": (WHOLE[:-1] + "\xe9", BROKEN),
    "very long": ("mpt_" + "A" * 8000, BROKEN),
    "upper case": (WHOLE.replace("mpt_", "MPT_"), "milepost.access.session_unknown"),
}


@pytest.mark.parametrize("name", NO_TOKENS)
@pytest.mark.parametrize("door", EVERY_DOOR)
def test_what_is_no_token(house: Server, door: str, name: str) -> None:
    text, reason = NO_TOKENS[name]
    tasks = EVERY_DOOR[door].tasks
    for way, headers in WAYS.items():
        if way == "bearer" and door != "v1":
            continue
        reply = house.call("GET", f"{tasks}/none", None, headers(text))
        assert (reply.refused, reply.reason) == ((401, "unauthenticated"), reason)
        assert text not in reply.body.decode()


@pytest.mark.parametrize("name", NO_TOKENS)
def test_what_is_no_token_in_a_body(house: Server, name: str) -> None:
    text, reason = NO_TOKENS[name]
    answer = rpc.post(house, rpc.request(rpc.SESSIONS, "get", security=rpc.session_id(text)))
    assert (answer.refusal, answer.ids[-1]) == ("unauthenticated", reason)


def test_a_bad_token_is_not_helped_by_a_good_session(house: Server) -> None:
    with house.caller() as admin:
        headers = {SESSION: WHOLE, "Cookie": f"{SESSION}={admin.token}"}
        assert house.call("GET", f"{V1.tasks}/none", None, headers).status == 401


# How far it reaches.


@pytest.fixture(scope="module")
def finished(house: Server) -> str:
    """A task of extension a that has a result."""
    with house.caller("a-1") as caller:
        return caller.create(status="SUCCEEDED", result=RESULT)


def everywhere(house: Server, text: str, task: str) -> Iterator[tuple[str, bytes]]:
    """Every answer that shows a task to whoever reads it, by what was asked."""
    wait = f"{V1.tasks}/{task}?wait=1s&for="
    for door in EVERY_DOOR.values():
        with Caller(house, text, door) as caller:
            yield f"{door.name} get", caller.get(task).body
            plain = caller.send("GET", f"{door.tasks}/{task}", None, {"Accept-Language": "de"})
            yield f"{door.name} in a language", plain.body
            yield f"{door.name} list", caller.list(("filter_spec.tasks", task)).body
    with Caller(house, text, V1) as caller:
        yield (
            "v1 said not to leave it out",
            caller.send("GET", f"{V1.tasks}/{task}?exclude_result=false").body,
        )
        yield "v1 wait for its end", caller.send("GET", f"{wait}terminal").body
        yield "v1 wait for a change", caller.send("GET", f"{wait}change&after_revision=0").body
        for operation, given in (
            ("get", {"task": task}),
            ("list", {"filter_spec": rpc.optional(rpc.structure(
                "com.vmware.cis.tasks.filter_spec", {"tasks": rpc.optional([task])}
            ))}),
        ):  # fmt: skip
            answer = rpc.invoke(caller, rpc.CIS_TASKS, operation, given)
            assert answer.output
            yield f"jsonrpc {operation}", answer.reply.body


@pytest.mark.parametrize("scope", ["full", "read", "watch"])
def test_who_only_watches_sees_no_result(house: Server, finished: str, scope: str) -> None:
    for asked, body in everywhere(house, text_of(house, "a-1", scope), finished):
        assert b"SUCCEEDED" in body, (asked, body)
        assert (b"12345678" in body) == (scope != "watch"), (asked, body)


def test_who_only_watches_reads_no_history_but_the_stream(house: Server) -> None:
    with house.caller("a-1") as caller:
        task = caller.create(status="RUNNING")
        with Events(house, text_of(house, "a-1", "watch"), f"task={task}") as stream:
            assert caller.patch(task, {"percent_done": progress(1, 2), "result": RESULT}).done
            (told,) = stream.changes(1)
        assert told.task == (task, 2)
        assert "12345678" not in json.dumps(told.data)
    with Caller(house, text_of(house, "a-1", "watch"), V1) as watching:
        reply = watching.send("GET", f"{V1.tasks}/{task}/events")
        assert (reply.refused, reply.reason) == (
            (403, "unauthorized"),
            "milepost.access.out_of_scope",
        )
        assert (reply.etag, reply.message["args"][1]) == ('"2"', "watch")
        reply = watching.send("GET", f"{V1.tasks}/none/events")
        assert reply.refused == (404, "not_found")


def test_a_request_that_is_made_once_is_not_shared_with_a_token_for_an_extension(
    house: Server,
) -> None:
    """The same request of the same user makes another task with it, so it has keys of its own."""
    body = json.dumps({"operation_id": "op", "cancelable": True}).encode()
    key = {"Idempotency-Key": "nightly"}
    services = []
    confined = text_of(house, extension=A)
    with house.caller() as admin:
        for text in (admin.token, confined, text_of(house), confined, text_of(house, extension=B)):
            with Caller(house, text, V1) as caller:
                reply = caller.send("POST", V1.tasks, body, key)
            assert reply.status == 201
            services.append((reply.json["service"], reply.json["id"]))
    assert [service for service, _ in services] == [
        "com.milepost.local", A, "com.milepost.local", A, B,
    ]  # fmt: skip
    assert len({task for _, task in services}) == 3


def test_another_role_of_its_owner_counts_at_once(house: Server) -> None:
    add(house.data, Person("risen", "operator"))
    text = text_of(house, "risen")
    with Caller(house, text, V1) as caller:
        create = V1.body({"operation_id": "op", "cancelable": True})
        assert caller.send("POST", V1.tasks, create).refused == (403, "unauthorized")
        with house.caller() as admin:
            risen = b'{"role": "administrator"}'
            assert admin.send("PATCH", "/v1/users/risen", risen).status == 200
            for _ in eventually("its owner may create", SOON):
                if caller.send("POST", V1.tasks, create).status == 201:
                    break
            fallen = b'{"role": "viewer"}'
            assert admin.send("PATCH", "/v1/users/risen", fallen).status == 200
        for _ in eventually("its owner may create no more", SOON):
            if caller.send("POST", V1.tasks, create).status == 403:
                break


# How it ends.

Ending = Callable[[Server, Any], None]


def owner_disabled(server: Server, token: Any) -> None:
    disable(server.data, token["user"])


def revoked_by_command(server: Server, token: Any) -> None:
    subprocess.run(
        [COMMAND, "token", "revoke", token["id"], "--data", server.data],
        env=environment(),
        stdout=subprocess.PIPE,
        timeout=DEADLINE,
        check=True,
    )


def role_changed(server: Server, token: Any) -> None:
    """Whoever may see something else than before must begin anew."""
    with server.caller() as admin:
        body = json.dumps({"role": "extension", "extension": B}).encode()
        assert admin.send("PATCH", f"/v1/users/{token['user']}", body).status == 200


ENDINGS = (revoke, revoked_by_command, owner_disabled, role_changed)


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
def test_an_open_stream_and_a_long_poll_end_with_it(house: Server, ending: Ending) -> None:
    owner = f"watcher-{next(numbers)}"
    add(house.data, Person(owner, "viewer"))
    token = made(house, owner, "watch")
    with house.caller() as admin:
        task = admin.create()
    connection = http.client.HTTPConnection(house.host, house.port, timeout=DEADLINE)
    path = f"{V1.tasks}/{task}?wait=60s&for=terminal"
    connection.request("GET", path, headers={SESSION: token["token"]})
    with Events(house, token["token"]) as stream:
        assert stream.status == 200
        began = time.monotonic()
        ending(house, token)
        told = stream.until(lambda told: told.kind == "end")[-1]
        assert told.data["type"] == "urn:milepost:problem:access.token_unknown"
        assert (stream.next(), stream.ended) == (None, True)
    answer = connection.getresponse()
    assert answer.status == 401
    assert json.loads(answer.read())["messages"][0]["id"] == UNKNOWN
    assert time.monotonic() - began < DEADLINE
    connection.close()
    if ending is not role_changed:
        refused_soon(house, token["token"])


def test_an_open_stream_ends_when_it_expires(house: Server) -> None:
    with Events(house, text_of(house, "oscar", "watch", lifetime_seconds=2)) as stream:
        told = stream.until(lambda told: told.kind == "end")[-1]
    assert told.data["type"] == "urn:milepost:problem:access.token_unknown"


def test_an_owner_who_comes_back_has_no_tokens(house: Server) -> None:
    add(house.data, Person("back", "operator"))
    text = text_of(house, "back")
    disable(house.data, "back")
    change(house.data, lambda accounts: accounts.set_disabled("back", disabled=False))
    refused_soon(house, text)
    assert house.login("back")


def test_it_outlives_the_password_and_the_sessions_of_its_owner(house: Server) -> None:
    add(house.data, Person("renewed", "operator"))
    text, session = text_of(house, "renewed"), house.login("renewed")
    change(house.data, lambda accounts: accounts.set_password("renewed", PASSWORD + "!"))
    refused_soon(house, session, "milepost.access.session_unknown")
    assert house.call("GET", "/api/session", None, {SESSION: text}).value["user"] == "renewed"


def test_it_outlives_a_restart_and_the_limits_of_sessions(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = tmp_path_factory.mktemp("restart") / "data"
    with serving(data) as server:
        token = made(server)
        revoked = made(server)
        revoke(server, revoked)
    with serving(data, session_idle="1", session_absolute="1") as server:
        connection = server.connection()
        time.sleep(1.5)
        for _ in range(2):
            reply = exchange(connection, "GET", "/api/session", None, {SESSION: token["token"]})
            assert reply.status == 200, reply
            time.sleep(1.1)
        connection.close()
        refused_soon(server, revoked["token"])


# Bounds.


def test_how_many_and_how_long_is_for_the_settings(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def make(caller: Caller, **fields: Any) -> Reply:
        new = {"name": f"{next(numbers)}", "scope": "full", **fields}
        return caller.send("POST", TOKENS, json.dumps(new).encode())

    data = tmp_path_factory.mktemp("bounds") / "data"
    with serving(data, max_tokens="2", max_token_age="0") as server, server.caller() as admin:
        assert "expires_at" not in make(admin).json
        assert make(admin, lifetime_seconds=10**12).reason == "milepost.value.out_of_bounds"
        assert make(admin, lifetime_seconds=10**9).status == 201
        reply = make(admin)
        assert reply.refused == (400, "not_allowed_in_current_state")
        assert reply.reason == "milepost.token.too_many"
