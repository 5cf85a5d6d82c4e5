"""A role is what the session says: nothing else in a request widens it, and it ends in time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ownership.people import PEOPLE, Person, add, disable, enable, ended, passwd, session
from tests.serving import (
    ADMINISTRATOR,
    EXTENSION_TASKS,
    JSON,
    PASSWORD,
    SESSION,
    SESSION_PATH,
    TASKS,
    Caller,
    Reply,
    Server,
    basic,
    serving,
    spec_body,
    text,
)
from tests.spelling import DOORS

SECOND = "another good password"
END = {"status": "SUCCEEDED"}
CHANGE = spec_body(END)


def spelled(**headers: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


# What is sent beside a good session of one's own. {0} is a session of the administrator.
TRICKS: dict[str, dict[str, str]] = {
    "a cookie of the administrator": spelled(Cookie=f"{SESSION}={{0}}"),
    "a bearer token": spelled(Authorization="Bearer {0}"),
    "a good password": basic(ADMINISTRATOR, PASSWORD),
    "a forwarded user": spelled(X_Forwarded_User=ADMINISTRATOR, X_Remote_User=ADMINISTRATOR),
    "a remote user": spelled(Remote_User=ADMINISTRATOR, X_User=ADMINISTRATOR, X_Role=ADMINISTRATOR),
    "a role": spelled(Role="administrator", X_Extension="com.acme.a", Extension="com.acme.a"),
    "a certificate": spelled(X_SSL_Client_S_DN="CN=administrator", X_Client_Verify="SUCCESS"),
    "another address": spelled(X_Forwarded_For="127.0.0.1", Forwarded="for=127.0.0.1;by=::1"),
    "another path": spelled(X_Original_URL="/livez", X_Rewrite_URL="/livez"),
    "another method": spelled(X_HTTP_Method_Override="GET", X_HTTP_Method="GET"),
    "a trusted host": {"Host": "localhost"},
    "an origin": spelled(Origin="http://localhost"),
}
ALLOWED = {"viewer": (403, "unauthorized"), "b-1": (404, "not_found")}


@pytest.fixture(scope="module")
def task(crowd: Server) -> str:
    """A running task of extension a."""
    with crowd.caller("a-1") as caller:
        return caller.create(status="RUNNING")


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("role", ALLOWED)
@pytest.mark.parametrize("door", DOORS)
def test_no_header_widens_a_role(
    crowd: Server, task: str, door: str, role: str, trick: str
) -> None:
    with crowd.caller() as admin, crowd.caller(role, DOORS[door]) as caller:
        before = admin.get(task).body
        headers = {name: text.format(admin.token) for name, text in TRICKS[trick].items()}
        path, change = f"{caller.door.extension_tasks}/{task}", caller.door.body(END)
        assert caller.send("PATCH", path, change, headers).refused == ALLOWED[role]
        cancel = f"{caller.door.tasks}/{task}?action=cancel"
        assert caller.send("POST", cancel, None, headers).refused == ALLOWED[role]
        query = caller.door.query(f"{caller.door.tasks}?filter_spec.tasks={task}")
        assert bool(caller.send("GET", query, None, headers).tasks) == (role == "viewer")
        assert admin.get(task).body == before


def test_the_first_of_two_session_cookies_decides(crowd: Server, task: str) -> None:
    with crowd.caller() as admin, crowd.caller("viewer") as viewer:
        crumbs = f"{SESSION}={viewer.token}; {SESSION}={admin.token}"
        headers = {**JSON, "Cookie": crumbs}
        path = f"{EXTENSION_TASKS}/{task}"
        assert crowd.call("PATCH", path, CHANGE, headers).refused == ALLOWED["viewer"]


@pytest.mark.parametrize("query", [f"{SESSION}={{0}}", "user=administrator", "as=administrator"])
def test_no_query_widens_a_role(crowd: Server, task: str, query: str) -> None:
    with crowd.caller() as admin, crowd.caller("b-1") as caller:
        text = query.format(admin.token)
        for path in (f"{TASKS}/{task}?{text}", f"{TASKS}?filter_spec.tasks={task}&{text}"):
            assert caller.send("GET", path).refused == (400, "invalid_argument")


@pytest.mark.parametrize("member", ["service", "extension", "principal", "owner", "role"])
def test_no_member_names_another_owner(crowd: Server, member: str) -> None:
    with crowd.caller("b-1") as caller:
        spec = {"operation_id": "op", "cancelable": True, member: "com.acme.a"}
        assert caller.post(spec).refused == (400, "invalid_argument")


def test_the_user_of_a_task_is_a_name_and_no_right(crowd: Server) -> None:
    with crowd.caller("a-1") as a, crowd.caller("b-1") as b, crowd.caller("viewer") as viewer:
        task = a.create(user="b-1", status="RUNNING")
        assert b.patch(task, {"status": "SUCCEEDED"}).refused == ALLOWED["b-1"]
        task = a.create(user="viewer", status="RUNNING")
        assert viewer.patch(task, {"status": "SUCCEEDED"}).refused == ALLOWED["viewer"]


def test_a_session_tells_nothing_of_other_users(crowd: Server) -> None:
    for person in PEOPLE[:6]:
        with crowd.caller(person.name) as caller:
            value = session(crowd, caller.token).value
        assert set(value) == {"user", "created_time", "last_accessed_time"}
        assert value["user"] == person.name


# What ends a session from outside.


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose users come and go."""
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        yield server


