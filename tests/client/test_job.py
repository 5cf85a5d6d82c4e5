"""Jobs that report to a real server."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from milepost import (
    Client,
    Job,
    Message,
    Param,
    Progress,
    Status,
    Target,
    Task,
    TaskCancelled,
    TaskError,
    current_job,
    task,
    track,
)
from tests.client.twins import NAMES, TWINS
from tests.serving import ADMINISTRATOR, PASSWORD, Server, eventually


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url, user=ADMINISTRATOR, password=PASSWORD) as client:
        yield client


@pytest.fixture
def surroundings(server: Server, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a program that reports to the server."""
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    monkeypatch.setenv("MILEPOST_URL", server.url)
    monkeypatch.setenv("MILEPOST_USER", ADMINISTRATOR)
    monkeypatch.setenv("MILEPOST_PASSWORD_FILE", str(file))


def told(client: Client, job: Job) -> Task:
    """The task of a job that has ended, as the service has it."""
    assert job.wait_sent(30), job.outbox and job.outbox.lost
    assert job.id is not None
    return client.get(job.id)


def test_a_block_is_a_task(client: Client) -> None:
    before = datetime.now(UTC)
    target = Target("VirtualMachine", "vm-1")
    options: dict[str, Any] = {"operation": "com.acme.copy", "target": target, "user": "anna"}
    with client.task("Backup", total=3, lease=60, weight=2.5, **options) as job:
        assert current_job() is job
        for done in range(3):
            job.message(
                f"{done} disks", id="com.acme.disks", params={"n": done, "x": 1.5, "s": "a"}
            )
            job.advance()
        job.result = {"disks": 3}
    assert current_job() is None
    task = told(client, job)
    assert (task.status, task.result) == (Status.SUCCEEDED, {"disks": 3})
    assert (task.operation, task.target, task.user) == ("com.acme.copy", target, "anna")
    assert (task.description.text, task.weight) == ("Backup", 2.5)
    params = {"n": Param(i=2), "x": Param(d=1.5), "s": Param(s="a")}
    said = Message("2 disks", id="com.acme.disks", args=("2", "1.5", "a"), params=params)
    assert task.progress == Progress(3, 3, said)
    assert task.start_time is not None
    assert task.end_time is not None
    assert abs((task.start_time - before).total_seconds()) < 5
    assert task.start_time <= task.end_time


def test_a_million_advances_are_a_handful_of_requests(client: Client) -> None:
    with client.task("Count", total=1_000_000) as job:
        advance = job.advance
        for _ in range(1_000_000):
            advance()
    task = told(client, job)
    assert task.progress == Progress(1_000_000, 1_000_000, Message(""))
    took = (task.elapsed_seconds or 0) * 4
    # One for each change: the start, the end, and at most four a second between.
    assert task.revision <= 2 + took + 1


def test_many_threads_count_exactly(client: Client) -> None:
    with client.task("Count", total=None) as job:

        def work() -> None:
            for _ in range(20_000):
                job.advance()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert told(client, job).progress == Progress(160_000, 160_000, Message(""))


def test_progress_is_seen_on_the_way(client: Client) -> None:
    with client.task("Slow", total=10) as job:
        ident = job.wait_created()
        assert ident is not None
        job.set(4)
        for _ in eventually("the progress is told"):
            progress = client.get(ident).progress
            if progress is not None and progress.completed == 4:
                break
        job.set(6, total=20)
        job.total = 30
        assert (job.completed, job.total) == (6, 30)
    assert told(client, job).progress == Progress(30, 6, Message(""))


def test_an_exception_is_the_error(client: Client) -> None:
    job = client.task("Boom", total=9)
    with pytest.raises(ValueError, match="no"), job:  # noqa: PT012  a job is a block
        job.advance(2)
        secret = "hunter2"  # noqa: F841  values of variables are not told
        raise ValueError("no") from KeyError("why")
    task = told(client, job)
    assert task.status is Status.FAILED
    assert task.error is not None
    assert task.error.error_type == "ERROR"
    texts = [message.text for message in task.error.messages]
    assert texts[:2] == ["ValueError: no", "Caused by KeyError: 'why'"]
    assert "test_job.py" in texts[2]
    assert "raise ValueError" in texts[2]
    assert all("hunter2" not in text for text in texts)
    assert task.progress == Progress(9, 2, Message(""))


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (KeyboardInterrupt(), "FAILED", "CANCELED"),
        (SystemExit(3), "FAILED", "ERROR"),
        (SystemExit(0), "SUCCEEDED", None),
        (ExceptionGroup("two", [OSError("a"), OSError("b")]), "FAILED", "ERROR"),
    ],
    ids=str,
)
def test_every_way_to_leave(
    client: Client, fault: BaseException, status: str, error: str | None
) -> None:
    with pytest.raises(type(fault)), client.task("Leave") as job:
        raise fault
    task = told(client, job)
    assert (task.status, task.error and task.error.error_type) == (status, error)


