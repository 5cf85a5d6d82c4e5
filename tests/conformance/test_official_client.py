"""What the official client sees: it is the judge of the wire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from com.vmware.cis.task_client import Status
from com.vmware.vapi.std import errors_client as errors
from com.vmware.vapi.std_client import (
    DynamicID,
    LocalizableMessage,
    LocalizationParam,
    NestedLocalizableMessage,
)

from milepost.vapi import opaque, plain
from tests.conformance.official import MOMENT, OPERATION, STATES, Official, brought_to
from tests.serving import ADMINISTRATOR, PASSWORD, Server


@pytest.fixture(params=["effective", "strict"])
def official(
    request: pytest.FixtureRequest, server: Server, strict_server: Server
) -> Iterator[Official]:
    """The official client, logged in."""
    client = Official((strict_server if request.param == "strict" else server).url)
    client.log_in(ADMINISTRATOR, PASSWORD)
    yield client
    client.close()


def naive_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def test_login_session_and_logout(official: Official) -> None:
    assert official.session.get().user == ADMINISTRATOR
    official.session.delete()
    with pytest.raises(errors.Unauthenticated):
        official.session.get()


def test_a_wrong_password_is_unauthenticated(official: Official) -> None:
    with pytest.raises(errors.Unauthenticated) as caught:
        official.log_in(ADMINISTRATOR, PASSWORD + "!")
    assert [message.id for message in caught.value.messages] == ["milepost.access.login_failed"]


def test_an_unknown_session_is_unauthenticated(official: Official) -> None:
    task_id = official.extension.create(OPERATION)
    official.use("no such token")
    for call in (
        lambda: official.extension.create(OPERATION),
        lambda: official.extension.update(task_id, status=Status.RUNNING),
        lambda: official.tasks.get(task_id),
        lambda: official.list([("tasks", task_id)]),
        lambda: official.tasks.cancel(task_id),
    ):
        with pytest.raises(errors.Unauthenticated):
            call()


@pytest.mark.parametrize("status", STATES)
def test_get_in_every_status(official: Official, status: str) -> None:
    info = official.get(brought_to(official, status))
    assert info.status == status
    assert (info.operation, info.cancelable) == (OPERATION, True)
    assert info.description.default_message == "Backup"
    assert (info.progress is None) == (info.start_time is None) == (status == "PENDING")
    assert (info.end_time is None) == (status not in ("SUCCEEDED", "FAILED"))
    assert (info.error is None) == (status != "FAILED")
    if status != "PENDING":
        assert (info.progress.completed, info.progress.total) == (3, 10)
        assert abs((naive_now() - info.start_time).total_seconds()) < 60


def test_a_failed_task_has_its_error(official: Official) -> None:
    error = plain(official.get(brought_to(official, "FAILED")).error.get_struct_value())
    message = {"id": "com.acme.msg", "default_message": "Too slow", "args": ["Too slow"]}
    assert error == {
        "type": "com.vmware.vapi.std.errors.timed_out",
        "value": {"messages": [message]},
    }


def test_everything_that_was_sent_comes_back(official: Official) -> None:
    inner = NestedLocalizableMessage(id="inner", params={"n": LocalizationParam(i=1)})
    params = {
        "text": LocalizationParam(s="web-01"),
        "when": LocalizationParam(
            dt=MOMENT, format=LocalizationParam.DateTimeFormat.LONG_DATE_TIME
        ),
        "number": LocalizationParam(d=1.5, precision=2),
        "nested": LocalizationParam(l=inner),
    }
    description = LocalizableMessage(
        id="com.acme.full", default_message="All", args=[], params=params, localized="Alles"
    )
    result = {"bytes": 2**40, "parts": [1, 2.5, "three", None, True]}
    task_id = official.extension.create(
        OPERATION,
        cancelable=False,
        description=description,
        target=DynamicID(type="VirtualMachine", id="vm-7"),
        user="ada",
    )
    official.extension.update(
        task_id, status=Status.SUCCEEDED, result=opaque(result), start_time=MOMENT, end_time=MOMENT
    )
    info = official.get(task_id)
    assert (info.target.type, info.target.id, info.user) == ("VirtualMachine", "vm-7", "ada")
    assert (info.start_time, info.end_time, info.cancelable) == (MOMENT, MOMENT, False)
    assert plain(info.result) == result
    assert info.description.localized == "Alles"
    shown = info.description.params
    assert set(shown) == set(params)
    assert (shown["when"].dt, shown["when"].format) == (MOMENT, "LONG_DATE_TIME")
    assert (shown["number"].d, shown["number"].precision) == (1.5, 2)
    assert shown["nested"].l.params["n"].i == 1


def test_list_is_a_map_from_id_to_info(official: Official) -> None:
    waiting = official.extension.create(OPERATION)
    running = brought_to(official, "RUNNING")
    both = [("tasks", waiting), ("tasks", running)]
    found = official.list([*both, ("tasks", "nosuchtasknosuchtasknosuch")])
    assert set(found) == {waiting, running}
    for info in found.values():
        info.validate_constraints()
    assert set(official.list([*both, ("status", "RUNNING")])) == {running}
    with pytest.raises(errors.InvalidArgument):
        official.list([("status", "RUNNING")])


def test_an_unknown_task_is_not_found(official: Official) -> None:
    for call in (official.tasks.get, official.tasks.cancel, official.extension.update):
        with pytest.raises(errors.NotFound):
            call("nosuchtasknosuchtasknosuch")
