"""The binding for the official client, looked at without a server."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from com.vmware.cis.task_client import Status
from vmware.vapi.bindings.type import OptionalType
from vmware.vapi.exception import CoreException

from milepost.rules.strict import ALLOWED
from milepost.rules.values import Status as Statuses
from milepost.vapi import CreateSpec, Tasks, UpdateSpec, opaque, plain
from milepost.wire import shapes

SERVICE = "com.vmware.vcenter.extension.tasks"
SPECS: dict[str, tuple[Any, str]] = {
    shapes.UPDATE_SPEC: (UpdateSpec, f"{SERVICE}.update_spec"),
    shapes.CREATE_SPEC: (CreateSpec, f"{SERVICE}.create_spec"),
}


@pytest.mark.parametrize("name", SPECS)
def test_the_structures_are_those_of_the_table(name: str) -> None:
    spec, full = SPECS[name]
    kind = spec.get_binding_type()
    assert kind.name == full
    members = {member.name: member.required for member in shapes.STRUCTURES[name]}
    assert {
        field: not isinstance(kind.get_field(field), OptionalType)
        for field in kind.get_field_names()
    } == members
    # A field that no constructor takes could never be set.
    assert set(inspect.signature(spec).parameters) == set(members)
    assert all(getattr(spec(**{field: "x"}), field) == "x" for field in members)


GIVEN: dict[str, Any] = {
    "error": "error",
    "result": opaque(1),
    "start_time": "start",
    "end_time": "end",
}


@pytest.mark.parametrize("status", [None, *Statuses])
@pytest.mark.parametrize("field", GIVEN)
def test_the_union_is_that_of_strict_mode(status: Statuses | None, field: str) -> None:
    """What the binding refuses to send is what the server refuses in strict mode."""
    (validator,) = UpdateSpec._validator_list
    given = {field: opaque("x")}
    if status is not None:
        given["status"] = opaque(status.value)
    value = UpdateSpec().get_struct_value()
    for name, part in given.items():
        value.set_field(name, part)
    refused = validator.validate(value) is not None
    assert refused == (field not in ALLOWED[status])


def test_a_spec_with_too_much_for_its_status_is_refused() -> None:
    UpdateSpec(status=Status.RUNNING, result=opaque(1)).validate_constraints()
    with pytest.raises(CoreException, match="union"):
        UpdateSpec(result=opaque(1)).validate_constraints()


def test_the_service_gives_its_structures() -> None:
    assert (Tasks.CreateSpec, Tasks.UpdateSpec) == (CreateSpec, UpdateSpec)


@pytest.mark.parametrize("value", [1, "x", True, [1, 2.5], {"a": {"b": ["c"]}}])
def test_values_come_back(value: Any) -> None:
    assert plain(opaque(value)) == value
