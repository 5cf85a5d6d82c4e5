"""``milepost token create``, ``list`` and ``revoke``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from milepost.access.tokens import is_whole
from milepost.cli.admin_tokens import seconds_of
from milepost.cli.main import main
from tests.cli.conftest import Run as Online

PASSWORD = "a good password"
KEY = "com.acme.backup"


class Commands:
    """The command, on one directory with two users."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        password = folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        people = {"ann": ["viewer"], "acme": ["extension", "--extension", KEY]}
        for name, role in people.items():
            words = ["user", "add", name, "--role", *role]
            done = self.run(*words, "--password-file", str(password))
            assert done.exit_code == 0, done.output

    def run(self, *words: str, **settings: str) -> Result:
        environment = {f"MILEPOST_{name.upper()}": text for name, text in settings.items()}
        return CliRunner().invoke(main, [*words, "--data", str(self._data)], env=environment)

    def create(self, name: str, *words: str, owner: str = "ann", **settings: str) -> Result:
        return self.run("token", "create", name, "--for", owner, *words, **settings)

    def rows(self, *words: str) -> list[list[str]]:
        done = self.run("token", "list", *words)
        assert done.exit_code == 0, done.output
        return [line.split() for line in done.stdout.splitlines()]


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def test_a_life(commands: Commands) -> None:
    assert commands.rows() == [["ID", "NAME", "USER", "SCOPE", "EXTENSION", "USED", "STATE"]]
    done = commands.create("nightly", "--scope", "full", "--lifetime", "3d", owner="acme")
    assert done.exit_code == 0
    # The token alone, so that a script can keep it.
    assert is_whole(done.stdout.removesuffix("\n"))
    _, row = commands.rows()
    ident = row[0]
    assert row[1:7] == ["nightly", "acme", "full", "-", "never", "ends"]
    assert f"Token {ident} of acme ends {row[7]} {row[8]}." in done.stderr
    assert "only once" in done.stderr
    revoked = commands.run("token", "revoke", ident)
    assert revoked.stdout == "Revoked nightly of acme.\n"
    assert commands.rows()[1][6] == "revoked"
    # The name is free again.
    assert commands.create("nightly", "--scope", "full", owner="acme").exit_code == 0


def test_whose_are_listed_and_how_they_end(commands: Commands) -> None:
    commands.create("wall", "--scope", "watch", "--extension", KEY, max_token_age="0")
    commands.create("nightly", "--scope", "read", owner="acme")
    commands.create("short", "--scope", "read", "--lifetime", "1s")
    assert [row[1] for row in commands.rows()[1:]] == ["wall", "nightly", "short"]
    (_, mine, short) = commands.rows("--for", "ann")
    assert mine[1:] == ["wall", "ann", "watch", KEY, "never", "has", "no", "end"]
    assert short[1] == "short"
    while short[6] == "ends":
        short = commands.rows("--for", "ann")[2]
    assert short[6] == "expired"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--scope", "full", "--lifetime", "367d"], "lifetime_seconds: 31708800 is not between"),
        (["--scope", "full", "--lifetime", "0s"], "lifetime_seconds: 0 is not between 1 and"),
        (["--scope", "full", "--extension", "a b"], "extension: a b is not a key"),
    ],
)
def test_what_is_refused_is_not_made(commands: Commands, words: list[str], says: str) -> None:
    done = commands.create("n", *words)
    assert (done.exit_code, done.stdout) == (4, "")
    assert says in done.stderr
    assert len(commands.rows()) == 1


def test_who_and_what_is_not_there(commands: Commands) -> None:
    for done in (
        commands.create("n", "--scope", "full", owner="nobody"),
        commands.run("token", "list", "--for", "nobody"),
    ):
        assert (done.exit_code, done.stdout) == (4, "")
        assert "there is no user nobody" in done.stderr
    done = commands.run("token", "revoke", "none")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "there is no token none" in done.stderr


@pytest.mark.parametrize("words", [["--scope", "all"], [], ["--scope", "full", "--lifetime", "3"]])
def test_wrong_use(commands: Commands, words: list[str]) -> None:
    assert commands.create("n", *words).exit_code == 2


def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = CliRunner().invoke(main, ["token", "list", "--data", str(file)])
    assert done.exit_code == 3
    assert str(file) in done.stderr


def test_a_time_is_a_number_with_a_unit() -> None:
    assert [seconds_of(text) for text in ("45s", "90m", "12h", "3d", "8w")] == [
        45, 5400, 43_200, 259_200, 4_838_400,
    ]  # fmt: skip


def test_over_http_it_is_the_same(cli: Online) -> None:
    url = os.environ["MILEPOST_URL"]

    def online(*words: str, code: int = 0) -> Result:
        return cli("token", *words, "--url", url, code=code)

    made = online("create", "over-http", "--scope", "read", "--lifetime", "1h")
    assert is_whole(made.stdout.rstrip("\n"))
    assert "It is shown only once." in made.stderr
    (line,) = [one for one in online("list").stdout.splitlines() if "over-http" in one]
    assert line.split()[1:5] == ["over-http", "administrator", "read", "-"]
    assert online("revoke", line.split()[0]).stdout == f"Revoked {line.split()[0]}.\n"
    (line,) = [one for one in online("list").stdout.splitlines() if "over-http" in one]
    assert "revoked" in line
    assert "no token" in online("revoke", "0123", code=4).stderr
    assert "--data" in online("list", "--data", "x", code=2).stderr
    assert "--for" in cli("token", "create", "n", "--scope", "full", "--data", "x", code=2).stderr