def test_an_exception_that_cannot_say_what_it_is(client: Client) -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with pytest.raises(Broken), client.task("Leave") as job:
        raise Broken
    error = told(client, job).error
    assert error is not None
    assert "RuntimeError in its __str__" in error.text


def test_ends_that_are_said(client: Client) -> None:
    job = client.task("By hand").start()
    job.succeed({"a": 1})
    job.fail("too late")
    assert told(client, job).result == {"a": 1}
    job = client.task("By hand").start()
    job.fail(TaskError("NOT_FOUND", (Message("no disk"),)))
    assert told(client, job).error == TaskError("NOT_FOUND", (Message("no disk"),))
    with client.task("Inside") as job:
        job.fail("the check has failed")
    error = told(client, job).error
    assert error is not None
    assert error.text == "the check has failed"


def test_blocked_and_running(client: Client) -> None:
    with client.task("Wait", total=2) as job:
        job.advance()
        with job.blocked("waiting for a host"):
            ident = job.wait_created()
            assert ident is not None
            for _ in eventually("it is blocked"):
                task = client.get(ident)
                if task.status is Status.BLOCKED:
                    break
        job.advance()
    assert task.progress == Progress(2, 1, Message("waiting for a host"))
    history = [
        change.after
        for event in client.history(told(client, job).id)
        for change in event.changes
        if change.field == "status"
    ]
    assert history == ["SUCCEEDED", "RUNNING", "BLOCKED", "RUNNING"]


def test_children(client: Client) -> None:
    with client.task("Whole") as whole:
        with whole.child("First", total=2, weight=3.0) as first, whole.child("Second") as second:
            first.advance(2)
        parent = told(client, first).parent
    task = told(client, whole)
    assert parent == task.id
    children = {child.id: child.weight for child in client.children(task.id)}
    assert children == {first.id: 3.0, second.id: 1.0}


def test_a_child_of_nothing_is_wrong_use(client: Client) -> None:
    with pytest.raises(TypeError, match="has not begun"):
        client.task("Whole").child("Part").start()


def test_a_cancel_is_heard_when_asked(client: Client) -> None:
    job = client.task("Long", total=10**9)
    with pytest.raises(TaskCancelled), job:  # noqa: PT012  a job is a block
        ident = job.wait_created()
        assert ident is not None
        job.check_cancelled()
        client.cancel(ident)
        for _ in eventually("it hears"):
            job.advance()
            if job.cancel_requested:
                break
        job.check_cancelled()
    task = told(client, job)
    assert (task.status, task.cancel) == (Status.FAILED, "acknowledged")
    assert task.error is not None
    assert task.error.error_type == "CANCELED"


def test_a_cancel_is_raised_where_asked(client: Client) -> None:
    job = client.task("Long", raise_on_cancel=True)
    with pytest.raises(TaskCancelled), job:  # noqa: PT012  a job is a block
        ident = job.wait_created()
        assert ident is not None
        client.cancel(ident)
        for _ in eventually("it is raised"):
            job.advance()
    assert told(client, job).cancel == "acknowledged"


def test_a_job_that_is_not_asked_goes_on(client: Client) -> None:
    with client.task("Deaf") as job:
        ident = job.wait_created()
        assert ident is not None
        client.cancel(ident)
        for _ in eventually("it hears"):
            job.advance()
            if job.cancel_requested:
                break
    assert told(client, job).status is Status.SUCCEEDED
    with client.task("Unstoppable", cancelable=False) as job:
        pass
    assert told(client, job).cancelable is False


@pytest.mark.usefixtures("surroundings")
def test_functions(client: Client) -> None:
    jobs: list[Job] = []

    @task("Add", total=1)
    def add(first: int, second: int = 2) -> int:
        """Add."""
        job = current_job()
        assert job is not None
        jobs.append(job)
        job.advance()
        return first + second

    @task("Add later")
    async def later(first: int) -> int:
        await asyncio.sleep(0)
        return add(first)

    assert (add(1), add(1, second=5)) == (3, 6)
    assert asyncio.run(later(5)) == 7
    assert add.__doc__ == "Add."
    assert len({told(client, job).id for job in jobs}) == 3


