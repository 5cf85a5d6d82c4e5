"""``milepost task`` on a real server: every command, every form, and how they end."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from milepost.cli import connection
from milepost.cli.task import following
from tests.cli.conftest import Run, run
from tests.client.peers import Peer, peer
from tests.serving import COMMAND, DEADLINE, Server


def made(cli: Run, operation: str, *words: str) -> str:
    return cli("task", "create", operation, *words).stdout.strip()


def running(cli: Run, operation: str, *words: str) -> str:
    return made(cli, operation, "--status", "RUNNING", *words)


def shown(cli: Run, task: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(cli("task", "get", task, "-o", "json").stdout)
    return found


def test_the_life_of_a_task(cli: Run, operation: str) -> None:
    words = ("Backup of web-01", "--target", "VirtualMachine:vm-17", "--cancelable")
    task = made(cli, operation, *words, "--lease", "5m", "--weight", "2")
    found = shown(cli, task)
    assert found["operation"] == operation
    assert found["target"] == {"type": "VirtualMachine", "id": "vm-17"}
    assert (found["weight"], found["user"]) == (2.0, "administrator")
    assert found["cancelable"] is True
    assert cli("task", "update", task, "--status", "running").stdout == (
        f"{task}  RUNNING  Backup of web-01\n"
    )
    said = cli("task", "update", task, "--progress", "3/10", "--message", "Disk 3")
    assert said.stdout == f"{task}  RUNNING  30%  3/10  Backup of web-01: Disk 3\n"
    assert cli("task", "update", task).stdout == said.stdout
    cancel = cli("task", "cancel", task)
    assert cancel.stdout.startswith(f"{task}  canceling  30%")
    late = cli("task", "update", task, "--progress", "2/10", code=4)
    assert "percent_done" in late.stderr
    heard = cli("task", "update", task, "--progress", "4/10")
    assert heard.stderr == "Somebody has asked for the end of this task.\n"
    assert cli("task", "update", task, "--acknowledge-cancel").stderr == ""
    failed = cli("task", "update", task, "--status", "FAILED", "--error", "Disk\nfull \x1b[2J")
    assert failed.stdout == f"{task}  FAILED  40%  4/10  Backup of web-01: Disk\n"
    events = [
        json.loads(line)
        for line in cli("task", "log", task, "-o", "jsonl").stdout.split("\n")
        if line
    ]
    assert [event["kind"] for event in events][:2] == ["created", "updated"]
    assert events[-1]["revision"] == shown(cli, task)["revision"]
    page = cli("task", "get", task, "--events").stdout
    assert "  Error       Disk\n                full \\x1b[2J\n" in page
    assert "cancel requested by administrator" in page
    assert "\x1b" not in page


def test_a_result_from_a_file_and_from_the_standard_input(
    cli: Run, operation: str, tmp_path: Path
) -> None:
    task = running(cli, operation)
    cli(
        "task",
        "update",
        task,
        "--status",
        "SUCCEEDED",
        "--result",
        "-",
        typed='{"disks": [1, null]}',
    )
    assert shown(cli, task)["result"] == {"disks": [1, None]}
    file = tmp_path / "result.json"
    file.write_text("[1.5]", encoding="utf-8")
    other = running(cli, operation)
    cli("task", "update", other, "--status", "SUCCEEDED", "--result", str(file))
    assert shown(cli, other)["result"] == [1.5]
    for bad, says in ((str(tmp_path / "none"), "No such file"), ("-", "truncated")):
        done = cli("task", "update", other, "--result", bad, typed="{", code=2)
        assert says in done.stderr


def without_time(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tasks without what time alone changes."""
    moving = ("elapsed_seconds", "remaining_seconds", "rate_per_second")
    return [{name: one[name] for name in one if name not in moving} for one in tasks]


def test_forms_of_a_list(cli: Run, operation: str) -> None:
    tasks = [
        running(cli, operation, f"Task {number}", "--progress", f"{number}/3")
        for number in range(3)
    ]
    listed = ("task", "list", "--operation", operation, "-o")
    assert cli(*listed, "name").stdout.split() == tasks[::-1]
    assert cli(*listed, "name", "--order", "oldest").stdout.split() == tasks
    found = json.loads(cli(*listed, "json").stdout)
    assert [one["id"] for one in found] == tasks[::-1]
    assert found[0]["progress"] == {
        "total": 3,
        "completed": 2,
        "message": {"default_message": "", "id": "", "args": []},
    }
    assert found[0]["created_at"].endswith("Z")
    lasting = without_time(found)
    assert without_time(yaml.safe_load(cli(*listed, "yaml").stdout)) == lasting
    lines = cli(*listed, "jsonl").stdout.splitlines()
    assert without_time([json.loads(line) for line in lines]) == lasting
    one = cli("task", "get", tasks[0], "-o", "json").stdout
    assert json.loads(one)["id"] == tasks[0]
    both = cli("task", "get", *tasks[:2], "-o", "yaml").stdout
    assert [entry["id"] for entry in yaml.safe_load(both)] == tasks[:2]
    table = cli(*listed, "table").stdout.splitlines()
    assert table[0].split()[:4] == ["ID", "STATUS", "DONE", "OF"]
    assert [line.split()[0] for line in table[1:]] == tasks[::-1]


