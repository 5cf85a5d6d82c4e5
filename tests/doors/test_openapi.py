"""``/openapi.json`` against the published slice, its own standard, and real answers.

The slice is beside the repository; the check written out by hand runs without it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest

from milepost.doors.openapi import KINDS
from milepost.doors.preconditions import etags
from milepost.doors.refusals import Refuse
from milepost.wire.queries import BadQuery, split_target
from milepost.wire.waits import known_revisions, seconds_of
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
    failure,
    progress,
    text,
)
from tests.spelling import API, REST, Door

SLICE = Path(__file__).parents[2].parent / "shared" / "contract" / "vsphere-7.0-rest-slice.json"
Description = dict[str, Any]


@pytest.fixture(scope="module")
def description(server: Server) -> Description:
    reply = server.call("GET", "/openapi.json")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    found: Description = reply.json
    return found


def test_it_is_valid_openapi(description: Description) -> None:
    assert description["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(description)


# By hand: the operations with their query parameters, and what the structures hold.

FILTERS = ["tasks", "services", "operations", "status", "targets", "users"]
FILTER = [f"filter_spec.{name}" for name in FILTERS]
OPERATIONS = {
    ("post", EXTENSION_TASKS): [],
    ("patch", f"{EXTENSION_TASKS}/{{task_id}}"): [],
    ("get", TASKS): [*FILTER, "result_spec.return_all", "result_spec.exclude_result"],
    ("get", f"{TASKS}/{{task}}"): ["spec.return_all", "spec.exclude_result"],
    ("post", f"{TASKS}/{{task}}"): ["action"],
    ("post", SESSION_PATH): ["~action"],
    ("delete", SESSION_PATH): [],
    ("post", API.extension_tasks): [],
    ("patch", f"{API.extension_tasks}/{{task_id}}"): [],
    ("get", API.tasks): [*FILTERS, "return_all", "exclude_result"],
    ("get", f"{API.tasks}/{{task}}"): ["return_all", "exclude_result"],
    ("post", f"{API.tasks}/{{task}}"): ["action"],
    **{(method, API.session): [] for method in ("post", "get", "delete")},
    **{(method, path): [] for method in ("get", "head") for path in ("/livez", "/readyz")},
    ("get", "/openapi.json"): [],
}
OWN_FILTERS = ["task", "service", "operation", "status", "target", "user", "parent", "text"]
OWN_TIMES = [
    *("created_after", "created_before", "updated_after", "updated_before"),
    *("finished_after", "finished_before"),
]
PAGING = ["page_size", "page_token"]
OWN_OPERATIONS = {
    ("post", "/v1/session"): [],
    ("get", "/v1/session"): [],
    ("delete", "/v1/session"): [],
    ("get", "/v1/overview"): [],
    ("get", "/v1/server"): [],
    ("get", "/v1/extensions"): [],
    **{(method, "/v1/extensions/{key}"): [] for method in ("get", "put", "delete")},
    ("post", "/v1/tasks"): [],
    ("get", "/v1/tasks"): [
        *OWN_FILTERS,
        *OWN_TIMES,
        "order",
        *PAGING,
        "exclude_result",
        "counts",
    ],
    ("get", "/v1/events"): [
        *("task", "service", "operation", "status", "target", "user", "parent", "after"),
    ],
    ("post", "/v1/tasks:batch"): [],
    ("get", "/v1/tasks/{task_id}"): ["exclude_result", "wait", "for", "after_revision"],
    ("patch", "/v1/tasks/{task_id}"): [],
    ("get", "/v1/tasks/{task_id}/events"): PAGING,
    ("post", "/v1/tasks/{task_id}:cancel"): [],
    ("post", "/v1/tasks/{task_id}:heartbeat"): [],
    ("post", "/v1/tasks/{task_id}:force-close"): [],
    ("get", "/v1/users"): [],
    ("post", "/v1/users"): [],
    ("get", "/v1/users/{name}"): [],
    ("patch", "/v1/users/{name}"): [],
    ("post", "/v1/tokens"): [],
    ("get", "/v1/tokens"): ["user", *PAGING],
    ("get", "/v1/tokens/{token_id}"): [],
    ("delete", "/v1/tokens/{token_id}"): [],
}
TIMES = "start_time end_time"
REPORTED = f"percent_done description status error result {TIMES}"
INFO = f"{TIMES} description service operation parent target status cancelable error user"
CREATED = "operation_id cancelable target user parent_task"
OWN = "id revision principal created_at updated_at weight pinned"
DERIVED = "children elapsed_seconds rate_per_second remaining_seconds"
CANCEL = "cancel cancel_requested cancel_acknowledged"
TOKEN = "id name user scope extension created_at expires_at used_at revoked_at"
MEMBERS = {
    "vcenter.extension.tasks_update": ("spec", "spec"),
    "vcenter.extension.tasks_create": ("spec", "spec"),
    "vcenter.extension.tasks.update_spec": (REPORTED, ""),
    "vcenter.extension.tasks.create_spec": (
        f"{REPORTED} operation_id cancelable target user parent_task",
        "operation_id cancelable",
    ),
    "cis.task.info": (
        f"{INFO} progress result",
        "description service operation status cancelable",
    ),
    "cis.task.progress": ("total completed message", "total completed message"),
    "vapi.std.localizable_message": (
        "id default_message args params localized",
        "id default_message args",
    ),
    "vapi.std.nested_localizable_message": ("id params", "id"),
    "vapi.std.localization_param": ("s dt i d l format precision", ""),
    "vapi.std.dynamic_ID": ("type id", "type id"),
    "milepost.v1.update_spec": (f"{REPORTED} lease_seconds pinned cancel", ""),
    "milepost.v1.create_spec": (
        f"{REPORTED} lease_seconds pinned {CREATED} weight extension",
        "operation_id cancelable",
    ),
    "milepost.v1.progress": ("total completed message", "total completed"),
    "milepost.v1.task": (
        f"{INFO} progress result {OWN} finished_at lease {CANCEL} {DERIVED}",
        f"{OWN} description service operation status cancelable",
    ),
    "milepost.v1.task_page": ("tasks next_page_token counts counts_complete", "tasks"),
    "milepost.v1.event_page": ("events next_page_token", "events"),
    "milepost.v1.children": (
        "count by_status fraction complete succeeded_over_failed",
        "count by_status fraction complete",
    ),
    "milepost.v1.batch": ("requests", "requests"),
    "milepost.v1.batch_answer": ("results", "results"),
    "milepost.v1.user": ("name role extension disabled", "name role disabled"),
    "milepost.v1.new_user": ("name role password extension", "name role password"),
    "milepost.v1.user_change": ("role extension disabled password", ""),
    "milepost.v1.new_token": ("name scope extension lifetime_seconds user", "name scope"),
    "milepost.v1.token": (TOKEN, "id name user scope created_at"),
    "milepost.v1.made_token": (f"{TOKEN} token", "id name user scope created_at token"),
    "milepost.v1.token_page": ("tokens next_page_token", "tokens"),
    "milepost.problem": (
        "type title status detail error_type messages",
        "type title status detail error_type messages",
    ),
    "cis.session.info": (
        "user created_time last_accessed_time",
        "user created_time last_accessed_time",
    ),
}


def test_the_operations_by_hand(description: Description) -> None:
    found = {
        (method, path): [part["name"] for part in operation["parameters"] if part["in"] == "query"]
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if path.startswith(("/rest/", "/api/")) or (method, path) in OPERATIONS
    }
    assert found == OPERATIONS


def test_the_operations_of_v1_by_hand(description: Description) -> None:
    found = {
        (method, path): [part["name"] for part in operation["parameters"] if part["in"] == "query"]
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/v1/")
    }
    assert found == OWN_OPERATIONS
    headers = {
        (method, path): [part["name"] for part in operation["parameters"] if part["in"] == "header"]
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    }
    assert {key: names for key, names in headers.items() if names} == {
        ("get", "/v1/events"): ["Last-Event-ID"],
        ("post", "/v1/tasks"): ["Idempotency-Key"],
        ("post", "/v1/tasks:batch"): ["Idempotency-Key"],
        ("get", "/v1/tasks/{task_id}"): ["If-None-Match"],
        ("patch", "/v1/tasks/{task_id}"): ["If-Match"],
    }


# What a pattern takes is what the readers take.


def is_wait(text: str) -> bool:
    with contextlib.suppress(BadQuery):
        return seconds_of(text) >= 0
    return False


def are_etags(text: str) -> bool:
    with contextlib.suppress(Refuse):
        return text == "*" or bool(etags("If-Match", text))
    return False


def is_kept_revision(text: str) -> bool:
    with contextlib.suppress(BadQuery):
        return known_revisions({"after_revision": [text]}, None) is not None
    return False


def is_target(text: str) -> bool:
    with contextlib.suppress(BadQuery):
        return bool(split_target("", text))
    return False


TEXTS: dict[str, tuple[Callable[[str], bool], dict[str, bool]]] = {
    "wait": (
        is_wait,
        dict.fromkeys(["0", "0s", "30s", "59.999s", "60", "60.000s", "00060s", "00007.5"], True)
        | dict.fromkeys(["", "s", "61s", "60.001", "000060", "-1s", "1.2345s", ".5", "1m"], False),
    ),
    "etags": (
        are_etags,
        dict.fromkeys(["*", '""', '"3"', 'W/"3"', '"1", W/"2","\xe9"'], True)
        | dict.fromkeys(["", "3", '"3', '"1" "2"', '"1",', 'w/"1"', '"a b"', '*, "1"'], False),
    ),
    "revision": (
        is_kept_revision,
        dict.fromkeys(["0", "17", "9" * 18], True) | dict.fromkeys(["", "-1", "9" * 19], False),
    ),
    "target": (
        is_target,
        dict.fromkeys(["VirtualMachine:vm-1", ":", "a:b:c"], True)
        | dict.fromkeys(["", "vm-1"], False),
    ),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_pattern_takes_what_is_read(kind: str) -> None:
    reads, texts = TEXTS[kind]
    described = jsonschema.Draft202012Validator(KINDS[kind])
    assert {text: described.is_valid(text) for text in texts} == texts
    assert {text: reads(text) for text in texts} == texts


def test_the_statuses_of_success_by_hand(description: Description) -> None:
    success = {
        (method, path): [status for status in operation["responses"] if status < "300"]
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    }
    assert {key: found for key, found in success.items() if found != ["200"]} == {
        ("post", API.extension_tasks): ["201"],
        ("post", API.session): ["201"],
        ("patch", f"{API.extension_tasks}/{{task_id}}"): ["204"],
        ("post", f"{API.tasks}/{{task}}"): ["204"],
        ("delete", API.session): ["204"],
        ("put", "/v1/extensions/{key}"): ["200", "201"],
        ("delete", "/v1/extensions/{key}"): ["204"],
        ("post", "/v1/tasks"): ["201"],
        ("post", "/v1/users"): ["201"],
        ("post", "/v1/session"): ["201"],
        ("delete", "/v1/session"): ["204"],
        ("post", "/v1/tokens"): ["201"],
        ("delete", "/v1/tokens/{token_id}"): ["204"],
    }


def test_who_is_let_in_by_hand(description: Description) -> None:
    ways = {
        (method, path): [name for way in operation["security"] for name in way]
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    }
    assert {key for key, way in ways.items() if way == ["basic"]} == {
        ("post", API.session),
    }
    # With ~action=get it tells about a session.
    assert ways.pop(("post", REST.session)) == ["basic", "session", "cookie"]
    assert {path for (_, path), way in ways.items() if not way} == {
        *("/livez", "/readyz", "/openapi.json", "/docs", "/docs/docs.css", "/docs/docs.js"),
        # The name and the password are in the body.
        "/v1/session",
    }
    others = {
        (path.startswith("/v1/"), *sorted(way))
        for (_, path), way in ways.items()
        if way not in ([], ["basic"])
    }
    assert others == {(False, "cookie", "session"), (True, "bearer", "cookie", "session")}


@pytest.mark.parametrize("name", MEMBERS)
def test_the_members_by_hand(description: Description, name: str) -> None:
    schema = description["components"]["schemas"][name]
    members, required = MEMBERS[name]
    assert set(schema["properties"]) == set(members.split())
    assert set(schema.get("required", [])) == set(required.split())
    assert schema["additionalProperties"] is False


def test_the_enumerations_by_hand(description: Description) -> None:
    schemas = description["components"]["schemas"]
    states = ["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"]
    assert schemas["cis.task.status"]["enum"] == states
    formats = schemas["vapi.std.localization_param.date_time_format"]["enum"]
    assert len(formats) == 12
    assert len(schemas["vapi.std.errors.error.type"]["enum"]) == 25


# Against the slice.


@pytest.fixture(scope="module")
def published() -> Description:
    if not SLICE.is_file():
        pytest.skip(f"THE DESCRIPTION WAS NOT COMPARED WITH THE PUBLISHED SLICE: no {SLICE}")
    found: Description = json.loads(SLICE.read_text(encoding="utf-8"))
    return found


def test_the_schemas_equal_the_slice(description: Description, published: Description) -> None:
    """Each published structure but those of single errors, which have one shape here."""
    ours = description["components"]["schemas"]
    theirs = {
        name: schema
        for name, schema in published["definitions"].items()
        if not name.startswith("vapi.std.errors.") or "enum" in schema
    }
    assert len(theirs) == 19
    assert set(theirs) <= set(ours)
    for name, schema in theirs.items():
        assert set(ours[name].get("properties", {})) == set(schema.get("properties", {})), name
        assert set(ours[name].get("required", ())) == set(schema.get("required", ())), name
        assert ours[name].get("enum") == schema.get("enum"), name
    extra = {name for name in ours if not name.startswith("milepost.")} - set(theirs)
    assert extra == set()


def test_the_operations_equal_the_slice(description: Description, published: Description) -> None:
    for template, operations in published["paths"].items():
        path, _, query = template.partition("?")
        action, _, value = query.partition("=")
        for method, theirs in operations.items():
            ours = description["paths"][path][method]
            named = {
                (part["in"], part["name"]) for part in theirs["parameters"] if part["in"] != "body"
            }
            if action:
                named |= {("query", action)}
                (chosen,) = [part for part in ours["parameters"] if part["name"] == action]
                assert chosen["schema"]["enum"] == [value]
            optional = {("query", "~action")}
            assert {(part["in"], part["name"]) for part in ours["parameters"]} - optional == (
                named - optional
            )
            has_body = any(part["in"] == "body" for part in theirs["parameters"])
            assert ("requestBody" in ours) == has_body
            assert "200" in ours["responses"]


# Real answers against their descriptions.


def assert_described(description: Description, method: str, template: str, reply: Reply) -> None:
    """The answer's status is listed for the operation, and its body fits the schema."""
    answers = description["paths"][template.partition("?")[0]][method]["responses"]
    answer = answers[str(reply.status)]
    if "content" not in answer:
        assert reply.body == b""
        return
    assert_own_status(reply)
    schema = answer["content"][reply.headers["content-type"]]["schema"]
    whole = {**schema, "components": description["components"]}
    jsonschema.Draft202012Validator(whole).validate(reply.json)


