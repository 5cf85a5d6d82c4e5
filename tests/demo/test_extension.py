"""The demo against a real server, as a command and as a library."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from milepost import Client, Refused, Status
from milepost.client.errors import Busy, Forbidden
from milepost.demo import extension
from milepost.demo.extension import Demo
from tests.serving import (
    ADMINISTRATOR,
    COMMAND,
    DEADLINE,
    PASSWORD,
    Server,
    environment,
    eventually,
    launch,
    serving,
    with_password_file,
)

ALL = ("filter_spec.services", "com.milepost.local")


def run_demo(url: str, tmp_path: Path, *flags: str, password: str = PASSWORD) -> tuple[int, str]:
    file = tmp_path / "demo-password"
    file.write_text(password + "\n", encoding="utf-8")
    done = subprocess.run(
        [COMMAND, "demo", "--url", url, "--password-file", file, *flags],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_demo_of_five_tasks_ends(tmp_path: Path) -> None:
    with serving(tmp_path / "data", profile="milepost", spec_validation="strict") as server:
        code, told = run_demo(server.url, tmp_path, "--tasks", "5", "--speed", "50", "--seed", "1")
        assert code == 0, told
        with server.caller() as caller:
            infos = {entry["key"]: entry["value"] for entry in caller.list(ALL).value}
    assert len(infos) == 5
    for task_id, info in infos.items():
        assert info["status"] in ("SUCCEEDED", "FAILED")
        assert f"{task_id}  {info['description']['default_message']}" in told
        assert f"{task_id}  {info['status']}" in told


def test_a_demo_over_tls(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tls="self") as server:
        code, told = run_demo(server.url, tmp_path, "--tasks", "1")
        assert code == 4
        assert "certificate does not verify" in told
        assert "--ca-file" in told
        trusting = ("--ca-file", str(server.ca_file), "--tasks", "2", "--speed", "50")
        code, told = run_demo(server.url, tmp_path, *trusting)
        assert code == 0, told
        with server.caller() as caller:
            assert len(caller.list(ALL).value) == 2


def test_a_demo_that_may_not_log_in(server: Server, tmp_path: Path) -> None:
    code, told = run_demo(server.url, tmp_path, "--user", "nobody", "--tasks", "1")
    assert code == 4
    assert "UNAUTHENTICATED" in told
    assert "Traceback" not in told


def working(client: Client, told: list[str], **more: int) -> Demo:
    return Demo(client, told.append, speed=50, seed=1, alive=3, **more)


def test_a_canceled_backup_is_heard(tmp_path: Path) -> None:
    """Whoever cancels each task as soon as it can be seen ends all backups, and only them."""
    with (
        serving(tmp_path / "data") as server,
        Client(server.url, user=ADMINISTRATOR, password=PASSWORD) as client,
        Client(server.url, user=ADMINISTRATOR, password=PASSWORD) as canceler,
    ):
        made: list[str] = []

        def tell(line: str) -> None:
            task_id, _, text = line.partition("  ")
            if text.startswith("Back up "):
                made.append(task_id)
                if len(made) % 2:
                    canceler.cancel(task_id)
            elif text == "RUNNING" and task_id in made:
                canceler.cancel(task_id)

        Demo(client, tell, speed=50, seed=4, alive=4, most=12).run()
        assert len(made) > 1
        for task_id in made:
            task = client.get(task_id)
            assert task.status is Status.FAILED
            assert task.error is not None
            assert task.error.error_type == "CANCELED"


def test_a_restart_in_the_middle_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extension, "AWAY_SECONDS", 0.05)
    told: list[str] = []
    faults: list[BaseException] = []
    settings = with_password_file(tmp_path / "data", {})
    first = launch(tmp_path / "data", **settings)
    with Client(first.url, user=ADMINISTRATOR, password=PASSWORD) as client:

        def work() -> None:
            try:
                working(client, told, most=6).run()
            except BaseException as fault:  # noqa: BLE001  the test raises it
                faults.append(fault)

        thread = threading.Thread(target=work)
        thread.start()
        for _ in eventually("some tasks run"):
            if sum(line.endswith("  RUNNING") for line in told) >= 2:
                break
        assert first.stop() == 0
        for _ in eventually("the demo waits"):
            if any("away" in line for line in told):
                break
        second = launch(tmp_path / "data", "--bind", f"127.0.0.1:{first.port}", **settings)
        thread.join(DEADLINE)
        assert not thread.is_alive()
        assert not faults
        with second.caller() as caller:
            infos = caller.list(ALL).value
        ended = Counter(entry["value"]["status"] in ("SUCCEEDED", "FAILED") for entry in infos)
        assert ended[True] == 6
    assert second.stop() == 0


class Occupied:
    """A client whose server is busy for a while, then refuses for good."""

    def __init__(self) -> None:
        self.calls = 0

    def create(self, _operation: str, **_options: object) -> str:
        self.calls += 1
        if self.calls < 3:
            raise Busy(429 if self.calls == 1 else 503, "RESOURCE_BUSY", [])
        raise Forbidden(403, "UNAUTHORIZED", [])


def test_a_busy_server_is_asked_again_a_refusal_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extension, "AWAY_SECONDS", 0)
    told: list[str] = []
    client = Occupied()
    with pytest.raises(Refused, match="UNAUTHORIZED"):
        working(cast("Client", client), told, most=1).run()
    assert client.calls == 3
    assert sum("busy" in line for line in told) == 2