def test_filters(cli: Run, operation: str) -> None:
    parent = running(cli, operation, "--initiator", "anna")
    child = made(cli, operation, "needle in it", "--parent", parent)
    failed = running(cli, operation)
    cli("task", "update", failed, "--status", "FAILED", "--error", "no")

    def names(*words: str) -> set[str]:
        return set(
            cli("task", "list", "--operation", operation, "-o", "name", *words).stdout.split()
        )

    assert names() == {parent, child, failed}
    assert names("--running") == {parent, child}
    assert names("--failed") == {failed}
    assert names("--failed", "--status", "pending") == {failed, child}
    assert names("--mine") == {child, failed}
    assert names("--initiator", "anna") == {parent}
    assert names("--mine", "--initiator", "anna") == {parent, child, failed}
    assert names("--parent", parent) == {child}
    assert names("--text", "needle") == {child}
    assert names("--service", "com.milepost.local") == {parent, child, failed}
    assert names("--target", "Folder:nowhere") == set()
    assert names("--created-after", "1h") == {parent, child, failed}
    assert names("--created-before", "1h") == set()
    assert names("--finished-after", "1h") == {failed}
    assert names("--updated-before", "2020-01-01") == set()
    more = cli("task", "list", "--operation", operation, "--limit", "2", "-o", "name")
    assert len(more.stdout.split()) == 2
    assert more.stderr == "Only 2 tasks are shown; --all shows all.\n"
    assert cli("task", "list", "--operation", operation, "--limit", "3").stderr == ""
    assert cli("task", "list", "--operation", "com.none").stderr == "There are no such tasks.\n"


def test_all_shows_more_than_a_page(cli: Run) -> None:
    found = cli("task", "list", "--service", "com.bulk.load", "--all", "-o", "name")
    # Other tests may have added some.
    assert len(found.stdout.split()) >= 1000


def test_ids_from_the_standard_input(cli: Run, operation: str) -> None:
    tasks = [running(cli, operation, "--cancelable") for _ in range(2)]
    typed = "\n".join([*tasks, tasks[0]]) + "\n"
    assert cli("task", "cancel", "-", "-o", "name", typed=typed).stdout.split() == tasks
    assert cli("task", "get", "-", "-o", "jsonl", typed="").stdout == ""


def test_a_cancel_of_many_asks_all(cli: Run, operation: str) -> None:
    first, last = (running(cli, operation, "--cancelable") for _ in range(2))
    done = cli("task", "cancel", first, "none", last, "-o", "name", code=4)
    assert done.stdout.split() == [first, last]
    assert done.stderr == "Error: none: task: there is no task none.\n"


def test_the_same_key_makes_one_task(cli: Run, operation: str) -> None:
    assert made(cli, operation, "--key", operation) == made(cli, operation, "--key", operation)
    done = cli("task", "create", operation, "other", "--key", operation, code=9)
    assert "idempotency" in done.stderr.lower()


def test_if_match(cli: Run, operation: str) -> None:
    task = running(cli, operation)
    cli("task", "update", task, "--description", "a", "--if-match", "1")
    done = cli("task", "update", task, "--description", "b", "--if-match", "1", code=9)
    assert "revision 2" in done.stderr


def end_soon(cli: Run, task: str, *words: str) -> threading.Thread:
    """End a task from another process a moment later."""

    def end() -> None:
        time.sleep(0.3)
        subprocess.run([COMMAND, "task", "update", task, *words], check=True, capture_output=True)

    del cli
    thread = threading.Thread(target=end)
    thread.start()
    return thread


