"""One task as a page: what it is, how far it is, and why it failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from milepost.cli.output.plain import plain
from milepost.cli.output.safe import visible, visible_json, visible_lines
from milepost.cli.output.screen import Line, Piece, cells
from milepost.cli.output.tasks import (
    counted,
    percent,
    progress_text,
    style,
    taken,
    target,
    title,
)
from milepost.cli.output.times import full_moment, span
from milepost.client.values import Children, Lease, Task, TaskError

LABEL = 12
BAR = 24
LEAST_TEXT = 20


def page(task: Task, at: datetime, width: int | None) -> Iterator[Line]:
    """The lines of the page. Long texts are wrapped, and never cut."""
    yield from wrapped(title(task), width, 0, "bold")
    room = None if width is None else max(width - LABEL - 2, LEAST_TEXT)
    for label, text, look in parts(task, at):
        lines = [line for part in text.split("\n") for line in folded(part, room)]
        for number, line in enumerate(lines):
            head = label if number == 0 else ""
            yield [Piece(f"  {head:{LABEL}}"[: LABEL + 2], "dim"), Piece(line, look)]


def parts(task: Task, at: datetime) -> Iterator[tuple[str, str, str]]:
    """Label, text and style of each part that there is."""
    said = [f"cancel {task.cancel}"] if task.cancel and not task.ended else []
    yield "Status", ", ".join([task.status.value, *said]), style(task)
    found = (
        ("Progress", progress(task)),
        ("Time", times(task, at)),
        ("Error", error(task.error)),
        ("Children", children(task.children)),
        ("Lease", lease(task.lease)),
        ("Operation", visible(task.operation)),
        ("Target", target(task)),
        ("Extension", visible(task.service)),
        ("User", visible(task.user or "")),
        ("Made by", visible(task.principal)),
        ("Parent", visible(task.parent or "")),
        ("Pinned", "yes" if task.pinned else ""),
        ("Cancelable", "yes" if task.cancelable else "no"),
        ("Revision", f"{task.revision}, {full_moment(task.updated_at)}"),
        ("Id", visible(task.id)),
        ("Result", result(task.result)),
    )
    for label, text in found:
        if text:
            yield label, text, "red" if label == "Error" else ""


def progress(task: Task) -> str:
    if task.progress is None or not (task.progress.total or progress_text(task.progress)):
        return ""
    done = task.progress.fraction
    bar = "" if done is None else "#" * int(BAR * done) + "-" * (BAR - int(BAR * done))
    first = "  ".join(filter(None, (bar, percent(task), counted(task))))
    said = progress_text(task.progress)
    return "\n".join(filter(None, (first, *visible_lines(said))))


def times(task: Task, at: datetime) -> str:
    """When it was made, begun and ended, and how long it takes."""
    lines = [f"made {full_moment(task.created_at)}"]
    if task.start_time is not None:
        lines.append(f"began {full_moment(task.start_time)}")
    if task.end_time is not None:
        lines.append(f"ended {full_moment(task.end_time)}, after {span(taken(task, at))}")
    elif task.start_time is not None:
        left = task.remaining_seconds
        about = "" if left is None else f", about {span(left)} left"
        lines.append(f"for {span(taken(task, at))}{about}")
    return "\n".join(lines)


def error(found: TaskError | None) -> str:
    """The error, and below it what caused it, each the cause of the one above."""
    if found is None:
        return ""
    texts = [message.text or message.id for message in found.messages]
    name = found.type or found.error_type
    lines = [visible(name)] if name != "ERROR" or not texts else []
    for depth, text in enumerate(texts):
        first, *rest = visible_lines(text)
        lines += [first if depth == 0 else f"caused by: {first}", *(f"  {line}" for line in rest)]
    if found.data is not None:
        lines += result(found.data).split("\n")
    return "\n".join(lines)


def children(found: Children | None) -> str:
    if found is None:
        return ""
    counts = ", ".join(f"{count} {status}" for status, count in found.by_status.items() if count)
    more = "" if found.complete else ", and more that were not counted"
    text = f"{found.count}: {counts}{more}; {int(100 * found.fraction)}% done"
    return text + ("; it succeeded over failed ones" if found.succeeded_over_failed else "")


def lease(found: Lease | None) -> str:
    if found is None:
        return ""
    left = found.remaining_seconds
    return span(found.seconds) + ("" if left is None else f", {span(left)} left")


def result(value: Any) -> str:
    if value is None:
        return ""
    return visible_json(json.dumps(plain(value), ensure_ascii=False, indent=2))


def wrapped(text: str, width: int | None, indent: int, look: str) -> Iterator[Line]:
    for line in folded(text, width):
        yield [Piece(" " * indent + line, look)]


def folded(text: str, room: int | None) -> list[str]:
    """A line, folded at blanks where it is too long; nothing is left out but blanks."""
    if room is None or cells(text) <= room:
        return [text]
    from rich.cells import chop_cells  # late: seldom needed

    indent = text[: min(len(text) - len(text.lstrip(" ")), room // 2)]
    found, line = [], indent
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else f"{line}{word}"
        if cells(longer) <= room:
            line = longer
            continue
        if line.strip():
            found.append(line)
        *whole, rest = chop_cells(word, room - len(indent))
        found += [indent + part for part in whole]
        line = indent + rest
    return [*found, line]
