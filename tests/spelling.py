"""The REST doors as a client must know them to say the same thing at each.

Tests write specs, queries and errors as ``/rest`` spells them; a ``Door`` says them as its own.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

ERRORS = "com.vmware.vapi.std.errors."
PROBLEM = "application/problem+json"
PLURALS = re.compile(r"\b(task|service|operation|target|user)s(?==)")
PREFIXES = re.compile(r"(?<![\w.])(?:filter_spec|result_spec|spec)\.")


class Door(NamedTuple):
    """One door: its paths, its statuses, and whether bodies are inside an object."""

    name: str
    session: str
    ask: tuple[str, str]
    created: int
    done: int
    wraps: bool
    refused_as: str = "application/json"

    @property
    def tasks(self) -> str:
        return f"/{self.name}/cis/tasks"

    @property
    def extension_tasks(self) -> str:
        return f"/{self.name}/vcenter/extension/tasks"

    def body(self, spec: Any) -> bytes:
        """A spec as a body."""
        spelled = self.spelled(spec)
        return json.dumps({"spec": spelled} if self.wraps else spelled).encode()

    def value(self, answer: Any) -> Any:
        """What an answer holds."""
        return answer["value"] if self.wraps else answer

    def listed(self, answer: Any) -> dict[str, Any]:
        """The tasks of a list, by their ids."""
        if not self.wraps:
            assert type(answer) is dict
            return answer
        found = {entry["key"]: entry["value"] for entry in answer["value"]}
        assert len(found) == len(answer["value"])
        return found

    def query(self, text: str) -> str:
        """A query string, or a path with one."""
        return text if self.wraps else PREFIXES.sub("", text)

    def spelled(self, value: Any) -> Any:
        """A value with its maps spelled as here."""
        if self.wraps or not isinstance(value, dict | list):
            return value
        if isinstance(value, list):
            return [self.spelled(part) for part in value]
        return {
            name: self.map(part) if name == "params" else self.spelled(part)
            for name, part in value.items()
        }

    def map(self, entries: Any) -> Any:
        if not isinstance(entries, list):
            return entries
        return {entry["key"]: self.spelled(entry.get("value", {})) for entry in entries}

    def shown_error(self, error: Any) -> Any:
        """How the error of a task, given as type and value, comes back."""
        if self.wraps:
            return error
        name = error["type"].removeprefix(ERRORS)
        foreign = name == error["type"]
        shown = {"error_type": "ERROR" if foreign else name.upper(), **self.spelled(error["value"])}
        return {**shown, "type": error["type"]} if foreign else shown

    def refusal(self, answer: Any) -> tuple[str, list[Any]]:
        """The error type and the messages of a refusal, after a look at its shape."""
        if self.wraps:
            assert set(answer) == {"type", "value"}, answer
            assert answer["type"] == ERRORS + answer["value"]["error_type"].lower(), answer
            answer = answer["value"]
        assert set(answer) == {"messages", "error_type"}, answer
        return answer["error_type"], answer["messages"]


class V1Door(Door):
    """The door ``/v1``, which has no sessions of its own; those of ``/api`` count."""

    @property
    def tasks(self) -> str:
        return "/v1/tasks"

    @property
    def extension_tasks(self) -> str:
        return "/v1/tasks"

    def listed(self, answer: Any) -> dict[str, Any]:
        found = {task["id"]: task for task in answer["tasks"]}
        assert len(found) == len(answer["tasks"])
        return found

    def query(self, text: str) -> str:
        return PLURALS.sub(r"\1", super().query(text))

    def refusal(self, answer: Any) -> tuple[str, list[Any]]:
        members = {"type", "title", "status", "detail", "error_type", "messages"}
        assert set(answer) == members, answer
        first = answer["messages"][0]
        assert answer["type"] == "urn:milepost:problem:" + first["id"].removeprefix("milepost.")
        assert answer["detail"] == first["default_message"], answer
        return answer["error_type"], answer["messages"]


SESSION_OF_REST = "/rest/com/vmware/cis/session"
REST = Door(
    name="rest",
    session=SESSION_OF_REST,
    ask=("POST", f"{SESSION_OF_REST}?~action=get"),
    created=200,
    done=200,
    wraps=True,
)
API = Door(
    name="api",
    session="/api/session",
    ask=("GET", "/api/session"),
    created=201,
    done=204,
    wraps=False,
)
V1 = V1Door(
    name="v1",
    session="/api/session",
    ask=("GET", "/api/session"),
    created=201,
    done=200,
    wraps=False,
    refused_as="application/problem+json",
)
# Those with the published operations.
DOORS = {door.name: door for door in (REST, API)}


def door_at(path: str) -> Door:
    """The door that answers for a path."""
    path = path.partition("?")[0]
    if path == "/v1" or path.startswith("/v1/"):
        return V1
    return API if path == "/api" or path.startswith("/api/") else REST


def problem_parts(answer: Any, status: int) -> tuple[str, list[Any]]:
    """The error type and the messages of a refusal of ``/v1``, after a look at its shape."""
    assert set(answer) == {"type", "title", "status", "detail", "error_type", "messages"}, answer
    first = answer["messages"][0]
    assert answer["type"] == first["id"].replace("milepost.", "urn:milepost:problem:", 1), answer
    assert (answer["status"], answer["detail"]) == (status, first["default_message"]), answer
    return answer["error_type"], answer["messages"]
