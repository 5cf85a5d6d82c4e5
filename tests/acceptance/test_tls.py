"""The server over TLS, as a process: whom it lets in, what it refuses, and new certificates."""

from __future__ import annotations

import hashlib
import signal
import socket
import ssl
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from milepost.doors.certificates import (
    LIFE,
    RENEW_BEFORE,
    Pair,
    keep_own,
    own_names,
    own_pair,
)
from tests.conformance.official import Official
from tests.hostile.raw import PATIENCE
from tests.pairs import BAD, now, pair_in, settings_of, spoil
from tests.secure import connected, records, rest_of, trust
from tests.serving import (
    ADMINISTRATOR,
    DEADLINE,
    PASSWORD,
    SESSION_PATH,
    Server,
    basic,
    eventually,
    launch,
    progress,
    refused_start,
    serving,
)

CANNOT_START = 3
WRONG_USE = 2


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with a certificate of its own making, shared by the tests of this file."""
    with serving(tmp_path_factory.mktemp("tls") / "data", tls="self") as running:
        yield running


def certificate_of(server: Server) -> str:
    """The fingerprint of the certificate that a new connection gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with connected(server, context) as peer:
        return hashlib.sha256(peer.getpeercert(binary_form=True) or b"").hexdigest()


def fingerprint(path: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(path.read_text())).hexdigest()


# Who is let in.


def test_it_is_told_what_to_trust(secure: Server) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    assert secure.ca_file is not None
    assert f"Certificate: {secure.ca_file}" in secure.said
    shown = bytes.fromhex(fingerprint(secure.ca_file)).hex(":").upper()
    assert f"SHA-256 fingerprint: {shown}" in secure.said
    assert certificate_of(secure) == fingerprint(secure.ca_file)


def test_the_key_is_for_its_owner_only(secure: Server) -> None:
    key = secure.data / "tls" / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", socket.gethostname()])
def test_its_names_verify(secure: Server, name: str) -> None:
    with connected(secure, trust(secure), name) as peer:
        assert peer.selected_alpn_protocol() is None


