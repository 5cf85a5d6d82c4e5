"""What is asked for, from arguments to the bodies of ``/v1``. Wrong use is a ``TypeError``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

import msgspec

from milepost.client.values import Message, Progress, Target, TaskError
from milepost.rules.values import Status

StatusLike = Status | Literal["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"]


class TaskChanges(TypedDict, total=False):
    """What can be said about a task; what is left out stays as it is.

    ``lease_seconds`` 0 removes the lease. ``acknowledge_cancel`` says that a request to cancel
    was heard. A ``result`` is any value that JSON has.
    """

    status: StatusLike
    progress: Progress
    description: Message | str
    error: TaskError | str
    result: Any
    start_time: datetime
    end_time: datetime
    lease_seconds: int
    pinned: bool
    acknowledge_cancel: bool


class TaskOptions(TaskChanges, total=False):
    """What can be said when a task is made, beside its operation."""

    cancelable: bool
    target: Target
    user: str
    parent: str
    weight: float
    extension: str


class EventFilter(TypedDict, total=False):
    """Which tasks are meant: each must have one of the values given."""

    task: str | Sequence[str]
    service: str | Sequence[str]
    operation: str | Sequence[str]
    status: StatusLike | Sequence[StatusLike]
    target: Target | Sequence[Target]
    user: str | Sequence[str]
    parent: str | Sequence[str]


class TaskFilter(EventFilter, total=False):
    """What a list can ask for beside: a text, and when something was (``_after`` takes it in)."""

    text: str
    created_after: datetime
    created_before: datetime
    updated_after: datetime
    updated_before: datetime
    finished_after: datetime
    finished_before: datetime


class Create:
    """A create inside a batch; the arguments are those of ``Client.create``."""

    def __init__(self, operation: str, **options: Unpack[TaskOptions]) -> None:
        self.part = {"create": create_body(operation, options)}


class Update:
    """An update inside a batch; the arguments are those of ``Client.update``."""

    def __init__(
        self, task: str, *, if_revision: int | None = None, **changes: Unpack[TaskChanges]
    ) -> None:
        update: dict[str, Any] = {"task": task, "spec": update_body(changes)}
        if if_revision is not None:
            update["if_revision"] = if_revision
        self.part = {"update": update}


RENAMED = {"progress": "percent_done", "parent": "parent_task", "acknowledge_cancel": "cancel"}
CHANGES = frozenset(TaskChanges.__annotations__)
OPTIONS = frozenset(TaskOptions.__annotations__)
FILTER = frozenset(TaskFilter.__annotations__)
EVENTS = frozenset(EventFilter.__annotations__)


def create_body(operation: str, options: TaskOptions) -> dict[str, Any]:
    """The body of a create."""
    known(options, OPTIONS)
    cancelable = options.get("cancelable", False)
    return {"operation_id": operation, **members(options), "cancelable": cancelable}


def update_body(changes: TaskChanges) -> dict[str, Any]:
    """The body of an update."""
    known(changes, CHANGES)
    return members(changes)


def known(given: Iterable[str], names: frozenset[str]) -> None:
    for name in given:
        if name not in names:
            raise TypeError(f"{name}: there is no such argument; there are {sorted(names)}")


def members(given: Mapping[str, Any]) -> dict[str, Any]:
    """The members by their published names; ``None`` is left out."""
    return {
        RENAMED.get(name, name): member(name, value)
        for name, value in given.items()
        if value is not None and not (name == "acknowledge_cancel" and not value)
    }


def member(name: str, value: Any) -> Any:
    """One member as it is sent."""
    match value:
        case Message():
            return message_body(value)
        case Progress():
            said = value.message
            text = said if isinstance(said, str) else message_body(said)
            return {"total": value.total, "completed": value.completed, "message": text}
        case TaskError():
            return error_body(value)
        case datetime():
            return instant(name, value)
    if name == "acknowledge_cancel":
        return "acknowledged"
    return error_body(TaskError(messages=(Message(value),))) if name == "error" else value


def message_body(message: Message) -> dict[str, Any]:
    """A message; what is not set is left out."""
    body: dict[str, Any] = {
        "id": message.id,
        "default_message": message.default_message,
        "args": message.args,
    }
    if message.params is not None:
        body["params"] = message.params
    return body


def error_body(error: TaskError) -> dict[str, Any]:
    """An error; its dotted name says more than the standard error."""
    named = {"type": error.type} if error.type else {"error_type": error.error_type}
    body = {**named, "messages": [message_body(message) for message in error.messages]}
    return body if error.data is None else {**body, "data": error.data}


def instant(name: str, value: datetime) -> str:
    """An instant as text. Raises ``TypeError`` for one without a zone."""
    if value.tzinfo is None:
        raise TypeError(f"{name}: the time has no zone; use datetime.now(timezone.utc) for now")
    text: str = msgspec.to_builtins(value)
    return text


def filter_query(given: Mapping[str, Any], names: frozenset[str]) -> list[tuple[str, str]]:
    """A filter as the parameters of a query; a sequence is repeated."""
    known(given, names)
    pairs = []
    for name, value in given.items():
        if value is None:
            continue
        one = isinstance(value, str | datetime | Target)
        pairs += [(name, parameter(name, part)) for part in ([value] if one else value)]
    return pairs


def parameter(name: str, value: str | datetime | Target) -> str:
    if isinstance(value, Target):
        return f"{value.type}:{value.id}"
    return instant(name, value) if isinstance(value, datetime) else str(value)
