"""Batches of ``/v1``: ``{"requests": [{"create": …}, {"update": {"task", "spec"}}, …]}``.

A part that does not fit is its own refusal and spoils no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from milepost.rules.reading import Info
from milepost.rules.reasons import MISSING_MEMBER, ONE_OF, TOO_LONG, Refusal
from milepost.rules.task import CreateTask, IfMatch, Task, TaskUpdate, UpdateTask
from milepost.wire.decoding import Read, read_long, read_members
from milepost.wire.encoding import to_json
from milepost.wire.faults import Malformed, wrong_type
from milepost.wire.jsontext import parse
from milepost.wire.problems import problem_value
from milepost.wire.v1 import task_value

MOST_REQUESTS = 1000
KINDS = ("create", "update")

Part = CreateTask | TaskUpdate | Refusal


class BatchReader:
    """Reads batches with the readers of a dialect."""

    def __init__(self, read_create: Read, read_update: Read, read_text: Read) -> None:
        self._update: dict[str, Read] = {
            "task": read_text,
            "spec": read_update,
            "if_revision": read_long,
        }
        self._kinds: dict[str, Read] = {"create": read_create, "update": self._read_update}

    def decode(self, body: bytes) -> list[Part]:
        """The parts of a batch. Raises ``Malformed`` when the body as a whole does not fit."""
        found = read_members(parse(body), {"requests": self._read_parts}, ["requests"], 0)
        parts: list[Part] = found["requests"]
        return parts

    def _read_parts(self, value: Any, _depth: int) -> list[Part]:
        if type(value) is not list:
            raise wrong_type("a list", value)
        if len(value) > MOST_REQUESTS:
            raise Malformed(TOO_LONG, str(len(value)), "requests", str(MOST_REQUESTS))
        return [self._read_part(index, part) for index, part in enumerate(value)]

    def _read_part(self, index: int, value: Any) -> Part:
        try:
            found = read_members(value, self._kinds, [], 0)
            if len(found) != 1:
                raise Malformed(ONE_OF, " and ".join(KINDS))
            (part,) = found.values()
        except Malformed as fault:
            return fault.under(index).under("requests").refusal
        made: Part = part
        return made

    def _read_update(self, value: Any, depth: int) -> TaskUpdate:
        found = read_members(value, self._update, ["task", "spec"], depth)
        revision = found.get("if_revision")
        only = None if revision is None else IfMatch(frozenset({revision}), str(revision))
        spec: UpdateTask = found["spec"]
        if not found["task"]:
            raise Malformed(MISSING_MEMBER).under("task")
        return TaskUpdate(found["task"], spec, only)


class Answered(NamedTuple):
    """What is told of a part: a status and the task, or the refusal."""

    status: int
    task: Task | None
    info: Info | None
    refusal: Refusal | None


def encode_batch(parts: Iterable[Answered]) -> bytes:
    """The answer to a batch: an answer for each part, in their order."""
    return to_json({"results": [part_value(part) for part in parts]})


def part_value(part: Answered) -> dict[str, Any]:
    """A part; tasks are shown without their results, which could be many and large."""
    value: dict[str, Any] = {"status": part.status}
    if part.refusal is not None:
        value["problem"] = problem_value(part.refusal, part.status)
    elif part.task is not None:
        value["task"] = task_value(part.task, part.info)
    return value
