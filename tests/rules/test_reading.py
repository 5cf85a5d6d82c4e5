"""What a reader is shown."""

from __future__ import annotations

import pytest

from milepost.rules.reading import Info, info_of
from milepost.rules.values import (
    EMPTY_MESSAGE,
    NO_PROGRESS,
    Opaque,
    Progress,
    Status,
    Target,
)
from tests.rules.samples import ENDED, NOON, STARTED, STORED_ERROR, STORED_PROGRESS, stored, text

RESULT = Opaque('"stored"')

SHOWN = {
    Status.PENDING: {},
    Status.RUNNING: {"progress": STORED_PROGRESS, "start_time": STARTED, "result": RESULT},
    Status.BLOCKED: {"progress": STORED_PROGRESS, "start_time": STARTED, "result": RESULT},
    Status.SUCCEEDED: {
        "progress": STORED_PROGRESS, "start_time": STARTED, "result": RESULT, "end_time": ENDED,
    },
    Status.FAILED: {
        "progress": STORED_PROGRESS, "start_time": STARTED, "result": RESULT, "end_time": ENDED,
        "error": STORED_ERROR,
    },
}  # fmt: skip


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("exclude_result", [False, True])
def test_what_each_status_shows(*, status: Status, exclude_result: bool) -> None:
    task = stored(status)
    info = info_of(task, exclude_result=exclude_result)
    expected = {**SHOWN[status]}
    if exclude_result:
        expected.pop("result", None)
    for field in ("progress", "result", "error", "start_time", "end_time"):
        assert getattr(info, field) == expected.get(field)
    assert (info.status, info.description) == (status, text("Backup"))
    assert (info.service, info.operation) == ("com.acme.ext", "com.acme.ext.backup")
    assert info.target == Target("Folder", "group-d1")
    assert (info.cancelable, info.user, info.parent) == (True, None, None)


def test_the_result_is_shown_unless_excluded() -> None:
    assert info_of(stored(Status.RUNNING)).result == RESULT


def test_who_and_where() -> None:
    task = stored(
        Status.RUNNING, user="ann", parent="p" * 22, cancelable=False,
        target=Target("VirtualMachine", "vm-1"), description=EMPTY_MESSAGE,
    )  # fmt: skip
    info = info_of(task)
    assert (info.user, info.parent, info.cancelable) == ("ann", "p" * 22, False)
    assert info.target == Target("VirtualMachine", "vm-1")
    assert info.description == EMPTY_MESSAGE


def test_running_without_a_report_shows_0_of_0() -> None:
    info = info_of(stored(Status.RUNNING, progress=NO_PROGRESS, result=None))
    assert info.progress == Progress(0, 0, EMPTY_MESSAGE)
    assert info.result is None


def test_pending_shows_none_of_the_five_whatever_is_stored() -> None:
    task = stored(
        Status.PENDING, progress=STORED_PROGRESS, result=RESULT, error=STORED_ERROR,
        start_time=NOON, end_time=NOON,
    )  # fmt: skip
    info = info_of(task)
    hidden = (info.progress, info.result, info.error, info.start_time, info.end_time)
    assert hidden == (None, None, None, None, None)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.BLOCKED])
def test_an_open_task_shows_no_end_whatever_is_stored(status: Status) -> None:
    assert info_of(stored(status, end_time=NOON)).end_time is None


def test_the_fields_are_the_published_ones() -> None:
    assert set(Info.__struct_fields__) == {
        "description", "service", "operation", "parent", "target", "status", "cancelable",
        "error", "start_time", "end_time", "user", "progress", "result",
    }  # fmt: skip
