"""A service that misbehaves costs a job nothing, and the task is right once it is back."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost import Client, Job, Message, Progress, Status, flush, task
from milepost.client import channel
from milepost.client.errors import Away, Busy, Garbled, Unauthenticated
from tests.client.peers import answers, hangs, nobody, peer
from tests.client.proxies import FAULTS, good, proxy
from tests.serving import (
    ADMINISTRATOR,
    DEADLINE,
    PASSWORD,
    Server,
    environment,
    eventually,
    launch,
    with_password_file,
)

STEPS = 40


@pytest.fixture
def real(server: Server) -> Iterator[Client]:
    with Client(server.url, user=ADMINISTRATOR, password=PASSWORD) as client:
        yield client


def client_of(url: str) -> Client:
    return Client(url, user=ADMINISTRATOR, password=PASSWORD, timeout=2)


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "milepost" and record.levelno >= logging.WARNING
    ]


def statuses(client: Client, ident: str) -> list[object]:
    """The statuses that a task has had, the first one first."""
    return [
        change.after
        for event in client.history(ident)
        for change in event.changes
        if change.field == "status"
    ][::-1]


def work(job: Job, pause: float = 0.01) -> int:
    """A job with everything; the answer is its result."""
    found = 0
    with job:
        for step in range(STEPS):
            time.sleep(pause)
            job.advance()
            job.message(f"step {step}")
            if step == STEPS // 2:
                with job.blocked("waiting"):
                    time.sleep(pause)
            found += step
        job.result = found
    return found


def check(client: Client, job: Job) -> None:
    """The task is what the job was."""
    assert job.wait_sent(60), job.outbox and job.outbox.lost
    assert job.id is not None
    done = client.get(job.id)
    assert (done.status, done.result) == (Status.SUCCEEDED, sum(range(STEPS)))
    assert done.progress == Progress(STEPS, STEPS, Message(f"step {STEPS - 1}"))
    assert statuses(client, job.id) == ["RUNNING", "BLOCKED", "RUNNING", "SUCCEEDED"]
    assert done.start_time is not None
    assert done.end_time is not None
    assert done.end_time > done.start_time


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_the_start(server: Server, real: Client, fault: str) -> None:
    behaviour = FAULTS[fault]
    with proxy(server, behaviour, behaviour, good) as there, client_of(there.url) as client:
        job = client.task("Faulty", total=STEPS)
        assert work(job) == sum(range(STEPS))
        check(real, job)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_faults_mixed(server: Server, real: Client, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  it decides what goes wrong
    script = [chance.choice([good, good, *FAULTS.values()]) for _ in range(12)]
    with proxy(server, *script, good) as there, client_of(there.url) as client:
        jobs = [client.task(f"Faulty {number}", total=STEPS) for number in range(3)]
        threads = [threading.Thread(target=work, args=(job, 0.02)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for job in jobs:
            check(real, job)


def test_a_service_that_hangs_holds_nothing_up(server: Server, real: Client) -> None:
    """The job is over long before the service would have answered once."""
    over = threading.Event()
    with peer(hangs(over)) as there, client_of(there.url) as client:
        job = client.task("Held", total=STEPS)
        assert work(job, 0.001) == sum(range(STEPS))
        assert job.wait_sent(0.01) is False
        assert (job.id, over.is_set()) == (None, False)
        over.set()
    with proxy(server, good, port=there.port):
        check(real, job)


def test_it_costs_no_time(server: Server) -> None:
    """The same job with a good service, without one, and with one that hangs."""
    over = threading.Event()
    with peer(hangs(over)) as there:
        times = {}
        for url in (server.url, nobody(), there.url):
            with client_of(url) as client:
                took = []
                for _ in range(3):
                    began = time.perf_counter()
                    work(client.task("Timed", total=STEPS))
                    took.append(time.perf_counter() - began)
                times[url] = min(took)
        over.set()
    assert max(times.values()) < 1.5 * min(times.values()), times


def test_killed_and_started_again_in_the_middle(tmp_path: Path) -> None:
    settings = with_password_file(tmp_path / "data", {})
    first = launch(tmp_path / "data", **settings)
    with client_of(first.url) as client:
        job = client.task("Survivor", total=STEPS, lease=3)
        with job:
            assert job.wait_created(30) is not None
            job.advance(3)
            first.process.kill()
            first.wait()
            with job.blocked("while nobody listens"):
                job.advance(STEPS - 3)
            job.message("done")
            second = launch(tmp_path / "data", "--bind", f"127.0.0.1:{first.port}", **settings)
        assert job.wait_sent(DEADLINE)
        assert job.id is not None
        done = client.get(job.id)
        assert done.progress == Progress(STEPS, STEPS, Message("done"))
        assert statuses(client, job.id) == ["RUNNING", "BLOCKED", "RUNNING", "SUCCEEDED"]
    assert second.stop() == 0


def test_what_began_while_nobody_listened_has_its_own_times(tmp_path: Path) -> None:
    settings = with_password_file(tmp_path / "data", {})
    url = nobody()
    with client_of(url) as client:
        before = time.time()
        with client.task("Early") as parent, parent.child("Part") as part:
            part.advance(2)
        after = time.time()
        assert (parent.id, part.wait_created(0.1)) == (None, None)
        time.sleep(0.5)
        second = launch(tmp_path / "data", "--bind", url.removeprefix("http://"), **settings)
        assert part.wait_sent(DEADLINE)
        assert parent.wait_sent(DEADLINE)
        assert part.id is not None
        done = client.get(part.id)
        assert (done.parent, done.progress) == (parent.id, Progress(2, 2, Message("")))
        assert done.start_time is not None
        assert done.end_time is not None
        assert before - 1 <= done.start_time.timestamp() <= done.end_time.timestamp() <= after + 1
    assert second.stop() == 0


def test_nothing_says_who_asks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """That will not mend itself, so it is told; once."""
    for name in [name for name in os.environ if name.startswith("MILEPOST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MILEPOST_URL", "http://nowhere.invalid")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for _ in range(2):
        with task("Lonely") as job:
            job.advance()
        assert job.wait_sent(0.3) is False
    assert flush(0.1) is False
    (told,) = warnings_in(caplog)
    assert "nothing says who asks http://nowhere.invalid" in told


def test_a_token_that_has_ended_is_read_again(
    server: Server, real: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("ended")
    monkeypatch.setenv("MILEPOST_URL", server.url)
    monkeypatch.setenv("MILEPOST_TOKEN_FILE", str(file))
    with task("Renewed") as job:
        assert job.wait_created(0.5) is None
        file.write_text(server.login())
    assert job.wait_sent(DEADLINE)
    assert job.id is not None
    assert real.get(job.id).status is Status.SUCCEEDED


def test_a_wrong_password_is_not_tried_over_and_over(caplog: pytest.LogCaptureFixture) -> None:
    """Who is not let in waits longer each time, and says so once."""
    pauses = [
        channel.longest_pause(fault)
        for fault in (
            Away("x", sent=True),
            Busy(503, "BUSY", []),
            Unauthenticated(401, "UNAUTHENTICATED", []),
            Garbled("x"),
        )
    ]
    assert pauses == [2.0, 2.0, 60.0, 60.0]
    with peer(answers(401, b"")) as there:
        with client_of(there.url) as client, client.task("Stranger") as job:
            job.advance()
        for _ in eventually("it was refused a few times"):
            if len(there.heard) > 3:
                break
    assert len(warnings_in(caplog)) == 1


def test_an_end_by_someone_else_is_told_once(
    server: Server, real: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with client_of(server.url) as client, client.task("Taken", total=2) as job:
        ident = job.wait_created()
        assert ident is not None
        real.update(ident, status="FAILED", error="somebody else has ended it")
        job.advance()
        for _ in eventually("it is heard"):
            if job.cancel_requested:
                break
    assert job.wait_sent(DEADLINE) is False
    (told,) = warnings_in(caplog)
    assert "'Taken'" in told
    assert "somebody else has ended it" in told


def test_a_viewer_may_not_report(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with Client(server.url, user="vera", password=PASSWORD) as client, client.task("No") as job:
        pass
    assert job.wait_sent(DEADLINE) is False
    (told,) = warnings_in(caplog)
    assert "'No'" in told


def test_jobs_are_bounded(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(channel, "MOST_JOBS", 2)
    with client_of(nobody()) as client:
        jobs = [client.task(f"Job {number}").start() for number in range(3)]
        assert jobs[2].wait_sent(DEADLINE) is False
        assert jobs[2].settled.is_set()
        assert "too many" in "".join(warnings_in(caplog))
    del server


def test_a_large_batch_is_sent_in_parts(server: Server, real: Client) -> None:
    """Together they are more than the service takes in one body."""
    with client_of(server.url) as client:
        jobs = [client.task(f"Large {number}").start() for number in range(8)]
        for job in jobs:
            assert job.wait_created() is not None
        for job in jobs:
            job.result = "x" * 200_000
        for job in jobs:
            job.succeed()
        for job in jobs:
            assert job.wait_sent(DEADLINE)
            assert job.id is not None
            assert len(real.get(job.id).result) == 200_000


def test_a_result_that_is_too_large_is_left_out(
    server: Server, real: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with client_of(server.url) as client, client.task("Huge") as job:
        job.result = "x" * 2_000_000
    assert job.wait_sent(DEADLINE) is False
    assert job.id is not None
    done = real.get(job.id)
    assert (done.status, done.result) == (Status.SUCCEEDED, None)
    assert "'Huge'" in "".join(warnings_in(caplog))


def test_a_fault_of_ours_does_not_end_the_reports(
    server: Server, real: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with client_of(server.url) as client:
        with client.task("Odd", total=2) as odd:
            assert odd.wait_created() is not None
            odd.advance(float("nan"))  # type: ignore[arg-type]
            for _ in eventually("it is noticed"):
                if warnings_in(caplog):
                    break
            odd.set(1)
        assert odd.wait_sent(DEADLINE)
        assert odd.id is not None
        assert real.get(odd.id).progress == Progress(2, 1, Message(""))


# The end of a program.


def program(url: str, tmp_path: Path, text: str | Path, **settings: str) -> subprocess.Popen[str]:
    """A program that reports: its text, or its file."""
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    code = "from milepost import task\n" + textwrap.dedent(str(text))
    given = {"url": url, "user": ADMINISTRATOR, "password_file": str(file), **settings}
    return subprocess.Popen(
        [sys.executable, *((text,) if isinstance(text, Path) else ("-c", code))],
        env=environment(**given),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, errors = running.communicate(timeout=DEADLINE)
    return running.returncode, out, errors


SHORT = """
    with task("Short", total=3, user="program") as job:
        job.advance(3)
    print("result")
    raise SystemExit(7)
