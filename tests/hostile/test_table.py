"""Hundreds of hostile requests to one server: each is refused as written, and nothing else happens.

The table is in ``rows.py`` and ``values.py``. It is played in several rounds on one server,
for its memory, and once more on a server started anew on the same directory.
"""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hostile.raw import CLOSED, ask
from tests.hostile.rows import Row, rows
from tests.hostile.values import GOOD
from tests.serving import Caller, Server, progress, serving, text

ROWS = rows()
ROUNDS = 5
A_ROUND, GROWTH = 1024, 64 * 1024
"""KiB that the server may grow by in a usual round, and in all of them together.

A round reads some 20 bodies of 100 KB to 2 MiB, so one body in ten that is kept for good shows.
"""

Tells = dict[str, str]


class Played(NamedTuple):
    """What became of the table."""

    first: Tells
    changed: list[str]
    rounds: list[Tells]
    sizes: list[int]
    restarted: Tells
    log: str


def resident(server: Server) -> int:
    """KiB of memory that the server has."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1])


def told(server: Server, row: Row, token: str, task: str) -> str:
    try:
        return ask(server, row.filled(token, task), end=row.end).told
    except (TimeoutError, AssertionError) as fault:
        return f"{type(fault).__name__}: {fault}"


def running(caller: Caller) -> str:
    return caller.create(status="RUNNING", percent_done=progress(5, 100))


def play(server: Server, caller: Caller) -> Tells:
    """A round, on a task of its own."""
    task = running(caller)
    return {row.name: told(server, row, caller.token, task) for row in ROWS}


def play_closely(server: Server, caller: Caller) -> tuple[Tells, list[str]]:
    """The first round: after each row the task is as before, and a good update works."""
    task, tells, changed = running(caller), {}, []
    for number, row in enumerate(ROWS):
        before = caller.get(task)
        tells[row.name] = told(server, row, caller.token, task)
        after = caller.get(task)
        if (before.value, before.etag) != (after.value, after.etag):
            changed.append(row.name)
        good = caller.patch(task, {"description": text(f"after row {number}")})
        if (good.status, good.revision) != (200, after.revision + 1):
            changed.append(f"after {row.name}")
    return tells, changed


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    data = tmp_path_factory.mktemp("hostile") / "data"
    with serving(data) as server, server.caller() as caller:
        task = running(caller)
        first, changed = play_closely(server, caller)
        sizes, rounds = [resident(server)], []
        for _ in range(ROUNDS):
            rounds.append(play(server, caller))
            sizes.append(resident(server))
        kept = caller.get(task)
    with serving(data) as again, Caller(again, caller.token) as caller:
        restarted = play(again, caller)
        if caller.get(task).value != kept.value:
            changed.append("the restart or the rows after it")
    return Played(first, changed, rounds, sizes, restarted, again.log_text())


def test_the_table_is_long() -> None:
    assert len(ROWS) >= 200


def test_every_expectation_is_a_refusal_or_a_closed_connection() -> None:
    assert {row.told for row in ROWS if row.told[0] != "4"} <= {CLOSED}


def differing(tells: Tells) -> dict[str, tuple[str, str]]:
    """What is told otherwise than it should be: expected and told."""
    return {row.name: (row.told, tells[row.name]) for row in ROWS if row.told != tells[row.name]}


def test_every_row_is_refused_as_written(played: Played) -> None:
    assert differing(played.first) == {}


def test_no_row_changes_anything(played: Played) -> None:
    assert played.changed == []


def test_the_answers_stay_the_same(played: Played) -> None:
    for tells in (*played.rounds, played.restarted):
        assert {name for name in tells if tells[name] != played.first[name]} == set()


def test_memory_does_not_keep_growing(played: Played) -> None:
    """What leaks grows in every round; a thread that begins to work takes its memory once."""
    grown = [after - before for before, after in itertools.pairwise(played.sizes)]
    assert statistics.median(grown) <= A_ROUND, played.sizes
    assert played.sizes[-1] - played.sizes[0] <= GROWTH, played.sizes


def test_the_log_tells_of_no_fault(played: Played) -> None:
    assert "internal fault" not in played.log
    assert "Traceback" not in played.log
    assert '"error"' not in played.log


@pytest.mark.parametrize(("name", "body"), GOOD, ids=[name for name, _ in GOOD])
def test_what_is_just_allowed_is_accepted(admin: Caller, name: str, body: bytes) -> None:
    task = admin.create(status="RUNNING")
    reply = admin.send("PATCH", f"/rest/vcenter/extension/tasks/{task}", body)
    assert reply.status == 200, (name, reply)
    assert admin.get(task).status == 200
