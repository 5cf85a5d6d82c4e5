"""What stands between the connections and the application of a server under test.

It records each request and lets the armed faults strike. The application is the ordinary one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from milepost.doors.app import Application
from milepost.doors.messages import Answer, Request
from milepost.doors.refusals import RefusedWith
from milepost.doors.routing import Auth
from milepost.testing.faults import Faults, Handle
from milepost.testing.recording import Recorded, Recorder

JSON_RPC = "jsonrpc.invoke"
SESSION_OPERATIONS = {"create": "login", "delete": "logout", "get": "session"}
ASKS_FOR_SESSION = b"action=get"
TASK_MEMBERS = ("task_id", "task")


class Interception:
    """Stands for an application. Its life is that of the server and not of one listener."""

    def __init__(self, app: Application, recorder: Recorder, faults: Faults) -> None:
        self._app = app
        self._recorder = recorder
        self._faults = faults

    async def start(self) -> None:
        """Nothing: the application lives longer than what listens for it."""

    async def stop(self) -> None:
        """Nothing."""

    async def answer(self, request: Request) -> Answer:
        """The answer to one request. Raises ``Disconnected`` when there is none."""
        record = await self._read(request)
        self._recorder.add(record)
        handle: Handle = self._app.answer
        for fault in reversed(self._faults.claimed(record)):
            handle = partial(fault.play, record=record, handle=handle)
        try:
            answer = await handle(request)
            record.note(answer)
        finally:
            if request.login is not None:
                record.user = request.login.principal.name
        return answer

    async def _read(self, request: Request) -> Recorded:
        """What a request asks for. Raises ``Disconnected``."""
        path, query = request.path.decode("latin-1"), request.query.decode("latin-1")
        record = Recorded(request.method, path, query)
        match = self._app.router.find(request.path)
        route = None if match is None else match.routes.get(request.method)
        if match is None or route is None:
            return record
        if route.operation == JSON_RPC:
            await read_call(request, record)
        else:
            record.operation = name_of(route.operation)
            record.needs_session = route.auth is Auth.SESSION
            if ASKS_FOR_SESSION in request.query and record.operation == "login":
                record.operation, record.needs_session = "session", True
            if "tasks" in route.path and match.params:
                record.task = match.params[0]
        return record


async def read_call(request: Request, record: Recorded) -> None:
    """Read what a call of JSON-RPC asks for, as far as it can be read."""
    try:
        params = json.loads(await request.read())["params"]
        operation = f"{params['serviceId']}.{params['operationId']}"
    except (RefusedWith, ValueError, LookupError, TypeError):
        return
    record.operation = name_of(operation)
    record.needs_session = record.operation != "login" and ".introspection." not in operation
    given = input_of(params)
    task = next((given[name] for name in TASK_MEMBERS if isinstance(given.get(name), str)), None)
    record.task = task


def input_of(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of a call: those of a structure with one name, whatever that is."""
    try:
        (given,) = params["input"]["STRUCTURE"].values()
    except (LookupError, TypeError, ValueError, AttributeError):
        return {}
    return given if isinstance(given, dict) else {}


def name_of(operation: str) -> str:
    """The short name of an operation: the same at every door."""
    service, _, verb = operation.rpartition(".")
    kind = service.rpartition(".")[2]
    if kind == "tasks":
        return verb
    if kind == "session":
        return SESSION_OPERATIONS.get(verb, verb)
    return f"{kind}.{verb}" if kind else verb
