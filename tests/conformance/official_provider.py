"""The official provider, in this process: what it answers is what ours is held against.

Run as a module it writes ``official_answers.json``, the golden table:
``python -m tests.conformance.official_provider``. The published packages have no provider of these
services, so their client bindings, and ours for extension tasks, are turned into one; everything
that reads, checks and refuses is the runtime's own.
"""

from __future__ import annotations

import json
import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any

from com.vmware import cis_client
from com.vmware.vapi.std import errors_client
from vmware.vapi.bindings.error import VapiError
from vmware.vapi.bindings.skeleton import ApiInterfaceSkeleton, VapiInterface
from vmware.vapi.protocol.server.msg.json_handler import JsonApiHandler
from vmware.vapi.provider.local import LocalProvider

from milepost.vapi import extension_tasks
from tests.conformance.rpc_cases import CASES, Case
from tests.rpc import MESSAGE
from tests.spelling import ERRORS

Json = Any
GOLDEN = Path(__file__).with_name("official_answers.json")
PACKAGE = "vmware-vapi-runtime"


class Nowhere:
    """A configuration for stubs that are only asked what they are."""

    _response_extractor = None

    class connector:  # noqa: N801  the runtime's name
        """Leads nowhere."""

        @staticmethod
        def get_api_provider() -> None:
            return None


class Sessions:
    """What an implementation gives; it is never asked for more than something."""

    def create(self) -> str:
        return "token"

    def delete(self) -> None:
        """Do nothing."""

    def get(self) -> None:
        raise errors_client.Unauthenticated(messages=[])


class Tasks:
    """The same for tasks."""

    def get(self, task: str, spec: Any = None) -> None:  # noqa: ARG002  the runtime names them
        raise errors_client.NotFound(messages=[])

    def list(self, filter_spec: Any = None, result_spec: Any = None) -> Json:  # noqa: ARG002
        return {}

    def cancel(self, task: str) -> None:
        """Do nothing."""


class ExtensionTasks:
    """The same for extension tasks."""

    def create(self, spec: Any) -> str:  # noqa: ARG002  the runtime names it
        return "id"

    def update(self, task_id: str, spec: Any) -> None:
        """Do nothing."""


def standard_errors() -> list[Any]:
    found: list[Any] = [kind for kind in vars(errors_client).values() if isinstance(kind, type)]
    types = [kind.get_binding_type() for kind in found if issubclass(kind, VapiError)]
    return [kind for kind in types if kind is not None]


def interface(stub_class: type[Any], implementation: object) -> Any:
    """A provider's interface out of a client's stub."""
    stub = stub_class(Nowhere)
    operations = {
        name: {**info, "errors": [kind.resolved_type for kind in info["errors"].values()]}
        for name, info in stub._operations.items()
    }
    name = stub.get_identifier().get_name()
    return VapiInterface(
        lambda _self, error_types: ApiInterfaceSkeleton(
            name, implementation, operations, error_types
        ),
        standard_errors(),
    )


def provider(extension: object | None = None) -> LocalProvider:
    """A provider of all services; ``extension`` implements the extension tasks."""
    found = LocalProvider()
    found.add_interface(
        [
            interface(cis_client._SessionStub, Sessions()),
            interface(cis_client._TasksStub, Tasks()),
            interface(extension_tasks._TasksStub, extension or ExtensionTasks()),
        ]
    )
    return found


class Oracle:
    """Answers requests as the official runtime does."""

    def __init__(self) -> None:
        # It logs what it refuses, with a trace.
        logging.getLogger("vmware").setLevel(logging.CRITICAL + 1)
        self._handler = JsonApiHandler(provider(), [])

    def raw(self, case: Case) -> Json:
        """The answer, or ``None`` when it raised, which its server answers with 500."""
        body = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
        try:
            text, _ = self._handler.handle_request(body, dict(case.headers))
        except Exception:  # noqa: BLE001  whatever it is, there is no answer
            return None
        return json.loads(text)

    def answer(self, case: Case) -> Json:
        """The answer, with all that is compared and nothing else."""
        return told(self.raw(case))


def told(answer: Json) -> Json:
    """An answer as the golden table has it."""
    if answer is None:
        return "no answer"
    if "error" in answer:
        return {"code": answer["error"]["code"], "id": answer["id"]}
    if "output" in answer["result"]:
        return "accepted"
    ((name, fields),) = answer["result"]["error"]["ERROR"].items()
    messages = [message["STRUCTURE"][MESSAGE] for message in fields["messages"]]
    return {
        "error": name.removeprefix(ERRORS),
        "messages": [{"id": each["id"], "args": each["args"]} for each in messages],
    }


def golden() -> Json:
    """The golden table as it is now."""
    oracle = Oracle()
    answers = {name: oracle.answer(case) for name, case in CASES.items()}
    return {"runtime": f"{PACKAGE} {version(PACKAGE)}", "answers": answers}


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden(), indent=1) + "\n", encoding="utf-8")
