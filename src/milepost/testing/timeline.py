"""What has happened to a task, as a failed assertion shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from milepost.testing.recording import Recorded

Json = Mapping[str, Any]
CLOCK = slice(11, 23)
"""Where an RFC 3339 text has the time of day."""
UNSHOWN = frozenset({"updated_at", "created_at"})
NOTHING = "-"


def told(task: Json, history: Iterable[Json], refused: Sequence[Recorded]) -> str:
    """A task, its history, oldest event first, and the requests about it that failed."""
    lines = [headline(task), *(f"  {line}" for event in history for line in event_lines(event))]
    if refused:
        lines.append("Requests about it that were refused or not answered:")
        lines += [f"  {record}" for record in refused]
    return "\n".join(lines)


def headline(task: Json) -> str:
    """A task in one line."""
    says = text_of(task["description"])
    about = f" {says!r}" if says else ""
    return (
        f"Task {task['id']}: {task['operation']} of {task['service']}{about},"
        f" {task['status']}{progress_part(task)}"
    )


def progress_part(task: Json) -> str:
    progress = task.get("progress")
    return f", {progress_text(progress)}" if progress and progress["total"] else ""


def event_lines(event: Json) -> Iterator[str]:
    """An event: when, which revision, what kind, who, and what moved."""
    moved = [
        part
        for change in event["changes"]
        if change["field"] not in UNSHOWN and (part := change_text(change))
    ]
    head = f"{event['at'][CLOCK]}  revision {event['revision']}  {event['kind']}"
    yield f"{head} by {event['principal']}: {'; '.join(moved) or 'nothing'}"


def change_text(change: Json) -> str:
    """One field that moved."""
    field = change["field"]
    if "after" not in change:
        return f"{field} given"
    before, after = shown(field, change["before"]), shown(field, change["after"])
    if before == after:
        return ""
    return f"{field} {after}" if before == NOTHING else f"{field} {before} -> {after}"


def shown(field: str, value: Any) -> str:
    """A value in a few words."""
    if value is None:
        return NOTHING
    if field == "progress":
        return progress_text(value)
    if field == "error":
        return error_text(value)
    if field == "description":
        return repr(text_of(value)) if text_of(value) else NOTHING
    return str(value)


def progress_text(progress: Json) -> str:
    says = text_of(progress["message"])
    if not (progress["total"] or says):
        return NOTHING
    return f"{progress['completed']} of {progress['total']}" + (f" {says!r}" if says else "")


def error_text(error: Json) -> str:
    says = "; ".join(text_of(message) for message in error.get("messages", ()))
    return error_name(error) + (f" {says!r}" if says else "")


def error_name(error: Json) -> str:
    """The standard name of an error, such as ``TIMED_OUT``."""
    name: str = error.get("error_type") or str(error.get("type", "")).rpartition(".")[2].upper()
    return name


def text_of(message: Json | None) -> str:
    """The text of a message."""
    return "" if message is None else str(message.get("default_message", ""))
