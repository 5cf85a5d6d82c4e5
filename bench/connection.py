"""One connection to a server, kept open, for one request at a time."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

MOST_AT_ONCE = 1000
TIMEOUT_SECONDS = 60


class Refused(Exception):
    """A request was answered with something else than success."""


class Connection:
    """Sends JSON with a session's token. Raises ``Refused``."""

    def __init__(self, url: str, token: str) -> None:
        address = url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send_text(self, method: str, path: str, body: str | None = None) -> bytes:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status not in (200, 201):
            raise Refused(f"{method} {path}: {answer.status} {data[:500]!r}")
        return data

    def send(self, method: str, path: str, value: Any = None) -> Any:
        return json.loads(
            self.send_text(method, path, None if value is None else json.dumps(value))
        )

    def batch(self, parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The tasks that some creates and updates have made, sent as few requests."""
        tasks = []
        for some in chunks(parts, MOST_AT_ONCE):
            for result in self.send("POST", "/v1/tasks:batch", {"requests": some})["results"]:
                if "task" not in result:
                    raise Refused(str(result))
                tasks.append(result["task"])
        return tasks

    def create(self, specs: Iterable[dict[str, Any]]) -> list[str]:
        """The ids of new tasks."""
        return [task["id"] for task in self.batch({"create": spec} for spec in specs)]


def update(task: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A part of a batch."""
    return {"update": {"task": task, "spec": spec}}


def report_of(completed: int) -> dict[str, Any]:
    """What a task reports of its progress; a message of ordinary length."""
    said = f"{completed} MiB of web-01 copied to the archive, two more disks are waiting"
    return {"percent_done": {"total": 10**9, "completed": completed, "message": said}}


def chunks(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(values)
    while some := list(islice(remaining, size)):
        yield some
