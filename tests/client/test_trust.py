"""Whom the clients trust over TLS, and what they say when they do not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from milepost import Client
from milepost.client.errors import Untrusted
from milepost.doors.certificates import LIFE
from tests.client.twins import NAMES, TWINS
from tests.pairs import pair_in
from tests.serving import ADMINISTRATOR, PASSWORD, Server, serving

pytestmark = pytest.mark.parametrize("twin", TWINS, ids=NAMES)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("tls") / "data", tls="self") as running:
        yield running


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


def test_without_it_the_system_says(
    twin: type[Client], secure: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with twin(secure.url, token="t") as client, pytest.raises(Untrusted) as caught:
        client.get("x")
    told = str(caught.value)
    assert told.startswith(f"{secure.url}: the server's certificate does not verify: self")
    assert all(name in told for name in ("--ca-file", "MILEPOST_CA_FILE", "ca_file"))
    # OpenSSL reads this where Python asks for the system's certificates.
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.ca_file))
    with twin(secure.url, user=ADMINISTRATOR, password=PASSWORD) as client:
        assert client.create("op").id


def test_another_certificate_is_not_trusted(
    twin: type[Client], secure: Server, tmp_path: Path
) -> None:
    other = pair_in(tmp_path).certificate
    with (
        twin(secure.url, token="t", ca_file=other) as client,
        pytest.raises(Untrusted, match="--ca-file"),
    ):
        client.get("x")


@pytest.mark.parametrize(
    ("host", "advice"), [("127.0.0.1", "an address in the URL"), ("localhost", "a name in")]
)
def test_a_name_that_the_certificate_does_not_have(
    twin: type[Client], tmp_path: Path, host: str, advice: str
) -> None:
    with (
        handshaking(tmp_path, "elsewhere.example") as url,
        twin(url.replace("localhost", host), token="t", ca_file=tmp_path / "cert.pem") as client,
        pytest.raises(Untrusted, match=f"mismatch.*Use {advice}"),
    ):
        client.get("x")


@pytest.mark.parametrize(
    ("age", "told"),
    [(LIFE + timedelta(days=1), "expired. Renew it"), (-timedelta(days=1), "not yet.*clocks")],
)
def test_a_certificate_that_is_out_of_date(
    twin: type[Client], tmp_path: Path, age: timedelta, told: str
) -> None:
    with (
        handshaking(tmp_path, "localhost", age=age) as url,
        twin(url, token="t", ca_file=tmp_path / "cert.pem") as client,
        pytest.raises(Untrusted, match=told),
    ):
        client.get("x")
