"""What JSON-RPC tells about itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from milepost.rules.reasons import Refusal
from milepost.wire import introspection
from milepost.wire.dataencoding import OUTPUTS
from milepost.wire.encoding import to_json
from milepost.wire.interfaces import OPERATIONS
from tests.rpc import CIS_TASKS, EXTENSION, INTROSPECTION, SESSIONS

Json = Any
DEFINITION = INTROSPECTION + "operation.data_definition"
SERVICES = {
    SESSIONS: ("create", "delete", "get"),
    CIS_TASKS: ("get", "list", "cancel"),
    EXTENSION: ("create", "update"),
    INTROSPECTION + "provider": ("get",),
    INTROSPECTION + "service": ("list", "get"),
    INTROSPECTION + "operation": ("list", "get"),
}


def short(value: Json) -> str:
    """A definition as text."""
    fields = value["STRUCTURE"][DEFINITION]
    kind, name = fields["type"], fields["name"]["OPTIONAL"]
    inner, parts = fields["element_definition"]["OPTIONAL"], fields["fields"]["OPTIONAL"]
    text = f"{kind} {name}" if name else kind
    if inner is not None:
        text += f"({short(inner)})"
    if parts is not None:
        entries = [part["STRUCTURE"]["map-entry"] for part in parts]
        text += "{" + ", ".join(f"{each['key']}: {short(each['value'])}" for each in entries) + "}"
    return text


def described(service: str, operation: str) -> tuple[str, str, set[str]]:
    """Input, output, and the short names of the errors of an operation."""
    info = introspection.operation_info(service, operation)
    written = OUTPUTS[INTROSPECTION + "operation", "get"](info)
    ((name, fields),) = msgspec.json.decode(to_json(written))["STRUCTURE"].items()
    assert name == INTROSPECTION + "operation.info"
    errors = {short(each).partition("{")[0] for each in fields["error_definitions"]}
    given, output = fields["input_definition"], fields["output_definition"]
    return short(given), short(output), {each.rpartition(".")[2] for each in errors}


def test_services_and_operations() -> None:
    assert introspection.services() == tuple(SERVICES)
    for service, names in SERVICES.items():
        assert introspection.operations(service) == names
        assert introspection.service_info(service) == introspection.ServiceInfo(names)


def test_what_is_not_there() -> None:
    for found in (
        introspection.service_info("x"),
        introspection.operations("x"),
        introspection.operation_info("x", "get"),
        introspection.operation_info(SESSIONS, "x"),
    ):
        assert isinstance(found, Refusal)
        assert found.error.value == "NOT_FOUND"
        assert "x" in found.message.default_message


ANYWHERE = {
    *("error", "invalid_argument", "unexpected_input", "operation_not_found"),
    *("resource_busy", "service_unavailable"),
}
WITH_SESSION = {"unauthenticated", "unauthorized"}


def test_simple_operations() -> None:
    nothing = "STRUCTURE operation-input{}"
    assert described(SESSIONS, "create") == (nothing, "SECRET", ANYWHERE | WITH_SESSION)
    assert described(SESSIONS, "delete")[1] == "VOID"
    given = "STRUCTURE operation-input{id: STRING}"
    output = f"STRUCTURE {INTROSPECTION}service.info{{operations: LIST(STRING)}}"
    service = INTROSPECTION + "service"
    assert described(service, "get") == (given, output, ANYWHERE | {"not_found"})


def test_a_structure_in_itself_is_referred_to() -> None:
    given, output, errors = described(EXTENSION, "update")
    assert given.startswith(
        "STRUCTURE operation-input{task_id: STRING, spec: STRUCTURE"
        " com.vmware.vcenter.extension.tasks.update_spec{percent_done: OPTIONAL(STRUCTURE"
        " com.vmware.cis.task.progress{total: LONG, completed: LONG, message: STRUCTURE"
        " com.vmware.vapi.std.localizable_message{"
    )
    assert given.endswith(
        "status: OPTIONAL(STRING), error: OPTIONAL(ANY_ERROR), result: OPTIONAL(OPAQUE),"
        " start_time: OPTIONAL(STRING), end_time: OPTIONAL(STRING)}}"
    )
    assert (
        "LIST(STRUCTURE map-entry{key: STRING, value: STRUCTURE_REF"
        " com.vmware.vapi.std.localization_param})" in given
    )
    assert output == "VOID"
    assert errors == ANYWHERE | WITH_SESSION | {"not_allowed_in_current_state"}


def test_a_filter_is_made_of_lists() -> None:
    given, output, _ = described(CIS_TASKS, "list")
    assert "tasks: OPTIONAL(LIST(STRING))" in given
    assert "exclude_result: OPTIONAL(BOOLEAN)" in given
    assert output.startswith(
        "LIST(STRUCTURE map-entry{key: STRING, value: STRUCTURE com.vmware.cis"
    )


@pytest.mark.parametrize(
    ("service", "name"), [(service, name) for service in OPERATIONS for name in OPERATIONS[service]]
)
def test_every_operation_is_described(service: str, name: str) -> None:
    given, _, errors = described(service, name)
    assert given.startswith("STRUCTURE operation-input{")
    assert errors >= ANYWHERE


def test_errors_have_their_fields() -> None:
    info = introspection.operation_info(CIS_TASKS, "get")
    assert isinstance(info, introspection.OperationInfo)
    names = {each.name: set(each.fields or ()) for each in info.error_definitions}
    plain = {"messages", "data", "error_type"}
    assert names["com.vmware.vapi.std.errors.not_found"] == plain
    assert names["com.vmware.vapi.std.errors.unauthorized"] == plain | {"challenge"}


def test_the_provider() -> None:
    info = introspection.provider_info()
    assert info.id == "milepost"
    assert len(info.checksum) == 8
    int(info.checksum, 16)
