"""The task of a ``milepost run``, and that the command is the same whatever the service does."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run.commands import finished, python, run, screen, started, surroundings
from tests.client.peers import hangs, nobody, peer
from tests.serving import COMMAND, DEADLINE, Caller, Server, eventually, serving

HELLO = ("sh", "-c", "echo hello; echo word >&2; exit 3")


class Tasks:
    """The tasks of runs, as the administrator sees them at ``/v1``."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.env = surroundings(server)
        self._caller: Caller | None = None

    @property
    def caller(self) -> Caller:
        if self._caller is None:
            self._caller = self.server.caller()
        return self._caller

    def named(self, text: str) -> list[Any]:
        reply = self.caller.send("GET", f"/v1/tasks?text={text}")
        found: list[Any] = reply.json["tasks"]
        # The name of one may be the beginning of another's.
        whole = re.compile(rf"(?<!\S){re.escape(text)}(?!\S)")
        return [task for task in found if whole.search(task["description"]["default_message"])]

    def one(self, text: str) -> Any:
        """The only task with this text in its description, once it is there."""
        for _ in eventually(f"there is a task {text}"):
            if found := self.named(text):
                assert len(found) == 1
                return self.get(found[0]["id"])
        raise AssertionError

    def get(self, task: str) -> Any:
        return self.caller.send("GET", f"/v1/tasks/{task}").json

    def cancel(self, task: str) -> None:
        assert self.caller.send("POST", f"/v1/tasks/{task}:cancel").status == 200

    def history(self, task: str) -> list[Any]:
        reply = self.caller.send("GET", f"/v1/tasks/{task}/events?page_size=1000")
        found: list[Any] = reply.json["events"]
        return found

    def close(self) -> None:
        if self._caller is not None:
            self._caller.close()


@pytest.fixture
def tasks(server: Server) -> Iterator[Tasks]:
    found = Tasks(server)
    yield found
    found.close()


def texts(task: Any) -> list[str]:
    return [message["default_message"] for message in task["error"]["messages"]]


def named(name: str) -> tuple[str, ...]:
    return ("--description", name)


# How it ends.


def test_success(tasks: Tasks) -> None:
    done = run("sh", "-c", "echo one; echo two", flags=named("run-success"), env=tasks.env)
    assert done == (0, b"one\ntwo\n", b"")
    task = tasks.one("run-success")
    assert task["status"] == "SUCCEEDED"
    assert task["operation"] == "run"
    assert task["cancelable"] is True
    assert task["result"]["exit_code"] == 0
    assert 0 <= task["result"]["seconds"] < DEADLINE
    assert task["progress"]["message"]["default_message"] == "two"


def test_failure(tasks: Tasks) -> None:
    done = run(*HELLO, flags=named("run-failure"), env=tasks.env)
    assert done == (3, b"hello\n", b"word\n")
    task = tasks.one("run-failure")
    assert task["status"] == "FAILED"
    assert task["error"]["error_type"] == "ERROR"
    assert texts(task)[0] == "sh ended with exit code 3"
    assert sorted(texts(task)[1].split("\n")) == ["hello", "word"]
    assert task["result"]["exit_code"] == 3


def test_a_command_that_is_killed(tasks: Tasks) -> None:
    done = run("sh", "-c", "echo last words; kill -9 $$", flags=named("run-killed"), env=tasks.env)
    assert (done.code, done.err) == (128 + signal.SIGKILL, b"")
    assert texts(tasks.one("run-killed")) == ["sh was ended by SIGKILL", "last words"]


def test_a_command_that_cannot_start(tasks: Tasks) -> None:
    done = run("no-such-command", flags=named("run-nothing"), env=tasks.env)
    assert done == (127, b"", b"milepost run: no-such-command: command not found\n")
    task = tasks.one("run-nothing")
    assert (task["status"], texts(task)) == ("FAILED", ["no-such-command: command not found"])


def test_the_last_lines_are_bounded(tasks: Tasks) -> None:
    text = "for n in range(5000): print(n, 'x' * n)\nprint('\\0\\x1b[31mthe end', end='')\nexit(1)"
    assert run(*python(text), flags=named("run-lines"), env=tasks.env).code == 1
    last = texts(tasks.one("run-lines"))[1]
    assert len(last) <= 2000
    assert last.endswith("…\nthe end")


# Progress.