def assert_own_status(reply: Reply) -> None:
    """A problem has the status in it."""
    if reply.headers["content-type"] == "application/problem+json":
        assert reply.json["status"] == reply.status


def test_real_answers_of_v1_are_as_described(description: Description, server: Server) -> None:
    tasks, one = "/v1/tasks", "/v1/tasks/{task_id}"
    full = {
        "operation_id": "op",
        "cancelable": True,
        "user": "ada",
        "description": "Backup",
        "status": "RUNNING",
        "percent_done": {"total": 2, "completed": 1},
        "lease_seconds": 60,
        "weight": 2.5,
        "pinned": True,
        "extension": "com.acme",
    }
    failed = {"status": "FAILED", "error": {"messages": ["Full"], "data": 7}, "result": [1.0]}

    def send(method: str, template: str, path: str, body: Any = None, **headers: str) -> Reply:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        content = None if body is None else json.dumps(body).encode()
        reply = admin.send(method, path, content, named)
        assert_described(description, method.lower(), template, reply)
        return reply

    with server.caller() as admin:
        task = send("POST", tasks, tasks, full).json["id"]
        path = f"{tasks}/{task}"
        send("POST", tasks, tasks, {})
        send("POST", tasks, tasks, full, Content_Type="text/plain")
        assert send("GET", one, path, If_None_Match='"1"').status == 304
        send("GET", one, path)
        assert send("PATCH", one, path, {}, If_Match='"7"').status == 412
        send("POST", f"{one}:cancel", f"{path}:cancel")
        send("PATCH", one, path, {"cancel": "acknowledged"})
        send("POST", f"{one}:heartbeat", f"{path}:heartbeat")
        assert send("POST", f"{one}:force-close", f"{path}:force-close").status == 400
        send("PATCH", one, path, failed)
        send("GET", one, path)
        for verb in ("cancel", "heartbeat", "force-close"):
            send("POST", f"{one}:{verb}", f"{path}:{verb}")
            send("POST", f"{one}:{verb}", f"{tasks}/none:{verb}")
        send("GET", f"{one}/events", f"{path}/events?page_size=2")
        send("GET", f"{one}/events", f"{path}/events?page_token=x")
        send("GET", tasks, f"{tasks}?service=com.acme&counts=true&page_size=1")
        send("GET", tasks, f"{tasks}?order=x")
        batch = f"{tasks}:batch"
        update = {"update": {"task": task, "spec": {"pinned": True}}}
        made = send("POST", batch, batch, {"requests": [{"create": full}, update, {}]})
        assert [one["status"] for one in made.json["results"]] == [201, 200, 400]
        send("POST", batch, batch, {"requests": {}})
        child = {**full, "parent_task": task, "percent_done": {"total": 2, "completed": 1}}
        child_id = send("POST", tasks, tasks, child).json["id"]
        assert "children" in send("GET", one, path).json
        report = {"percent_done": {"total": 2, "completed": 2}}
        send("PATCH", one, f"{tasks}/{child_id}", report)
        send("GET", one, f"{tasks}/{child_id}")
        users, user = "/v1/users", "/v1/users/{name}"
        new = {"name": "described", "role": "extension", "extension": "com.acme"}
        send("POST", users, users, {**new, "password": PASSWORD})
        send("POST", users, users, {**new, "password": "short"})
        send("GET", users, users)
        send("GET", user, f"{users}/described")
        send("GET", user, f"{users}/nobody")
        send("PATCH", user, f"{users}/described", {"disabled": True})
    with server.caller("vera") as admin:
        send("PATCH", one, path, {})
        send("GET", users, users)


