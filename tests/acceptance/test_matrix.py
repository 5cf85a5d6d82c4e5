"""Every stored status against every spec, over plain HTTP, in both modes.

The expectations are the grids written by hand for ``tests/rules/test_matrix.py``; here each cell
has a task of its own on a real server, at each of the REST doors. An accepted spec that names a
status is sent twice.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.test_matrix import CELLS, GRIDS, REFUSALS, Cell, name_of
from tests.serving import Caller, Reply, Server, Spec, failure, progress, text
from tests.spelling import Door

FIELDS: dict[str, Spec] = {
    "nothing": {},
    "percent_done": {"percent_done": progress(4, 10, "Copying more")},
    "description": {"description": text("Nightly backup")},
    "error": {"error": failure("Disk on fire")},
    "result": {"result": "new"},
    "start_time": {"start_time": "2015-01-01T10:30:00.000Z"},
    "end_time": {"end_time": "2015-01-01T11:30:00.000Z"},
}
RUN: Spec = {"status": "RUNNING", "percent_done": progress(3, 10), "result": "stored"}
WAYS: dict[str, list[Spec]] = {
    "PENDING": [],
    "RUNNING": [RUN],
    "BLOCKED": [RUN, {"status": "BLOCKED"}],
    "SUCCEEDED": [RUN, {"status": "SUCCEEDED"}],
    "FAILED": [RUN, {"status": "FAILED", "error": failure()}],
}


def spec_of(cell: Cell) -> Spec:
    name, _, with_error = cell.status.partition("+")
    error = FIELDS["error"] if with_error else {}
    status = {} if name == "-" else {"status": name}
    return {**status, **error, **FIELDS[cell.field]}


def outcome(before: int, reply: Reply) -> str:
    """What became of a spec, in the words of the grids."""
    if reply.status < 300:
        return "ok" if reply.revision == before + 1 else "="
    told = (reply.reason, reply.error.upper())
    return next(word for word, refusal in REFUSALS.items() if refusal == told)


def play(caller: Caller, cell: Cell) -> tuple[str, Any]:
    """The outcome of a cell, and what else is wrong."""
    spec = spec_of(cell)
    if cell.before == "create":
        reply = caller.post({"operation_id": "com.acme.run", "cancelable": True, **spec})
        return outcome(0, reply), None
    task_id = caller.create(description=text("Backup"))
    for step in WAYS[cell.before]:
        assert caller.patch(task_id, step).done
    before = caller.get(task_id)
    reply = caller.patch(task_id, spec)
    after = caller.get(task_id)
    if reply.etag != after.etag:
        return outcome(before.revision, reply), f"{reply.etag} is told, {after.etag} is read"
    if not reply.done and (before.value, before.etag) != (after.value, after.etag):
        return outcome(before.revision, reply), "the task has changed"
    if reply.done and "status" in spec:
        again = caller.patch(task_id, spec)
        if not again.done or again.etag != reply.etag:
            return outcome(before.revision, reply), f"sent again: {again}"
    return outcome(before.revision, reply), None


@pytest.mark.parametrize("before", GRIDS)
@pytest.mark.parametrize("mode", ["effective", "strict"])
def test_every_cell(
    server: Server, strict_server: Server, door: Door, mode: str, before: str
) -> None:
    wanted = [cell for cell in CELLS if (cell.before, cell.rules.spec_validation) == (before, mode)]
    assert len(wanted) == 7 * 7
    with (strict_server if mode == "strict" else server).caller(door=door) as caller:
        played = {name_of(cell): play(caller, cell) for cell in wanted}
    assert played == {name_of(cell): (cell.expected, None) for cell in wanted}
