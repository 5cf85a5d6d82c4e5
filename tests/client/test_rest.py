"""The small client: what it sends, raises, and does when its session has ended."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from milepost.client.rest import Away, BadCaFile, ClientError, Refused, RestClient, Untrusted
from milepost.doors.certificates import LIFE
from tests.pairs import pair_in
from tests.serving import (
    ADMINISTRATOR,
    PASSWORD,
    SESSION,
    SESSION_PATH,
    Server,
    failure,
    progress,
    serving,
    text,
)

SPEC = {"operation_id": "op", "cancelable": True}


@pytest.fixture
def client(server: Server) -> Iterator[RestClient]:
    with RestClient(server.url + "/", ADMINISTRATOR, PASSWORD) as client:
        yield client


def test_the_life_of_a_task(client: RestClient) -> None:
    task_id = client.create({**SPEC, "description": text("Backup")})
    assert client.get(task_id)["description"] == text("Backup")
    assert client.update(task_id, {"status": "RUNNING"}) is False
    client.cancel(task_id)
    assert client.update(task_id, {"percent_done": progress(1, 2)}) is True
    assert client.update(task_id, {"status": "FAILED", "error": failure()}) is False
    assert client.get(task_id)["status"] == "FAILED"


def test_an_extension_is_registered(client: RestClient) -> None:
    key = "com.client/with slash"
    assert client.extension("com.client") is None
    client.register("com.client", {"name": "A"})
    client.register("com.client", {"name": "A"})
    found = client.extension("com.client")
    assert found is not None
    assert (found["name"], found["version"]) == ("A", 1)
    assert client.extension(key) is None
    with pytest.raises(Refused) as caught:
        client.register(key, {})
    assert (caught.value.status, caught.value.error) == (400, "invalid_argument")
    assert "com.client/with slash" in caught.value.message


def test_an_extension_is_for_administrators(server: Server) -> None:
    with RestClient(server.url, "vera", PASSWORD) as viewer:
        with pytest.raises(Refused) as caught:
            viewer.extension("com.client")
        assert (caught.value.status, caught.value.error) == (403, "unauthorized")


def test_a_refusal_says_why(client: RestClient) -> None:
    with pytest.raises(Refused) as caught:
        client.get("nosuchtask")
    assert (caught.value.status, caught.value.error) == (404, "not_found")
    assert "nosuchtask" in caught.value.message
    assert "not_found (HTTP 404): " in str(caught.value)
    with pytest.raises(Refused) as caught:
        client.create({**SPEC, "status": "FAILED"})
    assert (caught.value.status, caught.value.error) == (400, "invalid_argument")


def test_a_wrong_password_is_refused(server: Server) -> None:
    with RestClient(server.url, "nobody", "x") as client, pytest.raises(Refused) as caught:
        client.create(SPEC)
    assert (caught.value.status, caught.value.error) == (401, "unauthenticated")


def test_it_logs_in_again_after_the_session_ended(server: Server, client: RestClient) -> None:
    task_id = client.create(SPEC)
    ended = client._token
    assert ended is not None
    server.call("DELETE", SESSION_PATH, None, {SESSION: ended})
    assert client.get(task_id)["status"] == "PENDING"
    assert client._token not in (None, ended)


def test_it_logs_in_once_and_out_at_the_end(server: Server) -> None:
    with RestClient(server.url, ADMINISTRATOR, PASSWORD) as client:
        client.create(SPEC)
        token = client._token
        client.create(SPEC)
        assert client._token == token
    assert token is not None
    gone = server.call("POST", f"{SESSION_PATH}?~action=get", None, {SESSION: token})
    assert gone.status == 401


def test_threads_may_share_it(client: RestClient) -> None:
    task_id = client.create({**SPEC, "status": "RUNNING"})
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: client.get(task_id)["status"], range(32)))
    assert set(found) == {"RUNNING"}


@pytest.mark.parametrize("password", ["grüße", " €:blank "])
def test_any_password_is_sent_as_utf_8(
    tmp_path_factory: pytest.TempPathFactory, password: str
) -> None:
    folder = tmp_path_factory.mktemp("password")
    (folder / "file").write_text(password, encoding="utf-8")
    with (
        serving(folder / "data", admin_password_file=str(folder / "file")) as server,
        RestClient(server.url, ADMINISTRATOR, password) as client,
    ):
        assert client.create(SPEC)


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A peer that answers every request with the same bytes and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with RestClient(url, "a", "b") as client, pytest.raises(Away, match="http://127"):
        client.get("x")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"nonsense\r\n\r\n"]
)
def test_a_peer_that_breaks_off_is_away(answer: bytes) -> None:
    with (
        answering(answer) as url,
        RestClient(url, "a", "b") as client,
        pytest.raises(Away),
    ):
        client.get("x")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"type":1,"value":{"messages":[]}}'])
def test_a_refusal_of_someone_else(body: bytes) -> None:
    answer = b"HTTP/1.1 502 Bad\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering(answer + body) as url, RestClient(url, "a", "b") as client:
        with pytest.raises(Refused) as caught:
            client.get("x")
        assert (caught.value.status, caught.value.error) == (502, "unknown")
        assert caught.value.message == body.decode()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b""])
def test_an_answer_of_someone_else_is_an_error_of_the_client(body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with (
        answering(answer + body) as url,
        RestClient(url, "a", "b") as client,
        pytest.raises(ClientError),
    ):
        client.get("x")


def test_closing_while_the_server_is_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("away") / "data") as server:
        client = RestClient(server.url, ADMINISTRATOR, PASSWORD)
        client.create(SPEC)
    client.close()
    with pytest.raises(Away):
        client.create(SPEC)
    client.close()


# Over TLS.


@contextlib.contextmanager
def handshaking(folder: Path, *names: str, age: timedelta = timedelta()) -> Iterator[str]:
    """A peer that does nothing but one handshake, with a certificate made some time ago."""
    pair = pair_in(folder, age=age, names=names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://localhost:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("tls") / "data", tls="self") as running:
        yield running


def test_a_file_says_whom_to_trust(secure: Server) -> None:
    for file in (secure.ca_file, str(secure.ca_file)):
        with RestClient(secure.url, ADMINISTRATOR, PASSWORD, ca_file=file) as client:
            assert client.get(client.create(SPEC))["status"] == "PENDING"


def test_without_it_the_system_says(secure: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with RestClient(secure.url, "a", "b") as client, pytest.raises(Untrusted) as caught:
        client.get("x")
    told = str(caught.value)
    assert told.startswith(f"{secure.url}: the server's certificate does not verify: self")
    assert all(name in told for name in ("--ca-file", "MILEPOST_CA_FILE", "ca_file"))
    # OpenSSL reads this where Python asks for the system's certificates.
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.ca_file))
    with RestClient(secure.url, ADMINISTRATOR, PASSWORD) as client:
        assert client.create(SPEC)


def test_another_certificate_is_not_trusted(secure: Server, tmp_path: Path) -> None:
    other = pair_in(tmp_path).certificate
    with (
        RestClient(secure.url, "a", "b", ca_file=other) as client,
        pytest.raises(Untrusted, match="--ca-file"),
    ):
        client.get("x")


@pytest.mark.parametrize(
    ("host", "advice"), [("127.0.0.1", "an address in the URL"), ("localhost", "a name in")]
)
def test_a_name_that_the_certificate_does_not_have(tmp_path: Path, host: str, advice: str) -> None:
    with (
        handshaking(tmp_path, "elsewhere.example") as url,
        RestClient(
            url.replace("localhost", host), "a", "b", ca_file=tmp_path / "cert.pem"
        ) as client,
        pytest.raises(Untrusted, match=f"mismatch.*Use {advice}"),
    ):
        client.get("x")


@pytest.mark.parametrize(
    ("age", "told"),
    [(LIFE + timedelta(days=1), "expired. Renew it"), (-timedelta(days=1), "not yet.*clocks")],
)
def test_a_certificate_that_is_out_of_date(tmp_path: Path, age: timedelta, told: str) -> None:
    with (
        handshaking(tmp_path, "localhost", age=age) as url,
        RestClient(url, "a", "b", ca_file=tmp_path / "cert.pem") as client,
        pytest.raises(Untrusted, match=told),
    ):
        client.get("x")


def test_plain_http_to_tls_and_back(server: Server, secure: Server) -> None:
    """Neither is a question of trust."""
    for url in (server.url.replace("http:", "https:"), secure.url.replace("https:", "http:")):
        with RestClient(url, "a", "b") as client, pytest.raises(Away, match=url):
            client.get("x")


@pytest.mark.parametrize(
    ("content", "told"), [(None, "No such file"), ("", "no PEM"), ("rubbish", "no PEM")]
)
def test_a_file_that_says_nothing(tmp_path: Path, content: str | None, told: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadCaFile, match=f"{file}.*{told}"):
        RestClient("https://localhost", "a", "b", ca_file=file)
    # Where there is no TLS, nobody needs to be trusted.
    RestClient("http://localhost", "a", "b", ca_file=file).close()
