"""Answers of the service, read: values, or the refusal that they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from milepost.client.errors import REFUSALS, Garbled, Refused
from milepost.client.values import Message, Task

FIRST_ERROR = 400
NOT_MODIFIED = 304
MOST_DIGITS = 6

T = TypeVar("T")


class Reply(NamedTuple):
    """An answer; names of headers are in lower case. ``source`` is an open stream, if asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    source: Any = None


def reads(kind: type[T]) -> Callable[[Reply], T]:
    """A reader of answers of one kind."""

    def read(reply: Reply) -> T:
        try:
            return msgspec.json.decode(reply.body, type=kind)
        except (msgspec.MsgspecError, ValueError) as fault:
            raise Garbled(f"{fault}: {shortened(reply.body)}") from None

    return read


def nothing(_reply: Reply) -> None:
    """What is read of an answer that says no more."""


def shortened(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")


class Problem(msgspec.Struct):
    """What a refusal says."""

    error_type: str
    messages: list[Message] = []
    status: int = 0


class Result(msgspec.Struct):
    """What became of a part of a batch."""

    status: int
    task: Task | None = None
    problem: Problem | None = None

    @property
    def outcome(self) -> Task | Refused:
        if self.task is not None:
            return self.task
        problem = self.problem or Problem(error_type="ERROR")
        return refusal(self.status, problem)


class Results(msgspec.Struct):
    """What became of the parts of a batch, in their order."""

    results: list[Result]


def refusal(status: int, problem: Problem, **told: Any) -> Refused:
    kind = REFUSALS.get(status, Refused)
    return kind(status, problem.error_type, problem.messages, **told)


def refused(reply: Reply) -> Refused:
    """The refusal that an answer is; a proxy's has no more than its status and its text."""
    try:
        problem = msgspec.json.decode(reply.body, type=Problem)
    except (msgspec.MsgspecError, ValueError):
        text = shortened(reply.body) or f"HTTP {reply.status}"
        problem = Problem(error_type="UNKNOWN", messages=[Message(text)])
    revision = reply.headers.get("etag", "").strip('"')
    return refusal(
        reply.status,
        problem,
        revision=int(revision) if revision.isascii() and revision.isdigit() else None,
        retry_after=seconds_of(reply.headers.get("retry-after", "")),
    )


def seconds_of(text: str) -> float | None:
    """``Retry-After`` in seconds; a date, which Milepost never sends, counts as not told."""
    return float(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
