"""The server as a process: how it starts, what it refuses, how it ends, and what then is there."""

from __future__ import annotations

import concurrent.futures
import http.client
import itertools
import re
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving import (
    ADMINISTRATOR,
    PASSWORD,
    Caller,
    Server,
    launch,
    progress,
    refused_start,
    serving,
)

PASSWORD_LINE = re.compile(r"First start\. User: (\S+)  Password: (\S+)  \(told only once\)")
LOST = (OSError, http.client.HTTPException)
CANNOT_START = 3
WRONG_USE = 2


# The first start.


def test_the_first_start_tells_the_password_once(tmp_path: Path) -> None:
    first = launch(tmp_path / "data")
    (line,) = [found for text in first.said if (found := PASSWORD_LINE.fullmatch(text))]
    assert line[1] == ADMINISTRATOR
    assert len(line[2]) >= 12
    assert first.login(password=line[2])
    assert first.stop() == 0
    second = launch(tmp_path / "data")
    assert second.login(password=line[2])
    assert second.stop() == 0
    assert not any("assword" in text for text in second.said)
    assert line[2] not in first.log_text()


def test_the_password_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("grüße an €\r\n", encoding="utf-8")
    server = launch(tmp_path / "data", admin_password_file=str(file))
    assert server.login(password="grüße an €")
    assert server.stop() == 0
    assert "grüße" not in "".join(server.said) + server.log_text()


