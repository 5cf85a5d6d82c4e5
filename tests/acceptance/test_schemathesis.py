"""schemathesis over the whole ``/openapi.json``: all its checks and phases, data good and bad.

It runs as a command of its own, as a user would run it, logged in as an administrator. What it
must not break is kept out of its reach: ``CONFIG`` says what and why. A 400 to data that fits the
description is right, since a state can refuse what the structure allows; so is a 412, since
nothing in a description can say at which revision a task or an extension is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.serving import ADMINISTRATOR, DEADLINE, PASSWORD, Server, environment, serving

COMMAND = Path(sys.executable).parent / "st"
EXAMPLES = 25
LONGEST = 420
# The first never ends; the second it reads to begin with, and does not ask for again.
# tests/acceptance/test_watch.py and tests/doors/test_openapi.py have them.
LEFT_OUT = {"GET /v1/events", "GET /openapi.json"}
USER, KEY = "victor", "com.acme.backup"
CONFIG = """
request-timeout = 30

[auth.openapi.session]
api_key = "{token}"
[auth.openapi.basic]
username = "{user}"
password = "{password}"

[generation]
deterministic = true
max-examples = {examples}

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 429, "5xx"]

# Half the paths lead to something that is there.
[dictionaries.tasks]
values = {tasks}
[dictionaries.extensions]
values = ["{key}"]
# Longer waits are waited out; tests/doors/test_longpoll.py has them.
[dictionaries.waits]
values = ["0s", "0.01"]

[dictionaries.names]
values = ["anna", "bert", "carla"]
[dictionaries.roles]
values = ["viewer", "operator"]
[dictionaries.passwords]
values = ["{password}"]

[dictionaries.tokens]
values = ["{machine_token}"]
[dictionaries.token_names]
values = ["nightly", "weekly", "wallboard"]
[dictionaries.scopes]
values = ["full", "read", "watch"]

[parameters]
"path.token_id" = {{ dictionary = "tokens", probability = 0.5 }}
"path.task" = {{ dictionary = "tasks", probability = 0.5 }}
"path.task_id" = {{ dictionary = "tasks", probability = 0.5 }}
"path.key" = {{ dictionary = "extensions", probability = 0.5 }}
"query.wait" = {{ dictionary = "waits", probability = 1 }}

# The stream never ends.
[[operations]]
include-operation-id = "v1.events.watch"
enabled = false

[[operations]]
include-operation-id = "v1.users.create"
[operations.parameters]
"body.name" = {{ dictionary = "names", probability = 0.5 }}
"body.role" = {{ dictionary = "roles", probability = 1 }}
"body.password" = {{ dictionary = "passwords", probability = 1 }}

# It would change the administrator it is logged in as.
[[operations]]
include-operation-id = "v1.users.update"
parameters = {{ name = "{other}" }}

[[operations]]
include-operation-id = "v1.tokens.create"
[operations.parameters]
"body.name" = {{ dictionary = "token_names", probability = 0.5 }}
"body.scope" = {{ dictionary = "scopes", probability = 1 }}

# It would log itself out, so each logout has a session of its own to end.
[[operations]]
include-operation-id = "rest.cis.session.delete"
headers = {{ vmware-api-session-id = "{rest_token}" }}
[[operations]]
include-operation-id = "api.cis.session.delete"
headers = {{ vmware-api-session-id = "{api_token}" }}
[[operations]]
include-operation-id = "v1.session.delete"
headers = {{ vmware-api-session-id = "{v1_token}" }}

# A login that fits comes before too many that do not.
[[operations]]
include-operation-id = "v1.session.create"
[operations.parameters]
"body.user" = "{user}"
"body.password" = "{password}"
"""


def prepare(server: Server, folder: Path) -> None:
    """Fill the server, and write the configuration for it."""
    with server.caller() as admin:
        tasks = [admin.create(status=status) for status in ("PENDING", "RUNNING", "BLOCKED") * 3]
        for task in tasks[: len(tasks) // 2]:
            assert admin.cancel(task).done
        new = {"name": USER, "role": "viewer", "password": PASSWORD}
        headers = {"Content-Type": "application/json"}
        assert admin.send("POST", "/v1/users", json.dumps(new).encode(), headers).status == 201
        assert admin.put(KEY, {"name": "Backup"}).status == 201
        new = {"name": "known", "scope": "read"}
        made = admin.send("POST", "/v1/tokens", json.dumps(new).encode(), headers)
    config = CONFIG.format(
        token=server.login(),
        user=ADMINISTRATOR,
        password=PASSWORD,
        examples=EXAMPLES,
        tasks=json.dumps(tasks),
        key=KEY,
        machine_token=made.json["id"],
        other=USER,
        rest_token=server.login(),
        api_token=server.login(),
        v1_token=server.login(),
    )
    (folder / "schemathesis.toml").write_text(config, encoding="utf-8")


def run(server: Server, folder: Path) -> tuple[int, str, list[dict[str, Any]]]:
    """The exit code, what was told, and the records of what was done to each operation."""
    report = folder / "report.ndjson"
    done = subprocess.run(
        [COMMAND, "run", f"{server.url}/openapi.json", "--checks", "all", "--mode", "all",
         "--continue-on-failure", "--no-color", "--report-ndjson-path", report],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )  # fmt: skip
    events = map(json.loads, report.read_text(encoding="utf-8").splitlines())
    ended = [event["ScenarioFinished"] for event in events if "ScenarioFinished" in event]
    return done.returncode, done.stdout + done.stderr, [one["recorder"] for one in ended]


def accepted(records: Iterable[dict[str, Any]]) -> set[str]:
    """The operations, as method and path, that have answered with a success."""
    return {
        record["label"]
        for record in records
        for exchange in record.get("interactions", {}).values()
        if exchange["response"]["status_code"] // 100 == 2
    }


def described(server: Server) -> set[str]:
    """The operations of the description."""
    paths = server.call("GET", "/openapi.json").json["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


@pytest.mark.timeout(LONGEST + 3 * DEADLINE)
def test_it_finds_nothing_and_has_been_let_in_everywhere(tmp_path: Path) -> None:
    with serving(tmp_path / "data", cancel_grace="0") as server:
        prepare(server, tmp_path)
        code, told, records = run(server, tmp_path)
        operations = described(server)
    assert code == 0, told
    assert operations - accepted(records) == LEFT_OUT
