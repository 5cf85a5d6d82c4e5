"""The official client runtime over ``/rest``, and a binding of our own for extension tasks.

No published package has a binding for ``com.vmware.vcenter.extension.tasks``; the one here names
the published structures and lets the official runtime do the rest. ``com.vmware.cis`` is the
published binding, unchanged. Where its own description of ``/rest`` lacks something (it is made
for a later release), ``teach`` tells the runtime.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import requests
from com.vmware import cis_client
from vmware.vapi.bindings import type as vapi
from vmware.vapi.bindings.error import ThrowsClauseBuilder
from vmware.vapi.bindings.stub import ApiInterfaceStub, VapiInterface
from vmware.vapi.data.serializers.cleanjson import DataValueConverter
from vmware.vapi.lib.connect import get_requests_connector
from vmware.vapi.lib.constants import TaskType
from vmware.vapi.lib.rest import OperationRestMetadata
from vmware.vapi.security.session import create_session_security_context
from vmware.vapi.security.user_password import create_user_password_security_context
from vmware.vapi.stdlib.client.factories import StubConfigurationFactory

SERVICE = "com.vmware.vcenter.extension.tasks"
CIS_TASKS = "com.vmware.cis.tasks"
TASK_ID = vapi.IdType(resource_types="com.vmware.cis.task")
MESSAGE = vapi.ReferenceType("com.vmware.vapi.std_client", "LocalizableMessage")

REPORTED = {
    "percent_done": vapi.ReferenceType("com.vmware.cis.task_client", "Progress"),
    "description": MESSAGE,
    "status": vapi.ReferenceType("com.vmware.cis.task_client", "Status"),
    "error": vapi.AnyErrorType(),
    "result": vapi.OpaqueType(),
    "start_time": vapi.DateTimeType(),
    "end_time": vapi.DateTimeType(),
}
ONCE = {
    "target": vapi.ReferenceType("com.vmware.vapi.std_client", "DynamicID"),
    "user": vapi.StringType(),
    "parent_task": vapi.IdType(),
}
REQUIRED = {"operation_id": vapi.IdType(), "cancelable": vapi.BooleanType()}
ERRORS = {
    f"com.vmware.vapi.std.errors.{name}": vapi.ReferenceType(
        "com.vmware.vapi.std.errors_client", title
    )
    for name, title in (
        ("error", "Error"),
        ("invalid_argument", "InvalidArgument"),
        ("not_allowed_in_current_state", "NotAllowedInCurrentState"),
    )
}


def optional(members: dict[str, Any]) -> dict[str, Any]:
    return {name: vapi.OptionalType(kind) for name, kind in members.items()}


UPDATE_SPEC = vapi.StructType(f"{SERVICE}.update_spec", optional(REPORTED))
CREATE_SPEC = vapi.StructType(
    f"{SERVICE}.create_spec", {**optional({**REPORTED, **ONCE}), **REQUIRED}
)


def operation(members: dict[str, Any], output: Any) -> dict[str, Any]:
    return {
        "input_type": vapi.StructType("operation-input", members),
        "output_type": output,
        "errors": ERRORS,
        "throws_clause": ThrowsClauseBuilder().build(),
        "input_value_validator_list": [],
        "output_validator_list": [],
        "task_type": TaskType.NONE,
    }


def extension_tasks_stub(config: Any) -> Any:
    """What the runtime needs to know of the service: its operations and their HTTP form."""
    path = "/vcenter/extension/tasks"
    return ApiInterfaceStub(
        iface_name=SERVICE,
        config=config,
        operations={
            "create": operation({"spec": CREATE_SPEC}, TASK_ID),
            "update": operation({"task_id": TASK_ID, "spec": UPDATE_SPEC}, vapi.VoidType()),
        },
        rest_metadata={
            "create": OperationRestMetadata(http_method="POST", url_template=path),
            "update": OperationRestMetadata(
                http_method="PATCH",
                url_template=path + "/{task_id}",
                path_variables={"task_id": "task_id"},
            ),
        },
        is_vapi_rest=True,
    )


class ExtensionTasks:
    """The service ``com.vmware.vcenter.extension.tasks``; values are those of the runtime."""

    def __init__(self, config: Any) -> None:
        self._service = VapiInterface(config, extension_tasks_stub)

    def create(self, operation_id: str, *, cancelable: bool = True, **given: Any) -> str:
        spec = dict.fromkeys({**REPORTED, **ONCE}) | given
        spec |= {"operation_id": operation_id, "cancelable": cancelable}
        task_id: str = self._service._invoke("create", {"spec": spec})
        return task_id

    def update(self, task_id: str, **given: Any) -> None:
        spec = dict.fromkeys(REPORTED) | given
        assert self._service._invoke("update", {"task_id": task_id, "spec": spec}) is None


class Official:
    """The official client against one server; over TLS, ``verify`` is the file to trust it by."""

    def __init__(self, url: str, *, verify: str | None = None) -> None:
        self._url = url + "/rest"
        self._http = requests.Session()
        self._http.verify = verify or True
        self._connector = get_requests_connector(
            session=self._http, msg_protocol="rest", url=self._url
        )
        config = StubConfigurationFactory.new_std_configuration(self._connector)
        self.session = cis_client.Session(config)
        self.tasks = cis_client.Tasks(config)
        self.extension = ExtensionTasks(config)
        for name, method, action in (
            ("create", "POST", ""),
            ("delete", "DELETE", ""),
            ("get", "POST", "?~action=get"),
        ):
            self.teach("com.vmware.cis.session", name, method, f"/com/vmware/cis/session{action}")
        self.teach(CIS_TASKS, "cancel", "POST", "/cis/tasks/{task}?action=cancel", "task")

    def close(self) -> None:
        self._http.close()

    def teach(self, service: str, name: str, method: str, path: str, *variables: str) -> None:
        """Tell the runtime the HTTP form of an operation on ``/rest``."""
        provider = self._connector.get_api_provider()
        while not hasattr(provider, "add_rest_metadata"):
            provider = provider.get_api_provider()
        form = OperationRestMetadata(
            http_method=method,
            url_template=path,
            path_variables={name: name for name in variables},
        )
        provider.add_rest_metadata(service, name, form)

    def log_in(self, user: str, password: str) -> None:
        """Open a session and use it from now on."""
        self._connector.set_security_context(create_user_password_security_context(user, password))
        self.use(self.session.create())

    def use(self, token: str) -> None:
        self._connector.set_security_context(create_session_security_context(token))

    def list(self, pairs: Iterable[tuple[str, str]]) -> Any:
        """List with a filter; the published binding has no query parameters for ``/rest``."""
        query = "&".join(f"filter_spec.{name}={value}" for name, value in pairs)
        self.teach(CIS_TASKS, "list", "GET", f"/cis/tasks?{query}")
        return self.tasks.list()

    def get(self, task_id: str) -> Any:
        """A task that the runtime's own validators have found right."""
        info = self.tasks.get(task_id)
        info.validate_constraints()
        return info


def opaque(value: Any) -> Any:
    """A JSON value as the runtime's data value."""
    return DataValueConverter.convert_to_data_value(json.dumps(value))


def plain(value: Any) -> Any:
    """The runtime's data value as JSON."""
    return json.loads(DataValueConverter.convert_to_json(value))