SLOWLY = """
import sys, time
for text in sys.argv[1:]:
    print(text, end="", flush=True)
    time.sleep(0.4)
"""


def steps(tasks: Tasks, name: str) -> list[tuple[int, int]]:
    """The progress that was told, step by step."""
    found = []
    for event in reversed(tasks.history(tasks.one(name)["id"])):
        for change in event["changes"]:
            if change["field"] == "progress" and change["after"]:
                found.append((change["after"]["completed"], change["after"]["total"]))  # noqa: PERF401  it reads better
    return found


def test_progress_is_recognised_while_it_runs(tasks: Tasks) -> None:
    words = ["\r 10%", "\r 42%", "\r 90%", "\r100%\n"]
    assert run(*python(SLOWLY), *words, flags=named("run-percent"), env=tasks.env).code == 0
    assert tasks.one("run-percent")["progress"]["completed"] == 100
    found = steps(tasks, "run-percent")
    assert {(10, 100), (42, 100), (90, 100)} <= set(found)
    assert found == sorted(found)


def test_progress_of_a_pattern(tasks: Tasks) -> None:
    flags = (*named("run-pattern"), "--progress-pattern", "^copied", "--total", "3")
    words = ["copied a\n", "100%\n", "copied b\n"]
    assert run(*python(SLOWLY), *words, flags=flags, env=tasks.env).code == 0
    progress = tasks.one("run-pattern")["progress"]
    assert (progress["completed"], progress["total"]) == (2, 3)


def test_every_line_of_a_flood_is_counted(tasks: Tasks) -> None:
    flags = (*named("run-counted"), "--progress-pattern", "^copied", "--total", "200000")
    words = ("sh", "-c", "yes copied | head -n 200000")
    assert run(*words, flags=flags, env=tasks.env).code == 0
    progress = tasks.one("run-counted")["progress"]
    assert (progress["completed"], progress["total"]) == (200_000, 200_000)


def test_no_progress_and_no_messages(tasks: Tasks) -> None:
    flags = (*named("run-silent"), "--no-progress", "--message-lines", "0")
    assert run("sh", "-c", "echo 42%; exit 1", flags=flags, env=tasks.env).code == 1
    task = tasks.one("run-silent")
    assert texts(task) == ["sh ended with exit code 1"]
    assert task["progress"] == {
        "total": 0,
        "completed": 0,
        "message": {"id": "", "default_message": "", "args": []},
    }


def test_a_pattern_that_never_ends_is_given_up(tasks: Tasks) -> None:
    """The command is not held back by it."""
    flags = (*named("run-evil"), "--progress-pattern", "(a+)+(?P<percent>5)$")
    words = ("sh", "-c", f"echo {'a' * 60}; sleep 1; echo b")
    done = run(*words, flags=flags, env=tasks.env)
    assert (done.code, done.out) == (0, b"a" * 60 + b"\nb\n")
    assert done.err.count(b"the pattern takes too long") == 1
    assert tasks.one("run-evil")["status"] == "SUCCEEDED"


def test_rubbish_is_told_as_far_as_it_can_be_read(tasks: Tasks) -> None:
    words = ("sh", "-c", "head -c 1000000 /dev/urandom; echo; echo over")
    done = run(*words, flags=(*named("run-rubbish"), "--message-lines", "20"), env=tasks.env)
    assert (done.code, len(done.out)) == (0, 1_000_006)
    message = tasks.one("run-rubbish")["progress"]["message"]["default_message"]
    assert message.split("\n")[-1] == "over"


# What it is called, and what the command knows.


def test_the_command_line_names_the_task(tasks: Tasks) -> None:
    words = ("sh", "-c", "exit 0", "run-secret", "--token", "hunter2")
    assert run(*words, env=tasks.env).code == 0
    task = tasks.one("run-secret")
    assert task["description"]["default_message"] == "sh -c 'exit 0' run-secret --token …"


def test_options_reach_the_task(tasks: Tasks) -> None:
    flags = (*named("run-options"), "--operation", "com.acme.backup", "--lease", "77")
    with started("sleep", "60", flags=flags, env=tasks.env) as process:
        task = tasks.one("run-options")
        process.send_signal(signal.SIGTERM)
    assert task["operation"] == "com.acme.backup"
    assert task["lease"]["seconds"] == 77
    assert task["status"] == "RUNNING"


