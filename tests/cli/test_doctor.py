"""``milepost doctor``: a verdict for each step, with what is wrong."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from milepost.cli.doctor import network, service
from milepost.cli.doctor.command import STEPS
from milepost.cli.doctor.findings import Finding
from milepost.client import credentials
from tests.cli.conftest import Run, run
from tests.client.peers import peer
from tests.serving import SESSION, Server

ALL = dict.fromkeys(STEPS, "ok")


def examined(*words: str, code: int, **variables: str) -> dict[str, dict[str, Any]]:
    """What each step came to, by its name."""
    done = run("doctor", *words, "-o", "json", code=code, **variables)
    return {one["step"]: one for one in json.loads(done.stdout)}


def verdicts(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {step: one["verdict"] for step, one in found.items()}


def failed(found: dict[str, dict[str, Any]], step: str) -> str:
    """What a step has found that has failed, all behind it not tried."""
    said = verdicts(found)
    assert [name for name, verdict in said.items() if verdict == "fail"] == [step]
    assert set(said) == set(STEPS)
    return f"{found[step]['found']} {found[step].get('advice', '')}"


@pytest.fixture
def token(home: Path) -> tuple[str, str]:
    (home / "token").write_text("x" * 43, encoding="utf-8")
    return "--token-file", str(home / "token")


def test_all_is_well(cli: Run, server: Server) -> None:
    assert verdicts(examined(code=0)) == ALL
    lines = cli("doctor", COLUMNS="60").stdout.splitlines()
    assert lines[0] == f"ok   Address     {server.url} from MILEPOST_URL"
    assert all(len(line) <= 60 for line in lines)


def test_rights_are_those_of_the_user(server: Server, home: Path) -> None:
    words = ("--url", server.url, "--user", "vera", "--password-file", str(home / "password"))
    assert examined(*words, code=0)["Rights"]["found"].startswith("tasks may be read; users only")


@pytest.mark.usefixtures("home")
def test_an_address_that_is_none() -> None:
    assert "--url" in failed(examined("--url", "127.0.0.1:8900", code=5), "Address")
    table = run("doctor", "--url", "ftp://x", code=5).stdout
    assert table.count("\n") == 3
    assert "skip Not tried   Proxy, Name, Connection" in table


@pytest.mark.usefixtures("home")
def test_a_name_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = failed(examined("--url", "http://tasks.invalid", code=5), "Name")
    assert found.startswith("tasks.invalid: Name or service not known")


@pytest.mark.usefixtures("home")
def test_a_port_that_nobody_listens_on() -> None:
    assert "refuses port 1" in failed(examined("--url", "http://127.0.0.1:1", code=5), "Connection")


@pytest.mark.usefixtures("home")
def test_a_peer_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:

    def silent(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silent)
    found = failed(examined("--url", "http://127.0.0.1:1", code=5), "Connection")
    assert "firewall" in found


def test_tls(tls_server: Server, home: Path) -> None:
    assert tls_server.ca_file is not None
    words = ("--url", tls_server.url)
    assert "--ca-file" in failed(examined(*words, code=5), "TLS")
    trusting = (*words, "--ca-file", str(tls_server.ca_file))
    user = ("--user", "administrator", "--password-file", str(home / "password"))
    found = examined(*trusting, *user, code=0)
    assert verdicts(found)["TLS"] == "ok"
    assert "TLSv1.3, the certificate is believed, until 20" in found["TLS"]["found"]
    (home / "bad.pem").write_text("rubbish")
    bad = examined(*words, "--ca-file", str(home / "bad.pem"), code=5)
    assert "no PEM certificate" in failed(bad, "TLS")


@pytest.mark.usefixtures("home")
def test_a_port_without_tls(server: Server) -> None:
    url = server.url.replace("http:", "https:")
    assert "the URL is http" in failed(examined("--url", url, code=5), "TLS")


def test_a_certificate_that_ends_soon() -> None:
    end = (datetime.now(UTC) + timedelta(days=3, hours=1)).strftime("%b %d %H:%M:%S %Y GMT")
    found = network.until({"notAfter": end}, "TLSv1.3")
    assert (found.verdict, found.advice) == ("warn", "Renew it on the server.")
    assert found.found.endswith(": 3 days")


def test_plain_http_to_another_machine_is_told() -> None:
    found = network.tls(network.Place("http://192.0.2.1:8900", None))
    assert (found.verdict, found.found) == ("warn", "none")


@pytest.mark.parametrize(
    "body", [b"hello", b"[]", b'{"status": 1}', b'{"info": {}}', b'{"status":"ready","info":3}']
)
def test_something_that_is_not_milepost(token: tuple[str, str], body: bytes) -> None:
    text = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    with peer(lambda one, _: one.sendall(text)) as other:
        found = failed(examined("--url", other.url, *token, code=5), "Service")
    assert "it is not Milepost" in found


def test_something_that_breaks_off(token: tuple[str, str]) -> None:
    with peer(lambda _one, _request: None) as other:
        assert failed(examined("--url", other.url, *token, code=5), "Service")


def test_no_login_and_one_that_does_not_count(
    server: Server, home: Path, token: tuple[str, str]
) -> None:
    assert "nobody is logged in" in failed(examined("--url", server.url, code=5), "Login")
    assert "milepost session login" in failed(
        examined("--url", server.url, *token, code=5), "Login"
    )
    missing = ("--token-file", str(home / "none"))
    assert "No such file" in failed(examined("--url", server.url, *missing, code=5), "Login")
    wrong = ("--user", "nobody", "--password-file", str(home / "token"))
    assert "password" in failed(examined("--url", server.url, *wrong, code=5), "Login")


@pytest.mark.usefixtures("home")
def test_a_stored_login(server: Server) -> None:
    credentials.save(server.url, server.login("oscar"))
    found = examined("--url", server.url, code=0)
    assert found["Login"]["found"] == "oscar, with a token"


@pytest.mark.usefixtures("home")
def test_a_proxy_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:1")
    found = examined("--url", "http://tasks.invalid", code=5)
    assert found["Proxy"]["found"] == "127.0.0.1:1 leads to the server"
    assert "refuses port 1" in failed(found, "Connection")
    assert "secret" not in json.dumps(found)
    direct = examined("--url", "http://127.0.0.1:1", code=5)
    assert direct["Proxy"]["found"] == "none for this address (http_proxy set)"


@pytest.mark.parametrize(
    ("apart", "verdict"), [(0, "ok"), (-60, "warn"), (60, "warn"), (3600, "fail"), (-3600, "fail")]
)
def test_clocks(apart: int, verdict: str) -> None:
    server_time = datetime.now(UTC) + timedelta(seconds=apart)
    found = service.clock({"date": server_time.strftime("%a, %d %b %Y %H:%M:%S GMT")})
    assert found.verdict == verdict
    if apart:
        assert ("ahead of" in found.found) == (apart < 0)


@pytest.mark.parametrize("headers", [{}, {"date": "soon"}])
def test_a_clock_that_is_not_told(headers: dict[str, str]) -> None:
    assert service.clock(headers).verdict == "warn"


def test_another_version() -> None:
    found = service.version("9.9\x1b[2J")
    assert found.verdict == "warn"
    assert "\x1b" not in found.found


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in network.PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_no_session_is_left_behind(
    server: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    events = service.events

    def remembered(place: network.Place, token: str) -> Finding:
        seen.append(token)
        return events(place, token)

    monkeypatch.setattr(service, "events", remembered)
    password = str(home / "password")
    examined("--url", server.url, code=0, MILEPOST_USER="vera", MILEPOST_PASSWORD_FILE=password)
    ask = "/rest/com/vmware/cis/session?~action=get"
    assert server.call("POST", ask, None, {SESSION: seen[0]}).status == 401
