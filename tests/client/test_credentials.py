"""The stored login, in the keyring and in a file."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring import backends, errors
from keyring.backend import KeyringBackend

from milepost import Client
from milepost.client import credentials
from milepost.client.errors import Unusable
from tests.serving import ADMINISTRATOR, Server

URL = "http://127.0.0.1:8900"


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise errors.KeyringLocked("it is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home without a keyring."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    before = keyring.get_keyring()
    keyring.set_keyring(backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield tmp_path
    keyring.set_keyring(before)


@pytest.fixture
def ring() -> Ring:
    made = Ring()
    keyring.set_keyring(made)
    return made


def test_a_file_keeps_a_token_for_each_service(home: Path) -> None:
    assert credentials.load(URL) is None
    assert credentials.delete(URL) is False
    where = credentials.save(URL + "/", "one")
    credentials.save("https://other.example", "two")
    assert Path(where) == home / "milepost" / "logins.json"
    assert stat.S_IMODE(Path(where).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(where).parent.stat().st_mode) == 0o700
    assert (credentials.load(URL), credentials.load("HTTPS://Other.example/")) == ("one", "two")
    assert credentials.delete(URL) is True
    assert (credentials.load(URL), credentials.load("https://other.example")) == (None, "two")
    assert [file.name for file in Path(where).parent.iterdir()] == ["logins.json"]


def test_a_file_that_others_may_read_is_refused() -> None:
    file = Path(credentials.save(URL, "one"))
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        with pytest.raises(Unusable, match=r"may be read by others.*chmod 600"):
            credentials.load(URL)
        with pytest.raises(Unusable, match="others"):
            credentials.save(URL, "two")
        with pytest.raises(Unusable, match="others"):
            Client(URL)
    file.chmod(0o600)
    assert credentials.load(URL) == "one"


def test_a_file_of_someone_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.save(URL, "one")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Unusable, match="another user"):
        credentials.load(URL)


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', "\0"])
def test_a_damaged_file_is_told(content: str) -> None:
    Path(credentials.save(URL, "one")).write_text(content)
    with pytest.raises(Unusable, match="damaged"):
        credentials.load(URL)


def test_a_place_that_cannot_be_written(home: Path) -> None:
    (home / "milepost").touch()
    with pytest.raises(Unusable, match=r"logins\.json"):
        credentials.save(URL, "one")


def test_the_keyring_goes_before_the_file(ring: Ring) -> None:
    keyring.set_keyring(backends.fail.Keyring())  # type: ignore[no-untyped-call]
    file = Path(credentials.save(URL, "old"))
    keyring.set_keyring(ring)
    assert credentials.load(URL) == "old"
    assert credentials.save(URL, "new") == "the keyring"
    assert credentials.load(URL) == "new"
    assert "old" not in file.read_text()
    assert credentials.delete(URL) is True
    assert credentials.delete(URL) is False
    assert ring.kept == {}


def test_a_keyring_that_fails_is_told(ring: Ring) -> None:
    ring.locked = True
    with pytest.raises(Unusable, match="keyring: it is locked"):
        credentials.load(URL)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert credentials.save(URL, "one").endswith("logins.json")
    assert credentials.load(URL) == "one"


def test_a_client_uses_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILEPOST_URL", raising=False)
    with pytest.raises(Unusable, match="nothing says who asks"):
        Client(server.url)
    credentials.save(server.url, server.login())
    with Client(server.url) as client:
        assert client.session().user == ADMINISTRATOR