def test_the_command_knows_its_task_and_a_run_in_it_is_a_part(tasks: Tasks) -> None:
    inner = [str(COMMAND), "run", *named("run-inner"), "--", "sh", "-c", "echo $MILEPOST_TASK_ID"]
    done = run(*inner, flags=named("run-outer"), env=tasks.env)
    assert done.code == 0
    outer, part = tasks.one("run-outer"), tasks.one("run-inner")
    assert done.out.decode().strip() == part["id"]
    assert part["parent"] == outer["id"]


# Cancel.


def cancelled(tasks: Tasks, name: str, *words: str, grace: str) -> tuple[Any, int, float]:
    """The task and the exit code of a command that says ``ready`` and is cancelled then."""
    flags = (*named(name), "--grace", grace)
    with started(*words, flags=flags, env=tasks.env) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        ident = tasks.one(name)["id"]
        begun = time.monotonic()
        tasks.cancel(ident)
        code = process.wait(DEADLINE)
        return tasks.get(ident), code, time.monotonic() - begun


def test_cancel_is_sigterm(tasks: Tasks) -> None:
    text = "trap 'echo tidied; exit 4' TERM; echo ready; while :; do sleep 0.05; done"
    task, code, _ = cancelled(tasks, "run-cancel", "sh", "-c", text, grace="60")
    assert code == 4
    assert task["status"] == "FAILED"
    assert task["cancel"] == "acknowledged"
    assert task["error"]["error_type"] == "CANCELED"
    assert texts(task)[1] == "sh ended with exit code 4"
    assert "tidied" in texts(task)[2].split("\n")


def test_cancel_is_sigkill_after_a_grace(tasks: Tasks) -> None:
    text = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    task, code, seconds = cancelled(tasks, "run-cancel-kill", "sh", "-c", text, grace="0.7")
    assert code == 128 + signal.SIGKILL
    assert seconds > 0.7
    assert texts(task)[1] == "sh was ended by SIGKILL"


def test_cancel_reaches_a_command_that_is_stopped(tasks: Tasks) -> None:
    text = "echo ready; kill -STOP $$"
    _, code, _ = cancelled(tasks, "run-cancel-stopped", "sh", "-c", text, grace="60")
    assert code == 128 + signal.SIGTERM


def test_a_command_that_ends_well_all_the_same_has_succeeded(tasks: Tasks) -> None:
    text = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    task, code, _ = cancelled(tasks, "run-cancel-late", "sh", "-c", text, grace="60")
    assert (code, task["status"], task["cancel"]) == (0, "SUCCEEDED", "acknowledged")


def test_cancel_in_a_terminal(tasks: Tasks) -> None:
    words = (COMMAND, "run", *named("run-cancel-tty"), "--", "sh", "-c", "echo ready; sleep 60")
    with screen(*map(str, words), env=tasks.env) as seen:
        seen.wait_for(b"ready")
        tasks.cancel(tasks.one("run-cancel-tty")["id"])
        assert seen.end() == 128 + signal.SIGTERM


# The service or the run itself fails.


def test_a_run_that_is_killed_leaves_its_task_to_the_lease(tasks: Tasks) -> None:
    with started(
        "sleep", "60", flags=(*named("run-dead"), "--lease", "1"), env=tasks.env
    ) as process:
        task = tasks.one("run-dead")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    for _ in eventually("the lease ends the task"):
        task = tasks.get(task["id"])
        if task["status"] == "FAILED":
            break
    assert task["error"]["error_type"] == "TIMED_OUT"