@pytest.mark.usefixtures("surroundings")
def test_tracking(client: Client) -> None:
    tracked = track([3, 1, 2], "Go through", user="track")
    assert list(tracked) == [3, 1, 2]
    done = told(client, tracked.job)
    assert (done.progress, done.cancelable) == (Progress(3, 3, Message("")), False)
    counted = track((n for n in range(5)), "Go through")
    assert sum(counted) == 10
    assert told(client, counted.job).progress == Progress(5, 5, Message(""))
    given = track((n for n in range(5)), "Go through", total=5)
    for number in given:
        if number == 2:
            break
    left = told(client, given.job)
    assert (left.status, left.progress) == (Status.FAILED, Progress(5, 2, Message("")))
    assert left.error is not None
    assert left.error.text == "The loop was left after 2 of 5."
    with client.task("Find") as job:
        for number in track(range(4), job=job, total=4):
            if number == 1:
                break
    assert told(client, job).progress == Progress(4, 1, Message(""))


@pytest.mark.usefixtures("surroundings")
def test_an_iterable_that_fails(client: Client) -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    tracked = track(numbers(), "Read")
    with pytest.raises(OSError, match="gone"):
        list(tracked)
    error = told(client, tracked.job).error
    assert error is not None
    assert error.text == "OSError: gone"


@pytest.mark.usefixtures("surroundings")
def test_tracking_in_an_event_loop(client: Client) -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    async def go() -> tuple[list[int], Job, Job]:
        tracked = track(numbers(), "Later", total=3)
        found = [number async for number in tracked]
        async with task("Block", total=1) as job:
            job.advance()
        return found, tracked.job, job

    found, first, second = asyncio.run(go())
    assert found == [0, 1, 2]
    assert told(client, first).progress == Progress(3, 3, Message(""))
    assert told(client, second).status is Status.SUCCEEDED


@pytest.mark.parametrize("twin", TWINS, ids=NAMES)
def test_both_clients_have_jobs(server: Server, client: Client, twin: type[Client]) -> None:
    with twin(server.url, user=ADMINISTRATOR, password=PASSWORD) as other:
        job = other.task("Mine", total=1)
    with job:
        job.advance()
    assert told(client, job).progress == Progress(1, 1, Message(""))


@pytest.mark.usefixtures("surroundings")
def test_a_handle_goes_to_another_process(client: Client) -> None:
    with client.task("Whole") as whole:
        assert whole.wait_created() is not None
        handle = pickle.loads(pickle.dumps(whole.handle))  # noqa: S301  our own bytes
        with task("Part", parent=handle) as part:
            part.advance()
        assert told(client, part).parent == whole.id
        with task("Part", parent=whole.id) as part, task("Smaller", parent=part) as smaller:
            pass
        assert told(client, smaller).parent == part.id
        with pytest.raises(TypeError, match="handle"):
            pickle.dumps(whole)


def test_many_jobs_share_requests(client: Client) -> None:
    jobs = [client.task(f"Job {number}", total=1).start() for number in range(60)]
    for job in jobs:
        job.advance()
        job.succeed()
    for job in jobs:
        assert told(client, job).progress == Progress(1, 1, Message(""))


def test_a_lease_is_renewed_while_the_job_says_nothing(client: Client) -> None:
    with client.task("Silent", lease=2, cancelable=False) as job:
        ident = job.wait_created()
        assert ident is not None
        time.sleep(3)
        assert client.get(ident).status is Status.RUNNING
    assert told(client, job).status is Status.SUCCEEDED
    without = client.task("Silent", lease=None).start()
    assert client.get(without.wait_created() or "").lease is None
    without.succeed()


def test_a_result_that_json_does_not_have(client: Client) -> None:
    with client.task("Odd") as job:
        job.result = {"now": datetime(2026, 1, 1, tzinfo=UTC), "set": {1}}
    assert told(client, job).result == {"now": "2026-01-01T00:00:00Z", "set": [1]}
    with client.task("Odd") as job:
        job.result = object()
    assert told(client, job).result == "object"


def test_texts_that_the_service_does_not_take(client: Client) -> None:
    with client.task("a\0b\ud800" + "x" * 10_000) as job:
        job.message("\ud800\0")
    task = told(client, job)
    assert task.description.text.startswith("a�b?xxx")
    assert task.progress is not None


def test_wrong_use_is_told_at_once(client: Client) -> None:
    given: Any = object()
    more: Any = {"colour": "red"}
    with client.task("Right", total=1) as job:
        uses: tuple[Callable[[], object], ...] = (
            lambda: task(given),
            lambda: task(""),
            lambda: task("x", total=given),
            lambda: task("x", **more),
            lambda: task("x", lease=given),
            lambda: task("x", updates_a_second=0),
            lambda: client.task("x", **more),
            lambda: track([]),
            lambda: track([], "x", job=job),
            lambda: track([], job=job, user="u"),
            lambda: job.advance(given),
            lambda: job.set(given),
            lambda: job.message(given),
            lambda: job.message("x", params={"a": given}),
            job.start,
            client.task("x").succeed,
            client.task("x").blocked,
        )
        for wrong in uses:
            with pytest.raises(TypeError):
                wrong()
    assert told(client, job).status is Status.SUCCEEDED