def test_real_answers_about_the_whole_are_as_described(
    description: Description, server: Server
) -> None:
    session = "/v1/session"
    for body in ({"user": "vera", "password": PASSWORD}, {"user": "vera"}):
        reply = server.call("POST", session, json.dumps(body).encode(), JSON)
        assert_described(description, "post", session, reply)
    for path in (session, "/v1/overview", "/v1/server"):
        assert_described(description, "get", path, server.call("GET", path))
        with server.caller("vera") as caller:
            for query in ("", "?x=1"):
                assert_described(description, "get", path, caller.send("GET", path + query))
    ended = server.call("DELETE", session, None, {SESSION: server.login("vera")})
    assert_described(description, "delete", session, ended)


def test_real_answers_about_tokens_are_as_described(
    description: Description, server: Server
) -> None:
    tokens, token = "/v1/tokens", "/v1/tokens/{token_id}"

    def send(method: str, template: str, path: str, body: Any = None) -> Reply:
        content = None if body is None else json.dumps(body).encode()
        reply = admin.send(method, path, content)
        assert_described(description, method.lower(), template, reply)
        return reply

    with server.caller() as admin:
        wanted = {"name": "described", "scope": "read", "extension": "com.acme"}
        ident = send("POST", tokens, tokens, {**wanted, "lifetime_seconds": 60}).json["id"]
        assert send("POST", tokens, tokens, {**wanted, "scope": "none"}).status == 400
        assert send("POST", tokens, tokens, {"name": "second", "scope": "full"}).status == 201
        assert send("POST", tokens, tokens, {**wanted, "user": "nobody"}).status == 404
        assert "next_page_token" in send("GET", tokens, f"{tokens}?page_size=1").json
        send("GET", tokens, f"{tokens}?user=nobody")
        send("GET", token, f"{tokens}/{ident}")
        assert send("GET", token, f"{tokens}/none").status == 404
        assert send("DELETE", token, f"{tokens}/{ident}").status == 204
        assert "revoked_at" in send("GET", token, f"{tokens}/{ident}").json
        assert send("DELETE", token, f"{tokens}/none").status == 404
    with server.caller("vera") as admin:
        assert send("GET", tokens, f"{tokens}?user=oscar").status == 403