def test_the_end_of_the_lease_is_not_the_end_of_the_command(tasks: Tasks) -> None:
    """A run that was stopped too long has lost its task, and nothing else."""
    flags = (*named("run-stopped"), "--lease", "1")
    with started(
        "sh", "-c", "echo ready; read x; echo over", flags=flags, env=tasks.env, stdin=-1
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        task = tasks.one("run-stopped")
        process.send_signal(signal.SIGSTOP)
        for _ in eventually("the lease ends the task"):
            if tasks.get(task["id"])["status"] == "FAILED":
                break
        process.send_signal(signal.SIGCONT)
        time.sleep(1.5)
        done = finished(process, b"x\n")
    assert (done.code, done.out) == (0, b"over\n")
    assert done.err.count(b"milepost run: ") == 1
    assert b"the service has ended it" in done.err


def quickly(**given: Any) -> float:
    """Seconds that HELLO takes; it must be as without a service."""
    begun = time.monotonic()
    done = run(*HELLO, **given)
    assert (done.code, done.out) == (3, b"hello\n")
    warnings = re.findall(rb"^milepost run: .*$", done.err, re.MULTILINE)
    assert len(warnings) == 1, done.err
    assert sorted(done.err.splitlines()) == sorted([warnings[0], b"word"])
    return time.monotonic() - begun


def environment_of(url: str) -> dict[str, str]:
    return {**surroundings(), "MILEPOST_URL": url, "MILEPOST_PASSWORD_FILE": __file__}


def test_a_service_that_is_absent_costs_one_warning() -> None:
    assert quickly(env=environment_of(nobody())) < 5


def test_a_service_that_hangs_costs_one_warning_and_little_time() -> None:
    over = threading.Event()
    with peer(hangs(over)) as silent:
        assert quickly(env=environment_of(silent.url)) < 10
        over.set()


def test_a_wrong_password_costs_one_warning(server: Server) -> None:
    assert quickly(env=environment_of(server.url)) < DEADLINE


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"MILEPOST_TOKEN_FILE": "/no/such/file"},
        {"MILEPOST_URL": "gopher://x", "MILEPOST_USER": "a", "MILEPOST_PASSWORD_FILE": __file__},
    ],
    ids=["nobody", "no token", "no URL"],
)
def test_wrong_settings_cost_one_warning(env: dict[str, str], tmp_path: Path) -> None:
    plain = {key: text for key, text in surroundings().items() if not key.startswith("MILEPOST_")}
    quickly(env={**plain, "XDG_CONFIG_HOME": str(tmp_path), **env})


def test_a_service_that_comes_later_is_told_all(tmp_path: Path) -> None:
    """The task is made once the service is there, and knows when the command began."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with serving(tmp_path / "data") as first:
        env = surroundings(first) | {"MILEPOST_URL": f"http://127.0.0.1:{port}"}
    text = "echo started; read x; echo 3/10; exit 5"
    with started("sh", "-c", text, flags=named("run-early"), env=env, stdin=-1) as process:
        assert process.stdout
        assert process.stdout.readline() == b"started\n"
        with serving(tmp_path / "data", "--bind", f"127.0.0.1:{port}") as server:
            tasks = Tasks(server)
            task = tasks.one("run-early")
            done = finished(process, b"\n")
            assert (done.code, done.out) == (5, b"3/10\n")
            assert done.err.count(b"milepost run: ") == 1
            task = tasks.get(task["id"])
            tasks.close()
            assert task["status"] == "FAILED"
            assert task["progress"]["completed"] == 3


def test_a_service_that_goes_and_comes_back(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        env = surroundings(server)
        text = "echo started; read x; echo 3/10; read x; exit 5"
        process = started("sh", "-c", text, flags=named("run-through"), env=env, stdin=-1)
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == b"started\n"
        tasks = Tasks(server)
        ident = tasks.one("run-through")["id"]
        tasks.close()
        server.process.kill()
        server.wait()
    process.stdin.write(b"\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"3/10\n"
    with serving(tmp_path / "data", "--bind", f"127.0.0.1:{server.port}") as again:
        tasks = Tasks(again)
        for _ in eventually("the progress made meanwhile is told"):
            if tasks.get(ident)["progress"]["completed"] == 3:
                break
        done = finished(process, b"\n")
        assert done == (5, b"", b"")
        assert tasks.get(ident)["status"] == "FAILED"
        tasks.close()


def test_the_end_is_not_waited_for_without_end(tmp_path: Path) -> None:
    """The service goes while the command runs: a few seconds, one warning, the same exit code."""
    with serving(tmp_path / "data") as server:
        env = surroundings(server) | {"MILEPOST_FLUSH_SECONDS": "1"}
        process = started("sh", "-c", "echo started; read x; exit 5", env=env, stdin=-1)
        assert process.stdout
        assert process.stdout.readline() == b"started\n"
        Tasks(server).close()
        server.process.kill()
        server.wait()
    begun = time.monotonic()
    done = finished(process, b"\n")
    assert time.monotonic() - begun < 10
    assert (done.code, done.out) == (5, b"")
    assert done.err.count(b"milepost run: ") == 1
