"""An extension as the tests of the double need one: plain HTTP, at each of the doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from milepost.testing.server import MilepostServer

EXTENSION_TASKS = "/rest/vcenter/extension/tasks"
OPERATION = "com.acme.backup.run"


class Reporter:
    """Reports with the session of the administrator, or another one."""

    def __init__(self, server: MilepostServer, headers: dict[str, str] | None = None) -> None:
        self.server = server
        self.http = requests.Session()
        # Neither a proxy nor a bundle of the environment has a say.
        self.http.trust_env = False
        self.http.headers.update(server.headers if headers is None else headers)
        self.http.verify = True if server.ca_file is None else str(server.ca_file)

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.http.request(method, self.server.url + path, timeout=30, **more)

    def create(self, **spec: Any) -> str:
        full = {"operation_id": OPERATION, "cancelable": True, **spec}
        answer = self.send("POST", EXTENSION_TASKS, json={"spec": full})
        assert answer.status_code == 200, answer.text
        task_id: str = answer.json()["value"]
        return task_id

    def update(self, task_id: str, **spec: Any) -> int:
        path = f"{EXTENSION_TASKS}/{task_id}"
        return self.send("PATCH", path, json={"spec": spec}).status_code

    def progress(self, task_id: str, completed: int, total: int, words: str = "Copying") -> int:
        message = {"id": "", "default_message": words, "args": []}
        done = {"completed": completed, "total": total, "message": message}
        return self.update(task_id, status="RUNNING", percent_done=done)


@contextmanager
def reporter(server: MilepostServer, headers: dict[str, str] | None = None) -> Iterator[Reporter]:
    """A reporter that closes its connections."""
    one = Reporter(server, headers)
    try:
        yield one
    finally:
        one.http.close()
