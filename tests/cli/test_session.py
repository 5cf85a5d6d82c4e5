"""``milepost session``: a login that is kept, and its end."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from milepost.access.tokens import is_whole
from milepost.client import credentials
from milepost.client.errors import Unusable
from tests.cli.conftest import run
from tests.cli.screens import terminal
from tests.serving import SESSION, Caller, Server

ASK = "/rest/com/vmware/cis/session?~action=get"


def counts(server: Server, token: str) -> bool:
    return server.call("POST", ASK, None, {SESSION: token}).status == 200


def kept(home: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((home / "milepost" / "logins.json").read_text())
    return found


def log_in(server: Server, home: Path, user: str = "oscar") -> str:
    words = ("--url", server.url, "--user", user, "--password-file", str(home / "password"))
    return run("session", "login", *words).stdout


def test_a_login_is_kept_used_and_ended(server: Server, home: Path) -> None:
    said = log_in(server, home)
    file = home / "milepost" / "logins.json"
    assert said == f"oscar is logged in at {server.url}. The login is kept in {file}.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = kept(home)[server.url]
    assert token not in said
    assert counts(server, token)
    run("task", "list", "--limit", "1", MILEPOST_URL=server.url)
    shown = run("session", "show", "--url", server.url).stdout
    facts = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert [facts[name] for name in ("Server", "User", "Role", "Login")] == [
        server.url,
        "oscar",
        "operator",
        "milepost session login",
    ]
    found = json.loads(run("session", "show", "--url", server.url, "-o", "json").stdout)
    assert (found["user"], found["login"]) == ("oscar", "milepost session login")
    assert run("session", "logout", "--url", server.url).stdout == f"Logged out at {server.url}.\n"
    assert not counts(server, token)
    assert kept(home) == {}
    run("session", "logout", "--url", server.url, code=8)
    run("session", "show", "--url", server.url, code=8)


def test_a_second_login_ends_the_first(server: Server, home: Path) -> None:
    log_in(server, home)
    first = kept(home)[server.url]
    log_in(server, home, "vera")
    second = kept(home)[server.url]
    assert not counts(server, first)
    assert counts(server, second)
    run("session", "logout", "--url", server.url)


def test_a_token_that_is_given_is_kept(server: Server, home: Path) -> None:
    token = server.login("vera")
    (home / "token").write_text(token)
    done = run("session", "login", "--url", server.url, "--token-file", str(home / "token"))
    assert done.stdout.startswith("vera is logged in")
    assert kept(home)[server.url] == token
    run("session", "logout", "--url", server.url)


def test_a_wrong_password_keeps_nothing(server: Server, home: Path) -> None:
    (home / "wrong").write_text("not the password")
    words = ("--url", server.url, "--user", "nobody", "--password-file", str(home / "wrong"))
    done = run("session", "login", *words, code=8)
    assert "not the password" not in done.output
    assert not (home / "milepost").exists()


def test_who_logs_in_must_be_known(server: Server, home: Path) -> None:
    assert "name a --user" in run("session", "login", "--url", server.url, code=8).stderr
    words = ("session", "login", "--url", server.url)
    done = run(*words, code=8, MILEPOST_PASSWORD_FILE=str(home / "password"))
    assert "name a --user" in done.stderr
    done = run(*words, "--name", "x", code=2)
    assert "go with --keep" in done.stderr
    done = run(*words, "--keep", "--token-file", "x", code=2)
    assert "a token makes no token" in done.stderr


def test_a_login_that_cannot_be_kept_ends(
    server: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens: list[str] = []

    def refuse(_: str, token: str) -> str:
        tokens.append(token)
        raise Unusable("the keyring: locked")

    monkeypatch.setattr(credentials, "save", refuse)
    words = ("--url", server.url, "--user", "vera", "--password-file", str(home / "password"))
    done = run("session", "login", *words, code=2)
    assert done.stderr == "Error: the keyring: locked\n"
    assert not counts(server, tokens[0])


def test_logging_out_of_a_server_that_is_away_forgets(home: Path) -> None:
    credentials.save("http://127.0.0.1:1", "a" * 43)
    done = run("session", "logout", "--url", "http://127.0.0.1:1", code=6)
    assert "forgotten here" in done.stderr
    assert kept(home) == {}


def test_keeping_a_machine_token(server: Server, home: Path) -> None:
    """It is made, kept, and not ended by logging out."""
    words = ("--url", server.url, "--user", "vera", "--password-file", str(home / "password"))
    done = run("session", "login", *words, "--keep", "--name", "laptop", "--lifetime", "1d")
    token = kept(home)[server.url]
    assert is_whole(token)
    with Caller(server, server.login("vera")) as vera:
        tokens = vera.send("GET", "/v1/tokens").json["tokens"]
    # Other tests make tokens on this server too.
    (listed,) = (one for one in tokens if one["name"] == "laptop")
    assert listed["scope"] == "full"
    assert done.stdout.endswith(f"To end it, revoke {listed['id']}.\n")
    shown = run("session", "show", "--url", server.url).stdout
    assert "vera" in shown
    ended = run("session", "logout", "--url", server.url)
    assert "still counts on the server" in ended.stderr
    assert kept(home) == {}
    assert counts(server, token)


def test_user_and_password_are_asked_for(server: Server, elsewhere: dict[str, str]) -> None:
    wanted = {name: text for name, text in elsewhere.items() if name != "MILEPOST_TOKEN_FILE"}
    wanted["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    with terminal("session", "login", environment=wanted, columns=200) as screen:
        screen.shows("User:")
        screen.press("vera\n")
        screen.shows("Password of vera:")
        screen.press("correct horse battery staple\n")
        assert screen.ended() == 0
        assert f"vera is logged in at {server.url}." in screen.text
        assert "staple" not in screen.text
    with terminal("session", "login", environment=wanted) as screen:
        screen.shows("User:")
        screen.press("\x04")
        assert screen.ended() == 1
    assert os.environ["XDG_CONFIG_HOME"] == wanted["XDG_CONFIG_HOME"]
    run("session", "logout", "--url", server.url)
