"""``/v1/extensions`` and ``milepost extension`` on the directory of a running server."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import (
    COMMAND,
    DEADLINE,
    JSON,
    Caller,
    Reply,
    Server,
    add_people,
    environment,
    eventually,
    refused_start,
    serving,
)

KEY = "com.acme.backup"
PATH = f"/v1/extensions/{KEY}"
FILE = """
key = "com.acme.backup"
name = "Acme Backup"
operations_closed = true

[[operations]]
id = "com.acme.backup.full"
label = "Full backup"
cancel_pending = true

[[catalogues]]
file = "messages_de.properties"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("extensions") / "data"
    add_people(data, {"acme-1": ("extension", KEY), "other": ("extension", "com.other")})
    with serving(data) as server:
        yield server


@pytest.fixture
def admin(house: Server) -> Iterator[Caller]:
    """The administrator, with nothing registered."""
    with house.caller() as caller:
        caller.send("DELETE", PATH)
        yield caller


class Extensions:
    """The command, on one directory."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.data = data
        self.file = folder / "backup.toml"
        self.catalogue = folder / "messages_de.properties"
        self.file.write_text(FILE, encoding="utf-8")
        self.catalogue.write_text("copied = {0} kopiert\n", encoding="utf-8")

    def run(self, *arguments: str | Path) -> tuple[int, str]:
        done = subprocess.run(
            [COMMAND, "extension", *arguments, "--data", self.data],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert "Traceback" not in done.stdout
        return done.returncode, done.stdout


def create(caller: Caller, operation: str) -> Reply:
    message = {"id": "copied", "default_message": "3 copied", "args": ["3"]}
    return caller.post({"operation_id": operation, "cancelable": True, "description": message})


def localized(caller: Caller, task: str) -> str | None:
    path = f"/rest/cis/tasks/{task}"
    info = caller.send("GET", path, None, {"Accept-Language": "de"}).value
    text: str | None = info["description"].get("localized")
    return text


@pytest.mark.usefixtures("admin")
def test_a_running_server_sees_what_the_command_does(house: Server, tmp_path: Path) -> None:
    command = Extensions(house.data, tmp_path)
    with house.caller("acme-1") as acme:
        task = create(acme, "com.acme.backup.any").value
        assert localized(acme, task) is None
        code, said = command.run("apply", command.file)
        assert (code, said) == (0, f"{KEY}: registered, it is at version {said.split()[-1]}\n")
        for _ in eventually("the catalogue counts", 10):
            if localized(acme, task) == "3 kopiert":
                break
        refused = create(acme, "com.acme.backup.any")
        assert refused.reason == "milepost.task.operation_not_registered"
        full = create(acme, "com.acme.backup.full").value
        assert acme.cancel(full).done
        assert acme.get(full).value["status"] == "FAILED"
        code, said = command.run("apply", command.file)
        assert (code, "nothing has changed" in said) == (0, True)
        command.catalogue.write_text("copied = {0} Stück\n", encoding="utf-8")
        code, said = command.run("apply", command.file)
        assert (code, "changed (catalogues)" in said) == (0, True)
        for _ in eventually("the other catalogue counts", 10):
            if localized(acme, task) == "3 Stück":
                break
        assert command.run("delete", KEY) == (0, f"{KEY}: deleted.\n")
        for _ in eventually("it is gone", 10):
            if localized(acme, task) is None:
                break
        assert create(acme, "com.acme.backup.any").status == 200


def test_what_is_registered_before_the_first_start_counts_from_the_first_request(
    tmp_path: Path,
) -> None:
    command = Extensions(tmp_path / "data", tmp_path)
    assert command.run("apply", command.file)[0] == 0
    add_people(command.data, {"acme-1": ("extension", KEY)})
    with serving(command.data) as server, server.caller("acme-1") as acme:
        assert create(acme, "other").reason == "milepost.task.operation_not_registered"
        assert localized(acme, create(acme, "com.acme.backup.full").value) == "3 kopiert"


def test_a_registration_survives_a_kill(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server, server.caller() as admin:
        assert admin.put(KEY, {"name": "A"}).status == 201
        server.process.kill()
        server.wait()
    with serving(tmp_path / "data") as server, server.caller() as admin:
        reply = admin.send("GET", PATH)
        assert (reply.json["name"], reply.etag) == ("A", '"1"')


def test_a_document_that_is_broken_is_told_at_the_start(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server, server.caller() as admin:
        assert admin.put(KEY, {"name": "A"}).status == 201
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "milepost.db")) as database:
        database.execute("UPDATE extensions SET document = '{'")
        database.commit()
    code, said = refused_start("--data", tmp_path / "data", "--bind", "127.0.0.1:0")
    assert code == 3
    assert said.startswith(f"Error: the data directory {tmp_path / 'data'}: extension '{KEY}'")
    assert len(said.splitlines()) == 1


# The door.


def test_apply_and_apply_again(admin: Caller) -> None:
    first = admin.put(KEY, {"key": KEY, "name": "A"})
    version = first.revision
    assert (first.status, first.json["version"]) == (201, version)
    again = admin.put(KEY, {"name": "A"})
    assert (again.status, again.revision, again.json) == (200, version, first.json)
    changed = admin.put(KEY, {"name": "B"})
    assert (changed.status, changed.revision) == (200, version + 1)
    assert admin.send("GET", PATH).json == changed.json
    listed = admin.send("GET", "/v1/extensions").json["extensions"]
    assert [(entry["key"], entry["name"]) for entry in listed] == [(KEY, "B")]
    assert admin.send("DELETE", PATH).status == 204
    assert admin.send("DELETE", PATH).reason == "milepost.extension.unknown"
    assert admin.send("GET", "/v1/extensions").json == {"extensions": []}


def test_what_was_got_can_be_put(admin: Caller) -> None:
    whole: dict[str, Any] = {
        "name": "A",
        "operations": [{"id": "a", "lease_seconds": 5, "cancelable": False, "weight": 2}],
        "operations_closed": True,
        "default_locale": "pt_br",
        "catalogues": [{"locale": "de", "text": "a = {0}", "format": "icu"}],
        "retention": {"age_seconds": 9},
        "members": ["acme-1"],
    }
    got = admin.put(KEY, whole)
    assert got.status == 201, got
    assert got.json["default_locale"] == "pt-BR"
    assert admin.put(KEY, got.json).revision == got.revision
    # A version in the body is the one that was changed.
    stale = admin.put(KEY, {**got.json, "name": "B", "version": got.revision + 5})
    assert stale.refused == (412, "concurrent_change")
    assert stale.etag == got.etag
    assert admin.put(KEY, {**got.json, "name": "B"}).revision == got.revision + 1


def test_if_match(admin: Caller) -> None:
    assert admin.put(KEY, {}, if_match="*").refused == (412, "concurrent_change")
    version = admin.put(KEY, {}).revision
    stale = f'"{version - 1}"'
    refused = admin.put(KEY, {"name": "B"}, if_match=stale)
    assert refused.reason == "milepost.extension.changed"
    assert (refused.etag, refused.message["args"]) == (f'"{version}"', [stale, KEY, str(version)])
    assert admin.put(KEY, {"name": "B"}, if_match=f'"{version}"').revision == version + 1
    gone = admin.send("DELETE", PATH, None, {"If-Match": stale})
    assert gone.status == 412
    assert admin.send("DELETE", PATH, None, {"If-Match": "*"}).status == 204


def test_every_fault_of_a_catalogue_with_its_line(admin: Caller) -> None:
    bad = [
        {"locale": "de", "text": "ok = x\n\nfirst = {\nsecond = }"},
        {"locale": "fr", "text": "ok = x", "file": "fr.properties"},
        {"locale": "ja", "text": "ok = x\nok = y", "file": "japanese.txt"},
    ]
    reply = admin.put(KEY, {"catalogues": bad})
    assert reply.refused == (400, "invalid_argument")
    assert [message["args"][:3] for message in reply.json["messages"]] == [
        ["de de.properties", "3", "first"],
        ["de de.properties", "4", "second"],
        ["ja japanese.txt", "2", "ok"],
    ]
    assert reply.json["detail"].startswith("catalogues: de de.properties, line 3, message first: ")
    assert admin.send("GET", PATH).status == 404


def test_a_large_catalogue(admin: Caller) -> None:
    text = "".join(f"message.{number} = {{n, number}} von {'x' * 40}\n" for number in range(9_000))
    reply = admin.put(KEY, {"catalogues": [{"locale": "de", "text": text}]})
    assert reply.status == 201
    assert admin.send("GET", PATH).json == reply.json
    over = admin.put(KEY, {"catalogues": [{"locale": "de", "text": text * 3}]})
    assert over.reason == "milepost.http.body_too_large"


def test_by_bearer(house: Server, admin: Caller) -> None:
    headers = {"Authorization": f"Bearer {admin.token}", **JSON}
    body = json.dumps({"name": "A"}).encode()
    assert house.call("PUT", PATH, body, headers).status == 201
    basic_is_not_enough = {**JSON, "Authorization": "Basic YTpi"}
    assert house.call("PUT", PATH, body, basic_is_not_enough).status == 401


def test_the_log_tells_who_changed_what(house: Server, admin: Caller) -> None:
    admin.put(KEY, {"name": "noted"})
    records = [json.loads(line) for line in house.log_text().splitlines()]
    found = [record for record in records if record["event"] == "extension changed"]
    assert found[-1]["extension"] == KEY
    assert found[-1]["principal"] == "administrator"
