"""The enumerations are the published ones; values compare by content."""

from __future__ import annotations

import pytest

from milepost.rules.values import (
    TERMINAL,
    DateTimeFormat,
    ErrorName,
    Message,
    Opaque,
    Param,
    Status,
)


def test_statuses() -> None:
    assert list(Status) == ["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"]
    assert {"SUCCEEDED", "FAILED"} == TERMINAL


def test_date_time_formats() -> None:
    lengths, kinds = ("SHORT", "MED", "LONG", "FULL"), ("DATE", "TIME", "DATE_TIME")
    assert list(DateTimeFormat) == [f"{length}_{kind}" for kind in kinds for length in lengths]


def test_error_names() -> None:
    assert {name.value for name in ErrorName} == {
        "ERROR", "ALREADY_EXISTS", "ALREADY_IN_DESIRED_STATE", "CANCELED", "CONCURRENT_CHANGE",
        "FEATURE_IN_USE", "INTERNAL_SERVER_ERROR", "INVALID_ARGUMENT",
        "INVALID_ELEMENT_CONFIGURATION", "INVALID_ELEMENT_TYPE", "INVALID_REQUEST",
        "NOT_ALLOWED_IN_CURRENT_STATE", "NOT_FOUND", "OPERATION_NOT_FOUND", "RESOURCE_BUSY",
        "RESOURCE_IN_USE", "RESOURCE_INACCESSIBLE", "SERVICE_UNAVAILABLE", "TIMED_OUT",
        "UNABLE_TO_ALLOCATE_RESOURCE", "UNAUTHENTICATED", "UNAUTHORIZED", "UNEXPECTED_INPUT",
        "UNSUPPORTED", "UNVERIFIED_PEER",
    }  # fmt: skip
    assert ErrorName.NOT_FOUND.type_name == "com.vmware.vapi.std.errors.not_found"
    assert ErrorName.ERROR.type_name == "com.vmware.vapi.std.errors.error"


@pytest.mark.parametrize("other", ["true", "1.0", '"1"', "[1]"])
def test_opaque_values_compare_as_written(other: str) -> None:
    assert Opaque("1") == Opaque("1")
    assert Opaque("1") != Opaque(other)


def test_messages_compare_with_their_params() -> None:
    def message(count: int) -> Message:
        return Message("com.acme.msg", "1 file", params={"count": Param(i=count)})

    assert message(1) == message(1)
    assert message(1) != message(2)


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Opaque("1").plain = "2"  # type: ignore[misc]