Ending = Callable[[Path, str], None]


def disabled(data: Path, name: str) -> None:
    disable(data, name)


def passed(data: Path, name: str) -> None:
    passwd(data, name, SECOND)


@pytest.mark.parametrize("ending", [disabled, passed])
def test_every_session_of_the_user_ends_and_no_other(house: Server, ending: Ending) -> None:
    name, other = f"{ending.__name__}-1", f"{ending.__name__}-2"
    for each in (name, other):
        add(house.data, Person(each, "extension", "com.acme.house"))
    tokens = [house.login(name) for _ in range(3)]
    kept = house.login(other)
    with Caller(house, tokens[0]) as caller:
        task = caller.create(status="RUNNING")
        ending(house.data, name)
        ended(house, tokens[0])
        # On a connection that was open before, in header and cookie, on every route.
        refusals = [
            caller.patch(task, {"description": text("late")}),
            caller.get(task),
            caller.cancel(task),
            caller.list(("filter_spec.tasks", task)),
            caller.post({"operation_id": "op", "cancelable": True}),
        ]
    assert {reply.refused for reply in refusals} == {(401, "unauthenticated")}
    for token in tokens:
        ended(house, token)
        headers = {"Cookie": f"{SESSION}={token}"}
        assert house.call("GET", f"{TASKS}/{task}", None, headers).status == 401
    with Caller(house, kept) as caller:
        assert caller.get(task).revision == 1


def test_an_ended_session_stays_ended(house: Server) -> None:
    """Neither enabling the user again nor the old password brings it back."""
    add(house.data, Person("back", "viewer"))
    token = house.login("back")
    disable(house.data, "back")
    ended(house, token)
    login = house.call("POST", SESSION_PATH, None, basic("back", PASSWORD))
    assert login.refused == (401, "unauthenticated")
    enable(house.data, "back")
    assert house.login("back")
    assert session(house, token).status == 401
    passwd(house.data, "back", SECOND)
    passwd(house.data, "back", PASSWORD)
    assert house.login("back")
    assert session(house, token).status == 401


# Limits on logins.

TRIES = 10
"""Of one user from one place, as written in the settings of the throttle."""
MOST = 2 * TRIES
NAMES = {"known": "limited", "unknown": "nobody-here", "disabled": "off"}


def numberless(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """An answer without what may differ from one moment to the next: date, seconds to wait."""
    moving = ("date", "retry-after", "content-length")
    headers = {name: text for name, text in reply.headers.items() if name not in moving}
    body = "".join(letter for letter in reply.body.decode() if not letter.isdigit())
    return reply.status, headers, body.encode()


@pytest.fixture(scope="module")
def limited(house: Server) -> dict[str, list[Reply]]:
    """The answers to failing logins of a known, an unknown and a disabled user, in order."""
    for name in ("limited", "off", "neighbour"):
        add(house.data, Person(name, "viewer"))
    disable(house.data, "off")
    token = house.login("limited")
    found: dict[str, list[Reply]] = {}
    for kind, name in NAMES.items():
        password = PASSWORD if kind == "disabled" else PASSWORD + "!"
        wrong = basic(name, password)
        found[kind] = [house.call("POST", SESSION_PATH, None, wrong) for _ in range(MOST)]
    assert session(house, token).status == 200
    # Whoever is limited is so with the right password as well.
    right = house.call("POST", SESSION_PATH, None, basic("limited", PASSWORD))
    assert right.refused == (429, "resource_busy")
    return found


@pytest.mark.parametrize("kind", NAMES)
def test_failing_logins_are_limited(limited: dict[str, list[Reply]], kind: str) -> None:
    """A try comes back now and then, so a slow machine may see a few more."""
    replies = limited[kind]
    assert {reply.refused for reply in replies[:TRIES]} == {(401, "unauthenticated")}
    later = replies[TRIES:]
    busy = [reply for reply in later if reply.status != 401]
    assert len(busy) > len(later) // 2
    for reply in busy:
        assert reply.refused == (429, "resource_busy")
        assert int(reply.headers["retry-after"]) >= 1
        assert "set-cookie" not in reply.headers


def test_all_that_fails_looks_the_same(limited: dict[str, list[Reply]]) -> None:
    """To the byte: wrong password, unknown user, disabled user."""
    firsts = [replies[:TRIES] for replies in limited.values()]
    answers = {
        (reply.status, reply.body, json.dumps(reply.headers | {"date": ""}))
        for reply in itertools.chain(*firsts)
    }
    assert len(answers) == 1
    lasts = {
        str(numberless(reply))
        for replies in limited.values()
        for reply in replies
        if reply.status == 429
    }
    assert len(lasts) == 1


@pytest.mark.usefixtures("limited")
def test_others_from_the_same_place_are_not_limited(house: Server) -> None:
    assert house.login("neighbour")
    assert house.login()
