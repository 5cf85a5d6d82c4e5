"""The dialect of ``/v1``: bare bodies as at ``/api``, a task with all that is known of it.

A plain text stands for a message. ``task_value`` writes a task, ``changes_value`` what an event
tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import msgspec

from milepost.rules.reading import Info, info_of
from milepost.rules.reasons import WRONG_TYPE
from milepost.rules.task import CreateTask, Task, UpdateTask
from milepost.rules.values import ErrorValue, Instant, Message, Progress, Status, Value
from milepost.wire import shapes, v1shapes
from milepost.wire.api import api_error, api_info
from milepost.wire.building import BUILDERS
from milepost.wire.decoding import DEFAULT_LIMITS, Decoder, Dialect, Limits, Read
from milepost.wire.encoding import instant_value, message_value, progress_value, to_json
from milepost.wire.faults import Malformed
from milepost.wire.jsontext import parse
from milepost.wire.shapes import STRUCTURES, Member, Scalar, Type
from milepost.wire.v1shapes import V1_BUILDERS, V1_STRUCTURES

DIGITS = 3
UNTOLD = "result"
"""The field that changes name without its values."""


USER_SHOWN = ("name", "role", "extension", "disabled")


class Derived(Value, frozen=True, kw_only=True):
    """What is known of a task and not stored with it: it makes no revision and is in no ETag.

    Times are in seconds, ``rate`` in units of progress a second. ``children`` are those of each
    status, ``fraction`` how much of their work is done; without ``all_children`` there are more.
    """

    lease_left: float | None = None
    elapsed: float | None = None
    rate: float | None = None
    remaining: float | None = None
    children: dict[Status, int] | None = None
    fraction: float = 0.0
    all_children: bool = True


NOTHING_DERIVED = Derived()


class V1Decoder(Decoder):
    """Reads the structures of ``/v1`` and the published ones they are made of."""

    structures: ClassVar[dict[str, tuple[Member, ...]]] = STRUCTURES | V1_STRUCTURES

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(Dialect(maps="object"), limits)

    def builder(self, name: str) -> Callable[[dict[str, Any]], Any]:
        """What makes a structure of its members."""
        return V1_BUILDERS.get(name) or BUILDERS[name]

    def type(self, kind: Type) -> Read:
        """The function that reads a type."""
        return self._read_secret if kind is Scalar.SECRET else super().type(kind)

    def _read_secret(self, value: Any, depth: int) -> str:
        """A text that no refusal shows."""
        if type(value) is not str:
            raise Malformed(WRONG_TYPE, "a text", "something else")
        return self.read_text(value, depth)

    def _compile(self, name: str) -> Read:
        read = super()._compile(name)
        return self._plain_or(read) if name == shapes.MESSAGE else read

    def _plain_or(self, read: Read) -> Read:
        def read_message(value: Any, depth: int) -> Any:
            if type(value) is str:
                return Message(id="", default_message=self.read_text(value))
            return read(value, depth)

        return read_message


class V1Dialect:
    """Reads the bodies of ``/v1``. Every ``decode_`` raises ``Malformed``."""

    def __init__(self, *, limits: Limits = DEFAULT_LIMITS) -> None:
        decoder = V1Decoder(limits)
        self.read_create = decoder.structure(v1shapes.CREATE_SPEC)
        self.read_update = decoder.structure(v1shapes.UPDATE_SPEC)
        self.read_text = decoder.read_text
        self._new_user = decoder.structure(v1shapes.NEW_USER)
        self._user_change = decoder.structure(v1shapes.USER_CHANGE)
        self._new_session = decoder.structure(v1shapes.NEW_SESSION)
        self._new_token = decoder.structure(v1shapes.NEW_TOKEN)

    def decode_create(self, body: bytes) -> CreateTask:
        """The create spec that a request body is."""
        spec: CreateTask = self.read_create(parse(body), 0)
        return spec

    def decode_update(self, body: bytes) -> UpdateTask:
        """The update spec that a request body is."""
        spec: UpdateTask = self.read_update(parse(body), 0)
        return spec

    def decode_new_user(self, body: bytes) -> dict[str, Any]:
        """What a new user is made of: ``name``, ``role``, ``password``, perhaps ``extension``."""
        found: dict[str, Any] = self._new_user(parse(body), 0)
        return found

    def decode_user_change(self, body: bytes) -> dict[str, Any]:
        """What is to be changed of a user, by the names of the members."""
        found: dict[str, Any] = self._user_change(parse(body), 0)
        return found

    def decode_new_session(self, body: bytes) -> tuple[str, str]:
        """The name and the password of a login."""
        found: dict[str, str] = self._new_session(parse(body), 0)
        return found["user"], found["password"]

    def decode_new_token(self, body: bytes) -> dict[str, Any]:
        """What a token is to be, by the names of the members."""
        found: dict[str, Any] = self._new_token(parse(body), 0)
        return found


def encode_token(token: Mapping[str, Any], text: str | None = None) -> bytes:
    """A token as an answer; only what is named here is in it, and once its text."""
    value = token_value(token)
    return to_json(value if text is None else {**value, "token": text})


def encode_tokens(tokens: Iterable[Mapping[str, Any]], following: str | None) -> bytes:
    """A page of tokens; ``following`` leads to the next one."""
    value: dict[str, Any] = {"tokens": [token_value(token) for token in tokens]}
    return to_json(value if following is None else {**value, "next_page_token": following})


def token_value(token: Mapping[str, Any]) -> dict[str, Any]:
    plain = {"id": token["id"], "name": token["name"], "user": token["owner"]}
    plain |= {name: token[name] for name in ("scope", "extension") if token[name] is not None}
    moments = ("created_at", "expires_at", "used_at", "revoked_at")
    told = {name: token[name] for name in moments if token[name] is not None}
    return plain | {name: instant_value(at) for name, at in told.items()}


def encode_user(user: Mapping[str, Any]) -> bytes:
    """A user as an answer; only what is named here is in it."""
    return to_json(user_value(user))


def encode_users(users: Iterable[Mapping[str, Any]]) -> bytes:
    """All users."""
    return to_json({"users": [user_value(user) for user in users]})


def user_value(user: Mapping[str, Any]) -> dict[str, Any]:
    return {name: user[name] for name in USER_SHOWN if user[name] is not None}


def encode_task(task: Task, info: Info, derived: Derived = NOTHING_DERIVED) -> bytes:
    """A task as an answer; ``info`` is what a reader is shown of it."""
    return to_json({**task_value(task, info), **derived_value(task, derived)})


def derived_value(task: Task, derived: Derived) -> dict[str, Any]:
    """What is derived of a task: members that stand beside the stored ones, or instead of them."""
    value: dict[str, Any] = {}
    if derived.lease_left is not None and task.lease_seconds is not None:
        left = round(derived.lease_left, DIGITS)
        value["lease"] = {"seconds": task.lease_seconds, "remaining_seconds": left}
    if derived.children is not None:
        value["children"] = children_value(task, derived, derived.children)
    for name, part in (
        ("elapsed_seconds", derived.elapsed),
        ("rate_per_second", derived.rate),
        ("remaining_seconds", derived.remaining),
    ):
        if part is not None:
            value[name] = round(part, DIGITS)
    return value


def children_value(task: Task, derived: Derived, children: dict[Status, int]) -> dict[str, Any]:
    """The children of a task. That it succeeded though some of them failed is said aloud."""
    value: dict[str, Any] = {
        "count": sum(children.values()),
        "by_status": children,
        "fraction": round(derived.fraction, DIGITS),
        "complete": derived.all_children,
    }
    if task.status is Status.SUCCEEDED and children[Status.FAILED]:
        value["succeeded_over_failed"] = True
    return value


def encode_page(
    tasks: Iterable[tuple[Task, Info, Derived]],
    token: str | None,
    counts: tuple[Mapping[Status, int], bool] | None = None,
) -> bytes:
    """A page of tasks, the token of the next one, and the tasks of each status if asked for.

    Beside the counts stands whether all tasks were looked at.
    """
    value: dict[str, Any] = {
        "tasks": [
            {**task_value(task, info), **derived_value(task, derived)}
            for task, info, derived in tasks
        ]
    }
    if token is not None:
        value["next_page_token"] = token
    if counts is not None:
        value["counts"], value["counts_complete"] = counts
    return to_json(value)


def encode_events(events: Iterable[Mapping[str, Any]], token: str | None) -> bytes:
    """A page of the history of a task; ``at`` is an instant, ``changes`` are triples."""
    value: dict[str, Any] = {
        "events": [
            {
                **event,
                "at": instant_value(event["at"]),
                "changes": changes_value(event["changes"]),
            }
            for event in events
        ]
    }
    return to_json(value if token is None else {**value, "next_page_token": token})


def task_value(
    task: Task, info: Info | None = None, *, exclude_result: bool = False
) -> dict[str, Any]:
    """A task as ``/v1`` shows it, as far as it is stored; ready for ``to_json``.

    ``info`` is what a reader is shown, where that is more than what is stored. What is derived
    (the rest of a lease, children, times) is added by whoever knows it.
    """
    info = info_of(task, exclude_result=exclude_result) if info is None else info
    value: dict[str, Any] = {
        "id": task.id,
        "revision": task.revision,
        **api_info(info),
        "principal": task.principal,
        "created_at": instant_value(task.created_at),
        "updated_at": instant_value(task.updated_at),
        "weight": task.weight,
        "pinned": task.pinned,
    }
    optional = {
        "finished_at": instant_value(task.finished_at),
        "cancel": cancel_of(task),
        "cancel_requested": instant_value(task.cancel_requested),
        "cancel_acknowledged": instant_value(task.cancel_acknowledged),
        "lease": lease_value(task.lease_seconds),
    }
    value.update({name: part for name, part in optional.items() if part is not None})
    return value


def cancel_of(task: Task) -> str | None:
    """How far a wish to cancel has come."""
    if task.cancel_requested is None:
        return None
    return "requested" if task.cancel_acknowledged is None else "acknowledged"


def lease_value(seconds: int | None) -> dict[str, Any] | None:
    return None if seconds is None else {"seconds": seconds}


def changes_value(changes: Iterable[tuple[str, object, object]]) -> list[dict[str, Any]]:
    """The changes of an event: triples of a field of ``Task``, the value before, and after.

    The values may be those of the field or what JSON made of them, as a store keeps them. Fields
    have the names that ``task_value`` gives them; ``result`` is named without its values.
    """
    return [change_value(field, before, after) for field, before, after in changes]


def change_value(field: str, before: object, after: object) -> dict[str, Any]:
    name = RENAMED.get(field, field)
    if field == UNTOLD:
        return {"field": name}
    kind, write = FIELDS.get(field, (Any, same))
    old, new = (
        None if value is None else write(msgspec.convert(msgspec.to_builtins(value), kind))
        for value in (before, after)
    )
    return {"field": name, "before": old, "after": new}


def same(value: Any) -> Any:
    return value


def write_message(message: Message) -> dict[str, Any]:
    return message_value(message, "object")


def write_progress(progress: Progress) -> dict[str, Any]:
    return progress_value(progress, "object")


RENAMED = {"lease_seconds": "lease"}
FIELDS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "description": (Message, write_message),
    "progress": (Progress, write_progress),
    "error": (ErrorValue, api_error),
    "start_time": (Instant, instant_value),
    "end_time": (Instant, instant_value),
    "cancel_requested": (Instant, instant_value),
    "cancel_acknowledged": (Instant, instant_value),
    "lease_seconds": (int, lease_value),
}
