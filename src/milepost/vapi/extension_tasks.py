"""The binding: two structures, two operations, and the runtime's own types for everything in them.

The constructors and the validators are those of the original's generated bindings: a structure
that gives a field its status does not allow is refused before it is sent.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, TypeAlias

from vmware.vapi.bindings import type as vapi
from vmware.vapi.bindings.error import ThrowsClauseBuilder
from vmware.vapi.bindings.struct import VapiStruct
from vmware.vapi.bindings.stub import ApiInterfaceStub, VapiInterface
from vmware.vapi.data.serializers.cleanjson import DataValueConverter
from vmware.vapi.data.validator import UnionValidator
from vmware.vapi.lib.constants import TaskType
from vmware.vapi.lib.rest import OperationRestMetadata

from milepost.rules.strict import ALLOWED
from milepost.wire import shapes
from milepost.wire.interfaces import EXTENSION_TASKS, OPERATIONS, full_name
from milepost.wire.shapes import Enumeration, Member, Ref, Scalar, Type

TASK = "com.vmware.cis.task"
PATH = "/vcenter/extension/tasks"

SCALARS = {
    Scalar.TEXT: vapi.StringType(),
    Scalar.BOOLEAN: vapi.BooleanType(),
    Scalar.INSTANT: vapi.DateTimeType(),
    Scalar.OPAQUE: vapi.OpaqueType(),
    Scalar.ERROR: vapi.AnyErrorType(),
}
# Where the published packages have the types that the structures here are made of.
PUBLISHED = {
    shapes.PROGRESS: ("com.vmware.cis.task_client", "Progress"),
    shapes.MESSAGE: ("com.vmware.vapi.std_client", "LocalizableMessage"),
    shapes.DYNAMIC_ID: ("com.vmware.vapi.std_client", "DynamicID"),
    shapes.STATUS.name: ("com.vmware.cis.task_client", "Status"),
}
IDENTIFIERS = ("operation_id", "parent_task", "task_id")


def binding_type(kind: Type) -> Any:
    """The runtime's type of a type in the table."""
    if isinstance(kind, Scalar):
        return SCALARS[kind]
    assert isinstance(kind, Ref | Enumeration)  # noqa: S101  the two structures hold nothing else
    return vapi.ReferenceType(*PUBLISHED[kind.name])


def member_type(member: Member) -> Any:
    """The runtime's type of a member: identifiers are told apart, what is optional is wrapped."""
    is_id = member.name in IDENTIFIERS
    kind = vapi.IdType(resource_types=TASK) if is_id else binding_type(member.type)
    return kind if member.required else vapi.OptionalType(kind)


def struct_type(name: str, binding: type[Any]) -> Any:
    members = {member.name: member_type(member) for member in shapes.STRUCTURES[name]}
    # The last two say that it is no model with an identifier.
    return vapi.StructType(full_name(name), members, binding, False, None)  # noqa: FBT003


# Which field goes with which status; none of them must be there.
UNION = UnionValidator(
    "status",
    {
        status.value: [(field, False) for field in sorted(fields)]
        for status, fields in ALLOWED.items()
        if status is not None
    },
)


