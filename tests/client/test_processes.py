"""Jobs and other processes: forks, workers of multiprocessing, and spawned ones."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from milepost import Client, Message, Progress, Status
from tests.client.test_reporting_faults import done, program
from tests.serving import ADMINISTRATOR, PASSWORD, Server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

POOL = """
    import multiprocessing, sys
    job = None

    def work(number):
        for _ in range(1000):
            job.advance()
        return number

    def main():
        global job
        with task("Pool", total=8000, user={user!r}) as job:
            with multiprocessing.get_context("fork").Pool(4) as pool:
                assert sum(pool.map(work, range(8), chunksize=1)) == 28
                pool.close()
                pool.join()
        job.wait_sent(30)

    main()
"""
FORK = """
    import os
    with task("Fork", total=5, user={user!r}) as job:
        job.advance()
        child = os.fork()
        if child == 0:
            job.advance(3)
            with job.blocked("what a child says of the parent's state is not told"):
                pass
            with task("Own", user={user!r}, parent=job) as own:
                own.advance()
            assert own.wait_sent(30)
            raise SystemExit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        job.advance()
    assert job.wait_sent(30)
"""
UNUSED = """
    import os, threading
    with task("Fork", total=5, user={user!r}) as job:
        job.wait_created()
        child = os.fork()
        if child == 0:
            os._exit(threading.active_count())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        job.advance()
"""
SPAWN = """
    import multiprocessing

    def work(handle, number):
        with task(f"Part {{number}}", total=2, parent=handle, user={user!r}) as part:
            part.advance(2)

    if __name__ == "__main__":
        with task("Whole", user={user!r}) as job:
            job.wait_created()
            context = multiprocessing.get_context("spawn")
            workers = [context.Process(target=work, args=(job.handle, n)) for n in range(2)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
                assert worker.exitcode == 0
"""


@pytest.fixture
def user(tmp_path: Path) -> str:
    return f"processes-{tmp_path.name}"


def found(server: Server, user: str) -> dict[str, tuple[object, ...]]:
    with Client(server.url, user=ADMINISTRATOR, password=PASSWORD) as client:
        return {
            task.description.text: (task.status, task.progress, task.parent)
            for task in client.list(user=user)
        }


@pytest.mark.parametrize("text", [POOL], ids=["pool"])
def test_workers_count_on_the_job_of_their_parent(
    server: Server, tmp_path: Path, user: str, text: str
) -> None:
    assert done(program(server.url, tmp_path, text.format(user=user))) == (0, "", "")
    progress = Progress(8000, 8000, Message(""))
    assert found(server, user)["Pool"] == (Status.SUCCEEDED, progress, None)


def test_a_fork_counts_and_has_tasks_of_its_own(server: Server, tmp_path: Path, user: str) -> None:
    assert done(program(server.url, tmp_path, FORK.format(user=user))) == (0, "", "")
    tasks = found(server, user)
    assert tasks["Fork"] == (Status.SUCCEEDED, Progress(5, 5, Message("")), None)
    assert tasks["Own"][1] == Progress(1, 1, Message(""))
    assert len(tasks) == 2


def test_a_fork_that_does_not_report_has_no_thread(
    server: Server, tmp_path: Path, user: str
) -> None:
    assert done(program(server.url, tmp_path, UNUSED.format(user=user))) == (0, "", "")
    assert found(server, user)["Fork"][1] == Progress(5, 1, Message(""))


def test_a_spawned_process_reports_on_a_child(server: Server, tmp_path: Path, user: str) -> None:
    """Such a process imports the program anew, so that is a file."""
    file = tmp_path / "spawning.py"
    file.write_text("from milepost import task\n" + textwrap.dedent(SPAWN.format(user=user)))
    assert done(program(server.url, tmp_path, file)) == (0, "", "")
    tasks = found(server, user)
    assert {name: part[1] for name, part in tasks.items() if name != "Whole"} == {
        "Part 0": Progress(2, 2, Message("")),
        "Part 1": Progress(2, 2, Message("")),
    }
    assert tasks["Part 0"][2] == tasks["Part 1"][2] is not None
