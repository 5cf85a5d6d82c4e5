"""Batches: a part that does not fit spoils no other."""

from __future__ import annotations

import json

import pytest

from milepost.rules.reading import info_of
from milepost.rules.reasons import TASK_UNKNOWN, Refusal
from milepost.rules.task import CreateTask, IfMatch, TaskUpdate, UpdateTask
from milepost.rules.values import Message
from milepost.wire.problems import encode_problem
from milepost.wire.v1 import V1Dialect, encode_task
from milepost.wire.v1batch import Answered, BatchReader, Part, encode_batch
from tests.wire.samples import CREATE, Json, good, refusal_of, said
from tests.wire.test_v1 import TASK
from tests.wire.test_v1answers import validator

DIALECT = V1Dialect()
READER = BatchReader(DIALECT.read_create, DIALECT.read_update, DIALECT.read_text)


def parts(*requests: Json) -> list[Part]:
    return READER.decode(json.dumps({"requests": list(requests)}).encode())


def test_parts() -> None:
    body = [
        {"create": {**good(CREATE), "description": "Backup"}},
        {"update": {"task": "t", "spec": {"pinned": True}}, "create": None},
        {"update": {"task": "t", "spec": {}, "if_revision": 7}},
    ]
    assert parts(*body) == [
        CreateTask(operation="com.acme.backup", cancelable=True, description=Message("", "Backup")),
        TaskUpdate("t", UpdateTask(pinned=True)),
        TaskUpdate("t", UpdateTask(), IfMatch(frozenset({7}), "7")),
    ]
    assert parts() == []
    validator("milepost.v1.batch").validate({"requests": [body[0], body[2]]})


BAD: dict[str, tuple[Json, str]] = {
    "no object": (7, "requests[1]: the number 7 was given where an object is expected."),
    "nothing": ({}, "requests[1]: exactly one of create and update is expected."),
    "both": (
        {"create": good(CREATE), "update": {"task": "t", "spec": {}}},
        "requests[1]: exactly one of create and update is expected.",
    ),
    "another": ({"delete": {}}, "requests[1].delete: the member is not known (its value was {})."),
    "no task": (
        {"update": {"spec": {}}},
        "requests[1].update.task: it is required and was not given.",
    ),
    "an empty task": (
        {"update": {"task": "", "spec": {}}},
        "requests[1].update.task: it is required and was not given.",
    ),
    "inside": (
        {"create": {**good(CREATE), "user": 7}},
        "requests[1].create.user: the number 7 was given where a text is expected.",
    ),
    "a revision of text": (
        {"update": {"task": "t", "spec": {}, "if_revision": "7"}},
        'requests[1].update.if_revision: the text "7" was given where a whole number is expected.',
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_part_that_does_not_fit(name: str) -> None:
    part, says = BAD[name]
    first, bad, last = parts({"create": good(CREATE)}, part, {"create": good(CREATE)})
    assert isinstance(first, CreateTask)
    assert first == last
    assert isinstance(bad, Refusal)
    assert said(bad) == says


BODIES = {
    b"[]": "body: a list [] was given where an object is expected.",
    b"{}": "requests: it is required and was not given.",
    b'{"requests":{}}': "requests: an object {} was given where a list is expected.",
    b'{"requests":[],"more":1}': "more: the member is not known (its value was 1).",
    json.dumps({"requests": [{}] * 1001}).encode(): (
        "requests: 1001 requests are more than the limit of 1000."
    ),
}


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body[:20]))
def test_a_body_that_does_not_fit(body: bytes) -> None:
    assert said(refusal_of(lambda: READER.decode(body))) == BODIES[body]


def test_the_answer() -> None:
    refusal = Refusal(TASK_UNKNOWN, ("x",))
    info = info_of(TASK)
    shown = json.loads(
        encode_batch(
            [
                Answered(201, TASK, info, None),
                Answered(404, None, None, refusal),
                Answered(200, None, None, None),
            ]
        )
    )
    assert shown == {
        "results": [
            {"status": 201, "task": json.loads(encode_task(TASK, info))},
            {"status": 404, "problem": json.loads(encode_problem(refusal, 404))},
            {"status": 200},
        ]
    }
    validator("milepost.v1.batch_answer").validate(shown)
