"""What the official client sees over JSON-RPC, its transport of old."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from com.vmware import cis_client
from com.vmware.cis.task_client import Status
from com.vmware.vapi.std import errors_client as errors
from com.vmware.vapi.std.introspection_client import Operation, Provider, Service
from com.vmware.vapi.std_client import (
    DynamicID,
    LocalizableMessage,
    LocalizationParam,
    NestedLocalizableMessage,
)
from vmware.vapi.bindings.error import UnresolvedError
from vmware.vapi.data.value import (
    BlobValue,
    ErrorValue,
    ListValue,
    OptionalValue,
    SecretValue,
    StringValue,
    StructValue,
)
from vmware.vapi.exception import CoreException
from vmware.vapi.vsphere.client import create_vsphere_client

from milepost.vapi import CreateSpec, UpdateSpec, opaque, plain
from tests.conformance.official import (
    MOMENT,
    OPERATION,
    STATES,
    Official,
    brought_to,
    official_at,
)
from tests.serving import ADMINISTRATOR, PASSWORD, Server, eventually, serving


@pytest.fixture(params=["server", "strict_server", "tls_server"])
def official(request: pytest.FixtureRequest) -> Iterator[Official]:
    """The official client over JSON-RPC, logged in: in both modes, and over TLS."""
    client = official_at(request.getfixturevalue(request.param))
    yield client
    client.close()


def test_sessions(official: Official) -> None:
    info = official.session.get()
    assert info.user == ADMINISTRATOR
    assert info.created_time <= info.last_accessed_time
    official.session.delete()
    with pytest.raises(errors.Unauthenticated):
        official.session.get()
    with pytest.raises(errors.Unauthenticated):
        official.extension.create(OPERATION)


def test_a_wrong_password(official: Official) -> None:
    with pytest.raises(errors.Unauthenticated) as caught:
        official.log_in(ADMINISTRATOR, PASSWORD + "!")
    assert [message.id for message in caught.value.messages] == ["milepost.access.login_failed"]


def test_an_expired_session(tmp_path: Path) -> None:
    with serving(tmp_path / "data", session_idle="1") as server:
        client = Official(server.url, "json")
        client.log_in(ADMINISTRATOR, PASSWORD)
        assert client.session.get().user == ADMINISTRATOR
        # Whoever asks keeps it alive, so it is left alone until it is surely over.
        other = Official(server.url, "json")
        other.log_in(ADMINISTRATOR, PASSWORD)
        begun = other.session.get().last_accessed_time
        for _ in eventually("the session of the first one is over"):
            if (other.session.get().last_accessed_time - begun).total_seconds() > 1.5:
                break
        with pytest.raises(errors.Unauthenticated) as caught:
            client.extension.create(OPERATION)
        assert caught.value.messages[0].id == "milepost.access.session_unknown"
        client.close()
        other.close()


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


def test_a_failed_task_has_its_error_as_its_class(official: Official) -> None:
    error = official.get(brought_to(official, "FAILED")).error
    assert isinstance(error, errors.TimedOut)
    assert [message.default_message for message in error.messages] == ["Too slow"]
    assert error.error_type == "TIMED_OUT"


def test_a_foreign_error_comes_back(official: Official) -> None:
    value = ErrorValue(
        "com.acme.errors.no_tape", values={"messages": ListValue(), "slot": StringValue("7")}
    )
    task_id = official.extension.create(OPERATION)
    official.extension.update(task_id, status=Status.FAILED, error=UnresolvedError(value))
    shown = official.get(task_id).error
    assert isinstance(shown, UnresolvedError)
    assert shown.get_error_value() == value


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
        id="com.acme.full", default_message="All", args=["a"], params=params, localized="Alles"
    )
    task_id = official.extension.create(
        OPERATION,
        cancelable=False,
        description=description,
        target=DynamicID(type="VirtualMachine", id="vm-7"),
        user="ada",
    )
    official.extension.update(
        task_id,
        status=Status.SUCCEEDED,
        start_time=MOMENT,
        end_time=MOMENT,
        result=opaque([1, "x"]),
    )
    info = official.get(task_id)
    assert info.description == description
    assert (info.target.type, info.target.id, info.user) == ("VirtualMachine", "vm-7", "ada")
    assert (info.start_time, info.end_time, info.cancelable) == (MOMENT, MOMENT, False)
    assert plain(info.result) == [1, "x"]


def test_a_typed_result_keeps_its_types(official: Official) -> None:
    """And a client of /rest reads the same task."""
    value = StructValue(
        "com.acme.report",
        values={
            "name": StringValue("web-01"),
            "unset": OptionalValue(),
            "set": OptionalValue(StringValue("x")),
            "key": SecretValue("s3cret"),
            "hash": BlobValue(b"\x00\xff"),
            "parts": ListValue([StructValue("com.acme.part"), UpdateSpec().get_struct_value()]),
        },
    )
    task_id = brought_to(official, "RUNNING")
    official.extension.update(task_id, status=Status.SUCCEEDED, result=value)
    assert official.get(task_id).result == value
    rest = Official(official.url, "rest", verify=official.verify)
    rest.log_in(ADMINISTRATOR, PASSWORD)
    shown = plain(rest.get(task_id).result)
    rest.close()
    assert {name: shown[name] for name in ("name", "set", "key", "hash")} == {
        "name": "web-01",
        "set": "x",
        "key": "s3cret",
        "hash": "AP8=",
    }
    assert len(shown["parts"]) == 2


def test_a_result_from_rest_has_structures_without_a_name(server: Server) -> None:
    client = Official(server.url, "json")
    with server.caller() as caller:
        task_id = caller.create(status="RUNNING", result={"a": {"b": None, "c": [1.5, True]}})
        client.use(caller.token)
    result = client.get(task_id).result
    client.close()
    assert isinstance(result, StructValue)
    assert result.name == "None"
    assert result.get_field("a").get_field("b") == OptionalValue()
    assert plain(result) == {"a": {"c": [1.5, True]}}


@pytest.mark.parametrize("data", [{"x": 1}, 5, [1], "x", None])
def test_an_error_from_rest_is_read(server: Server, data: Any) -> None:
    """Whatever /rest lets into an error, the client can read the task."""
    client = Official(server.url, "json")
    value = {"messages": [], "data": data, "challenge": data, "more": data}
    failed = {"type": "com.vmware.vapi.std.errors.unauthorized", "value": value}
    with server.caller() as caller:
        task_id = caller.create(status="FAILED", error=failed)
        client.use(caller.token)
    error = client.get(task_id).error
    client.close()
    assert isinstance(error, errors.Unauthorized)
    assert (error.data is None) == (data is None)


def test_the_binding_itself_refuses_what_a_status_does_not_allow(official: Official) -> None:
    task_id = brought_to(official, "RUNNING")
    for spec in (
        UpdateSpec(result=opaque(1)),
        UpdateSpec(status=Status.RUNNING, end_time=MOMENT),
        UpdateSpec(status=Status.SUCCEEDED, error=errors.Error(messages=[])),
    ):
        with pytest.raises(CoreException):
            official.extension.service.update(task_id, spec)
    with pytest.raises(CoreException):
        official.extension.service.create(CreateSpec(operation_id=OPERATION))


Filter = cis_client.Tasks.FilterSpec


def test_list_with_each_filter(official: Official) -> None:
    target = DynamicID(type="VirtualMachine", id="vm-7")
    mine = brought_to(official, "RUNNING", target=target, user="ada")
    other = official.extension.create(OPERATION + ".other")
    both = {mine, other}
    service = official.get(mine).service

    def found(**wanted: Any) -> set[str]:
        infos = official.tasks.list(Filter(**{"tasks": both, **wanted}))
        for info in infos.values():
            info.validate_constraints()
        return set(infos)

    assert found() == both
    assert found(tasks={mine, "nosuchtasknosuchtasknosuch"}) == {mine}
    assert found(services={service}) == both
    assert found(services={"com.acme.none"}) == set()
    assert found(operations={OPERATION + ".other"}) == {other}
    assert found(status={Status.RUNNING, Status.FAILED}) == {mine}
    assert found(targets=[target]) == {mine}
    assert found(users={"ada", "bob"}) == {mine}
    assert found(status=set(), users=set(), targets=[]) == both


def test_list_needs_tasks_or_services(official: Official) -> None:
    for spec in (None, Filter(), Filter(status={Status.RUNNING}), Filter(tasks=set())):
        with pytest.raises(errors.InvalidArgument):
            official.tasks.list(spec)


def test_results_are_left_out_on_wish(official: Official) -> None:
    task_id = brought_to(official, "RUNNING")
    official.extension.update(task_id, status=Status.SUCCEEDED, result=opaque(5))
    wish = cis_client.Tasks.GetSpec(exclude_result=True)
    assert official.tasks.get(task_id, wish).result is None
    (info,) = official.tasks.list(Filter(tasks={task_id}), wish).values()
    assert info.result is None
    everything = cis_client.Tasks.GetSpec(return_all=True)
    assert plain(official.tasks.get(task_id, everything).result) == 5


def test_an_unknown_task(official: Official) -> None:
    for call in (official.tasks.get, official.tasks.cancel):
        with pytest.raises(errors.NotFound):
            call("nosuchtasknosuchtasknosuch")
    with pytest.raises(errors.InvalidArgument):
        official.extension.update("nosuchtasknosuchtasknosuch", status=Status.RUNNING)


def test_introspection(official: Official) -> None:
    names = Service(official.config).list()
    assert "com.vmware.vcenter.extension.tasks" in names
    for name in names:
        info = Service(official.config).get(name)
        assert info.operations == Operation(official.config).list(name)
        for operation in info.operations:
            described = Operation(official.config).get(name, operation)
            assert described.input_definition.name == "operation-input"
    assert Provider(official.config).get().id == "milepost"
    with pytest.raises(errors.NotFound):
        Service(official.config).get("com.acme.none")


def test_the_vsphere_client_logs_in_and_out(tls_server: Server) -> None:
    """The client class of ``vmware-vcenter`` as it is; it knows no other scheme than https."""
    address, session = tls_server.url.removeprefix("https://"), requests.Session()
    session.verify, session.trust_env = str(tls_server.ca_file), False
    with create_vsphere_client(address, ADMINISTRATOR, PASSWORD, session=session) as client:
        assert client.session_svc.get().user == ADMINISTRATOR
        token = client.get_session_id()
        config = client.session_svc._config
        assert set(cis_client.Tasks(config).list(Filter(services={"com.acme.none"}))) == set()
    again = Official(tls_server.url, "json", verify=session.verify)
    again.use(token)
    with pytest.raises(errors.Unauthenticated):
        again.session.get()
    again.close()
    session.close()