def test_real_answers_are_as_described(
    description: Description, server: Server, at_door: Caller
) -> None:
    admin, door = at_door, at_door.door
    create = ("post", door.extension_tasks)
    update = ("patch", f"{door.extension_tasks}/{{task_id}}")
    get, listing = ("get", f"{door.tasks}/{{task}}"), ("get", door.tasks)
    cancel = ("post", f"{door.tasks}/{{task}}?action=cancel")
    full = {
        "operation_id": "op",
        "cancelable": True,
        "user": "ada",
        "result": [{"any": None}],
        "status": "FAILED",
        "error": failure("Full", "timed_out"),
        "description": {
            **text("Backup", "one"),
            "localized": "Sicherung",
            "params": [{"key": "n", "value": {"l": {"id": "a"}, "d": 1.5, "precision": 2}}],
        },
        "percent_done": progress(1, 2),
    }
    ids = {
        status: admin.create(status=status) for status in ("RUNNING", "BLOCKED", "SUCCEEDED")
    } | {"PENDING": admin.create(), "FAILED": admin.post(full).value}
    wanted = [("filter_spec.tasks", task_id) for task_id in ids.values()]
    replies = [
        (*create, admin.post(full)),
        (*create, admin.post({**full, "percent_done": progress(3, 2)})),
        (*create, server.call("POST", door.extension_tasks, door.body(full))),
        (*create, admin.send("POST", door.extension_tasks, b"x", {"Content-Type": "text/plain"})),
        (*create, admin.send("POST", door.extension_tasks, b" " * (1024 * 1024 + 1))),
        (*update, admin.patch(ids["PENDING"], {"status": "RUNNING"})),
        (*update, admin.patch(ids["SUCCEEDED"], {"status": "RUNNING"})),
        (*update, admin.patch("nosuchtask", {})),
        *((*get, admin.get(task_id)) for task_id in ids.values()),
        (*get, admin.get("nosuchtask")),
        (*listing, admin.list(*wanted)),
        (*listing, admin.list()),
        (*cancel, admin.cancel(ids["PENDING"])),
        (*cancel, admin.cancel(ids["FAILED"])),
        (*cancel, admin.cancel("nosuchtask")),
        ("get", "/livez", server.call("GET", "/livez")),
        ("get", "/readyz", server.call("GET", "/readyz")),
        ("get", "/openapi.json", server.call("GET", "/openapi.json")),
    ]
    with server.caller("vera", door) as viewer:
        replies += [
            (*create, viewer.post(full)),
            (*update, viewer.patch(ids["RUNNING"], {})),
            (*cancel, viewer.cancel(ids["RUNNING"])),
        ]
    for method, template, reply in replies:
        assert_described(description, method, template, reply)