@pytest.mark.parametrize("name", ["elsewhere.example", "127.0.0.2"])
def test_another_name_does_not_verify(secure: Server, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        connected(secure, trust(secure), name)


def test_strict_clients_verify_it(secure: Server) -> None:
    """Python 3.13 and later look this closely by default."""
    context = trust(secure)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    connected(secure, context).close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_these_versions_are_spoken(secure: Server, version: ssl.TLSVersion) -> None:
    context = trust(secure)
    context.minimum_version = context.maximum_version = version
    with connected(secure, context) as peer:
        peer.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 200 ")
        assert peer.version() == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_older_versions_are_refused(secure: Server, version: str) -> None:
    context = trust(secure)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    # The server closes; a fault of the client's own would be an SSLError of another kind.
    with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
        connected(secure, context)


def test_a_client_that_could_do_more_gets_http_1_1(secure: Server) -> None:
    context = trust(secure)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with connected(secure, context) as peer:
        assert peer.selected_alpn_protocol() == "http/1.1"


def test_the_life_of_a_task(secure: Server) -> None:
    with secure.caller() as caller:
        task = caller.create(status="RUNNING")
        assert caller.patch(task, {"percent_done": progress(1, 2)}).status == 200
        assert caller.get(task).value["progress"]["completed"] == 1


def test_large_bodies_pass(secure: Server) -> None:
    with secure.caller() as caller:
        result = ["x" * 1000] * 200
        task = caller.create(status="RUNNING", result=result)
        assert caller.get(task).value["result"] == result


def test_the_official_client_over_tls(secure: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where these are set, the library under the official client heeds nothing else.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    official = Official(secure.url, verify=str(secure.ca_file))
    try:
        official.log_in(ADMINISTRATOR, PASSWORD)
        task = official.extension.create("com.acme.backup.run")
        official.extension.update(task, status="RUNNING")
        assert official.get(task).status == "RUNNING"
    finally:
        official.close()


def test_the_cookie_is_for_tls_only(secure: Server, server: Server) -> None:
    login = basic(ADMINISTRATOR, PASSWORD)
    for each, is_secure in ((secure, True), (server, False)):
        cookie = each.call("POST", SESSION_PATH, None, login).headers["set-cookie"]
        assert ("Secure" in cookie.split("; ")) == is_secure


@pytest.mark.parametrize(("scheme", "status"), [("https", 200), ("http", 403)])
def test_a_page_without_tls_is_another_origin(secure: Server, scheme: str, status: int) -> None:
    with secure.caller() as caller:
        task = caller.create(status="RUNNING")
        headers = {
            "Cookie": f"vmware-api-session-id={caller.token}",
            "Origin": f"{scheme}://{secure.host}:{secure.port}",
        }
        cancel = f"/rest/cis/tasks/{task}?action=cancel"
        assert secure.call("POST", cancel, None, headers).status == status


def test_beyond_this_machine_it_needs_no_permission(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--bind", "0.0.0.0:0", tls="self") as server:
        server.host = "127.0.0.1"
        assert server.call("GET", "/livez").status == 200


# Who is not.


RUBBISH = {
    "plain HTTP": b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "zeros": bytes(2000),
    "a broken hello": b"\x16\x03\x01\x00\x05hello",
    "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
}


@pytest.mark.parametrize("kind", RUBBISH)
def test_what_is_no_tls_is_closed_and_not_answered(secure: Server, kind: str) -> None:
    before = records(secure, "error") + records(secure, "warning")
    with socket.create_connection((secure.host, secure.port), timeout=PATIENCE) as peer:
        peer.sendall(RUBBISH[kind])
        assert b"HTTP" not in rest_of(peer)
    assert secure.call("GET", "/livez").status == 200
    assert records(secure, "error") + records(secure, "warning") == before


def test_a_client_that_does_not_trust_leaves_no_trace(secure: Server) -> None:
    before = secure.log_text()
    for _ in range(5):
        with pytest.raises(ssl.SSLCertVerificationError):
            connected(secure, ssl.create_default_context())
    assert secure.call("GET", "/livez").status == 200
    assert secure.log_text() == before


def test_a_stop_does_not_wait_for_idle_connections(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tls="self", shutdown_grace=str(int(DEADLINE))) as server:
        idle = [connected(server, trust(server)) for _ in range(3)]
        for peer in idle:
            peer.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert peer.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert server.stop() == 0
        assert records(server, "error") == []
        for peer in idle:
            peer.close()


# New certificates.


def until_served(server: Server, wanted: str) -> None:
    for _ in eventually("the new certificate is served"):
        if certificate_of(server) == wanted:
            return


@pytest.mark.parametrize("by", ["SIGHUP", "a look"])
def test_a_new_certificate_is_served_and_open_connections_go_on(tmp_path: Path, by: str) -> None:
    pair = pair_in(tmp_path / "pair")
    with serving(tmp_path / "data", **settings_of(pair)) as server, server.caller() as caller:
        task = caller.create(status="RUNNING")
        old = certificate_of(server)
        assert old == fingerprint(pair.certificate)
        pair_in(tmp_path / "pair")
        new = fingerprint(pair.certificate)
        assert new != old
        if by == "SIGHUP":
            server.process.send_signal(signal.SIGHUP)
        until_served(server, new)
        # The connection of the caller is the one from before.
        assert caller.patch(task, {"percent_done": progress(1, 2)}).status == 200
        assert server.call("GET", "/livez").status == 200
        (record,) = [found for found in records(server, "info") if "certificate" in found["event"]]
        assert record["sha256"].replace(":", "").lower() == new


def test_a_session_from_before_does_not_bring_back_the_old_one(tmp_path: Path) -> None:
    """A client may skip the certificate by a ticket; those of the old certificate are over."""
    pair = pair_in(tmp_path / "pair")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # The ticket of TLS 1.2 comes with the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(tmp_path / "data", **settings_of(pair)) as server:

        def resumes(session: ssl.SSLSession) -> bool | None:
            plain = socket.create_connection((server.host, server.port), timeout=PATIENCE)
            with context.wrap_socket(plain, session=session) as peer:
                return peer.session_reused

        with connected(server, context) as peer:
            session = peer.session
        assert session is not None
        assert resumes(session)
        pair_in(tmp_path / "pair")
        server.process.send_signal(signal.SIGHUP)
        until_served(server, fingerprint(pair.certificate))
        assert not resumes(session)


def test_sighup_is_answered_even_when_nothing_is_new(secure: Server) -> None:
    before = certificate_of(secure)
    secure.process.send_signal(signal.SIGHUP)
    for _ in eventually("it is told"):
        if any(found["event"] == "certificate loaded" for found in records(secure, "info")):
            break
    assert certificate_of(secure) == before
    assert secure.call("GET", "/livez").status == 200


def test_a_link_that_leads_elsewhere_is_followed(tmp_path: Path) -> None:
    """As certificates are put in place by those who replace a whole directory at once."""
    pairs = [pair_in(tmp_path / name) for name in ("one", "two")]
    link = tmp_path / "live"
    link.symlink_to(tmp_path / "one")
    live = Pair(link / "cert.pem", link / "key.pem")
    with serving(tmp_path / "data", **settings_of(live)) as server:
        (tmp_path / "next").symlink_to(tmp_path / "two")
        (tmp_path / "next").replace(link)
        until_served(server, fingerprint(pairs[1].certificate))


@pytest.mark.parametrize("how", ["another key", "a garbage certificate", "expired", "no key"])
def test_a_bad_new_pair_keeps_the_one_before(tmp_path: Path, how: str) -> None:
    pair = pair_in(tmp_path / "pair")
    with serving(tmp_path / "data", **settings_of(pair)) as server:
        old = certificate_of(server)
        told = spoil(pair, how)
        server.process.send_signal(signal.SIGHUP)
        for _ in eventually("it is told"):
            if records(server, "error"):
                break
        (record,) = records(server, "error")
        assert told in record["reason"]
        assert certificate_of(server) == old
        pair_in(tmp_path / "pair")
        server.process.send_signal(signal.SIGHUP)
        until_served(server, fingerprint(pair.certificate))


def test_its_near_end_is_told(tmp_path: Path) -> None:
    pair = pair_in(tmp_path / "pair", age=LIFE - timedelta(days=13))
    with serving(tmp_path / "data", **settings_of(pair)) as server:
        for _ in eventually("it is told"):
            if records(server, "warning"):
                break
        (record,) = records(server, "warning")
        assert (record["event"], record["file"]) == (
            "certificate expires soon",
            str(pair.certificate),
        )


# A certificate of its own making.


def test_it_is_kept_from_start_to_start(tmp_path: Path) -> None:
    kept = set()
    for _ in range(2):
        with serving(tmp_path / "data", tls="self") as server:
            kept.add(certificate_of(server))
    assert len(kept) == 1


def test_a_new_address_makes_a_new_one(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tls="self") as server:
        first = certificate_of(server)
    with serving(tmp_path / "data", "--bind", "127.0.0.2:0", tls="self") as server:
        assert certificate_of(server) != first
        assert server.host == "127.0.0.2"
        assert server.call("GET", "/livez").status == 200


def test_one_that_is_near_its_end_is_made_anew_at_the_start(tmp_path: Path) -> None:
    pair = own_pair(tmp_path / "data" / "tls")
    keep_own(pair, own_names("127.0.0.1"), now() - LIFE + RENEW_BEFORE - timedelta(days=1))
    old = fingerprint(pair.certificate)
    with serving(tmp_path / "data", tls="self") as server:
        assert certificate_of(server) == fingerprint(pair.certificate) != old


# What a start refuses.


@pytest.mark.parametrize("how", BAD)
def test_a_bad_pair_is_told_in_one_line(tmp_path: Path, how: str) -> None:
    pair = pair_in(tmp_path / "pair")
    told = spoil(pair, how)
    settings = settings_of(pair)
    code, text = refused_start("--data", tmp_path / "data", "--bind", "127.0.0.1:0", **settings)
    assert code == CANNOT_START
    assert text.count("\n") == 1, text
    assert told in text
    assert text.startswith("Error: tls_")


def test_a_place_for_its_own_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tls").write_text("")
    code, text = refused_start("--data", tmp_path / "data", "--bind", "127.0.0.1:0", tls="self")
    assert code == CANNOT_START
    assert text.count("\n") == 1, text
    assert 'tls = "self"' in text
    assert str(tmp_path / "data" / "tls") in text


def test_flags_say_the_same_as_settings(tmp_path: Path) -> None:
    pair = pair_in(tmp_path / "pair")
    flags = ("--tls-cert", str(pair.certificate), "--tls-key", str(pair.key))
    server = launch(tmp_path / "data", *flags)
    try:
        assert certificate_of(server) == fingerprint(pair.certificate)
    finally:
        assert server.stop() == 0
    code, text = refused_start(*flags, "--tls", "self")
    assert (code, "tls_cert" in text) == (WRONG_USE, True)