def test_wait(cli: Run, operation: str) -> None:
    good, bad = running(cli, operation, "Good"), running(cli, operation, "Bad")
    thread = end_soon(cli, good, "--status", "SUCCEEDED")
    done = cli("task", "wait", good, "--timeout", "30s")
    thread.join()
    assert done.stdout == f"{good}  SUCCEEDED  Good\n"
    thread = end_soon(cli, bad, "--status", "FAILED", "--error", "Disk full")
    done = cli("task", "wait", good, bad, code=1)
    thread.join()
    assert set(done.stdout.splitlines()) == {
        f"{good}  SUCCEEDED  Good",
        f"{bad}  FAILED  Bad: Disk full",
    }
    assert done.stderr == f"Error: failed: {bad}: Bad: Disk full\n"
    found = json.loads(cli("task", "wait", bad, good, "-o", "json", code=1).stdout)
    assert [one["status"] for one in found] == ["FAILED", "SUCCEEDED"]


def test_the_time_of_a_wait_is_over(cli: Run, operation: str) -> None:
    task = running(cli, operation)
    for command in ("wait", "watch"):
        done = cli("task", command, task, "--timeout", "0.3", code=7)
        assert done.stderr == f"Error: Not ended within 0s: {task}\n"
    cli("task", "wait", "none", code=4)
    cli("task", "watch", "none", code=4)


def test_a_cancel_that_waits(cli: Run, operation: str) -> None:
    task = running(cli, operation, "--cancelable")
    thread = end_soon(cli, task, "--status", "FAILED", "--error", "stopped")
    done = cli("task", "cancel", task, "--wait", "--timeout", "30")
    thread.join()
    assert "FAILED" in done.stdout


def test_watch_writes_lines_outside_a_terminal(cli: Run, operation: str) -> None:
    task = running(cli, operation, "Copy", "--progress", "1/4", "--message", "first")
    thread = end_soon(cli, task, "--status", "SUCCEEDED")
    done = cli("task", "watch", task)
    thread.join()
    lines = [line[10:] for line in done.stdout.splitlines()]
    assert lines[0] == "RUNNING  25%  1/4  Copy: first"
    assert lines[-1] == "SUCCEEDED  25%  1/4  Copy: first"


def test_watch_tells_each_change_as_a_line_of_json(cli: Run, operation: str) -> None:
    task = running(cli, operation)
    thread = end_soon(cli, task, "--status", "FAILED", "--error", "no")
    done = cli("task", "watch", task, "-o", "jsonl", code=1)
    thread.join()
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["status"] for one in seen] == ["RUNNING", "FAILED"]
    again = cli("task", "watch", task, "-o", "name", code=1)
    assert again.stdout == f"{task}\n"


def test_a_log_that_is_followed(cli: Run, operation: str) -> None:
    task = running(cli, operation)
    thread = end_soon(cli, task, "--status", "SUCCEEDED")
    done = cli("task", "log", task, "-w", "-o", "jsonl")
    thread.join()
    assert [json.loads(line)["revision"] for line in done.stdout.splitlines()] == [1, 2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("task", "update", "x", "--message", "m"), "--message goes with --progress"),
        (("task", "update", "x", "--progress", "3"), "is no progress such as"),
        (("task", "update", "x", "--lease", "1.5"), "--lease is in whole seconds"),
        (("task", "cancel", "x", "--timeout", "1s"), "--timeout goes with --wait"),
        (("task", "wait", "x", "--timeout", "soon"), "is no time such as"),
        (("task", "list", "-w", "-o", "yaml"), "--watch goes with"),
        (("task", "log", "x", "-w", "-o", "json"), "--watch goes with"),
        (("task", "get", "x", "--events", "-o", "json"), "--events goes with"),
        (("task", "list", "--target", "vm-17"), "is not TYPE:ID"),
        (("task", "list", "--created-after", "soon"), "is no time such as"),
        (("task", "watch", *map(str, range(65))), "At most 64 tasks"),
        (("task", "get"), "Missing argument"),
        (("task", "create", "\udcff"), "is not UTF-8"),
    ],
    ids=lambda value: " ".join(map(ascii, value[:4])) if isinstance(value, tuple) else "",
)
def test_wrong_use(cli: Run, words: tuple[str, ...], says: str) -> None:
    assert says in cli(*words, code=2).stderr


def test_hostile_text_is_shown_and_never_done(cli: Run, operation: str) -> None:
    evil = "\x1b[31mred\x07\u202e\x9b2J"
    task = running(cli, operation, evil, "--progress", "1/2", "--message", evil)
    for words in (
        *(("list", "--operation", operation), ("get", task), ("get", task, "--events")),
        *(("log", task), ("update", task), ("watch", task, "--timeout", "0.3")),
    ):
        for form in ("table", "json", "yaml"):
            if form != "table" and words[-1] == "--events":
                continue
            late = 7 if words[0] == "watch" else 0
            done = cli("task", *words, "-o", form, code=late)
            assert not set("\x1b\x07\u202e\x9b") & set(done.output)
            assert "\\x1b[31mred" in done.stdout or "\\u001b[31mred" in done.stdout or late