def test_answers_about_extensions_are_as_described(
    description: Description, server: Server, admin: Caller
) -> None:
    one, path = "/v1/extensions/{key}", "/v1/extensions/com.described"
    whole = {
        "operations": [{"id": "a", "lease_seconds": 1, "cancelable": True}],
        "catalogues": [{"locale": "de", "text": "a = b"}],
    }
    bad = {"catalogues": [{"locale": "de", "text": "a = {\nb = {"}]}
    with server.caller("vera") as viewer:
        replies = [
            ("put", one, admin.put("com.described", whole)),
            ("put", one, admin.put("com.described", {**whole, "name": "A"})),
            ("put", one, admin.put("com.described", bad)),
            ("put", one, admin.put("com.described", whole, if_match='"9"')),
            ("put", one, viewer.put("com.described", {})),
            ("get", one, admin.send("GET", path)),
            ("get", one, viewer.send("GET", path)),
            ("get", "/v1/extensions", admin.send("GET", "/v1/extensions")),
            ("get", "/v1/extensions", server.call("GET", "/v1/extensions")),
            ("delete", one, admin.send("DELETE", path)),
            ("delete", one, admin.send("DELETE", path)),
        ]
    statuses = [201, 200, 400, 412, 403, 200, 403, 200, 401, 204, 404]
    assert [reply.status for *_, reply in replies] == statuses
    for method, template, reply in replies:
        assert_described(description, method, template, reply)


def test_answers_about_sessions_are_as_described(
    description: Description, server: Server, door: Door
) -> None:
    known, path = basic(ADMINISTRATOR, PASSWORD), door.session
    for method, reply in (
        ("post", server.call("POST", path, None, known)),
        ("post", server.call("POST", path)),
        ("post", server.call("POST", f"{path}?x=1")),
        ("delete", server.call("DELETE", path)),
        ("delete", server.call("DELETE", path, None, {SESSION: server.login()})),
    ):
        assert_described(description, method, path, reply)


def test_the_answer_about_a_session_is_as_described(
    description: Description, at_door: Caller
) -> None:
    method, path = at_door.door.ask
    assert_described(description, method.lower(), path, at_door.send(method, path))
