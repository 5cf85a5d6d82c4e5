"""Both clients against a real server: what they ask for, and what they make of the answers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from milepost import (
    AsyncClient,
    Client,
    Create,
    Message,
    NotInTime,
    Param,
    Progress,
    Status,
    Target,
    Task,
    TaskError,
    Update,
)
from milepost.client.errors import (
    Away,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Unauthenticated,
    Untrusted,
    Unusable,
)
from tests.client.twins import NAMES, TWINS
from tests.serving import ADMINISTRATOR, PASSWORD, SESSION_PATH, Server, eventually, serving

COPIED = Message(
    "3 of 10 disks",
    id="com.acme.copied",
    args=("3", "10"),
    params={"done": Param(i=3), "at": Param(dt=datetime(2026, 1, 2, tzinfo=UTC))},
)
FULL = TaskError("UNABLE_TO_ALLOCATE_RESOURCE", (Message("The disk is full"),))


@pytest.fixture(params=TWINS, ids=NAMES)
def twin(request: pytest.FixtureRequest) -> type[Client]:
    found: type[Client] = request.param
    return found


@pytest.fixture
def client(server: Server, twin: type[Client]) -> Iterator[Client]:
    with twin(server.url + "/", user=ADMINISTRATOR, password=PASSWORD) as client:
        yield client


def test_the_life_of_a_task(client: Client) -> None:
    target = Target("VirtualMachine", "vm-17")
    task = client.create("com.acme.backup", cancelable=True, target=target, description="Backup")
    assert (task.status, task.revision, task.target) == (Status.PENDING, 1, target)
    assert task.description.text == "Backup"
    assert task.created_at.tzinfo is not None
    started = datetime.now(UTC) - timedelta(minutes=1)
    task = client.update(
        task.id, status="RUNNING", start_time=started, progress=Progress(10, 3, COPIED)
    )
    assert task.start_time == started.replace(microsecond=started.microsecond // 1000 * 1000)
    assert task.progress == Progress(10, 3, COPIED)
    assert not task.ended
    assert client.cancel(task.id).cancel == "requested"
    assert client.heartbeat(task.id).revision == task.revision + 1
    task = client.update(task.id, status=Status.FAILED, error=FULL, acknowledge_cancel=True)
    assert task.ended
    assert (task.cancel, task.error) == ("acknowledged", FULL)
    assert task.error is not None
    assert task.error.text == "The disk is full"
    assert client.get(task.id) == client.get(task.id, result=False)
    kinds = [event.kind for event in client.history(task.id)]
    assert kinds == ["updated", "cancel_requested", "updated", "created"]


def test_a_result_comes_back_unless_it_is_not_wanted(client: Client) -> None:
    task = client.create("op", status="SUCCEEDED", result={"disks": [1, None, 2.5]})
    assert client.get(task.id).result == {"disks": [1, None, 2.5]}
    assert client.get(task.id, result=False).result is None


def test_a_list_goes_over_its_pages(client: Client) -> None:
    user = f"pages-{client.create('op').id}"
    made = [client.create("op", user=user, weight=2.0).id for _ in range(3)]
    assert [task.id for task in client.list(user=user)] == made[::-1]
    assert [task.id for task in client.list(user=user, order="created", limit=2)] == made[:2]
    assert list(client.list(user=user, limit=0)) == []
    page = client.page(user=user, size=2, status=[Status.PENDING, "RUNNING"])
    assert len(page.tasks) == 2
    rest = client.page(
        user=user, size=2, status=[Status.PENDING, "RUNNING"], token=page.next_page_token
    )
    assert ([task.id for task in rest.tasks], rest.next_page_token) == (made[:1], None)
    since = page.tasks[0].created_at
    assert [task.id for task in client.list(user=user, created_after=since)] == made[2:]
    assert client.counts(user=user).by_status[Status.PENDING] == 3
    folder = Target("Folder", "group-d1")
    assert len(list(client.list(user=user, target=folder))) == 3


def test_a_history_goes_over_its_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    task = client.create("op", status="RUNNING")
    for done in range(1, 4):
        client.update(task.id, progress=Progress(3, done))
    monkeypatch.setattr("milepost.client.calls.HISTORY_PAGE", "2")
    assert [event.revision for event in client.history(task.id)] == [4, 3, 2, 1]


def test_children(client: Client) -> None:
    parent = client.create("op", status="RUNNING")
    made = [client.create("part", parent=parent.id).id for _ in range(2)]
    assert [task.id for task in client.children(parent.id)] == made
    client.update(made[0], status="SUCCEEDED")
    children = client.get(parent.id).children
    assert children is not None
    assert (children.count, children.fraction) == (2, 0.5)


def test_a_batch_has_an_answer_for_each_part(client: Client) -> None:
    task = client.create("op")
    done, refused, missed = client.batch(
        [
            Update(task.id, status="RUNNING", progress=Progress(4, 2)),
            Update("none", status="RUNNING"),
            Update(task.id, if_revision=1, status="RUNNING"),
        ]
    )
    assert isinstance(done, Task)
    assert done.progress == Progress(4, 2, Message(""))
    assert isinstance(refused, NotFound)
    assert refused.reason == "milepost.task.unknown"
    assert isinstance(missed, Conflict)
    parts = [Create("op", description=text) for text in ("a", "b")]
    first, second = (client.batch(parts, idempotency_key=f"k-{task.id}") for _ in range(2))
    assert [part.id for part in first if isinstance(part, Task)] == [
        part.id for part in second if isinstance(part, Task)
    ]


def test_a_create_with_a_key_is_made_once(client: Client) -> None:
    key = f"once-{client.create('op').id}"
    assert client.create("op", idempotency_key=key) == client.create("op", idempotency_key=key)
    with pytest.raises(Conflict):
        client.create("another", idempotency_key=key)


def test_an_update_of_a_revision(client: Client) -> None:
    task = client.create("op")
    client.update(task.id, if_revision=1, status="RUNNING")
    with pytest.raises(Conflict) as caught:
        client.update(task.id, if_revision=1, status="SUCCEEDED")
    assert (caught.value.status, caught.value.revision) == (412, 2)


def test_a_refusal_says_what_and_where(server: Server, twin: type[Client]) -> None:
    with twin(server.url, user=ADMINISTRATOR, password=PASSWORD, language="de") as client:
        with pytest.raises(NotFound) as caught:
            client.get("nosuchtask")
        refused = caught.value
        assert (refused.status, refused.error) == (404, "NOT_FOUND")
        assert refused.reason == "milepost.task.unknown"
        assert refused.message == "task: Es gibt keine Aufgabe nosuchtask."
        assert "HTTP 404" in str(refused)
        with pytest.raises(Invalid) as wrong:
            client.update(client.create("op").id, status="RUNNING", progress=Progress(-1, 0))
        assert wrong.value.field == "percent_done.total"


def test_wrong_arguments_are_told_before_anything_is_sent(client: Client) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  it is what must be refused
    given: Any = {"nonsense": 1}
    for wrong in (
        lambda: client.create("op", **given),
        lambda: client.update("x", **given),
        lambda: client.watch(**given),
        lambda: client.update("x", start_time=naive),
        lambda: client.create("op", result=object()),
    ):
        with pytest.raises(TypeError):
            wrong()


def test_wait_and_progress(server: Server, client: Client) -> None:
    task = client.create("op", status="RUNNING")
    with pytest.raises(NotInTime) as late:
        client.wait(task.id, 0.05)
    assert late.value.task.status is Status.RUNNING
    seen: list[tuple[str, int]] = []

    def work() -> None:
        with Client(server.url, user=ADMINISTRATOR, password=PASSWORD) as other:
            for done in (1, 2):
                for _ in eventually("the change before is seen"):
                    if len(seen) >= done:
                        break
                other.update(task.id, progress=Progress(2, done))
            other.update(task.id, status="SUCCEEDED", result=7)

    def heard(now: Task) -> None:
        seen.append((now.status, now.progress.completed if now.progress else -1))

    thread = threading.Thread(target=work)
    thread.start()
    assert client.wait_for(task.id, 30, heard).result == 7
    thread.join()
    assert seen[:2] == [("RUNNING", 0), ("RUNNING", 1)]
    assert seen[-1] == ("SUCCEEDED", 2)
    assert client.wait(task.id).ended


def test_async_progress_may_be_awaited(server: Server) -> None:
    seen: list[Task] = []

    async def heard(task: Task) -> None:
        await asyncio.sleep(0)
        seen.append(task)

    async def go() -> Task:
        async with AsyncClient(server.url, user=ADMINISTRATOR, password=PASSWORD) as client:
            task = await client.create("op", status="SUCCEEDED")
            return await client.wait_for(task.id, 30, heard)

    assert [asyncio.run(go())] == seen


def test_watch_tells_each_change_and_resumes(client: Client) -> None:
    task = client.create("op")
    events = client.watch(task=task.id, after=0)
    first = next(events)
    assert (first.task.id, first.task.revision) == (task.id, 1)
    client.update(task.id, status="RUNNING")
    second = next(events)
    assert [change.field for change in second.changes] == ["status", "start_time"]
    events.close()  # type: ignore[attr-defined]
    client.update(task.id, status="SUCCEEDED")
    again = client.watch(task=task.id, after=second.position)
    assert next(again).task.status is Status.SUCCEEDED
    again.close()  # type: ignore[attr-defined]


def test_a_watch_of_a_position_ahead_is_refused(client: Client) -> None:
    with pytest.raises(Invalid, match="ahead"):
        next(client.watch(after=10**15))


def test_who_asks(client: Client, server: Server, twin: type[Client]) -> None:
    assert client.session().user == ADMINISTRATOR
    with twin(server.url, token=server.login("vera")) as viewer:
        assert viewer.session().user == "vera"
        with pytest.raises(Forbidden):
            viewer.create("op")
        with pytest.raises(Forbidden):
            viewer.users.list()


def test_tokens(client: Client, server: Server, twin: type[Client]) -> None:
    name = f"token-{time.monotonic_ns()}"
    made = client.tokens.create(name, "read", extension="com.acme", lifetime=60, user="vera")
    with twin(server.url, token=made.token) as reader:
        told = reader.session()
        assert (told.user, told.scope, told.extension) == ("vera", "read", "com.acme")
        assert told.ends_at == made.expires_at
        with pytest.raises(Forbidden):
            reader.tokens.create("another", "read")
    (listed,) = [one for one in client.tokens.list("vera") if one.id == made.id]
    assert (listed.name, listed.user, listed.revoked_at) == (name, "vera", None)
    assert listed in client.tokens.list()
    client.tokens.revoke(made.id)
    (listed,) = [one for one in client.tokens.list("vera") if one.id == made.id]
    assert listed.revoked_at is not None


def test_users(client: Client) -> None:
    name = f"user-{client.create('op').id}"
    added = client.users.add(name, "viewer", "a long password")
    assert client.users.get(name) == added
    changed = client.users.change(name, role="extension", extension="com.x", disabled=True)
    assert (changed.role, changed.extension, changed.disabled) == ("extension", "com.x", True)
    assert changed in client.users.list()


def test_extensions(client: Client, twin: type[Client]) -> None:
    key = f"com.client.{twin.__name__.lower()}"
    applied = client.extensions.apply(key, {"name": "A"})
    assert client.extensions.apply(key, {"name": "A"}) == applied
    assert client.extensions.get(key)["name"] == "A"
    assert key in [found.key for found in client.extensions.list()]
    with pytest.raises(Conflict):
        client.extensions.apply(key, {"name": "B"}, if_version=99)
    client.extensions.delete(key)
    with pytest.raises(NotFound):
        client.extensions.get(key)


def test_a_request_of_no_method(client: Client) -> None:
    assert client.request("GET", "/livez")["status"] == "alive"
    task = client.request("POST", "/v1/tasks", {"operation_id": "op", "cancelable": False})
    assert client.request("GET", f"/v1/tasks/{task['id']}") == task


def test_force_close_comes_after_the_grace(client: Client) -> None:
    task = client.create("op", status="RUNNING", cancelable=True)
    with pytest.raises(Invalid):
        client.force_close(task.id)


def test_it_logs_in_again_when_its_session_has_ended(server: Server, client: Client) -> None:
    task = client.create("op")
    ended = client._core.token
    assert ended is not None
    server.call("DELETE", SESSION_PATH, None, {"vmware-api-session-id": ended})
    assert client.get(task.id).id == task.id
    assert client._core.token not in (None, ended)


def test_a_token_that_has_ended_is_told(server: Server, twin: type[Client]) -> None:
    token = server.login()
    with twin(server.url, token=token) as client:
        assert client.session().user == ADMINISTRATOR
    # What was not begun by the client is not ended by it.
    server.call("DELETE", SESSION_PATH, None, {"vmware-api-session-id": token})
    with twin(server.url, token=token) as client, pytest.raises(Unauthenticated):
        client.session()


def test_its_own_session_ends_with_it(server: Server, twin: type[Client]) -> None:
    with twin(server.url, user=ADMINISTRATOR, password=PASSWORD) as client:
        client.session()
        token = client._core.token
    with twin(server.url, token=token) as again, pytest.raises(Unauthenticated):
        again.session()


def test_a_session_that_outlives_the_client(server: Server, twin: type[Client]) -> None:
    with twin(server.url, user=ADMINISTRATOR, password=PASSWORD) as client:
        token = client.log_in()
        assert client.log_in() == token
    with twin(server.url, token=token) as again:
        assert again.session().user == ADMINISTRATOR
        again.log_out()
        again.log_out()
        with pytest.raises(Unauthenticated):
            again.session()
    with twin(server.url, token=token) as late:
        late.log_out()


def test_a_wrong_password_is_told(server: Server, twin: type[Client]) -> None:
    with twin(server.url, user="nobody", password="x") as client:
        with pytest.raises(Unauthenticated) as caught:
            client.create("op")
        assert caught.value.status == 401


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("tls") / "data", tls="self") as running:
        yield running


def test_over_tls(secure: Server, twin: type[Client], tmp_path: Path) -> None:
    who: dict[str, Any] = {"user": ADMINISTRATOR, "password": PASSWORD}
    with twin(secure.url, ca_file=secure.ca_file, **who) as client:
        assert client.session().user == ADMINISTRATOR
    with twin(secure.url, **who, retry_seconds=0) as client:
        with pytest.raises(Untrusted) as caught:
            client.session()
        told = str(caught.value)
        assert all(name in told for name in (secure.url, "--ca-file", "MILEPOST_CA_FILE"))
    plain = secure.url.replace("https:", "http:")
    with twin(plain, **who, retry_seconds=0) as client, pytest.raises(Away):
        client.session()
    empty = tmp_path / "ca.pem"
    empty.touch()
    with pytest.raises(Unusable, match="no PEM"):
        twin(secure.url, ca_file=empty, **who)
    with pytest.raises(Unusable, match="No such file"):
        twin(secure.url, ca_file=tmp_path / "none", **who)


def test_a_watch_of_a_position_no_longer_kept_is_gone(tmp_path: Path, twin: type[Client]) -> None:
    with (
        serving(tmp_path / "data") as server,
        twin(server.url, user=ADMINISTRATOR, password=PASSWORD) as client,
    ):
        for _ in range(3):
            client.create("op", status="SUCCEEDED")
    # Finished tasks are removed when a server starts, and then each minute.
    with (
        serving(tmp_path / "data", retention_count="1") as server,
        twin(server.url, user=ADMINISTRATOR, password=PASSWORD) as client,
    ):
        for _ in eventually("the oldest are removed"):
            if len(list(client.list())) == 1:
                break
        with pytest.raises(Gone):
            next(client.watch(after=0))
