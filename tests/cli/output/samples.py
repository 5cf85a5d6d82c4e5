"""Tasks of every kind, at written times, for goldens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from milepost.client.values import (
    Children,
    Lease,
    Message,
    Progress,
    Target,
    Task,
    TaskError,
)
from milepost.rules.values import Status

GOLDEN = Path(__file__).parent.parent / "golden"
NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)
HOSTILE = "Evil \x1b[31mred\x07 \u202etxt.exe\u2066 \x9b2J"


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def task(number: int, **members: Any) -> Task:
    made = members.pop("created_at", ago(hours=1))
    defaults = {
        "id": f"{number:026}",
        "revision": 3,
        "service": "com.acme.backup",
        "operation": "com.acme.backup.full",
        "status": Status.RUNNING,
        "cancelable": True,
        "principal": "acme-1",
        "created_at": made,
        "updated_at": ago(minutes=1),
        "target": Target("Folder", "group-d1"),
    }
    return Task(**{**defaults, **members})


TASKS = (
    task(
        1,
        description=Message("Backup of web-01"),
        user="anna",
        target=Target("VirtualMachine", "vm-17"),
        progress=Progress(10, 3, Message("Disk 3 of 10")),
        start_time=ago(minutes=2, seconds=3),
        elapsed_seconds=123.0,
        remaining_seconds=287.5,
        lease=Lease(60, 43.5),
    ),
    task(
        2,
        description=Message("漢字のバックアップ 👩‍👩‍👧 with a long name that nobody has asked for"),
        progress=Progress(100, 99, Message("Almost")),
        start_time=ago(days=2),
        cancel="requested",
    ),
    task(3, status=Status.PENDING, description=Message(HOSTILE), user="\x1b]0;title\x07"),
    task(4, status=Status.BLOCKED, start_time=ago(hours=1), progress=Progress(0, 0)),
    task(
        5,
        status=Status.FAILED,
        description=Message("Import"),
        start_time=ago(hours=5),
        end_time=ago(hours=1, minutes=58),
        error=TaskError(
            error_type="UNABLE_TO_ALLOCATE_RESOURCE",
            messages=(
                Message("The import stopped"),
                Message("Disk full on \x1b[2Jnfs-3\nof the second site"),
                Message("quota exceeded"),
            ),
            data={"free": 0},
        ),
        children=Children(
            count=4, by_status={Status.SUCCEEDED: 3, Status.FAILED: 1}, fraction=0.756
        ),
    ),
    task(
        6,
        status=Status.SUCCEEDED,
        description=Message("Copy"),
        progress=Progress(7, 7),
        start_time=ago(minutes=30),
        end_time=ago(minutes=29, seconds=52),
        result={"files": 7, "note": None, "evil": "\u202e"},
    ),
)


def assert_golden(name: str, text: str) -> None:
    """A text is that of a file beside the tests."""
    assert text == (GOLDEN / name).read_text(encoding="utf-8")
