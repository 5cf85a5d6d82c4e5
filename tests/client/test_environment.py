"""Who asks, and where: arguments, environment, stored login."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from milepost.client import environment
from milepost.client.environment import DEFAULT_URL, resolve, service_url
from milepost.client.errors import Unusable
from milepost.client.exchange import proxy_for
from milepost.settings import OTHER_VARIABLES


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "secret"
    file.write_text("s3cret \n", encoding="utf-8")
    return str(file)


def test_arguments_go_before_the_environment(secret: str) -> None:
    env = {"MILEPOST_URL": "http://b", "MILEPOST_TOKEN_FILE": secret, "MILEPOST_CA_FILE": "ca"}
    login = resolve("https://a/", token="t", ca_file="mine", environ=env)
    assert (login.url, login.token, login.ca_file) == ("https://a", "t", Path("mine"))
    login = resolve(user="u", password="p", environ=env)
    assert (login.url, login.user, login.password, login.token) == ("http://b", "u", "p", None)
    assert login.ca_file == Path("ca")


def test_the_environment_goes_before_the_store(secret: str) -> None:
    stored = {"http://a": "kept"}.get
    env = {"MILEPOST_URL": "http://a", "MILEPOST_TOKEN_FILE": secret}
    assert resolve(environ=env, stored=stored).token == "s3cret "
    env = {"MILEPOST_URL": "http://a", "MILEPOST_USER": "u", "MILEPOST_PASSWORD_FILE": secret}
    login = resolve(environ=env, stored=stored)
    assert (login.user, login.password) == ("u", "s3cret ")
    assert resolve(user="v", environ=env, stored=stored).user == "v"
    assert resolve(environ={"MILEPOST_URL": "http://a"}, stored=stored).token == "kept"


def test_nothing_says_who_asks() -> None:
    empty: dict[str, str] = {}
    for stored in (None, empty.get):
        with pytest.raises(Unusable, match=f"{DEFAULT_URL}: give user.*milepost session login"):
            resolve(environ={}, stored=stored)
    with pytest.raises(Unusable, match="no password for u"):
        resolve(user="u", environ={}, stored={DEFAULT_URL: "kept"}.get)


@pytest.mark.parametrize("more", [{"token": "t", "user": "u"}, {"password": "p"}])
def test_arguments_that_do_not_go_together(more: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        resolve(environ={}, **more)


@pytest.mark.parametrize(
    ("content", "told"), [(None, "No such file"), (b"\n", "empty"), (b"\xff", "UTF-8")]
)
def test_a_file_without_a_secret(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unusable, match=f"MILEPOST_TOKEN_FILE: .*{told}"):
        resolve(environ={"MILEPOST_TOKEN_FILE": str(file)})


@pytest.mark.parametrize(
    "text", ["", "a", "ftp://a", "http://", "http://u:p@a", "http://a?b", "http://a:x", "http://[a"]
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(Unusable):
        service_url(text)


def test_urls_have_one_spelling() -> None:
    assert service_url(" HTTPS://Host.Example:8900/ ") == "https://host.example:8900"
    assert service_url("http://[::1]:1/base/") == "http://[::1]:1/base"


def test_a_server_takes_no_variable_of_the_library_for_a_setting() -> None:
    named = re.findall(r"^``MILEPOST_(\w+)``", environment.__doc__ or "", re.MULTILINE)
    assert len(named) == 6
    assert set(named) <= OTHER_VARIABLES


def test_a_login_is_shown_without_its_secrets() -> None:
    shown = repr(resolve("http://a", user="u", password="hidden", environ={}))
    assert "hidden" not in shown
    assert "http://a" in shown


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert proxy_for("http://a.example") is None
    monkeypatch.setenv("https_proxy", "http://proxy:1")
    monkeypatch.setenv("no_proxy", "b.example")
    assert proxy_for("https://a.example") == "http://proxy:1"
    assert proxy_for("http://a.example") is None
    for inside in (
        "https://b.example",
        "https://localhost:1",
        "https://127.0.0.1",
        "https://[::1]",
    ):
        assert proxy_for(inside) is None
    monkeypatch.setenv("ALL_PROXY", "http://other:1")
    assert proxy_for("http://a.example") == "http://other:1"
