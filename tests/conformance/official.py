"""The official client runtime against one server, over ``/rest`` or over JSON-RPC.

``com.vmware.cis`` is the published binding, unchanged; extension tasks have ours,
``milepost.vapi``, as no published package has one. Where the published binding's description of
``/rest`` lacks something (it is made for a later release), ``teach`` tells the runtime.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import requests
from com.vmware import cis_client
from com.vmware.cis.task_client import Progress, Status
from com.vmware.vapi.std import errors_client as errors
from com.vmware.vapi.std_client import LocalizableMessage
from vmware.vapi.lib.connect import get_requests_connector
from vmware.vapi.lib.rest import OperationRestMetadata
from vmware.vapi.security.session import create_session_security_context
from vmware.vapi.security.user_password import create_user_password_security_context
from vmware.vapi.stdlib.client.factories import StubConfigurationFactory

from milepost.vapi import CreateSpec, Tasks, UpdateSpec
from tests.serving import ADMINISTRATOR, PASSWORD, Server

CIS_TASKS = "com.vmware.cis.tasks"
OPERATION = "com.acme.backup.run"
STATES = ("PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED")
MOMENT = datetime(2015, 1, 1, 22, 13, 5, 651000)  # noqa: DTZ001  the runtime takes naive UTC


class Extension:
    """The service of extension tasks, its specs made of keywords."""

    def __init__(self, config: Any) -> None:
        self.service = Tasks(config)

    def create(self, operation_id: str, *, cancelable: bool = True, **given: Any) -> str:
        spec = CreateSpec(operation_id=operation_id, cancelable=cancelable, **given)
        return self.service.create(spec)

    def update(self, task_id: str, **given: Any) -> None:
        self.service.update(task_id, UpdateSpec(**given))


def official_at(server: Server, protocol: Literal["rest", "json"] = "json") -> Official:
    """The official client of a server, logged in as its administrator."""
    verify = None if server.ca_file is None else str(server.ca_file)
    client = Official(server.url, protocol, verify=verify)
    client.log_in(ADMINISTRATOR, PASSWORD)
    return client


class Official:
    """The official client; over TLS, ``verify`` is the file to trust the server by."""

    def __init__(
        self, url: str, protocol: Literal["rest", "json"] = "rest", *, verify: str | None = None
    ) -> None:
        self.url = url
        self.verify = verify
        self._http = requests.Session()
        self._http.verify = verify or True
        # A bundle that the environment names would go before the file given here.
        self._http.trust_env = False
        self._connector = get_requests_connector(
            session=self._http,
            msg_protocol=protocol,
            url=url + ("/rest" if protocol == "rest" else "/api"),
        )
        config = StubConfigurationFactory.new_std_configuration(self._connector)
        self.config = config
        self.session = cis_client.Session(config)
        self.tasks = cis_client.Tasks(config)
        self.extension = Extension(config)
        if protocol == "rest":
            self._teach_all()

    def _teach_all(self) -> None:
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
        """List over ``/rest``; the published binding has no query parameters for it."""
        query = "&".join(f"filter_spec.{name}={value}" for name, value in pairs)
        self.teach(CIS_TASKS, "list", "GET", f"/cis/tasks?{query}")
        return self.tasks.list()

    def get(self, task_id: str) -> Any:
        """A task that the runtime's own validators have found right."""
        info = self.tasks.get(task_id)
        info.validate_constraints()
        return info


def said(words: str) -> Any:
    return LocalizableMessage(id="com.acme.msg", default_message=words, args=[words])


def done(completed: int, total: int) -> Any:
    return Progress(total=total, completed=completed, message=said("Copying"))


def brought_to(official: Official, status: str, **given: Any) -> str:
    """Make a task, its create spec with what is given, and bring it to a status."""
    task_id = official.extension.create(OPERATION, description=said("Backup"), **given)
    if status != "PENDING":
        official.extension.update(task_id, status=Status.RUNNING, percent_done=done(3, 10))
    if status not in ("PENDING", "RUNNING"):
        error = errors.TimedOut(messages=[said("Too slow")]) if status == "FAILED" else None
        official.extension.update(task_id, status=Status(status), error=error)
    return task_id
