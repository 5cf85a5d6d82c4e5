"""Faults: what a client sees, what the store has, and what the test is told."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest
import requests

from milepost.testing.inprocess import bound
from milepost.testing.server import MilepostServer
from tests import rpc
from tests.testing.reporting import EXTENSION_TASKS, Reporter


def rpc_update(extension: Reporter, task: str, status: str) -> requests.Response:
    fields = {"task_id": task, "spec": rpc.update_spec(status=status)}
    return extension.send("POST", rpc.API, json=rpc.request(rpc.EXTENSION, "update", fields))


def test_a_change_is_made_and_not_answered(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    task = extension.create()
    with (
        milepost_server.faults.drop_after_commit() as fault,
        pytest.raises(requests.ConnectionError),
    ):
        extension.update(task, status="RUNNING")
    milepost_server.assert_task(task, status="RUNNING")
    assert [str(record) for record in fault.struck] == [
        f"PATCH {EXTENSION_TASKS}/{task} -> no answer [fault: drop_after_commit]"
    ]
    assert extension.update(task, status="RUNNING") == 200


def test_only_what_was_accepted_is_dropped(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    task = extension.create()
    with milepost_server.faults.drop_after_commit() as fault:
        assert extension.send("GET", f"/rest/cis/tasks/{task}").status_code == 200
        assert extension.update("none", status="RUNNING") == 404
        assert rpc_update(extension, "none", "RUNNING").json()["result"]["error"]
        assert fault.hits == 0
        with pytest.raises(requests.ConnectionError):
            rpc_update(extension, task, "RUNNING")
    milepost_server.assert_task(task, status="RUNNING")
    assert fault.struck[0].operation == "update"
    assert fault.struck[0].task == task


def test_a_stream_is_dropped(milepost_server: MilepostServer, extension: Reporter) -> None:
    with milepost_server.faults.drop_after_commit(path="/v1/events") as fault:
        with pytest.raises(requests.ConnectionError):
            extension.send("GET", "/v1/events")
        assert fault.struck[0].operation == "events.watch"
    extension.create()


def test_a_request_is_dropped_before(milepost_server: MilepostServer, extension: Reporter) -> None:
    task = extension.create()
    with milepost_server.faults.drop_before(operation="update"):
        assert extension.send("GET", f"/v1/tasks/{task}").status_code == 200
        with pytest.raises(requests.ConnectionError):
            extension.update(task, status="RUNNING")
    milepost_server.assert_task(task, status="PENDING")


def test_the_service_is_away_for_a_while(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    task = extension.create()
    with milepost_server.faults.unavailable(retry_after=7, times=2, task=task) as fault:
        for path, where in (
            (f"/rest/cis/tasks/{task}", "value"),
            (f"/v1/tasks/{task}", "detail"),
        ):
            answer = extension.send("GET", path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
            assert where in answer.json()
        assert extension.send("GET", f"/v1/tasks/{task}").status_code == 200
    fault.assert_hit(2)
    assert [each.reason for each in fault.struck] == ["milepost.service.unavailable"] * 2


def test_every_door_is_away(milepost_server: MilepostServer, extension: Reporter) -> None:
    task = extension.create()
    with milepost_server.faults.unavailable(times=None, operation="update"):
        assert extension.update(task, status="RUNNING") == 503
        assert rpc_update(extension, task, "RUNNING").status_code == 503
        body = {"spec": {"status": "RUNNING"}, "status": "RUNNING"}
        assert extension.send("PATCH", f"/v1/tasks/{task}", json=body).status_code == 503
    milepost_server.assert_task(task, status="PENDING")


def test_sessions_end_under_way(milepost_server: MilepostServer, extension: Reporter) -> None:
    task = extension.create()
    login = (milepost_server.user, milepost_server.password)
    with milepost_server.faults.expire_sessions() as fault:
        token = extension.send("POST", "/api/session", auth=login).json()
        assert fault.hits == 0
        assert extension.update(task, status="RUNNING") == 401
        # They are over for good, as those of a restarted vCenter.
        assert extension.update(task, status="RUNNING") == 401
    extension.http.headers["vmware-api-session-id"] = token
    assert extension.update(task, status="RUNNING") == 401
    extension.http.headers["vmware-api-session-id"] = extension.send(
        "POST", "/api/session", auth=login
    ).json()
    assert extension.update(task, status="RUNNING") == 200
    milepost_server.assert_task(task, status="RUNNING")


def test_sessions_end_for_json_rpc_too(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    task = extension.create()
    with milepost_server.faults.expire_sessions():
        error = rpc_update(extension, task, "RUNNING").json()["result"]["error"]["ERROR"]
    assert list(error) == ["com.vmware.vapi.std.errors.unauthenticated"]


def test_something_else_answers(milepost_server: MilepostServer, extension: Reporter) -> None:
    with milepost_server.faults.garbage():
        answer = extension.send("GET", "/rest/cis/tasks")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
        assert b"It works!" in answer.content
    with milepost_server.faults.garbage(b"{", status=502, content_type="application/json"):
        answer = extension.send("POST", EXTENSION_TASKS, json={"spec": {}})
        assert (answer.status_code, answer.content) == (502, b"{")
    assert milepost_server.tasks() == []


def test_an_answer_is_late(milepost_server: MilepostServer, extension: Reporter) -> None:
    begun = time.monotonic()
    with milepost_server.faults.delay(0.3, method="get", path="/rest/cis/*"):
        assert extension.send("GET", f"/rest/cis/tasks/{extension.create()}").status_code == 200
    assert time.monotonic() - begun >= 0.3


def test_a_delay_comes_before_another_fault(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    begun = time.monotonic()
    faults = milepost_server.faults
    with faults.unavailable() as away, faults.delay(0.2) as late, faults.drop_before():
        assert extension.send("GET", "/livez").status_code == 503
        assert late.hits == away.hits == 1
        with pytest.raises(requests.ConnectionError):
            extension.send("GET", "/livez")
    assert time.monotonic() - begun >= 0.2


def test_nobody_can_connect(milepost_server: MilepostServer, extension: Reporter) -> None:
    task, url = extension.create(), milepost_server.url
    for _ in range(3):
        with milepost_server.faults.refuse_connections():
            with pytest.raises(requests.ConnectionError):
                extension.update(task, status="RUNNING")
            with pytest.raises(requests.ConnectionError, match="refused"):
                extension.send("GET", "/livez")
            # The test itself still sees.
            milepost_server.assert_task(task, status="PENDING")
        assert extension.send("GET", "/livez").status_code == 200
    assert milepost_server.url == url


def test_an_address_is_held_once_it_is_free() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            host, port = listener.getsockname()
            holding = asyncio.create_task(bound(host, port))
            await asyncio.sleep(0.02)
            assert not holding.done()
        with await holding as held:
            assert held.getsockname() == (host, port)

    asyncio.run(test())


def test_a_server_ends_while_it_refuses(milepost_server: MilepostServer) -> None:
    with milepost_server.faults.refuse_connections():
        milepost_server.close()
    with pytest.raises(RuntimeError, match="has been closed"):
        milepost_server.tasks()


def test_a_fault_that_never_came_fails(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    extension.create()
    with (
        pytest.raises(AssertionError, match="was to strike at least once, and did 0") as failed,
        milepost_server.faults.unavailable(operation="cancel"),
    ):
        extension.create()
    assert f"  POST {EXTENSION_TASKS} -> 200" in str(failed.value)
    fault = milepost_server.faults.drop_before(operation="cancel")
    with pytest.raises(AssertionError, match="operation='cancel'"):
        fault.wait(0.01)
    with pytest.raises(AssertionError, match="2 times, and did 0"):
        fault.assert_hit(2)
    fault.assert_hit(0)


def test_what_fails_in_the_block_is_told_first(milepost_server: MilepostServer) -> None:
    with pytest.raises(KeyError), milepost_server.faults.unavailable():
        raise KeyError
    assert milepost_server.tasks() == []


def test_a_fault_is_waited_for(milepost_server: MilepostServer, extension: Reporter) -> None:
    fault = milepost_server.faults.unavailable(operation="create")
    answers: list[int] = []
    body = {"spec": {"operation_id": "op", "cancelable": True}}
    thread = threading.Thread(
        target=lambda: answers.append(
            extension.send("POST", EXTENSION_TASKS, json=body).status_code
        )
    )
    thread.start()
    fault.wait()
    thread.join()
    assert answers == [503]
    assert repr(fault) == "<Fault unavailable on operation='create', 1 hits>"


def test_faults_end(milepost_server: MilepostServer, extension: Reporter) -> None:
    one = milepost_server.faults.unavailable(times=None)
    milepost_server.faults.drop_before(times=None)
    one.end()
    one.end()
    with pytest.raises(requests.ConnectionError):
        extension.send("GET", "/livez")
    milepost_server.faults.end()
    assert extension.send("GET", "/livez").status_code == 200


def test_what_cannot_be_armed(milepost_server: MilepostServer) -> None:
    with pytest.raises(ValueError, match="times is at least 1"):
        milepost_server.faults.unavailable(times=0)
    with pytest.raises(TypeError, match="matched by method, path, operation, task, not by status"):
        milepost_server.faults.unavailable(status="x")
