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
GRANDCHILD = """
    import os

    def forked(work):
        child = os.fork()
        if child == 0:
            work()
            raise SystemExit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def grandchild():
        elder.advance(100)
        own.advance(1000)

    def child():
        global own
        elder.advance(10)
        with task("Own", total=2000, user={user!r}) as own:
            own.advance(1)
            forked(grandchild)
        assert own.wait_sent(30)

    with task("First", user={user!r}), task("Elder", total=200, user={user!r}) as elder:
        elder.advance(1)
        forked(child)
    assert elder.wait_sent(30)
"""
LOADING = """
    import importlib.abc, os, sys, time

    class Slow(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name == "h11":
                loading.append(name)
                time.sleep(0.5)
            return None

    loading = []
    sys.meta_path.insert(0, Slow())
    with task("Loading", user={user!r}):
        while not loading:
            time.sleep(0.01)
        child = os.fork()
        if child == 0:
            with task("Own", user={user!r}) as own:
                own.advance()
            raise SystemExit(0 if own.wait_sent(20) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
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


def test_each_job_counts_in_the_process_that_began_it(
    server: Server, tmp_path: Path, user: str
) -> None:
    """What a grandchild counts on two jobs goes to two processes, and nothing is counted twice."""
    assert done(program(server.url, tmp_path, GRANDCHILD.format(user=user))) == (0, "", "")
    tasks = found(server, user)
    assert tasks["Elder"][1] == Progress(200, 111, Message(""))
    assert tasks["Own"][1] == Progress(2000, 1001, Message(""))
    assert tasks["First"][1] == Progress(0, 0, Message(""))


def test_a_fork_while_modules_are_loaded_can_load_them(
    server: Server, tmp_path: Path, user: str
) -> None:
    """A module that another thread loads is locked for ever in a child, unless the fork waits."""
    assert done(program(server.url, tmp_path, LOADING.format(user=user))) == (0, "", "")
    assert found(server, user)["Own"][1] == Progress(1, 1, Message(""))


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
