"""The handle of a server: who talks to it, what it knows, and what a failed demand shows."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
import requests

from milepost.testing.hosts import OnlyInProcess
from milepost.testing.plugin import Servers
from milepost.testing.recording import MOST_RECORDED, Recorded, Recorder
from milepost.testing.server import MilepostServer
from tests import rpc
from tests.testing.reporting import EXTENSION_TASKS, OPERATION, Reporter, reporter

IN_BOTH = pytest.mark.parametrize(
    "shared", [{"mode": "process"}, {"mode": "subprocess", "tls": True}], indirect=True, ids=str
)


@pytest.fixture
def shared(request: pytest.FixtureRequest, milepost_servers: Servers) -> MilepostServer:
    """A server in this process or beside it."""
    server = milepost_servers(**request.param)
    request.addfinalizer(server.close)  # noqa: PT021  it is closed at once, not at the end
    return server


# In both modes the same.


@IN_BOTH
def test_tasks_and_their_history(shared: MilepostServer) -> None:
    with reporter(shared) as extension:
        first, second = extension.create(), extension.create(operation_id="other")
        assert extension.progress(first, 3, 10) == 200
    assert [task["id"] for task in shared.tasks()] == [first, second]
    assert [task["id"] for task in shared.tasks(operation="other")] == [second]
    assert shared.task(first)["progress"]["completed"] == 3
    assert [event["kind"] for event in shared.history(first)] == ["created", "updated"]
    assert [(event["task"], event["kind"]) for event in shared.events] == [
        (first, "created"),
        (second, "created"),
        (first, "updated"),
    ]
    shared.assert_task(first, status="RUNNING", completed=3, total=10, message="Copying")


@IN_BOTH
def test_an_operator_asks_for_the_end(shared: MilepostServer) -> None:
    with reporter(shared, shared.extension("com.acme").headers) as extension:
        task = extension.create(status="RUNNING")
        assert shared.cancel(task)["cancel"] == "requested"
        answer = extension.send(
            "PATCH", f"{EXTENSION_TASKS}/{task}", json={"spec": {"status": "RUNNING"}}
        )
        assert answer.headers["milepost-cancel-requested"] == "true"
        assert extension.update(task, status="FAILED", error={"error_type": "CANCELED"}) == 200
    shared.assert_task(task, status="FAILED", error="canceled", cancel="requested")
    with pytest.raises(ValueError, match=r"is FAILED"):
        shared.cancel(task)


@IN_BOTH
def test_each_role_may_what_it_may(shared: MilepostServer) -> None:
    with reporter(shared, shared.extension("com.acme").headers) as one:
        task = one.create()
    for person, status in (
        (shared.extension("com.acme"), 200),
        (shared.extension("com.other"), 404),
        (shared.person("viewer"), 200),
        (shared.person("operator"), 200),
        (shared.person("administrator"), 200),
    ):
        with reporter(shared, {}) as other:
            path = f"/v1/tasks/{task}"
            assert other.send("GET", path, headers=person.headers).status_code == status
            login = other.send("POST", "/api/session", auth=(person.user, person.password))
            assert login.status_code == 201
            headers = {"vmware-api-session-id": login.json()}
            assert other.send("GET", path, headers=headers).status_code == status
    assert shared.person("viewer") is shared.person("viewer")
    for role, extension in (("extension", None), ("viewer", "com.acme"), ("king", None)):
        with pytest.raises(ValueError, match=r"role|king"):
            shared.person(role, extension)


@IN_BOTH
def test_a_program_finds_it_by_its_environment(shared: MilepostServer) -> None:
    found = shared.environ
    assert (
        found["MILEPOST_URL"]
        == shared.url
        == f"{shared.url[: -len(shared.address)]}{shared.address}"
    )
    assert found["MILEPOST_USER"] == shared.user
    assert Path(found["MILEPOST_PASSWORD_FILE"]).read_text(encoding="utf-8") == shared.password
    assert found.get("MILEPOST_CA_FILE") == (
        None if shared.ca_file is None else str(shared.ca_file)
    )


@IN_BOTH
def test_it_is_closed_once_and_for_all(shared: MilepostServer) -> None:
    folder = Path(shared.environ["MILEPOST_PASSWORD_FILE"]).parent
    shared.close()
    shared.close()
    assert not folder.exists()
    with pytest.raises(RuntimeError, match="has"):
        shared.tasks()
    with pytest.raises(requests.ConnectionError):
        requests.get(shared.url, timeout=5)


@IN_BOTH
def test_the_handle_goes_on_when_its_session_ends(shared: MilepostServer) -> None:
    with reporter(shared) as extension:
        task = extension.create()
        shared.task(task)
        assert shared._token is not None
        path = "/api/session"
        headers = {"vmware-api-session-id": shared._token}
        assert extension.send("DELETE", path, headers=headers).status_code == 204
    assert shared.task(task)["status"] == "PENDING"


def test_what_a_process_of_its_own_has_not(milepost_servers: Servers) -> None:
    with milepost_servers(mode="subprocess") as server:
        for name in ("clock", "faults", "requests"):
            with pytest.raises(OnlyInProcess, match=f'server.{name} needs .* mode="process"'):
                getattr(server, name)
        assert repr(server) == f"<MilepostServer {server.url} (subprocess)>"
        server.assert_no_open_tasks()
        assert server.told() == server.log()


@pytest.mark.milepost(settings={"cancel_grace": 60})
def test_an_operator_ends_what_does_not_end(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    task = extension.create(status="RUNNING")
    milepost_server.cancel(task)
    with pytest.raises(ValueError, match="the extension has until"):
        milepost_server.force_close(task)
    milepost_server.clock.advance(61)
    assert milepost_server.force_close(task)["status"] == "FAILED"


def test_all_pages_are_read(
    milepost_server: MilepostServer, extension: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("milepost.testing.server.PAGE", 2)
    tasks = [extension.create() for _ in range(5)]
    for completed in range(5):
        extension.progress(tasks[0], completed, 5)
    assert [task["id"] for task in milepost_server.tasks()] == tasks
    assert [event["revision"] for event in milepost_server.history(tasks[0])] == [1, 2, 3, 4, 5, 6]
    assert len(milepost_server.events) == 10


# What a demand that is not met shows.


def test_a_task_that_is_another(milepost_server: MilepostServer, extension: Reporter) -> None:
    milepost_server.clock.stop()
    task = extension.create(description={"id": "", "default_message": "Nightly", "args": []})
    assert extension.progress(task, 4, 10) == 200
    assert extension.progress(task, 3, 10) == 400
    with pytest.raises(AssertionError) as failed:
        milepost_server.assert_task(
            task,
            status="SUCCEEDED",
            completed=10,
            total=10,
            message="Done",
            description=re.compile("^Weekly"),
            error="TIMED_OUT",
            result={"files": 1},
            cancel="requested",
        )
    at = milepost_server.clock.now().isoformat()[11:23]
    begun = milepost_server.task(task)["start_time"]
    moved = f"status PENDING -> RUNNING; progress 4 of 10 'Copying'; start_time {begun}"
    assert str(failed.value).splitlines() == [
        "the task is another:",
        "  status: expected 'SUCCEEDED', is 'RUNNING'",
        "  completed: expected 10, is 4",
        "  message: expected 'Done', is 'Copying'",
        "  description: expected /^Weekly/, is 'Nightly'",
        "  error: expected 'TIMED_OUT', is None",
        "  cancel: expected 'requested', is None",
        "  result: expected {'files': 1}, is None",
        f"Task {task}: {OPERATION} of com.milepost.local 'Nightly', RUNNING, 4 of 10 'Copying'",
        f"  {at}  revision 1  created by administrator: status PENDING; description 'Nightly'",
        f"  {at}  revision 2  updated by administrator: {moved}",
        "Requests about it that were refused or not answered:",
        f"  PATCH {EXTENSION_TASKS}/{task} -> 400 milepost.task.progress_backwards",
    ]


def test_a_task_that_is_as_demanded(milepost_server: MilepostServer, extension: Reporter) -> None:
    task = extension.create()
    assert extension.progress(task, 10, 10, "All done") == 200
    assert extension.update(task, status="SUCCEEDED", result={"files": 3}) == 200
    found = milepost_server.assert_task(
        task, status="SUCCEEDED", message=re.compile("done$"), result={"files": 3}
    )
    assert found == milepost_server.task(task)
    with pytest.raises(AssertionError, match="result: expected None, is"):
        milepost_server.assert_task(task, result=None)
    with pytest.raises(AssertionError, match=r"completed: expected 10\.0, is 10"):
        milepost_server.assert_task(task, completed=10.0)  # type: ignore[arg-type]
    assert "result given" in milepost_server.timeline(task)
    milepost_server.assert_no_open_tasks()


def test_an_error_in_the_timeline(milepost_server: MilepostServer, extension: Reporter) -> None:
    task = extension.create(status="RUNNING")
    words = [{"id": "", "default_message": "Disk full", "args": []}]
    error = {"error_type": "RESOURCE_IN_USE", "messages": words}
    assert extension.update(task, status="FAILED", error=error) == 200
    milepost_server.assert_task(task, error="RESOURCE_IN_USE")
    assert "error RESOURCE_IN_USE 'Disk full'" in milepost_server.timeline(task)


def test_a_demand_that_nothing_meets(milepost_server: MilepostServer, extension: Reporter) -> None:
    task = extension.create()
    with pytest.raises(ValueError, match="no status 'SUCCEDED', only PENDING"):
        milepost_server.assert_task(task, status="SUCCEDED")
    with pytest.raises(ValueError, match="no error 'LATE', only ERROR"):
        milepost_server.assert_task(task, error="LATE")
    with pytest.raises(ValueError, match="no status 'DONE'"):
        milepost_server.wait_for(task, "DONE")


def test_a_task_that_is_not_there(milepost_server: MilepostServer, extension: Reporter) -> None:
    with pytest.raises(AssertionError) as failed:
        milepost_server.assert_task("none", status="RUNNING")
    assert str(failed.value).splitlines() == [
        "task: there is no task none.",
        "The tasks:",
        "  none",
        "The last requests:",
        "  none",
    ]
    task = extension.create()
    with pytest.raises(AssertionError, match=f"Task {task}: .*PENDING\n.*\n  POST .* -> 200"):
        milepost_server.task("none")


def test_tasks_that_have_not_ended(milepost_server: MilepostServer, extension: Reporter) -> None:
    extension.create()
    extension.create(status="RUNNING")
    with pytest.raises(AssertionError, match="2 tasks have not ended") as failed:
        milepost_server.assert_no_open_tasks()
    assert str(failed.value).count("\nTask ") == 2


# Waiting.


def test_wait_for_a_status(milepost_server: MilepostServer, extension: Reporter) -> None:
    task = extension.create()

    def work() -> None:
        extension.update(task, status="RUNNING")
        milepost_server.wait_for(task, "RUNNING")
        extension.update(task, status="SUCCEEDED")

    thread = threading.Thread(target=work)
    thread.start()
    assert milepost_server.wait_for(task)["status"] == "SUCCEEDED"
    thread.join()
    with pytest.raises(AssertionError, match="was to be RUNNING, and it has ended otherwise\nTask"):
        milepost_server.wait_for(task, "RUNNING")
    with pytest.raises(AssertionError, match=r"to be BLOCKED or RUNNING, and it was not in 0.05 s"):
        milepost_server.wait_for(extension.create(), ["RUNNING", "BLOCKED"], timeout=0.05)


def test_wait_for_a_task(milepost_server: MilepostServer, extension: Reporter) -> None:
    with pytest.raises(AssertionError, match=r"no task was made that fits anything in 0.05 s"):
        milepost_server.wait_for_task(timeout=0.05)
    thread = threading.Thread(target=lambda: extension.create(operation_id="late"))
    thread.start()
    assert milepost_server.wait_for_task(operation="late")["operation"] == "late"
    thread.join()


# What came.


def test_requests_are_recorded(milepost_server: MilepostServer, extension: Reporter) -> None:
    task = extension.create()
    extension.progress(task, 1, 2)
    extension.send("GET", "/v1/tasks?status=RUNNING")
    extension.send("POST", f"/v1/tasks/{task}:heartbeat")
    extension.send("POST", f"/rest/cis/tasks/{task}?action=cancel")
    extension.progress(task, 0, 2)
    extension.send("GET", "/nowhere")
    extension.send("POST", "/api", json=rpc.request(rpc.EXTENSION, "update", {"task_id": task}))
    nothing = rpc.request(rpc.CIS_TASKS, "get")
    nothing["params"]["input"] = None
    extension.send("POST", "/api", json=nothing)
    extension.send("POST", "/api", data=b"{", headers={"content-type": "application/json"})
    extension.send("POST", "/api/session", auth=("nobody", "wrong"))
    extension.send("DELETE", "/api/session")
    found = milepost_server.requests
    assert [(each.operation, each.status, each.user) for each in found] == [
        ("create", 200, "administrator"),
        ("update", 200, "administrator"),
        ("list", 200, "administrator"),
        ("heartbeat", 200, "administrator"),
        ("cancel", 200, "administrator"),
        ("update", 400, "administrator"),
        (None, 404, None),
        ("update", 200, "administrator"),
        ("get", 200, "administrator"),
        (None, 200, None),
        ("login", 401, None),
        ("logout", 204, "administrator"),
    ]
    assert [each.task for each in found[1:5]] == [task, None, task, task]
    assert found[7].task == task
    assert found[2].query == "status=RUNNING"
    wrong = [str(each) for each in found if each.went_wrong]
    assert wrong[0] == f"PATCH {EXTENSION_TASKS}/{task} -> 400 milepost.task.progress_backwards"
    assert wrong[2].startswith("POST /api (update) -> 200 milepost.")
    assert "POST /api -> 200 milepost.json.not_json" in wrong


def test_a_session_that_is_asked_for_is_no_login(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    path = "/rest/com/vmware/cis/session?~action=get"
    assert extension.send("POST", path).status_code == 200
    assert [each.operation for each in milepost_server.requests] == ["session"]


def test_records_are_bounded() -> None:
    recorder = Recorder()
    for number in range(MOST_RECORDED + 1):
        recorder.add(Recorded("GET", str(number)))
    assert [recorder.all()[0].path, len(recorder.all())] == ["1", MOST_RECORDED]


# Beside the test.


def test_the_test_may_run_a_loop_of_its_own(
    milepost_server: MilepostServer, extension: Reporter
) -> None:
    async def test() -> None:
        task = await asyncio.to_thread(extension.create)
        milepost_server.clock.advance(10)
        milepost_server.assert_task(task, status="PENDING")
        asked = asyncio.create_task(asyncio.to_thread(milepost_server.wait_for, task, "RUNNING"))
        await asyncio.to_thread(extension.update, task, status="RUNNING")
        assert (await asked)["status"] == "RUNNING"

    asyncio.run(test())


def test_signals_are_left_alone(milepost_servers: Servers) -> None:
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = [signal.getsignal(number) for number in numbers]
    with milepost_servers(tls=True):
        assert [signal.getsignal(number) for number in numbers] == before


def test_nothing_stays_behind(milepost_servers: Servers) -> None:
    before = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with milepost_servers(tls=True) as server, reporter(server) as extension:
            extension.create()
            stream = extension.send("GET", "/v1/events?after=0", stream=True)
            next(stream.iter_lines())
            server.close()
            stream.close()
    assert set(threading.enumerate()) <= before


def test_two_servers_know_nothing_of_each_other(
    milepost_server: MilepostServer, milepost_servers: Servers
) -> None:
    with milepost_servers() as other, reporter(other) as extension:
        task = extension.create()
        other.clock.advance(86_400)
        assert other.url != milepost_server.url
        assert [each["id"] for each in other.tasks()] == [task]
        assert milepost_server.tasks() == []
        assert milepost_server.requests == []
        assert other.clock.now() > milepost_server.clock.now()


def test_nothing_of_the_server_is_imported_early() -> None:
    """Pytest loads the plugin in every project of whoever has Milepost installed."""
    code = (
        "import sys; before = set(sys.modules); import pytest, milepost.testing.plugin;"
        "print([name for name in sys.modules if name.startswith('milepost.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "['milepost.testing', 'milepost.testing.plugin']"
