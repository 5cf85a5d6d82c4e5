"""The table of refusals: ids, names, texts."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.rules import reasons
from milepost.rules.reasons import REASONS, Reason, Refusal
from milepost.rules.values import ErrorName, Message

ALL = [value for value in vars(reasons).values() if isinstance(value, Reason)]


def slots(reason: Reason) -> list[str]:
    """The fields of a text, as written between its braces."""
    return [name for _, name, _, _ in string.Formatter().parse(reason.text) if name is not None]


def by_id(reason: Reason) -> str:
    return reason.id


def test_ids_are_unique_and_all_in_the_table() -> None:
    assert len({reason.id for reason in ALL}) == len(ALL)
    assert {reason.id: reason for reason in ALL} == REASONS


def test_texts_are_unique() -> None:
    assert len({reason.text for reason in ALL}) == len(ALL)


@pytest.mark.parametrize("reason", ALL, ids=by_id)
def test_the_id(reason: Reason) -> None:
    assert re.fullmatch(r"milepost(\.[a-z][a-z0-9_]*){2}", reason.id)
    assert isinstance(reason.error, ErrorName)


@pytest.mark.parametrize("reason", ALL, ids=by_id)
def test_the_text_takes_its_arguments(reason: Reason) -> None:
    names = slots(reason)
    assert sorted(set(names)) == [str(number) for number in range(len(set(names)))]
    args = tuple(f"<{number}>" for number in range(len(names)))
    refusal = Refusal(reason, args)
    assert refusal.error is reason.error
    said = refusal.message.default_message
    assert refusal.message == Message(id=reason.id, default_message=said, args=args)
    assert "{" not in said
    assert "}" not in said
    for arg in args:
        assert arg in said
    assert said.endswith(".")


HOSTILE = ["{", "}", "{0}", "{9}", "{x}", "{0.__class__}", "{{", "}}", "%s", "\\1", "\n", ""]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("reason", ALL, ids=by_id)
def test_arguments_are_data(reason: Reason, hostile: str) -> None:
    args = (hostile,) * len(set(slots(reason)))
    expected = re.sub(r"\{\d\}", lambda _: hostile, reason.text)
    refusal = Refusal(reason, args)
    assert refusal.message.default_message == expected
    assert refusal.message.args == args


@given(reason=st.sampled_from(ALL), words=st.text())
def test_any_argument_is_data(reason: Reason, words: str) -> None:
    args = (words,) * len(set(slots(reason)))
    expected = re.sub(r"\{\d\}", lambda _: words, reason.text)
    assert Refusal(reason, args).message.default_message == expected


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("FINISHED", "NOT_ALLOWED_IN_CURRENT_STATE"),
        ("BACK_TO_PENDING", "INVALID_ARGUMENT"),
        ("PROGRESS_NOT_RUNNING", "NOT_ALLOWED_IN_CURRENT_STATE"),
        ("PROGRESS_NEGATIVE", "INVALID_ARGUMENT"),
        ("PROGRESS_OVER_TOTAL", "INVALID_ARGUMENT"),
        ("PROGRESS_BACKWARDS", "INVALID_ARGUMENT"),
        ("START_NOT_ALLOWED", "NOT_ALLOWED_IN_CURRENT_STATE"),
        ("END_NOT_ALLOWED", "NOT_ALLOWED_IN_CURRENT_STATE"),
        ("END_BEFORE_START", "INVALID_ARGUMENT"),
        ("TIME_IN_FUTURE", "INVALID_ARGUMENT"),
        ("ERROR_MISSING", "INVALID_ARGUMENT"),
        ("ERROR_NOT_FAILED", "INVALID_ARGUMENT"),
        ("RESULT_PENDING", "INVALID_ARGUMENT"),
        ("FIELD_NEEDS_STATUS", "INVALID_ARGUMENT"),
        ("PARENT_UNKNOWN", "INVALID_ARGUMENT"),
        ("OPERATION_CLOSED", "INVALID_ARGUMENT"),
        ("CANCEL_FINISHED", "NOT_ALLOWED_IN_CURRENT_STATE"),
        ("NOT_CANCELABLE", "UNSUPPORTED"),
        ("TASK_UNKNOWN", "NOT_FOUND"),
        ("FILTER_EMPTY", "INVALID_ARGUMENT"),
        ("TOO_MANY_MATCHES", "RESOURCE_INACCESSIBLE"),
        ("NOT_YOURS", "UNAUTHORIZED"),
        ("CREATE_NOT_ALLOWED", "UNAUTHORIZED"),
        ("NO_SESSION", "UNAUTHENTICATED"),
        ("SESSION_UNKNOWN", "UNAUTHENTICATED"),
        ("LOGIN_FAILED", "UNAUTHENTICATED"),
        ("FOREIGN_ORIGIN", "UNAUTHORIZED"),
        ("NOT_JSON", "INVALID_REQUEST"),
        ("UNKNOWN_MEMBER", "INVALID_ARGUMENT"),
        ("WRONG_TYPE", "INVALID_ARGUMENT"),
        ("MISSING_MEMBER", "INVALID_ARGUMENT"),
        ("UNKNOWN_ENUM", "INVALID_ARGUMENT"),
        ("BAD_DATE_TIME", "INVALID_ARGUMENT"),
        ("NO_SUCH_PATH", "OPERATION_NOT_FOUND"),
        ("NO_SUCH_METHOD", "INVALID_REQUEST"),
        ("BODY_TOO_LARGE", "INVALID_REQUEST"),
        ("WRONG_MEDIA_TYPE", "INVALID_REQUEST"),
        ("STORE_UNAVAILABLE", "SERVICE_UNAVAILABLE"),
        ("TOO_BUSY", "RESOURCE_BUSY"),
        ("INTERNAL_FAULT", "ERROR"),
    ],
)
def test_the_error_the_contract_names(name: str, error: str) -> None:
    assert vars(reasons)[name].error == error
