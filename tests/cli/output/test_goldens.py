"""What people are shown, word for word, at several widths; and that it fits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from rich.cells import cell_len

from milepost.cli.output.page import page
from milepost.cli.output.plain import plain
from milepost.cli.output.screen import Line
from milepost.cli.output.tasks import log_line, one_line, tasks_table
from milepost.cli.output.timeline import timeline
from milepost.cli.output.yaml import to_yaml
from milepost.cli.task.bars import bars
from milepost.client.values import FieldChange, HistoryEvent
from tests.cli.output.samples import NOW, TASKS, ago, assert_golden

WIDTHS = [20, 40, 59, 60, 61, 79, 80, 81, 100, 120, 200]

EVENTS = (
    HistoryEvent(
        position=1,
        revision=1,
        kind="created",
        at=ago(hours=1),
        principal="acme-1",
        source="192.0.2.7",
        changes=(
            FieldChange("status", None, "PENDING"),
            FieldChange("description", None, {"id": "", "default_message": "Copy", "args": []}),
            FieldChange("progress", None, {"total": 0, "completed": 0, "message": None}),
            FieldChange("target", None, {"type": "VirtualMachine", "id": "vm-\x1b[1m"}),
            FieldChange("lease", None, {"seconds": 90}),
        ),
    ),
    HistoryEvent(
        position=2,
        revision=2,
        kind="updated",
        at=ago(minutes=9),
        principal="evil\x1b[2J",
        changes=(
            FieldChange("status", "PENDING", "RUNNING"),
            FieldChange(
                "progress",
                {"total": 10, "completed": 0, "message": {"default_message": "Disk 0"}},
                {"total": 10, "completed": 3, "message": {"default_message": "Disk\x9b 3"}},
            ),
            FieldChange("start_time", None, "2026-11-25T13:21:00.000Z"),
            FieldChange("lease", {"seconds": 90}, None),
            FieldChange("pinned", False, True),  # noqa: FBT003  the values before and after
            FieldChange("result"),
        ),
    ),
    HistoryEvent(
        position=3, revision=3, kind="cancel_requested", at=NOW, principal="anna", changes=()
    ),
    HistoryEvent(
        position=4,
        revision=4,
        kind="lease_expired",
        at=NOW,
        principal="system",
        changes=(
            FieldChange(
                "error",
                None,
                {"error_type": "TIMED_OUT", "messages": [{"default_message": "Not heard of"}]},
            ),
        ),
    ),
)


def text_of(lines: Iterable[Line]) -> str:
    return "".join("".join(piece.text for piece in line).rstrip() + "\n" for line in lines)


def widest(text: str) -> int:
    return max(map(cell_len, text.splitlines()))


def is_safe(text: str) -> bool:
    return not any(char in text for char in "\x1b\x07\x9b\u202e\u2066")


@pytest.mark.parametrize(
    ("name", "width"),
    [("tasks-40", 40), ("tasks-80", 80), ("tasks-200", 200), ("tasks-in-a-pipe", None)],
)
def test_a_table(name: str, width: int | None) -> None:
    assert_golden(f"{name}.txt", text_of(tasks_table(TASKS, NOW, width)))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_fits_and_shows_whole_ids(width: int) -> None:
    text = text_of(tasks_table(TASKS, NOW, width))
    assert widest(text) <= max(width, 26)
    assert is_safe(text)
    assert all(task.id in text for task in TASKS)


@pytest.mark.parametrize(("name", "width"), [("bars-40", 40), ("bars-80", 80), ("bars-200", 200)])
def test_bars(name: str, width: int) -> None:
    seen = {task.id: NOW - timedelta(seconds=2) for task in TASKS}
    assert_golden(f"{name}.txt", text_of(bars(TASKS, seen, NOW, width, ascii_only=False)))


@pytest.mark.parametrize("width", WIDTHS)
def test_bars_fit(width: int) -> None:
    seen = dict.fromkeys((task.id for task in TASKS), NOW)
    text = text_of(bars(TASKS, seen, NOW, width, ascii_only=True))
    assert widest(text) <= width
    assert is_safe(text)
    assert "━" not in text


def test_nothing_to_draw_is_no_line() -> None:
    assert list(bars((), {}, NOW, 80, ascii_only=False)) == []


@pytest.mark.parametrize(("name", "width"), [("pages-40", 40), ("pages-80", 80)])
def test_pages(name: str, width: int) -> None:
    assert_golden(f"{name}.txt", "\n".join(text_of(page(one, NOW, width)) for one in TASKS))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_safe_and_fits(width: int) -> None:
    for one in TASKS:
        text = text_of(page(one, NOW, width))
        assert is_safe(text)
        assert widest(text) <= max(width, 40)


def test_a_timeline() -> None:
    text = "".join(text_of(timeline(event, 80)) for event in EVENTS)
    assert is_safe(text)
    assert widest(text) <= 80
    assert_golden("timeline-80.txt", text)


def test_lines() -> None:
    said = [one_line(one) for one in TASKS]
    said += [log_line(one, NOW, named=named) for one in TASKS for named in (False, True)]
    text = "\n".join(said) + "\n"
    assert is_safe(text)
    assert_golden("lines.txt", text)


def test_yaml() -> None:
    text = to_yaml([plain(one) for one in TASKS])
    assert is_safe(text)
    assert_golden("tasks.yaml", text)
