"""A request for ``/rest`` made over JSON-RPC, so that one table of rights holds both doors."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.rpc import (
    CIS_TASKS,
    CREATE_SPEC,
    EXTENSION,
    SESSIONS,
    UPDATE_SPEC,
    optional,
    post,
    request,
    said,
    structure,
)
from tests.serving import EXTENSION_TASKS, SESSION_PATH, TASKS, Headers, Reply, Server
from tests.spelling import ERRORS

Json = Any
FILTER_SPEC = "com.vmware.cis.tasks.filter_spec"
STATUS = {"unauthenticated": 401, "unauthorized": 403, "not_found": 404}
BARE = ("operation_id", "cancelable")


def exchanged(
    server: Server, method: str, path: str, body: bytes | None, headers: Headers
) -> Reply:
    """The answer over JSON-RPC in the form of ``/rest``."""
    answer = post(server, asked(path, body), headers)
    if "output" in answer.reply.json["result"]:
        shown: Json = {"value": plain(answer.output)}
        return Reply(200, answer.reply.headers, json.dumps(shown).encode())
    name = answer.refusal
    if answer.ids == ["milepost.task.unknown"]:
        assert name == ("invalid_argument" if method == "PATCH" else "not_found"), answer
        name = "not_found"
    if name == "unexpected_input":
        name = "invalid_argument"
    value = {"messages": [plain(structure("", answer.ours))], "error_type": name.upper()}
    shown = {"type": ERRORS + name, "value": value}
    return Reply(STATUS.get(name, 400), answer.reply.headers, json.dumps(shown).encode())


def asked(path: str, body: bytes | None) -> Json:
    """The call that stands for a request."""
    parts = urlsplit(path)
    query, task_id = parse_qs(parts.query), parts.path.rpartition("/")[2]
    if parts.path == SESSION_PATH:
        return request(SESSIONS, "get" if "~action" in query else "create")
    if parts.path == TASKS:
        lists = {name.partition(".")[2]: optional(query[name]) for name in query}
        return request(CIS_TASKS, "list", {"filter_spec": optional(structure(FILTER_SPEC, lists))})
    if parts.path.startswith(TASKS):
        return request(CIS_TASKS, "cancel" if "action" in query else "get", {"task": task_id})
    spec = json.loads(body or b"")["spec"]
    if parts.path == EXTENSION_TASKS:
        return request(EXTENSION, "create", {"spec": typed(CREATE_SPEC, spec)})
    return request(EXTENSION, "update", {"task_id": task_id, "spec": typed(UPDATE_SPEC, spec)})


def typed(name: str, spec: Json) -> Json:
    """A spec as data values; the only structure in those of the matrix is a message."""
    fields = dict(spec)
    if "description" in spec:
        fields["description"] = said(spec["description"]["default_message"])
    return structure(
        name, {key: part if key in BARE else optional(part) for key, part in fields.items()}
    )


def plain(value: Json) -> Json:
    """A data value as ``/rest`` would show it."""
    if isinstance(value, list):
        return [plain(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "OPTIONAL" in value:
        return plain(value["OPTIONAL"])
    if "STRUCTURE" in value:
        ((fields),) = value["STRUCTURE"].values()
        shown = {name: plain(part) for name, part in fields.items()}
        return {name: part for name, part in shown.items() if part is not None}
    return value