"""


def test_the_end_of_a_program_waits_for_its_last_word(
    server: Server, real: Client, tmp_path: Path
) -> None:
    user = f"program-{tmp_path.name}"
    text = SHORT.replace('"program"', repr(user))
    assert done(program(server.url, tmp_path, text)) == (7, "result\n", "")
    (found,) = real.list(user=user)
    assert (found.status, found.progress) == (Status.SUCCEEDED, Progress(3, 3, Message("")))


def test_the_end_of_a_program_does_not_wait_for_ever(tmp_path: Path) -> None:
    code, out, errors = done(program(nobody(), tmp_path, SHORT, flush_seconds="0.2"))
    assert (code, out) == (7, "result\n")
    (line,) = errors.splitlines()
    assert line.startswith("Reports on 1 jobs are lost: 'Short' (http://127.0.0.1:")
    over = threading.Event()
    with peer(hangs(over)) as there:
        code, out, errors = done(program(there.url, tmp_path, SHORT, flush_seconds="0.2"))
        over.set()
    assert (code, out) == (7, "result\n")
    assert errors.count("\n") == 1


def test_an_open_task_of_a_program_is_left_to_its_lease(
    server: Server, real: Client, tmp_path: Path
) -> None:
    user = f"open-{tmp_path.name}"
    text = f"""
        job = task("Open", user={user!r}).start()
        job.wait_created()
    """
    assert done(program(server.url, tmp_path, text)) == (0, "", "")
    (found,) = real.list(user=user)
    assert (found.status, found.lease is not None) == (Status.RUNNING, True)


def test_a_job_that_is_refused_is_told_and_the_program_goes_on(tmp_path: Path) -> None:
    with peer(answers(418, b"tea")) as there:
        code, out, errors = done(program(there.url, tmp_path, SHORT, flush_seconds="0.2"))
    assert (code, out) == (7, "result\n")
    assert "HTTP 418" in errors
    assert "Traceback" not in errors
