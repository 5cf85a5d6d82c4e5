"""The history of a task as a timeline, oldest first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from milepost.cli.output.safe import visible, visible_json
from milepost.cli.output.screen import Line, Piece, fitted
from milepost.cli.output.times import full_moment, span
from milepost.client.values import FieldChange, HistoryEvent

KINDS = {
    "created": "created",
    "updated": "updated",
    "cancel_requested": "cancel requested",
    "force_closed": "closed by force",
    "lease_expired": "lease ran out",
}
STYLES = {"cancel_requested": "magenta", "force_closed": "red", "lease_expired": "red"}
# They follow from the others, or are told at the head of an event.
UNTOLD = frozenset({"updated_at", "created_at", "finished_at", "revision", "cancel_requested"})
LONGEST = 200


def timeline(event: HistoryEvent, width: int | None) -> Iterator[Line]:
    """The lines of one event: when, what, who and from where, and what has changed."""
    when = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    kind = KINDS.get(event.kind, visible(event.kind))
    source = f" from {visible(event.source)}" if event.source else ""
    yield [
        Piece(when, "dim"),
        Piece(f"  {kind}", STYLES.get(event.kind, "bold")),
        Piece(cut(f" by {visible(event.principal)}{source}", width, len(when) + len(kind) + 2)),
    ]
    for change in event.changes:
        says = "" if change.field in UNTOLD else told(change)
        if says:
            yield [Piece(cut(f"    {says}", width, 0))]


def cut(text: str, width: int | None, used: int) -> str:
    return text if width is None else fitted(text, max(width - used, 0)).rstrip()


def told(change: FieldChange) -> str:
    """A change as ``status RUNNING → FAILED``; nothing when it says nothing."""
    name = visible(change.field)
    if change.before is None and change.after is None:
        return f"{name} changed"
    # What was said with an earlier progress is said at its own place.
    was = without_message(change.before) if change.field == "progress" else change.before
    before, after = (spoken(value, change.field) for value in (was, change.after))
    if not after:
        return f"{name} {before} removed" if before else ""
    return f"{name} {before} → {after}" if before else f"{name} {after}"


def without_message(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: part for name, part in value.items() if name != "message"}


def spoken(value: Any, field: str = "") -> str:
    """A value in few words: what a message says, how far a progress is, else its JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return local(value) if field.endswith("_time") else visible(value)
    if isinstance(value, dict):
        found = in_words(value)
        if found is not None:
            return visible(found)
    text = visible_json(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def in_words(value: dict[str, Any]) -> str | None:
    """What a structure says, by its members; ``None`` when it is none of ours."""
    match value:
        case {"default_message": text}:
            words = value.get("localized") or text
            return f'"{words}"' if words else ""
        case {"total": total, "completed": completed}:
            count = f"{completed}/{total}" if total else ""
            return " ".join(filter(None, (count, spoken(value.get("message")))))
        case {"messages": [*messages]}:
            name = value.get("type") or value.get("error_type", "")
            return " ".join([str(name), *(spoken(one) for one in messages)])
        case {"type": kind, "id": ident, **rest} if not rest:
            return f"{kind}:{ident}"
        case {"seconds": int() as seconds}:
            return span(seconds)
    return None


def local(text: str) -> str:
    try:
        return full_moment(datetime.fromisoformat(text))
    except ValueError:
        return visible(text)
