"""The rules of the wire over plain HTTP: order of checks, ETag, client quirks, lists, errors."""

from __future__ import annotations

import itertools
import json
import socket
import urllib.parse
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.rpc import CIS_TASKS, invoke, optional, structure
from tests.serving import (
    ADMINISTRATOR,
    EXTENSION_TASKS,
    JSON,
    PASSWORD,
    PEOPLE,
    SESSION,
    SESSION_PATH,
    TASKS,
    Caller,
    Reply,
    Server,
    Spec,
    add_people,
    basic,
    failure,
    listed,
    progress,
    serving,
    spec_body,
)
from tests.spelling import API, DOORS, Door

UNKNOWN = "nosuchtasknosuchtasknosuch"
KIBIBYTE = 1024
MOST = 4 * KIBIBYTE
INVALID = (400, "invalid_argument")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A strict server that takes small bodies."""
    data = tmp_path_factory.mktemp("small") / "data"
    add_people(data, PEOPLE)
    with serving(data, spec_validation="strict", max_body=str(MOST)) as running:
        yield running


# The order of all checks.


class Order(NamedTuple):
    """One thing that can be wrong with a PATCH, and its answer. Earlier faults win."""

    name: str
    status: int
    error: str


ORDER = (
    Order("path", 404, "operation_not_found"),
    Order("method", 405, "invalid_request"),
    Order("token", 401, "unauthenticated"),
    Order("type", 415, "invalid_request"),
    Order("size", 413, "invalid_request"),
    Order("json", 400, "invalid_request"),
    Order("structure", 400, "invalid_argument"),
    Order("strict", 400, "invalid_argument"),
    Order("unknown", 404, "not_found"),
    Order("forbidden", 403, "unauthorized"),
    Order("rule", 400, "not_allowed_in_current_state"),
)
REASONS = {"structure": "milepost.value.unknown_member", "strict": "milepost.spec."}
PAIRS = [(one,) for one in ORDER] + list(itertools.combinations(ORDER, 2))


def faulty(server: Server, door: Door, faults: set[str]) -> Reply:
    """A PATCH of a finished task with these faults and no others."""
    with server.caller() as admin, server.caller("vera") as viewer:
        finished = admin.create(status="SUCCEEDED")
        spec: Spec = {"status": "RUNNING"} if "rule" in faults else {}
        spec |= {"result": 1, "status": "PENDING"} if "strict" in faults else {}
        spec |= {"colour": "red"} if "structure" in faults else {}
        body = door.body(spec)
        body += b"}" if "json" in faults else b""
        body += b" " * MOST if "size" in faults else b""
        token = viewer.token if "forbidden" in faults else admin.token
        folder = door.extension_tasks.removesuffix("s" if "path" in faults else "")
        return server.call(
            "PUT" if "method" in faults else "PATCH",
            f"{folder}/{UNKNOWN if 'unknown' in faults else finished}",
            body,
            {
                "Content-Type": "text/plain" if "type" in faults else "application/json",
                **({} if "token" in faults else {SESSION: token}),
            },
        )


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(one.name for one in pair))
def test_the_first_fault_is_reported(small: Server, door: Door, pair: tuple[Order, ...]) -> None:
    reply = faulty(small, door, {one.name for one in pair})
    assert reply.refused == pair[0][1:]
    assert reply.reason.startswith(REASONS.get(pair[0].name, "milepost."))
    assert ("allow" in reply.headers) == (pair[0].name == "method")


def test_the_login_is_checked_before_its_body(server: Server, door: Door) -> None:
    assert server.call("POST", door.session, b"{", {}).refused == (401, "unauthenticated")


# ETag.

REFUSED_CHANGES: dict[str, tuple[str, Any, bytes, dict[str, str]]] = {
    "rule": ("", {"percent_done": progress(1, 2)}, b"", JSON),
    "structure": ("", {"colour": "red"}, b"", JSON),
    "no-spec": ("", None, b"", JSON),
    "no-json": ("", {}, b"}", JSON),
    "strict": ("", {"result": 1}, b"", JSON),
    "media-type": ("", {}, b"", {"Content-Type": "text/plain"}),
    "too-large": ("", {}, b" " * MOST, JSON),
    "query": ("?colour=red", {}, b"", JSON),
}


@pytest.mark.parametrize("case", REFUSED_CHANGES)
def test_a_refused_change_tells_the_revision(small: Server, door: Door, case: str) -> None:
    query, spec, more, headers = REFUSED_CHANGES[case]
    with small.caller(door=door) as admin:
        task_id = admin.create()
        path = f"{door.extension_tasks}/{task_id}{query}"
        body = door.body(spec) + more
        reply = small.call("PATCH", path, body, {**headers, SESSION: admin.token})
        assert reply.status >= 400
        assert reply.error
        assert reply.etag == admin.get(task_id).etag == '"1"'


@pytest.mark.parametrize("query", ["?action=cancel", "", "?action=stop", "?action=cancel&x=1"])
def test_a_refused_cancel_tells_the_revision(at_door: Caller, query: str) -> None:
    task_id = at_door.create(cancelable=False)
    reply = at_door.send("POST", f"{at_door.door.tasks}/{task_id}{query}", b"{}")
    assert reply.status == 400
    assert reply.error
    assert reply.etag == at_door.get(task_id).etag == '"1"'


def test_every_answer_about_a_task_tells_its_revision(server: Server, at_door: Caller) -> None:
    admin, door = at_door, at_door.door
    created = admin.post({"operation_id": "op", "cancelable": True})
    task_id = created.value
    replies = [
        created,
        admin.patch(task_id, {}),
        admin.patch(task_id, {"status": "RUNNING"}),
        admin.patch(task_id, {"status": "RUNNING"}),
        admin.get(task_id),
        admin.send("GET", door.query(f"{door.tasks}/{task_id}?spec.exclude_result=true")),
        admin.cancel(task_id),
        admin.cancel(task_id),
        admin.patch(task_id, {"status": "FAILED"}),
    ]
    assert [reply.revision for reply in replies] == [1, 1, 2, 2, 2, 2, 3, 3, 3]
    with server.caller("vera", door) as viewer, server.caller("other", door) as stranger:
        assert viewer.patch(task_id, {}).refused == (403, "unauthorized")
        assert viewer.patch(task_id, {}).revision == 3
        assert viewer.cancel(task_id).revision == 3
        for reply in (stranger.get(task_id), stranger.patch(task_id, {}), stranger.cancel(task_id)):
            assert reply.refused == (404, "not_found")
            assert reply.etag is None


def test_a_wanted_cancel_is_told_until_the_end(at_door: Caller) -> None:
    admin = at_door
    task_id = admin.create(status="RUNNING")
    name = "milepost-cancel-requested"
    assert name not in admin.patch(task_id, {"percent_done": progress(1, 3)}).headers
    admin.cancel(task_id)
    for completed in (1, 2):
        reply = admin.patch(task_id, {"percent_done": progress(completed, 3)})
        assert reply.headers[name] == "true"
    for spec in ({"percent_done": progress(0, 3)}, {"colour": "red"}):
        refused = admin.patch(task_id, spec)
        assert (refused.status, refused.headers[name]) == (400, "true")
    ended = admin.patch(task_id, {"status": "FAILED", "error": failure("Canceled", "canceled")})
    assert ended.done
    assert name not in ended.headers


# Client quirks to survive.


def encoded(text: str) -> str:
    return "".join(f"%{ord(letter):02X}" for letter in text)


@pytest.mark.parametrize(
    ("change", "body", "headers"),
    [
        ("{}", b"{}", {}),
        ("{}", b"{}", JSON),
        ("{}", b"not json", {"Content-Type": "text/plain"}),
        ("{}", None, JSON),
        ("{}?", None, {}),
        ("{}?&", None, {}),
        ("{}", None, {"Accept": "text/html"}),
        ("{}", None, {"Accept": "nonsense", "Accept-Language": "de", "User-Agent": ""}),
        ("encoded", None, {}),
    ],
    ids=str,
)
def test_get_survives(
    at_door: Caller, change: str, body: bytes | None, headers: dict[str, str]
) -> None:
    task_id = at_door.create()
    path = encoded(task_id) if change == "encoded" else change.format(task_id)
    reply = at_door.send("GET", f"{at_door.door.tasks}/{path}", body, headers)
    assert reply.value == at_door.get(task_id).value


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON ; charset=utf-8",
    ],
)
def test_patch_survives(at_door: Caller, media_type: str) -> None:
    task_id, door = at_door.create(), at_door.door
    path = f"{door.extension_tasks}/{encoded(task_id)}?"
    headers = {"Content-Type": media_type, "Accept": "*/*"}
    assert at_door.send("PATCH", path, door.body({"status": "RUNNING"}), headers).done
    assert at_door.get(task_id).value["status"] == "RUNNING"


@pytest.mark.parametrize("body", [None, b"{}"])
@pytest.mark.parametrize("headers", [{}, JSON])
def test_operations_without_input_take_no_body_or_an_empty_object(
    server: Server, at_door: Caller, body: bytes | None, headers: dict[str, str]
) -> None:
    task_id, door = at_door.create(), at_door.door
    assert at_door.send("POST", f"{door.tasks}/{task_id}?action=cancel", body, headers).done
    assert at_door.send(*door.ask, body, headers).status == 200
    login = {**basic(ADMINISTRATOR, PASSWORD), **headers}
    token = at_door.send("POST", door.session, body, login).value
    assert server.call("DELETE", door.session, body, {**headers, SESSION: token}).done


@pytest.mark.parametrize("body", [b"[]", b'{"a":1}', b"1", b"{"])
def test_other_bodies_are_refused_there(at_door: Caller, body: bytes) -> None:
    path = f"{at_door.door.tasks}/{at_door.create()}?action=cancel"
    reply = at_door.send("POST", path, body)
    assert reply.status == 400
    assert reply.error in ("invalid_argument", "invalid_request")


# Lists.


@pytest.fixture(scope="module")
def fleet(server: Server) -> dict[str, str]:
    """Three tasks that differ in everything a filter can name."""
    with server.caller("acme-1") as acme, server.caller("other") as other:
        return {
            "a": acme.create(operation_id="op.a", user="ada", target=machine("a")),
            "b": acme.create(
                operation_id="op.b", user="bob", target=machine("b:1"), status="RUNNING"
            ),
            "c": other.create(
                operation_id="op.c", target={"type": "Host", "id": "a"}, status="SUCCEEDED"
            ),
        }


def machine(ident: str) -> Spec:
    return {"type": "VirtualMachine", "id": ident}


CROSSED_TARGETS = (
    "filter_spec.targets.1.id=a&filter_spec.targets.0.type=Host"
    "&filter_spec.targets.0.id=a&filter_spec.targets.1.type=VirtualMachine"
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "abc"),
        ("filter_spec.operations=op.a", "a"),
        ("filter_spec.operations=op.a&filter_spec.operations=op.c", "ac"),
        ("filter_spec.services=com.acme.backup", "ab"),
        ("filter_spec.services=com.acme.backup&filter_spec.services=com.other.copy", "abc"),
        ("filter_spec.status=RUNNING", "b"),
        ("filter_spec.status=PENDING&filter_spec.status=SUCCEEDED", "ac"),
        ("filter_spec.users=ada&filter_spec.users=nobody", "a"),
        ("filter_spec.targets=VirtualMachine:a", "a"),
        ("filter_spec.targets=VirtualMachine:b:1", "b"),
        ("filter_spec.targets=VirtualMachine%3Aa&filter_spec.targets=Host:a", "ac"),
        ("filter_spec.targets.0.type=VirtualMachine&filter_spec.targets.0.id=a", "a"),
        (CROSSED_TARGETS, "ac"),
        ("filter_spec.targets=Host:a&filter_spec.status=RUNNING", ""),
        ("result_spec.exclude_result=true&result_spec.return_all=false", "abc"),
    ],
)
def test_filters(at_door: Caller, fleet: dict[str, str], query: str, found: str) -> None:
    ids = "&".join(f"filter_spec.tasks={task_id}" for task_id in fleet.values())
    reply = listing(at_door, f"{ids}&filter_spec.tasks={UNKNOWN}&{query}")
    assert listed(reply) == {fleet[name] for name in found}
    for task_id, shown in reply.tasks.items():
        assert shown == at_door.get(task_id).value


def listing(caller: Caller, query: str) -> Reply:
    """A list; the query is spelled as on ``/rest``."""
    return caller.send("GET", f"{caller.door.tasks}?{caller.door.query(query)}")


def test_services_alone_are_enough(server: Server, fleet: dict[str, str]) -> None:
    query = [("filter_spec.services", "com.acme.backup"), ("filter_spec.operations", "op.b")]
    with server.caller("acme-2") as acme:
        assert fleet["b"] in listed(acme.list(*query))
    with server.caller("other") as other:
        assert listed(other.list(*query)) == set()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "filter_spec.status=RUNNING",
        "filter_spec.operations=op.a&filter_spec.users=ada&filter_spec.targets=Host:a",
        "result_spec.exclude_result=true",
    ],
)
def test_a_list_needs_tasks_or_services(at_door: Caller, query: str) -> None:
    reply = listing(at_door, query)
    assert (reply.refused, reply.reason) == (INVALID, "milepost.list.filter_empty")


@pytest.mark.parametrize(
    "query",
    [
        *("colour=red", "filter_spec.colour=red", "filter_spec.status=running"),
        *("filter_spec.targets=machine", "filter_spec.targets.0.id=a"),
        *("filter_spec.targets.0.colour=red", "filter_spec.targets.x.id=a"),
        *("result_spec.exclude_result=yes", "result_spec.exclude_result=", "page_size=1"),
        *("filter_spec.tasks=%FF", "filter_spec.users=%00"),
        "result_spec.return_all=true&result_spec.return_all=true",
    ],
)
def test_what_a_list_does_not_know_is_refused(at_door: Caller, query: str) -> None:
    reply = listing(at_door, f"filter_spec.tasks={UNKNOWN}&{query}")
    assert reply.refused == INVALID
    assert reply.reason.startswith("milepost.query.")


@pytest.mark.parametrize(
    "query",
    [
        *("tasks=a", "filter_spec.tasks=a", "return_all=true", "result_spec.return_all=true"),
        *("exclude_result=true", "result_spec.exclude_result=true"),
    ],
)
def test_a_parameter_of_the_other_door_is_refused(at_door: Caller, query: str) -> None:
    door = at_door.door
    known = door.query("filter_spec.tasks=b")
    reply = at_door.send("GET", f"{door.tasks}?{known}&{query}")
    if ("spec." in query) == door.wraps:
        assert listed(reply) == set()
    else:
        assert (reply.refused, reply.reason) == (INVALID, "milepost.query.unknown_parameter")


def test_results_are_left_out_when_told(at_door: Caller) -> None:
    admin, door = at_door, at_door.door
    task_id = admin.create(status="RUNNING", result={"half": True})
    full, wanted = admin.get(task_id).value, ("filter_spec.tasks", task_id)
    without = {name: part for name, part in full.items() if name != "result"}
    for flag, shown in (("true", without), ("false", full)):
        query = f"spec.exclude_result={flag}&spec.return_all=true"
        assert admin.send("GET", door.query(f"{door.tasks}/{task_id}?{query}")).value == shown
        found = admin.list(wanted, ("result_spec.exclude_result", flag))
        assert found.tasks == {task_id: shown}


def test_more_than_1000_matches_are_inaccessible(server: Server) -> None:
    with server.caller("bulk") as bulk:
        wanted = ("filter_spec.services", "com.bulk.load")
        assert len(listed(bulk.list(wanted))) == 1000
        last = bulk.create(user="last")
        for door in DOORS.values():
            with server.caller("bulk", door) as caller:
                reply = caller.list(wanted)
            assert reply.refused == (400, "resource_inaccessible")
            assert "1000" in reply.text
        services = structure(f"{CIS_TASKS}.filter_spec", {"services": optional(["com.bulk.load"])})
        answer = invoke(bulk, CIS_TASKS, "list", {"filter_spec": optional(services)})
        assert answer.refusal == "resource_inaccessible"
        assert listed(bulk.list(wanted, ("filter_spec.users", "last"))) == {last}


def test_a_url_of_100_kib_works(admin: Caller) -> None:
    task_id = admin.create()
    pairs = [("filter_spec.tasks", task_id)] * (
        100 * KIBIBYTE // len(f"filter_spec.tasks={task_id}&")
    )
    query = urllib.parse.urlencode(pairs)
    assert 99 * KIBIBYTE < len(query) < 100 * KIBIBYTE
    assert listed(admin.send("GET", f"{TASKS}?{query}")) == {task_id}


@pytest.mark.parametrize("kind", ["query", "path"])
def test_a_url_over_128_kib_is_refused(admin: Caller, kind: str) -> None:
    filling = "a" * (128 * KIBIBYTE)
    path = f"{TASKS}/{filling}" if kind == "path" else f"{TASKS}?filter_spec.tasks={filling}"
    assert admin.send("GET", path).refused == (414, "invalid_request")


# Errors of HTTP itself.


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", EXTENSION_TASKS, "POST"),
        ("PUT", EXTENSION_TASKS, "POST"),
        ("GET", f"{EXTENSION_TASKS}/{UNKNOWN}", "PATCH"),
        ("DELETE", f"{EXTENSION_TASKS}/{UNKNOWN}", "PATCH"),
        ("POST", TASKS, "GET"),
        ("HEAD", TASKS, "GET"),
        ("PATCH", f"{TASKS}/{UNKNOWN}", "GET, POST"),
        ("GET", SESSION_PATH, "DELETE, POST"),
        ("OPTIONS", SESSION_PATH, "DELETE, POST"),
        ("GET", API.extension_tasks, "POST"),
        ("PUT", f"{API.extension_tasks}/{UNKNOWN}", "PATCH"),
        ("DELETE", API.tasks, "GET"),
        ("PATCH", f"{API.tasks}/{UNKNOWN}", "GET, POST"),
        ("PUT", API.session, "DELETE, GET, POST"),
        ("POST", "/livez", "GET, HEAD"),
        ("DELETE", "/readyz", "GET, HEAD"),
        ("POST", "/openapi.json", "GET"),
    ],
)
def test_a_wrong_method_is_405_with_allow(
    server: Server, method: str, path: str, allowed: str
) -> None:
    reply = server.call(method, path)
    assert (reply.status, reply.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        assert reply.error == "invalid_request"


@pytest.mark.parametrize(
    "path",
    [
        *("/uix", "/rest", "/rest/", "/rest/vcenter/extension/tasks/", "/rest/cis/tasks/a/b"),
        *("/rest/cis/task", "/REST/cis/tasks", "//rest/cis/tasks", "/rest/cis/tasks/%FF"),
        *("/livez/", "/apix", "/rest/vcenter/../cis/tasks", "/%2e%2e/etc/passwd", "/favicon.ico"),
        *("/api/", "/api/cis", "/api/cis/tasks/", "/api/com/vmware/cis/session", "/api//session"),
        *(
            "/api/session/",
            "/api/rest/cis/tasks",
            "/apis/session",
            "/Api/session",
            "/%61pi/session",
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "BREW"])
def test_an_unknown_path_is_operation_not_found(server: Server, method: str, path: str) -> None:
    if method == "BREW":
        method = "PROPFIND"
    assert server.call(method, path).refused == (404, "operation_not_found")


@pytest.mark.parametrize("query", ["?action=stop", "?action=", "?action=Cancel", "", "?x=1"])
def test_a_missing_or_other_action_is_refused(at_door: Caller, query: str) -> None:
    task_id = at_door.create()
    assert at_door.send("POST", f"{at_door.door.tasks}/{task_id}{query}").refused == INVALID
    assert at_door.get(task_id).revision == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{EXTENSION_TASKS}?x=1"),
        ("PATCH", f"{EXTENSION_TASKS}/{UNKNOWN}?x=1"),
        ("GET", f"{TASKS}/{UNKNOWN}?x=1"),
        ("GET", f"{TASKS}/{UNKNOWN}?spec.exclude_result=1"),
        ("POST", f"{TASKS}/{UNKNOWN}?action=cancel&x=1"),
        ("POST", f"{TASKS}/{UNKNOWN}?action=cancel&action=cancel"),
        ("DELETE", f"{SESSION_PATH}?x=1"),
        ("POST", f"{SESSION_PATH}?~action=put"),
        ("POST", f"{SESSION_PATH}?action=get"),
        ("POST", f"{API.extension_tasks}?x=1"),
        ("PATCH", f"{API.extension_tasks}/{UNKNOWN}?x=1"),
        ("GET", f"{API.tasks}/{UNKNOWN}?spec.exclude_result=true"),
        ("GET", f"{API.tasks}/{UNKNOWN}?exclude_result=1"),
        ("POST", f"{API.tasks}/{UNKNOWN}?action=cancel&x=1"),
        ("POST", f"{API.session}?~action=get"),
        ("GET", f"{API.session}?x=1"),
        ("DELETE", f"{API.session}?x=1"),
    ],
)
def test_unknown_query_parameters_are_refused(admin: Caller, method: str, path: str) -> None:
    reply = admin.send(method, path, spec_body({}) if "extension" in path else None)
    assert reply.refused == INVALID
    assert reply.reason.startswith("milepost.query.")


@pytest.mark.parametrize("length", [MOST, MOST + 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_413(
    small: Server, door: Door, length: int, *, chunked: bool
) -> None:
    with small.caller() as admin:
        body = door.body({"operation_id": "op", "cancelable": True})
        body += b" " * (length - len(body))
        sent = iter([body[:100], body[100:]]) if chunked else body
        headers = {**JSON, SESSION: admin.token}
        reply = small.call("POST", door.extension_tasks, sent, headers)
    if length == MOST:
        assert reply.status == door.created
    else:
        assert reply.refused == (413, "invalid_request")
        assert str(MOST) in reply.text


@pytest.mark.parametrize(
    "media_type", [None, "", "text/json", "application/jsonx", "multipart/form-data"]
)
def test_another_media_type_is_415(server: Server, at_door: Caller, media_type: str | None) -> None:
    typed = {} if media_type is None else {"Content-Type": media_type}
    headers = {SESSION: at_door.token, **typed}
    body = at_door.door.body({"operation_id": "op", "cancelable": True})
    for sent in (body, iter([body])):
        reply = server.call("POST", at_door.door.extension_tasks, sent, headers)
        assert reply.refused == (415, "invalid_request")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_request"),
        (b"{", "invalid_request"),
        (b'{"spec":{}}x', "invalid_request"),
        (b"\xef\xbb\xbf{}", "invalid_request"),
        (b'{"spec":{"result":NaN}}', "invalid_request"),
        (b'{"spec":\xff}', "invalid_request"),
        (b'{"spec":{"a":1,"a":2}}', "invalid_argument"),
        (b'{"spec":{"result":1e999}}', "invalid_argument"),
        (b'{"spec":{"user":"\\u0000"}}', "invalid_argument"),
        (b'{"spec":{"user":"\\ud800"}}', "invalid_argument"),
        (b"[" * 3000, "invalid_argument"),
        (b"null", "invalid_argument"),
        (b'{"spec":{"operation_id":"a","cancelable":"true"}}', "invalid_argument"),
        (b'{"spec":{"operation_id":"a"}}', "invalid_argument"),
    ],
)
def test_bodies_that_do_not_fit(admin: Caller, body: bytes, error: str) -> None:
    reply = admin.send("POST", EXTENSION_TASKS, body)
    assert reply.refused == (400, error)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_request"),
        (b"{", "invalid_request"),
        (b'{"user":"\\u0000"}', "invalid_argument"),
        (b"null", "invalid_argument"),
        (b"[]", "invalid_argument"),
        (b"{}", "invalid_argument"),
        (b'{"spec":{"operation_id":"a","cancelable":true}}', "invalid_argument"),
        (b'{"operation_id":"a","cancelable":true,"spec":null}', "invalid_argument"),
        (b'{"operation_id":"a","cancelable":"true"}', "invalid_argument"),
    ],
)
def test_bodies_that_do_not_fit_on_api(admin: Caller, body: bytes, error: str) -> None:
    assert admin.send("POST", API.extension_tasks, body).refused == (400, error)


def test_a_repeated_header_that_decides_is_refused(server: Server, admin: Caller) -> None:
    answer = raw(
        server,
        f"GET {TASKS}/{UNKNOWN} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        f"{SESSION}: {admin.token}\r\n{SESSION}: {admin.token}\r\n\r\n",
    )
    assert answer.startswith("HTTP/1.1 400 ")
    assert "milepost.http.repeated_header" in answer


def raw(server: Server, request: str) -> str:
    """What the server sends back for some bytes, to the end of the connection."""
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


# Health.


@pytest.mark.parametrize(("path", "status"), [("/livez", "alive"), ("/readyz", "ready")])
def test_health_needs_no_session(server: Server, path: str, status: str) -> None:
    got = server.call("GET", path)
    assert (got.status, got.json) == (200, {"status": status})
    head = server.call("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_create_answers_the_id_alone(at_door: Caller) -> None:
    reply = at_door.post({"operation_id": "op", "cancelable": False})
    task_id = reply.value
    assert 22 <= len(task_id) <= 64
    assert task_id.replace("-", "").replace("_", "").isalnum()
    alone = {"rest": (200, {"value": task_id}), "api": (201, task_id)}
    assert (reply.status, json.loads(reply.body)) == alone[at_door.door.name]


@pytest.mark.parametrize(
    ("user", "given", "service"),
    [
        ("administrator", None, "com.milepost.local"),
        ("acme-1", None, "com.acme.backup"),
        ("acme-1", "grace", "com.acme.backup"),
    ],
)
def test_service_and_user(server: Server, user: str, given: str | None, service: str) -> None:
    with server.caller(user) as caller:
        info: dict[str, Any] = caller.get(caller.create(user=given)).value
    assert info["service"] == service
    assert info.get("user") == given
    assert info["target"] == {"type": "Folder", "id": "group-d1"}