@pytest.mark.parametrize("content", ["\r\n", None])
def test_a_password_file_without_a_password(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    code, text = refused_start("--data", tmp_path / "data", admin_password_file=str(file))
    assert code == CANNOT_START
    assert one_line(text, str(file))


def one_line(text: str, *names: str) -> bool:
    """Whether a complaint is one line that names these."""
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return all(name in text for name in names)


# What a start refuses.


def test_one_directory_has_one_server(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        code, text = refused_start("--data", server.data, "--bind", "127.0.0.1:0")
        assert code == CANNOT_START
        assert one_line(text, str(server.data))
        assert server.call("GET", "/readyz").status == 200


def test_an_address_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        code, text = refused_start("--data", tmp_path / "data", "--bind", bind)
    assert code == CANNOT_START
    assert one_line(text, bind, "in use")


def test_plain_http_beyond_this_machine_must_be_allowed(tmp_path: Path) -> None:
    bind = "0.0.0.0:0"
    code, text = refused_start("--data", tmp_path / "data", "--bind", bind)
    assert code == CANNOT_START
    assert one_line(text, bind, "insecure_http")


def test_plain_http_beyond_this_machine_when_allowed(tmp_path: Path) -> None:
    flags = ("--bind", "0.0.0.0:0", "--insecure-http")
    with serving(tmp_path / "data", *flags) as server:
        assert server.call("GET", "/livez").status == 200


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a directory")
    code, text = refused_start("--data", file / "data", "--bind", "127.0.0.1:0")
    assert code == CANNOT_START
    assert one_line(text, str(file / "data"))


def test_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "milepost.db").write_bytes(b"not a database, but long enough to look" * 100)
    code, text = refused_start("--data", tmp_path, "--bind", "127.0.0.1:0")
    assert code == CANNOT_START
    assert one_line(text, str(tmp_path))


def test_an_unknown_setting_is_named_with_its_source(tmp_path: Path) -> None:
    config = tmp_path / "milepost.toml"
    config.write_text('colour = "red"\n')
    code, text = refused_start("--config", config)
    assert (code, "colour" in text, str(config) in text) == (WRONG_USE, True, True)
    code, text = refused_start(colour="red")
    assert (code, "colour" in text, "environment" in text) == (WRONG_USE, True, True)


# How it ends.


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told(tmp_path: Path, how: signal.Signals) -> None:
    with serving(tmp_path / "data") as server:
        assert server.call("GET", "/readyz").json == {"status": "ready"}
        assert server.stop(how) == 0
    with pytest.raises(OSError, match=r"refused|reset"):
        server.call("GET", "/livez")


Report = Callable[[str, int], None]


def report_until_the_end(server: Server, token: str, acknowledged: Report) -> None:
    """One extension: a task whose progress is reported until the server is away."""
    with Caller(server, token) as caller:
        task_id = None
        try:
            task_id = caller.create(status="RUNNING")
            acknowledged(task_id, 1)
            for number in itertools.count(1):
                reply = caller.patch(task_id, {"percent_done": progress(number, 10**9)})
                if reply.status != 200:
                    assert reply.status == 503, reply
                    return
                assert reply.revision == number + 1
                acknowledged(task_id, reply.revision)
        except LOST:
            return


def under_load(server: Server, ending: signal.Signals, *, enough: int) -> dict[str, int]:
    """The last acknowledged revision of each task of a server ended under load."""
    last: dict[str, int] = {}
    token, ready = server.login(), threading.Event()
    counter = itertools.count(1)

    def acknowledged(task_id: str, revision: int) -> None:
        last[task_id] = revision
        if next(counter) >= enough:
            ready.set()

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        working = [
            threads.submit(report_until_the_end, server, token, acknowledged) for _ in range(8)
        ]
        assert ready.wait(30)
        code = server.stop(ending)
        for each in working:
            each.result()
    assert code == (0 if ending is signal.SIGTERM else -signal.SIGKILL)
    return last


def assert_all_there(server: Server, last: dict[str, int]) -> None:
    """Every acknowledged change is there, at most one more, and progress tells the revision."""
    assert len(last) == 8
    with server.caller() as caller:
        for task_id, revision in last.items():
            reply = caller.get(task_id)
            assert reply.revision in (revision, revision + 1)
            assert reply.value["progress"]["completed"] == reply.revision - 1
            following = caller.patch(task_id, {"percent_done": progress(10**9, 10**9)})
            assert following.revision == reply.revision + 1


def test_sigterm_during_load_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        last = under_load(server, signal.SIGTERM, enough=400)
    with serving(tmp_path / "data") as server:
        assert_all_there(server, last)


def test_kill_9_during_load_loses_nothing_acknowledged(tmp_path: Path) -> None:
    every: list[dict[str, int]] = []
    for enough in (50, 200, 400):
        with serving(tmp_path / "data") as server:
            every.append(under_load(server, signal.SIGKILL, enough=enough))
    with serving(tmp_path / "data") as server:
        for last in every:
            assert_all_there(server, last)


def test_two_at_once_on_one_task_never_go_backwards(server: Server) -> None:
    with server.caller() as watcher:
        task_id = watcher.create(status="RUNNING")
        accepted: list[tuple[int, int]] = []

        def report(numbers: range) -> None:
            with server.caller() as caller:
                for number in numbers:
                    reply = caller.patch(task_id, {"percent_done": progress(number, 1000)})
                    if reply.status == 200:
                        accepted.append((reply.revision, number))
                    else:
                        assert reply.refused == (400, "invalid_argument")

        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            working = [threads.submit(report, range(first, 301, 2)) for first in (1, 2)]
            seen = [watcher.get(task_id)]
            while not all(each.done() for each in working):
                seen.append(watcher.get(task_id))
            for each in working:
                each.result()
        seen.append(watcher.get(task_id))
    revisions = [reply.revision for reply in seen]
    completed = [reply.value["progress"]["completed"] for reply in seen]
    assert revisions == sorted(revisions)
    assert completed == sorted(completed)
    accepted.sort()
    assert [revision for revision, _ in accepted] == list(range(2, len(accepted) + 2))
    assert [number for _, number in accepted] == sorted({number for _, number in accepted})
    assert (revisions[-1], completed[-1]) == (accepted[-1][0], 300)


def test_the_password_is_the_one_of_the_first_start(tmp_path: Path) -> None:
    with serving(tmp_path / "data"):
        pass
    other = tmp_path / "other"
    other.write_text("another password")
    with serving(tmp_path / "data", admin_password_file=str(other)) as server:
        assert server.login(password=PASSWORD)