def test_messages_are_in_the_reader_s_language(cli: Run) -> None:
    english = cli("task", "get", "none", code=4).stderr
    german = cli("task", "get", "none", code=4, LC_ALL="de_AT.UTF-8").stderr
    assert english == "Error: task: there is no task none.\n"
    assert german != english
    assert "none" in german


# How commands end.


def test_a_server_that_is_away(home: Path) -> None:
    (home / "token").write_text("x", encoding="utf-8")
    url = "http://127.0.0.1:1"
    done = run("task", "list", "--url", url, "--token-file", str(home / "token"), code=6)
    assert done.stderr.startswith(f"Error: {url}: ")


def test_what_is_not_milepost(home: Path) -> None:
    (home / "token").write_text("x", encoding="utf-8")
    body = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
    with peer(lambda peer_of, _: peer_of.sendall(body)) as other:
        words = ("task", "list", "--url", other.url, "--token-file", str(home / "token"))
        assert "hello" in run(*words, code=6).stderr


def test_nobody_is_logged_in(server: Server, home: Path) -> None:
    done = run("task", "list", "--url", server.url, code=8)
    assert "milepost session login" in done.stderr
    (home / "token").write_text("a" * 43, encoding="utf-8")
    words = ("task", "list", "--url", server.url, "--token-file", str(home / "token"))
    assert "milepost session login" in run(*words, code=8).stderr
    assert "no terminal" in run("task", "list", "--url", server.url, "--user", "a", code=8).stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--token-file", "none"), "none: No such file"),
        (("--user", "a", "--password-file", "none"), "none: No such file"),
        (("--password-file", "none"), "--password-file needs --user"),
        (("--token-file", "none", "--user", "a"), "stands for --user"),
        (("--url", "ftp://x"), "the URL of a service"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_connection_that_cannot_be(words: tuple[str, ...], says: str) -> None:
    assert says in run("task", "list", *words, code=2).stderr


def test_a_user_with_a_password_file(server: Server, home: Path) -> None:
    words = ("--url", server.url, "--password-file", str(home / "password"))
    found = run("session", "show", *words, "--user", "vera", "-o", "name")
    assert found.stdout == "vera\n"
    assert run("session", "show", *words, "-o", "name", MILEPOST_USER="oscar").stdout == "oscar\n"


def test_a_broken_pipe_is_no_fault(elsewhere: dict[str, str]) -> None:
    words = [str(COMMAND), "task", "list", "--service", "com.bulk.load", "--all", "-o", "jsonl"]
    with subprocess.Popen(
        words, env=elsewhere, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(DEADLINE) == 141


def test_a_pipe_gets_neither_colours_nor_cuts(
    elsewhere: dict[str, str], cli: Run, operation: str
) -> None:
    title = "long " * 60 + "end"
    running(cli, operation, title)
    done = subprocess.run(
        [COMMAND, "task", "list", "--operation", operation],
        env={**elsewhere, "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in done.stdout
    assert title in done.stdout


def test_wait_outlives_a_break(
    cli: Run, operation: str, server: Server, logged_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes away after it was there: it is waited for, and that is told once."""
    task = running(cli, operation, "Copy")
    monkeypatch.setattr(connection, "PATIENCE", 0.0)
    monkeypatch.setattr(following, "TRY_AGAIN", 0.05)
    with server.caller() as caller:
        whole = caller.send("GET", f"/v1/tasks/{task}").body
    ended = whole.replace(b'"RUNNING"', b'"SUCCEEDED"').replace(b'"revision":1', b'"revision":2')

    def answer(body: bytes) -> bytes:
        head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n"
        return head + b"content-length: %d\r\n\r\n" % len(body) + body

    broken = [lambda _connection, _request: None] * 3
    with peer(
        lambda peer_of, _: peer_of.sendall(answer(whole)),
        lambda peer_of, _: peer_of.sendall(answer(whole)),
        *broken,
        lambda peer_of, _: peer_of.sendall(answer(ended)),
    ) as other:
        assert isinstance(other, Peer)
        words = ("task", "wait", task, "--url", other.url, "--token-file", str(logged_in / "token"))
        done = cli(*words, "--timeout", "60")
    assert done.stdout == f"{task}  SUCCEEDED  Copy\n"
    assert done.stderr.count("trying again") == 1
