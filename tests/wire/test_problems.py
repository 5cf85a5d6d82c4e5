"""Refusals as problems."""

from __future__ import annotations

import json

import pytest

from milepost.rules.reasons import REASONS, TASK_UNKNOWN, Refusal
from milepost.wire.problems import encode_problem, problem_schema


def test_a_problem() -> None:
    problem = json.loads(encode_problem(Refusal(TASK_UNKNOWN, ("x",)), 404))
    message = Refusal(TASK_UNKNOWN, ("x",)).message
    assert problem == {
        "type": "urn:milepost:problem:task.unknown",
        "title": "Not found",
        "status": 404,
        "detail": message.default_message,
        "error_type": "NOT_FOUND",
        "messages": [{"id": message.id, "default_message": message.default_message, "args": ["x"]}],
    }


def test_a_problem_of_many_faults_tells_them_all() -> None:
    others = (Refusal(TASK_UNKNOWN, ("y",)), Refusal(TASK_UNKNOWN, ("z",), localized="Z"))
    problem = json.loads(encode_problem(Refusal(TASK_UNKNOWN, ("x",), others), 404))
    assert [message["args"] for message in problem["messages"]] == [["x"], ["y"], ["z"]]
    assert [message.get("localized") for message in problem["messages"]] == [None, None, "Z"]
    assert problem["detail"] == problem["messages"][0]["default_message"]


def test_the_schema_of_a_problem_names_its_members() -> None:
    problem = json.loads(encode_problem(Refusal(TASK_UNKNOWN, ("x",)), 404))
    schema = problem_schema()
    assert set(schema["properties"]) == set(schema["required"]) == set(problem)


@pytest.mark.parametrize("ident", REASONS)
def test_every_reason_has_a_name_of_its_own(ident: str) -> None:
    reason = REASONS[ident]
    args = tuple("x" for _ in range(reason.text.count("{")))
    problem = json.loads(encode_problem(Refusal(reason, args), 400))
    assert problem["type"] == f"urn:milepost:problem:{ident.removeprefix('milepost.')}"
