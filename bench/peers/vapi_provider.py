"""The official provider stack, serving the update of extension tasks from memory.

What it ships are three servers: one over WSGI, one over Twisted, one over stdin. This is the WSGI
one as it comes: ``vmware.vapi.server.wsgi_server.WsgiServer``, which puts its application behind
the standard library's ``wsgiref``, one request at a time. There is no login and nothing durable;
the runtime reads, checks and converts, and a dict keeps the progress.

``vapi_provider.py PORT FILE`` makes tasks with the ids in the file.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from com.vmware.vapi.std import errors_client as errors
from vmware.vapi.bindings.skeleton import ApiInterfaceSkeleton, VapiInterface
from vmware.vapi.protocol.server.msg.json_handler import JsonApiHandler
from vmware.vapi.provider.local import LocalProvider
from vmware.vapi.server.wsgi_server import WsgiServer

from milepost.vapi.extension_tasks import UpdateSpec, operation, vapi
from milepost.wire.interfaces import EXTENSION_TASKS


class Memory:
    """The implementation: tasks by id, each with what was last reported."""

    def __init__(self, ids: list[str]) -> None:
        self._tasks: dict[str, Any] = dict.fromkeys(ids)

    def update(self, task_id: str, spec: UpdateSpec) -> None:
        """Keep a report. Connections wait here so long that one may overtake another."""
        if task_id not in self._tasks:
            raise errors.InvalidArgument(messages=[])
        self._tasks[task_id] = spec


class Configuration:
    """What the server asks of a configuration file."""

    def get_jsonrpc_prefix(self) -> str:
        return "/api"

    def enable_rest(self) -> bool:
        return False


def provider(ids: list[str]) -> LocalProvider:
    """A provider of the one operation."""
    update = operation("update", "UpdateSpec", vapi.VoidType())
    declared = [kind.resolved_type for kind in update["errors"].values()]
    operations = {"update": {**update, "errors": declared}}
    found = LocalProvider()
    found.add_interface(
        VapiInterface(
            lambda _self, error_types: ApiInterfaceSkeleton(
                EXTENSION_TASKS, Memory(ids), operations, error_types
            ),
            declared,
        )
    )
    return found


def main() -> None:
    port, ids = int(sys.argv[1]), Path(sys.argv[2]).read_text().split()
    # It writes a line for each request; that is not what is measured.
    logging.disable(logging.CRITICAL)
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  it is open until the end
    server = WsgiServer()
    server.provider_config = Configuration()
    handler = JsonApiHandler(provider(ids), [])
    server.register_handler(f"http://127.0.0.1:{port}/api", "json", handler)
    server.serve_forever()


if __name__ == "__main__":
    main()
