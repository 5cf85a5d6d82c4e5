"""The command ``milepost user`` on the directory of a running server, and limits on logins."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.serving import (
    ADMINISTRATOR,
    COMMAND,
    DEADLINE,
    SESSION,
    SESSION_PATH,
    Server,
    basic,
    environment,
    eventually,
    serving,
)

ASK = f"{SESSION_PATH}?~action=get"
FIRST, SECOND = "the first password", "the second password"


class Users:
    """The command, on one directory."""

    def __init__(self, data: Path, folder: Path) -> None:
        self._data = data
        self._file = folder / "new-password"

    def run(self, *arguments: str, password: str | None = None) -> tuple[int, str]:
        given: list[str | Path] = []
        if password is not None:
            self._file.write_text(password + "\n", encoding="utf-8")
            given = ["--password-file", self._file]
        done = subprocess.run(
            [COMMAND, "user", *arguments, "--data", self._data, *given],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert password is None or password not in done.stdout
        assert "Traceback" not in done.stdout
        return done.returncode, done.stdout


def status(server: Server, token: str) -> int:
    return server.call("POST", ASK, None, {SESSION: token}).status


def refused_soon(server: Server, token: str) -> None:
    for _ in eventually("the session has ended"):
        if status(server, token) == 401:
            return


def test_users_come_and_go_while_the_server_runs(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        users = Users(server.data, tmp_path)
        ident = ("--role", "extension", "--extension", "com.acme.backup")
        assert users.run("add", "acme", *ident, password=FIRST)[0] == 0
        token = server.login("acme", FIRST)
        assert status(server, token) == 200
        code, listed = users.run("list")
        assert code == 0
        assert {"acme", "com.acme.backup", ADMINISTRATOR} <= set(listed.split())
        assert users.run("disable", "acme")[0] == 0
        refused_soon(server, token)
        assert server.call("POST", SESSION_PATH, None, basic("acme", FIRST)).status == 401
        assert users.run("enable", "acme")[0] == 0
        token = server.login("acme", FIRST)
        assert users.run("passwd", "acme", password=SECOND)[0] == 0
        refused_soon(server, token)
        assert server.login("acme", SECOND)


def test_users_may_be_made_before_the_first_start(tmp_path: Path) -> None:
    users = Users(tmp_path / "data", tmp_path)
    assert users.run("add", "root", "--role", "administrator", password=FIRST)[0] == 0
    with serving(tmp_path / "data") as server:
        assert server.login("root", FIRST)
        assert server.call("POST", SESSION_PATH, None, basic(ADMINISTRATOR, FIRST)).status == 401


def test_failed_logins_are_limited_and_sessions_are_not(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        token = server.login()
        wrong = basic(ADMINISTRATOR, "a wrong password")
        replies = [server.call("POST", SESSION_PATH, None, wrong) for _ in range(30)]
        assert replies[0].refused == (401, "unauthenticated")
        limited = [reply for reply in replies if reply.status != 401]
        assert limited
        for reply in limited:
            assert reply.refused == (429, "resource_busy")
            assert int(reply.headers["retry-after"]) >= 1
        assert status(server, token) == 200
