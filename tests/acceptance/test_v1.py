"""The door ``/v1`` on the real server, and what the other doors notice of it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.serving import JSON, PASSWORD, Caller, Reply, Server, eventually, progress, serving, text
from tests.spelling import DOORS, V1, Door

TASKS = V1.tasks


@pytest.fixture
def root(server: Server) -> Iterator[Caller]:
    with server.caller(door=V1) as caller:
        yield caller


def made(caller: Caller, **spec: Any) -> dict[str, Any]:
    """A new task, as it is told."""
    full = {"operation_id": "com.acme.backup.run", "cancelable": True, **spec}
    reply = caller.send("POST", TASKS, json.dumps(full).encode())
    assert reply.status == 201, reply
    task: dict[str, Any] = reply.json
    assert reply.headers["location"] == f"{TASKS}/{task['id']}"
    assert reply.revision == task["revision"] == 1
    return task


def patched(caller: Caller, task: dict[str, Any], spec: Any, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(spec).encode()
    return caller.send("PATCH", f"{TASKS}/{task['id']}", body, named)


def test_a_task_from_its_beginning_to_its_end(root: Caller) -> None:
    task = made(root, description="Backup of web-01", lease_seconds=60)
    assert task["description"] == {"id": "", "default_message": "Backup of web-01", "args": []}
    assert task["lease"]["seconds"] == 60
    steps: list[tuple[Any, str]] = [
        ({"status": "RUNNING"}, "RUNNING"),
        ({"percent_done": {"total": 2, "completed": 1, "message": "Disk 1"}}, "RUNNING"),
        ({"status": "SUCCEEDED", "result": {"disks": 2}}, "SUCCEEDED"),
    ]
    for number, (spec, status) in enumerate(steps, start=2):
        reply = patched(root, task, spec)
        assert (reply.status, reply.json["status"], reply.revision) == (200, status, number)
        again = patched(root, task, spec | {"status": status})
        assert (again.status, again.revision) == (200, number)
    shown = root.get(task["id"]).json
    assert shown["progress"]["message"]["default_message"] == "Disk 1"
    assert shown["result"] == {"disks": 2}
    assert "lease" not in shown
    assert shown["finished_at"] == shown["updated_at"] == shown["end_time"]


def test_the_other_doors_show_the_same_task(server: Server, root: Caller) -> None:
    task = made(root, description="Backup", user="ann", status="RUNNING")
    for door in DOORS.values():
        with server.caller(door=door) as other:
            info = door.value(other.get(task["id"]).json)
            assert info == {name: task[name] for name in info}


def test_what_the_other_doors_make_is_shown(server: Server, root: Caller, door: Door) -> None:
    with server.caller(door=door) as other:
        task_id = other.create(status="RUNNING", percent_done=progress(1, 2))
        shown = root.get(task_id).json
        assert (shown["id"], shown["revision"], shown["principal"]) == (task_id, 1, "administrator")
        other.patch(task_id, {"description": text("Later")})
        assert root.get(task_id).revision == 2


def test_a_known_revision_is_not_sent_again(root: Caller) -> None:
    task = made(root)
    path = f"{TASKS}/{task['id']}"
    for known in ('"1"', 'W/"1"', '"0", "1"', "*"):
        reply = root.send("GET", path, None, {"If-None-Match": known})
        assert (reply.status, reply.body, reply.etag) == (304, b"", '"1"')
    patched(root, task, {"description": "changed"})
    reply = root.send("GET", path, None, {"If-None-Match": '"1"'})
    assert (reply.status, reply.revision) == (200, 2)


def test_an_update_for_a_revision(root: Caller) -> None:
    task = made(root)
    assert patched(root, task, {"description": "a"}, If_Match='"1"').revision == 2
    late = patched(root, task, {"description": "b"}, If_Match='"1"')
    assert (late.status, late.error, late.etag) == (412, "concurrent_change", '"2"')
    assert late.message["args"] == ["2", '"1"']
    bad = patched(root, task, {"description": "b"}, If_Match="1")
    assert (bad.status, bad.reason, bad.etag) == (400, "milepost.http.bad_etag", '"2"')
    assert patched(root, task, {"description": "b"}, If_Match="*").revision == 3


ASKED = "milepost-cancel-requested"


def told(worker: Caller, task: dict[str, Any], words: str) -> bool:
    """Whether the answer to an update tells that the end is wanted."""
    reply = worker.patch(task["id"], {"description": text(words)})
    assert reply.status < 300, reply
    return reply.headers.get(ASKED) == "true"


@pytest.mark.parametrize("at", [*DOORS.values(), V1], ids=lambda door: door.name)
def test_a_cancel_is_told_at_every_door_until_acknowledged(
    server: Server, root: Caller, at: Door
) -> None:
    task = made(root, status="RUNNING")
    path = f"{TASKS}/{task['id']}"
    with server.caller(door=at) as worker:
        assert not told(worker, task, "before")
        reply = root.send("POST", f"{path}:cancel")
        assert (reply.status, reply.json["cancel"]) == (200, "requested")
        assert told(worker, task, "asked")
        refused = worker.patch(task["id"], {"status": "PENDING"})
        assert (refused.status, refused.headers[ASKED]) == (400, "true")
        beat = root.send("POST", f"{path}:heartbeat")
        assert (beat.status, beat.headers[ASKED]) == (200, "true")
        heard = patched(root, task, {"cancel": "acknowledged"})
        assert (heard.status, heard.json["cancel"]) == (200, "acknowledged")
        assert heard.json["cancel_requested"] <= heard.json["cancel_acknowledged"]
        assert ASKED not in heard.headers
        assert not told(worker, task, "heard")
        # A second request for what is on its way changes nothing.
        assert root.send("POST", f"{path}:cancel").json["cancel"] == "acknowledged"
        assert not told(worker, task, "asked again")


def test_nobody_acknowledges_what_was_not_asked(root: Caller) -> None:
    task = made(root, status="RUNNING")
    reply = patched(root, task, {"cancel": "acknowledged"})
    assert (reply.status, reply.reason) == (400, "milepost.task.cancel_not_requested")


def test_a_task_whose_worker_is_gone_ends(root: Caller) -> None:
    task = made(root, status="RUNNING", lease_seconds=1)
    assert 0 < task["lease"]["remaining_seconds"] <= 1
    path = f"{TASKS}/{task['id']}"
    for _ in eventually("the task has ended"):
        if (ended := root.send("GET", path)).json["status"] == "FAILED":
            break
    assert ended.revision == 2
    (message,) = ended.json["error"]["messages"]
    assert (ended.json["error"]["error_type"], message["id"]) == (
        "TIMED_OUT",
        "milepost.lease.expired",
    )
    assert "lease" not in ended.json
    event = root.send("GET", f"{path}/events").json["events"][0]
    assert (event["kind"], event["principal"]) == ("lease_expired", "system")


def test_a_heartbeat_renews_a_lease_and_is_no_revision(root: Caller) -> None:
    task = made(root, status="RUNNING", lease_seconds=86_400)
    path = f"{TASKS}/{task['id']}"
    before = root.send("GET", path).json["lease"]["remaining_seconds"]
    beat = root.send("POST", f"{path}:heartbeat")
    assert beat.json["lease"]["remaining_seconds"] >= before
    assert beat.revision == 1
    known = root.send("GET", path, None, {"If-None-Match": '"1"'})
    assert known.status == 304
    assert len(root.send("GET", f"{path}/events").json["events"]) == 1


def test_a_lease_begins_anew_with_the_server(tmp_path: Path) -> None:
    """While it was down nobody could be heard of."""
    with serving(tmp_path / "data") as first, first.caller(door=V1) as caller:
        task = made(caller, status="RUNNING", lease_seconds=3)
        first.stop(signal.SIGKILL)
    with serving(tmp_path / "data") as second, second.caller(door=V1) as caller:
        shown = caller.get(task["id"]).json
        assert shown["status"] == "RUNNING"
        for _ in eventually("the task has ended"):
            if caller.get(task["id"]).json["status"] == "FAILED":
                break


KEY = "Idempotency-Key"


def test_a_lost_create_is_sent_again(root: Caller) -> None:
    body = json.dumps({"operation_id": "com.acme.once", "cancelable": True}).encode()
    first = root.send("POST", TASKS, body, {KEY: "night of the 1st"})
    assert (first.status, first.revision) == (201, 1)
    task = first.json
    patched(root, task, {"status": "RUNNING"})
    # The same spec, written otherwise.
    spaced = body.replace(b",", b" ,\n")
    again = root.send("POST", TASKS, spaced, {KEY: "night of the 1st"})
    assert (again.status, again.revision, again.json["status"]) == (201, 2, "RUNNING")
    assert again.headers["location"] == first.headers["location"]
    other = root.send("POST", TASKS, body.replace(b"once", b"other"), {KEY: "night of the 1st"})
    assert (other.status, other.reason) == (409, "milepost.task.key_used")
    long = root.send("POST", TASKS, body, {KEY: "k" * 256})
    assert (long.status, long.reason) == (400, "milepost.http.bad_idempotency_key")
    found = root.send("GET", f"{TASKS}?operation=com.acme.once").json["tasks"]
    assert [one["id"] for one in found] == [task["id"]]


def test_100_repeats_at_once_make_one_task(server: Server) -> None:
    body = json.dumps({"operation_id": "com.acme.hundred", "cancelable": True}).encode()
    token = server.login()

    def send(_number: int) -> str:
        headers = {"Authorization": f"Bearer {token}", KEY: "hundred", **JSON}
        reply = server.call("POST", TASKS, body, headers)
        assert reply.status == 201, reply
        ident: str = reply.json["id"]
        return ident

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(send, range(100)))) == 1


def test_a_key_counts_after_a_restart(tmp_path: Path) -> None:
    body = json.dumps({"operation_id": "op", "cancelable": True}).encode()
    ids = []
    for how in (signal.SIGKILL, signal.SIGTERM):
        with serving(tmp_path / "data") as again, again.caller(door=V1) as caller:
            ids.append(caller.send("POST", TASKS, body, {KEY: "a"}).json["id"])
            again.stop(how)
    assert ids[0] == ids[1]


def test_a_list_page_by_page(root: Caller) -> None:
    tasks = [made(root, user="page-user", description=f"Page {number}") for number in range(5)]
    ids = [task["id"] for task in tasks]
    found: list[str] = []
    query = "user=page-user&page_size=2&order=created"
    token = ""
    for _ in range(3):
        reply = root.send("GET", f"{TASKS}?{query}{token}")
        found += [task["id"] for task in reply.json["tasks"]]
        token = f"&page_token={reply.json.get('next_page_token')}"
    assert found == ids
    assert "next_page_token" not in reply.json
    newest = root.send("GET", f"{TASKS}?user=page-user&counts=true").json
    assert [task["id"] for task in newest["tasks"]] == ids[::-1]
    assert newest["counts"]["PENDING"] == 5
    assert newest["counts_complete"] is True
    one = root.send("GET", f"{TASKS}?text=PAGE+3&user=page-user").json["tasks"]
    assert [task["id"] for task in one] == [ids[3]]
    made(root, parent_task=ids[0])
    assert len(root.send("GET", f"{TASKS}?parent={ids[0]}").json["tasks"]) == 1


def test_a_history_tells_who_when_what_and_from_where(server: Server, root: Caller) -> None:
    with server.caller("acme-1", V1) as acme:
        task = made(acme, description="Backup")
        patched(acme, task, {"status": "RUNNING", "result": "secret words"})
    root.send("POST", f"{TASKS}/{task['id']}:cancel")
    reply = root.send("GET", f"{TASKS}/{task['id']}/events")
    assert reply.revision == 3
    assert b"secret words" not in reply.body
    cancel, run, create = reply.json["events"]
    assert [event["kind"] for event in (cancel, run, create)] == [
        "cancel_requested",
        "updated",
        "created",
    ]
    assert (cancel["principal"], run["principal"]) == ("administrator", "acme-1")
    assert {event["source"] for event in (cancel, run, create)} == {"127.0.0.1"}
    assert run["changes"][0] == {"field": "status", "before": "PENDING", "after": "RUNNING"}
    assert {"field": "result"} in run["changes"]
    assert create["position"] < run["position"] < cancel["position"]
    changes = {change["field"]: change for change in create["changes"]}
    assert changes["description"]["after"]["default_message"] == "Backup"


def test_users_are_made_and_changed(server: Server, root: Caller) -> None:
    users = "/v1/users"

    def send(method: str, path: str, **body: Any) -> Reply:
        return root.send(method, path, json.dumps(body).encode() if body else None)

    made_user = send("POST", users, name="user", role="viewer", password=PASSWORD)
    assert made_user.status == 201
    path = made_user.headers["location"]
    assert path == f"{users}/user"
    assert send("GET", path).json == {"name": "user", "role": "viewer", "disabled": False}
    again = send("POST", users, name="user", role="viewer", password=PASSWORD)
    assert again.refused == (400, "already_exists")
    with server.caller("user", V1) as user:
        assert user.send("GET", TASKS).status == 200
        assert send("PATCH", path, role="extension", extension="com.acme.backup").status == 200
        # Another role ends the sessions of the old one.
        for _ in eventually("the session of the old role has ended"):
            if user.send("GET", TASKS).status == 401:
                break
    token = server.login("user")
    with Caller(server, token, V1) as user:
        assert made(user)["service"] == "com.acme.backup"
    assert send("PATCH", path, disabled=True).json["disabled"] is True
    assert send("PATCH", path, role="viewer").json.get("extension") is None
    assert [user["name"] for user in send("GET", users).json["users"]].count("user") == 1


def test_a_name_with_odd_characters_is_found(root: Caller) -> None:
    body = json.dumps({"name": "ä@%2", "role": "viewer", "password": PASSWORD}).encode()
    reply = root.send("POST", "/v1/users", body)
    assert reply.status == 201
    assert root.send("GET", reply.headers["location"]).json["name"] == "ä@%2"


def test_a_parent_shows_its_children(root: Caller) -> None:
    parent = made(root, status="RUNNING")
    path = f"{TASKS}/{parent['id']}"
    assert "children" not in root.send("GET", path).json
    good = made(root, parent_task=parent["id"], weight=3)
    bad = made(root, parent_task=parent["id"])
    patched(root, good, {"status": "RUNNING", "percent_done": {"total": 2, "completed": 1}})
    patched(root, bad, {"status": "FAILED", "error": {"messages": ["Full"]}})
    shown = root.send("GET", path)
    assert shown.json["children"] == {
        "count": 2,
        "by_status": {"PENDING": 0, "RUNNING": 1, "BLOCKED": 0, "SUCCEEDED": 0, "FAILED": 1},
        "fraction": 0.375,
        "complete": True,
    }
    # What is derived makes no revision, and the progress of the parent stays its own.
    assert shown.revision == 1
    assert shown.json["progress"] == {
        "total": 0,
        "completed": 0,
        "message": shown.json["progress"]["message"],
    }
    patched(root, good, {"status": "SUCCEEDED"})
    patched(root, parent, {"status": "SUCCEEDED"})
    children = root.send("GET", path).json["children"]
    assert children["succeeded_over_failed"] is True
    assert children["fraction"] == 0.75


def test_a_cancel_of_a_parent_is_told_to_its_children(root: Caller, at_door: Caller) -> None:
    parent = made(root, status="RUNNING")
    child = made(root, status="RUNNING", parent_task=parent["id"])
    assert at_door.cancel(parent["id"]).status < 300
    reply = patched(root, child, {"description": "going on"})
    assert reply.headers["milepost-cancel-requested"] == "true"


def test_a_batch(root: Caller) -> None:
    task = made(root)

    def batch(*requests: Any, **headers: str) -> Reply:
        body = json.dumps({"requests": list(requests)}).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return root.send("POST", f"{TASKS}:batch", body, named)

    create = {"create": {"operation_id": "op", "cancelable": True, "description": "One of many"}}
    run = {"update": {"task": task["id"], "spec": {"status": "RUNNING", "result": "long"}}}
    late = {"update": {"task": task["id"], "spec": {}, "if_revision": 1}}
    reply = batch(create, run, late, {"update": {"task": "none", "spec": {}}}, {"create": {}})
    assert reply.status == 200
    results = reply.json["results"]
    assert [one["status"] for one in results] == [201, 200, 412, 404, 400]
    assert results[0]["task"]["description"]["default_message"] == "One of many"
    assert (results[1]["task"]["revision"], "result" in results[1]["task"]) == (2, False)
    assert results[4]["problem"]["detail"].startswith("requests[4].create.operation_id: ")
    assert root.get(task["id"]).json["result"] == "long"
    first = batch(create, create, Idempotency_Key="batch")
    again = batch(create, create, Idempotency_Key="batch")
    assert first.json == again.json
    assert batch(create, Idempotency_Key="batch").refused == (409, "concurrent_change")
    many = batch(*[create] * 1000)
    assert {one["status"] for one in many.json["results"]} == {201}


def test_a_running_task_tells_how_long_it_takes(root: Caller) -> None:
    task = made(root, status="RUNNING", percent_done={"total": 1000, "completed": 0})
    path = f"{TASKS}/{task['id']}"
    waiting = made(root)
    assert "elapsed_seconds" not in root.send("GET", f"{TASKS}/{waiting['id']}").json
    for completed in eventually("it is known how fast it goes"):
        patched(root, task, {"percent_done": {"total": 1000, "completed": 1}})
        shown = root.send("GET", path).json
        if "rate_per_second" in shown:
            break
        assert completed is None
    assert shown["elapsed_seconds"] > 0
    assert shown["remaining_seconds"] <= 999 / shown["rate_per_second"]
    done = patched(root, task, {"status": "SUCCEEDED"}).json
    assert done["status"] == "SUCCEEDED"
    ended = root.send("GET", path).json
    assert ended["elapsed_seconds"] >= shown["elapsed_seconds"]
    assert not {"rate_per_second", "remaining_seconds"} & set(ended)


def test_a_task_in_the_language_of_the_reader(root: Caller) -> None:
    task = made(root, status="RUNNING", lease_seconds=1)
    path = f"{TASKS}/{task['id']}"
    for _ in eventually("the task has ended"):
        reply = root.send("GET", path, None, {"Accept-Language": "de"})
        if reply.json["status"] == "FAILED":
            break
    (message,) = reply.json["error"]["messages"]
    assert message["localized"].startswith("Von der Aufgabe war 1 Sekunden lang nichts zu hören")
    assert reply.headers["content-language"] == "de"
    refused = root.send("PATCH", path, b'{"status": "RUNNING"}', {"Accept-Language": "de"})
    assert refused.json["messages"][0]["localized"].startswith("status: ")
    listed = root.send("GET", f"{TASKS}?task={task['id']}", None, {"Accept-Language": "de"})
    assert listed.json["tasks"][0]["error"]["messages"] == [message]


def test_finished_tasks_are_removed(tmp_path: Path) -> None:
    with serving(tmp_path / "data", retention_age="0") as first, first.caller(door=V1) as caller:
        task = made(caller, status="SUCCEEDED")
        pinned = made(caller, status="SUCCEEDED", pinned=True)
        running = made(caller, status="RUNNING")
        first.stop()
    with serving(tmp_path / "data", retention_age="0") as again, again.caller(door=V1) as caller:
        for _ in eventually("the finished task is gone"):
            if (gone := caller.get(task["id"])).status == 404:
                break
        assert gone.reason == "milepost.task.expired"
        assert caller.get(pinned["id"]).status == caller.get(running["id"]).status == 200
        with again.caller() as at_rest:
            assert at_rest.get(task["id"]).reason == "milepost.task.expired"
            assert at_rest.patch(task["id"], {}).reason == "milepost.task.expired"


def waited(server: Server, task: dict[str, Any], query: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with server.caller(door=V1) as caller:
        return caller.send("GET", f"{TASKS}/{task['id']}?{query}", None, named)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("wait=20s&after_revision=1", {}),
        ("wait=20&for=change", {"If_None_Match": '"1"'}),
        ("wait=20s&for=terminal", {}),
    ],
)
def test_a_wait_ends_with_what_is_waited_for(
    server: Server, root: Caller, query: str, headers: dict[str, str]
) -> None:
    task = made(root, status="RUNNING")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(waited, server, task, query, **headers)
        if "terminal" in query:
            assert patched(root, task, {"percent_done": {"total": 2, "completed": 1}}).status == 200
        assert patched(root, task, {"status": "SUCCEEDED"}).status == 200
        reply = waiting.result()
    assert (reply.status, reply.json["status"]) == (200, "SUCCEEDED")


def test_a_wait_that_is_over_says_how_it_is(server: Server, root: Caller) -> None:
    task = made(root, status="RUNNING")
    same = waited(server, task, "wait=0.05s&after_revision=1")
    assert (same.status, same.body, same.revision) == (304, b"", 1)
    still = waited(server, task, "wait=0.05s&for=terminal")
    assert (still.status, still.json["status"]) == (200, "RUNNING")
    assert waited(server, task, "wait=20s&after_revision=0").json["revision"] == 1


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("wait=61s&after_revision=1", "query.bad_parameter"),
        ("wait=soon&after_revision=1", "query.bad_parameter"),
        ("wait=1s", "query.missing_parameter"),
        ("for=terminal", "query.missing_parameter"),
        ("wait=1s&for=ever", "query.bad_parameter"),
        ("wait=1s&after_revision=x", "query.bad_parameter"),
        ("wait=1s&wait=2s", "query.repeated_parameter"),
    ],
)
def test_waits_that_are_none(server: Server, root: Caller, query: str, reason: str) -> None:
    reply = waited(server, made(root), query)
    assert (reply.status, reply.reason) == (400, f"milepost.{reason}")
