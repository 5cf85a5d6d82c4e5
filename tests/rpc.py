"""JSON-RPC for tests: vAPI data values by hand, requests, and what comes back."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.serving import JSON, SESSION, Caller, Headers, Reply, Server
from tests.spelling import ERRORS

API = "/api"
Json = Any

SESSIONS = "com.vmware.cis.session"
CIS_TASKS = "com.vmware.cis.tasks"
EXTENSION = "com.vmware.vcenter.extension.tasks"
INTROSPECTION = "com.vmware.vapi.std.introspection."
UPDATE_SPEC = f"{EXTENSION}.update_spec"
CREATE_SPEC = f"{EXTENSION}.create_spec"
MESSAGE = "com.vmware.vapi.std.localizable_message"
PARAM = "com.vmware.vapi.std.localization_param"
NESTED = "com.vmware.vapi.std.nested_localizable_message"
PROGRESS = "com.vmware.cis.task.progress"
DYNAMIC_ID = "com.vmware.vapi.std.dynamic_ID"
SCHEMES = "com.vmware.vapi.std.security."
UNSET: Json = {"OPTIONAL": None}


def optional(value: Json) -> Json:
    return {"OPTIONAL": value}


def structure(name: str, fields: Json) -> Json:
    return {"STRUCTURE": {name: fields}}


def error(name: str, fields: Json) -> Json:
    return {"ERROR": {name: fields}}


def mapped(pairs: dict[str, Json]) -> Json:
    return [structure("map-entry", {"key": key, "value": pairs[key]}) for key in pairs]


def said(words: str, *args: Json, **more: Json) -> Json:
    """A message."""
    return structure(MESSAGE, {"id": "m", "default_message": words, "args": [*args], **more})


def done(completed: int, total: int) -> Json:
    fields = {"completed": completed, "total": total, "message": said("Copying")}
    return structure(PROGRESS, fields)


def update_spec(**fields: Json) -> Json:
    """An update spec with these optional fields set."""
    return structure(UPDATE_SPEC, {name: optional(value) for name, value in fields.items()})


def create_spec(**fields: Json) -> Json:
    given = {name: optional(value) for name, value in fields.items()}
    required = {"operation_id": "com.acme.backup.run", "cancelable": True}
    return structure(CREATE_SPEC, {**required, **given})


def session_id(token: Json) -> Json:
    """A security context with a session."""
    return {"schemeId": SCHEMES + "session_id", "sessionId": token}


def user_pass(user: Json, password: Json) -> Json:
    return {"schemeId": SCHEMES + "user_pass", "userName": user, "password": password}


def request(service: str, operation: str, fields: Json = None, **more: Json) -> Json:
    """One request; ``security`` and ``app`` are its contexts, the rest are its members."""
    context = {"appCtx": more.pop("app", {}), "securityCtx": more.pop("security", {})}
    params = {
        "serviceId": service,
        "operationId": operation,
        "input": structure("operation-input", fields or {}),
        "ctx": context,
    }
    return {"jsonrpc": "2.0", "id": "1", "method": "invoke", "params": params, **more}


class Answer(NamedTuple):
    """What came back."""

    reply: Reply

    @property
    def output(self) -> Json:
        """The output of an operation; it must have one."""
        assert self.reply.status == 200, self
        assert set(self.reply.json["result"]) == {"output"}, self
        assert "vapi-error" not in self.reply.headers
        return self.reply.json["result"]["output"]

    @property
    def refusal(self) -> str:
        """The name of the vAPI error, after a look at its shape."""
        assert self.reply.status == 200, self
        ((full, fields),) = self.reply.json["result"]["error"]["ERROR"].items()
        assert self.reply.headers["vapi-error"] == full
        name: str = full.removeprefix(ERRORS)
        assert fields["error_type"] == {"OPTIONAL": name.upper()}
        assert fields["data"] == UNSET
        assert self.ids
        return name

    @property
    def messages(self) -> list[Json]:
        ((fields),) = self.reply.json["result"]["error"]["ERROR"].values()
        return [message["STRUCTURE"][MESSAGE] for message in fields["messages"]]

    @property
    def ids(self) -> list[str]:
        return [message["id"] for message in self.messages]

    @property
    def ours(self) -> Json:
        """Our own message: the last."""
        assert self.messages[-1]["id"].startswith("milepost."), self
        return self.messages[-1]

    @property
    def code(self) -> int:
        """The code of an error of JSON-RPC, after a look at its shape."""
        assert set(self.reply.json) == {"jsonrpc", "id", "error"}, self
        fault = self.reply.json["error"]
        assert fault["data"]["messages"][0]["id"].startswith("milepost.")
        assert "vapi-error" not in self.reply.headers
        number: int = fault["code"]
        return number


def post(server: Server, body: Json, headers: Headers | None = None) -> Answer:
    """Send a body, bytes as they are."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(server.call("POST", API, sent, {**JSON, **(headers or {})}))


def invoke(
    caller: Caller, service: str, operation: str, fields: Json = None, **more: Json
) -> Answer:
    """Invoke an operation in a session."""
    body = json.dumps(request(service, operation, fields, **more)).encode()
    return Answer(caller.send("POST", API, body))


def log_in(server: Server, user: str, password: str) -> Answer:
    return post(server, request(SESSIONS, "create", security=user_pass(user, password)))


def header(token: str) -> dict[str, str]:
    return {SESSION: token}
