"""The commands of a person, in this process, on the shared server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from click.testing import CliRunner, Result
from keyring import backends

from milepost.cli.main import main
from tests.serving import PASSWORD, Server, environment

Run = Callable[..., Result]
NUMBERS = itertools.count()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home without a keyring, and files with the password and a token of the administrator."""
    for name, value in surroundings(tmp_path).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    (tmp_path / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    before = keyring.get_keyring()
    keyring.set_keyring(backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield tmp_path
    keyring.set_keyring(before)


def surroundings(home: Path) -> dict[str, str | None]:
    """What is set for a command, and what is not."""
    unset = dict.fromkeys(
        (
            *("MILEPOST_USER", "MILEPOST_PASSWORD_FILE", "MILEPOST_TOKEN_FILE", "MILEPOST_URL"),
            *("MILEPOST_CA_FILE", "COLUMNS", "NO_COLOR", "LC_MESSAGES"),
        )
    )
    return {**unset, "XDG_CONFIG_HOME": str(home), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


@pytest.fixture
def logged_in(server: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose environment names the shared server and a session of the administrator."""
    with server.caller() as caller:
        (home / "token").write_text(caller.token, encoding="utf-8")
    monkeypatch.setenv("MILEPOST_URL", server.url)
    monkeypatch.setenv("MILEPOST_TOKEN_FILE", str(home / "token"))
    return home


@pytest.fixture
def cli(logged_in: Path) -> Run:  # noqa: ARG001  the environment
    """Run a command as the administrator of the shared server."""
    return run


def run(*words: str, typed: str | None = None, code: int = 0, **variables: str) -> Result:
    """Run a command; it must end with ``code``, and never with a traceback."""
    done = CliRunner().invoke(main, words, input=typed, env=variables)
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done


@pytest.fixture
def operation() -> str:
    """An operation that no other test has."""
    return f"com.acme.cli.{next(NUMBERS)}"


@pytest.fixture
def elsewhere(logged_in: Path, server: Server) -> dict[str, str]:
    """The environment of a process that is logged in as in ``logged_in``."""
    set_here = {name: text for name, text in surroundings(logged_in).items() if text is not None}
    found = environment(url=server.url, token_file=str(logged_in / "token"))
    for name in ("COLUMNS", "NO_COLOR", "LC_MESSAGES"):
        found.pop(name, None)
    return {**found, **set_here, "TERM": "xterm-256color"}
