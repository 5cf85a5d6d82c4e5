"""64 writers and 100,000 updates on the real server: every task has one order of its changes."""

from __future__ import annotations

import concurrent.futures
import itertools
import multiprocessing
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.concurrency.writers import Job, Told, work
from tests.concurrency.writers import Server as Address
from tests.contract.linear import Op, fault_in
from tests.durability.eventlog import Logged, event_log, lives
from tests.serving import WHOLE, serving, text

WRITERS = 64
UPDATES = 100_000
HOT_TASKS = 8
ON_HOT_TASKS = 32
PROCESSES = 2


def jobs_for(hot: Sequence[str], own: Sequence[str]) -> list[Job]:
    """Half of the writers share the hot tasks, the others have one each."""
    tasks = [*itertools.islice(itertools.cycle(hot), ON_HOT_TASKS), *own]
    each, more = divmod(UPDATES, WRITERS)
    return [Job(n, task_id, each + (n < more)) for n, task_id in enumerate(tasks)]


def faults(life: Sequence[Logged], told: Sequence[Told]) -> Iterator[str]:
    """What is wrong with the answers about one task, in any order, held against its events."""
    history = [Op("write", -2, -1, 1)]
    made = {1}
    for each in told:
        if each.revision > len(life):
            yield f"it is not in the log: {each}"
            return
        event = life[each.revision - 1]
        if each.kind == "refused":
            if each.completed >= event.completed:
                yield f"refused without reason: {each}, {event}"
        elif (each.completed, each.words) != (event.completed, event.words):
            yield f"the log has another change: {each}, {event}"
        if each.kind == "write":
            made.add(each.revision)
            history.append(Op("write", each.called, each.answered, each.revision))
        else:
            # A refusal shows the revision that it was decided on.
            history.append(Op("read", each.called, each.answered, each.revision))
    if len(made) != len(life):
        yield f"{len(life)} events of {len(made)} changes"
    fault = fault_in(history)
    if fault is not None:
        yield fault


def falls(told: Sequence[Told]) -> Iterator[str]:
    """Where one client saw less completed work, or an older revision, than before."""
    seen = [each for each in told if each.kind != "refused"]
    for before, after in itertools.pairwise(seen):
        if after.completed < before.completed or after.revision < before.revision:
            yield f"{before}, then {after}"


@pytest.mark.timeout(600)
def test_100_000_updates_by_64_writers(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, history_limit=WHOLE) as server:
        with server.caller() as caller:
            address = Address(server.host, server.port, caller.token)
            ids = [
                caller.create(status="RUNNING", description=text("new"))
                for _ in range(HOT_TASKS + WRITERS - ON_HOT_TASKS)
            ]
        jobs = jobs_for(ids[:HOT_TASKS], ids[HOT_TASKS:])
        spawn = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(PROCESSES, spawn) as processes:
            shares = [
                processes.submit(work, address, jobs[first::PROCESSES])
                for first in range(PROCESSES)
            ]
            clients = [told for share in shares for told in share.result()]
        with server.caller() as caller:
            last = {task_id: caller.get(task_id) for task_id in ids}

    assert len(clients) == WRITERS
    assert [fault for told in clients for fault in falls(told)] == []
    by_task: dict[str, list[Told]] = defaultdict(list)
    for each in itertools.chain.from_iterable(clients):
        by_task[each.task_id].append(each)
    logged = lives(event_log(data))
    assert set(logged) == set(by_task) == set(ids)
    for task_id, life in logged.items():
        assert list(itertools.islice(faults(life, by_task[task_id]), 10)) == []
        assert last[task_id].revision == len(life)
        assert last[task_id].value["progress"]["completed"] == life[-1].completed
    kinds = [each.kind for told in by_task.values() for each in told]
    assert kinds.count("write") == UPDATES
    assert kinds.count("read") >= UPDATES // 10
    assert kinds.count("refused") > 100
    # It is large, and everything about it has been told.
    shutil.rmtree(data)


LIFE = [
    Logged(1, "t", 1, "RUNNING", 0, "new"),
    Logged(2, "t", 2, "RUNNING", 5, "a"),
    Logged(3, "t", 3, "RUNNING", 7, "b"),
]
FIRST = Told("write", "t", 0, 10, 2, 5, "a")
SECOND = Told("write", "t", 11, 20, 3, 7, "b")
REFUSED = Told("refused", "t", 12, 30, 3, 6, "c")


def test_the_check_takes_what_can_be() -> None:
    assert list(faults(LIFE, [FIRST, SECOND, REFUSED])) == []
    assert list(falls([FIRST, REFUSED, SECOND])) == []


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ([FIRST], "3 events of 2 changes"),
        ([FIRST, SECOND, REFUSED._replace(revision=4)], "not in the log"),
        ([FIRST, SECOND, REFUSED._replace(completed=7)], "refused without reason"),
        ([FIRST, SECOND, REFUSED._replace(answered=10, called=9)], "before it existed"),
        ([FIRST._replace(words="c"), SECOND], "another change"),
        ([FIRST, SECOND, Told("read", "t", 21, 22, 3, 6, "b")], "another change"),
        ([FIRST, SECOND, Told("read", "t", 21, 22, 2, 5, "a")], "before it could be made"),
        ([FIRST, SECOND, SECOND], "two writes"),
    ],
)
def test_the_check_catches(told: list[Told], says: str) -> None:
    assert any(says in fault for fault in faults(LIFE, told))


def test_the_check_catches_what_falls() -> None:
    assert list(falls([SECOND, FIRST]))
