"""What a test expects of a task, and where the task differs."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from milepost.rules.values import ErrorName, Status
from milepost.testing.timeline import error_name, text_of

Text = str | re.Pattern[str]


class Unset(enum.Enum):
    """Stands for a result that is not looked at, as ``None`` is a result too."""

    UNSET = "unset"


class Expected(NamedTuple):
    """What a task is to be like; what is ``None`` is not looked at."""

    status: str | None
    completed: int | None
    total: int | None
    message: Text | None
    description: Text | None
    error: str | None
    result: Any
    cancel: str | None


def differences(task: Mapping[str, Any], expected: Expected) -> list[str]:
    """One line for each expectation that the task does not meet.

    Raises ``ValueError`` when no task could meet one.
    """
    if expected.status is not None:
        known_statuses({expected.status})
    if expected.error is not None and expected.error.upper() not in set(ErrorName):
        raise ValueError(f"there is no error {expected.error!r}, only {', '.join(ErrorName)}")
    return [
        f"{name}: expected {shown(wanted)}, is {shown(given)}"
        for name, wanted, given in compared(task, expected)
        if not fits(wanted, given)
    ]


def compared(task: Mapping[str, Any], expected: Expected) -> Iterator[tuple[str, object, object]]:
    """What is expected beside what is there."""
    progress = task.get("progress") or {}
    error = task.get("error")
    given = {
        "status": task["status"],
        "completed": progress.get("completed", 0),
        "total": progress.get("total", 0),
        "message": text_of(progress.get("message")),
        "description": text_of(task.get("description")),
        "error": None if error is None else error_name(error),
        "cancel": task.get("cancel"),
    }
    for name, value in given.items():
        wanted = getattr(expected, name)
        if wanted is not None:
            yield name, wanted.upper() if name == "error" else wanted, value
    if expected.result is not Unset.UNSET:
        yield "result", expected.result, task.get("result")


def fits(wanted: object, given: object) -> bool:
    """Whether a value is the one, or a text has the pattern. JSON tells ``1`` from ``true``."""
    if isinstance(wanted, re.Pattern):
        return isinstance(given, str) and wanted.search(given) is not None
    return type(wanted) is type(given) and wanted == given


def shown(value: object) -> str:
    return f"/{value.pattern}/" if isinstance(value, re.Pattern) else repr(value)


def known_statuses(names: Collection[str]) -> frozenset[str]:
    """These statuses. Raises ``ValueError`` when one is none."""
    unknown = sorted(set(names) - set(Status))
    if unknown:
        raise ValueError(f"there is no status {unknown[0]!r}, only {', '.join(Status)}")
    return frozenset(str(name) for name in names)