class UpdateSpec(VapiStruct):
    """What an update changes; a field that is ``None`` stays as it is.

    ``percent_done`` is a ``com.vmware.cis.task_client.Progress``, ``description`` a
    ``LocalizableMessage``, ``status`` a ``com.vmware.cis.task_client.Status``, ``error`` one of
    ``com.vmware.vapi.std.errors_client``, ``result`` a data value (see ``opaque``). The times are
    naive ``datetime`` in UTC, as the runtime takes them.
    """

    _validator_list = [UNION]

    def __init__(  # noqa: PLR0917  the published positions
        self,
        percent_done: Any = None,
        description: Any = None,
        status: Any = None,
        error: Any = None,
        result: Any = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> None:
        self.percent_done = percent_done
        self.description = description
        self.status = status
        self.error = error
        self.result = result
        self.start_time = start_time
        self.end_time = end_time
        VapiStruct.__init__(self)


class CreateSpec(VapiStruct):
    """What a new task is: the fields of ``UpdateSpec``, and what never changes afterwards.

    ``operation_id`` and ``cancelable`` must be given. ``target`` is a ``DynamicID``.
    """

    _validator_list = [UNION]

    def __init__(  # noqa: PLR0917  the published positions
        self,
        target: Any = None,
        operation_id: str | None = None,
        percent_done: Any = None,
        description: Any = None,
        status: Any = None,
        user: str | None = None,
        cancelable: bool | None = None,  # noqa: FBT001  the position is the published one
        parent_task: str | None = None,
        error: Any = None,
        result: Any = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> None:
        self.target = target
        self.operation_id = operation_id
        self.percent_done = percent_done
        self.description = description
        self.status = status
        self.user = user
        self.cancelable = cancelable
        self.parent_task = parent_task
        self.error = error
        self.result = result
        self.start_time = start_time
        self.end_time = end_time
        VapiStruct.__init__(self)


UpdateSpec._set_binding_type(struct_type(shapes.UPDATE_SPEC, UpdateSpec))  # noqa: SLF001  its way
CreateSpec._set_binding_type(struct_type(shapes.CREATE_SPEC, CreateSpec))  # noqa: SLF001  its way


class Tasks(VapiInterface):
    """Creates and updates tasks. ``config`` is a ``StubConfiguration`` of the runtime."""

    RESOURCE_TYPE = TASK
    _VAPI_SERVICE_ID = EXTENSION_TASKS

    CreateSpec: TypeAlias = CreateSpec
    UpdateSpec: TypeAlias = UpdateSpec

    def __init__(self, config: Any) -> None:
        VapiInterface.__init__(self, config, _TasksStub)
        self._VAPI_OPERATION_IDS: dict[str, str] = {}  # the runtime's name

    def create(self, spec: CreateSpec) -> str:
        """Make a task; the answer is its id.

        Raises ``Error``, ``InvalidArgument`` and ``NotAllowedInCurrentState`` of
        ``com.vmware.vapi.std.errors_client``, and ``Unauthenticated`` and ``Unauthorized``.
        """
        task_id: str = self._invoke("create", {"spec": spec})
        return task_id

    def update(self, task_id: str, spec: UpdateSpec) -> None:
        """Change a task; a field that is ``None`` stays. Raises what ``create`` raises."""
        self._invoke("update", {"task_id": task_id, "spec": spec})


class _TasksStub(ApiInterfaceStub):
    """What the runtime needs to know of the service: its operations and their HTTP form."""

    def __init__(self, config: Any) -> None:
        update_path = OperationRestMetadata(
            http_method="PATCH",
            url_template=PATH + "/{task_id}",
            path_variables={"task_id": "task_id"},
        )
        ApiInterfaceStub.__init__(
            self,
            iface_name=EXTENSION_TASKS,
            config=config,
            operations={
                "create": operation("create", "CreateSpec", vapi.IdType(resource_types=TASK)),
                "update": operation("update", "UpdateSpec", vapi.VoidType()),
            },
            rest_metadata={
                "create": OperationRestMetadata(http_method="POST", url_template=PATH),
                "update": update_path,
            },
            is_vapi_rest=True,
        )


def operation(name: str, spec: str, output: Any) -> dict[str, Any]:
    """One operation as the runtime describes operations."""
    known = OPERATIONS[EXTENSION_TASKS][name]
    members = {
        member.name: (
            vapi.ReferenceType(__name__, spec) if member.name == "spec" else member_type(member)
        )
        for member in known.parameters
    }
    return {
        "input_type": vapi.StructType("operation-input", members),
        "output_type": output,
        "errors": {error.type_name: error_type(error.value) for error in known.errors},
        "throws_clause": ThrowsClauseBuilder().build(),
        "input_value_validator_list": [],
        "output_validator_list": [],
        "task_type": TaskType.NONE,
    }


def error_type(name: str) -> Any:
    """The class of an error, such as ``InvalidArgument`` for ``INVALID_ARGUMENT``."""
    title = "".join(word.title() for word in name.split("_"))
    return vapi.ReferenceType("com.vmware.vapi.std.errors_client", title)


def opaque(value: Any) -> Any:
    """A JSON value as a data value, for ``result``."""
    return DataValueConverter.convert_to_data_value(json.dumps(value))


def plain(value: Any) -> Any:
    """A data value, such as the ``result`` of a task, as a JSON value."""
    return json.loads(DataValueConverter.convert_to_json(value))
