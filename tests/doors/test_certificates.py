"""Certificates: what is read of one, what is refused, and how one of our own is kept."""

from __future__ import annotations

import os
import socket
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from milepost.doors.certificates import (
    ALWAYS_NAMED,
    LIFE,
    MOST_NAMES,
    RENEW_BEFORE,
    BadCertificate,
    Pair,
    keep_own,
    make_own,
    own_names,
    own_pair,
    read_certificate,
)
from tests.pairs import key_bytes

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
HOST = frozenset({"localhost", "127.0.0.1", "::1", "box"})


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return own_pair(tmp_path / "data" / "tls")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_first_certificate_is_made(pair: Pair, umask: int) -> None:
    before = os.umask(umask)
    try:
        keep_own(pair, HOST, NOW)
    finally:
        os.umask(before)
    made = read_certificate(pair, NOW)
    assert made.names == HOST
    assert (NOW - made.begins, made.ends - NOW) == (timedelta(hours=1), LIFE)
    assert mode_of(pair.key) == 0o600
    assert mode_of(pair.key.parent) == 0o700
    assert mode_of(pair.certificate) == 0o644 & ~umask
    assert {path.name for path in pair.key.parent.iterdir()} == {"certificate.pem", "key.pem"}


def test_its_fingerprint_is_that_of_the_certificate(pair: Pair) -> None:
    keep_own(pair, HOST, NOW)
    found = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    shown = read_certificate(pair, NOW).fingerprint
    assert shown.split(":") == [f"{byte:02X}" for byte in found.fingerprint(hashes.SHA256())]


def test_it_vouches_for_no_other(pair: Pair) -> None:
    keep_own(pair, HOST, NOW)
    found = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign, usage.crl_sign) == (True, False, False)
    assert found.issuer == found.subject


@pytest.mark.parametrize("later", [timedelta(), DAY, LIFE - RENEW_BEFORE])
def test_it_stays_while_it_is_good(pair: Pair, later: timedelta) -> None:
    keep_own(pair, HOST, NOW)
    before = (pair.certificate.read_bytes(), pair.key.read_bytes())
    keep_own(pair, HOST - {"box"}, NOW + later)
    assert (pair.certificate.read_bytes(), pair.key.read_bytes()) == before


@pytest.mark.parametrize(
    "later", [LIFE - RENEW_BEFORE + timedelta(seconds=1), LIFE, LIFE + DAY, -DAY]
)
def test_it_is_renewed_when_its_time_is_over(pair: Pair, later: timedelta) -> None:
    keep_own(pair, HOST, NOW)
    before = pair.key.read_bytes()
    keep_own(pair, HOST, NOW + later)
    assert read_certificate(pair, NOW + later).ends == NOW + later + LIFE
    assert pair.key.read_bytes() != before


def test_a_new_name_makes_a_new_one_and_the_old_names_stay(pair: Pair) -> None:
    keep_own(pair, HOST, NOW)
    keep_own(pair, HOST - {"box"} | {"laptop"}, NOW)
    assert read_certificate(pair, NOW).names == HOST | {"laptop"}
    kept = pair.certificate.read_bytes()
    keep_own(pair, HOST, NOW)
    assert pair.certificate.read_bytes() == kept


def test_old_names_do_not_pile_up(pair: Pair) -> None:
    old = [f"name-{number}" for number in range(2 * MOST_NAMES)]
    make_own(pair, old, NOW)
    keep_own(pair, HOST, NOW)
    names = read_certificate(pair, NOW).names
    assert names >= HOST
    assert len(names) == len(HOST) + MOST_NAMES


def swap(pair: Pair) -> None:
    certificate = pair.certificate.read_bytes()
    pair.certificate.write_bytes(pair.key.read_bytes())
    pair.key.write_bytes(certificate)


HARM: dict[str, Callable[[Pair], object]] = {
    "no key": lambda pair: pair.key.unlink(),
    "no certificate": lambda pair: pair.certificate.unlink(),
    "an empty key": lambda pair: pair.key.write_bytes(b""),
    "a broken certificate": lambda pair: pair.certificate.write_bytes(b"rubbish"),
    "a passphrase": lambda pair: pair.key.write_bytes(key_bytes(b"secret")),
    "another key": lambda pair: pair.key.write_bytes(key_bytes()),
    "one for the other": swap,
}


@pytest.mark.parametrize("how", HARM)
def test_a_spoilt_pair_is_made_anew(pair: Pair, how: str) -> None:
    keep_own(pair, HOST, NOW)
    HARM[how](pair)
    keep_own(pair, HOST, NOW)
    assert read_certificate(pair, NOW).names == HOST
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    assert mode_of(pair.key) == 0o600


def test_a_key_that_others_can_read_is_closed(pair: Pair) -> None:
    keep_own(pair, HOST, NOW)
    pair.key.chmod(0o644)
    keep_own(pair, HOST, NOW)
    assert mode_of(pair.key) == 0o600


@pytest.mark.parametrize("place", ["a file", "a file/below"])
def test_a_place_where_it_cannot_be_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_text("")
    pair = own_pair(tmp_path / place / "tls")
    with pytest.raises(BadCertificate) as caught:
        keep_own(pair, HOST, NOW)
    assert 'tls = "self"' in str(caught.value)
    assert str(pair.certificate) in str(caught.value)


@pytest.mark.parametrize(
    ("bind", "named"),
    [
        ("127.0.0.1", set()),
        ("localhost", set()),
        ("0.0.0.0", set()),  # noqa: S104  nothing listens there
        ("::", set()),
        ("192.0.2.7", {"192.0.2.7"}),
        ("2001:DB8:0::1", {"2001:db8::1"}),
        ("fe80::1%eth0", {"fe80::1"}),
        ("Tasks.Example.COM.", {"tasks.example.com"}),
        ("grüße.example", set()),
        ("a b", set()),
        ("", set()),
    ],
)
def test_the_names_of_this_host(
    monkeypatch: pytest.MonkeyPatch, bind: str, named: set[str]
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Box")
    assert own_names(bind) == {*ALWAYS_NAMED, "box", *named}


@pytest.mark.parametrize("name", ["", "a b", "-", "x" * 300])
def test_a_host_without_a_usable_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert own_names("127.0.0.1") == set(ALWAYS_NAMED)


@pytest.mark.parametrize("name", ["a" * 63 + "." + "b" * 63, "a_b", "192.0.2.7"])
def test_any_usable_name_is_in_the_certificate(pair: Pair, name: str) -> None:
    keep_own(pair, frozenset({name}), NOW)
    assert read_certificate(pair, NOW).names == {name}


def test_a_certificate_without_names(pair: Pair) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1)
    made = builder.not_valid_before(NOW).not_valid_after(NOW + DAY).sign(key, hashes.SHA256())
    pair.certificate.parent.mkdir(parents=True)
    pair.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    assert read_certificate(pair, NOW).names == frozenset()


def test_the_edges_of_its_time(pair: Pair) -> None:
    make_own(pair, ["a"], NOW)
    made, second = read_certificate(pair, NOW), timedelta(seconds=1)
    assert read_certificate(pair, made.begins) == read_certificate(pair, made.ends) == made
    for instant, told in ((made.begins - second, "not valid before"), (made.ends + second, "exp")):
        with pytest.raises(BadCertificate, match=told):
            read_certificate(pair, instant)


def test_the_first_of_many_certificates_counts(pair: Pair, tmp_path: Path) -> None:
    make_own(pair, ["first"], NOW)
    other = own_pair(tmp_path / "other")
    make_own(other, ["second"], NOW)
    text = b"a note before\n" + pair.certificate.read_bytes() + other.certificate.read_bytes()
    pair.certificate.write_bytes(text)
    assert read_certificate(pair, NOW).names == {"first"}


def test_a_name_that_is_no_path(tmp_path: Path) -> None:
    pair = Pair(tmp_path / "a\0b", tmp_path / "key.pem")
    with pytest.raises(BadCertificate, match="tls_cert"):
        read_certificate(pair, NOW)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pair = Pair(tmp_path / "pipe", tmp_path / "key.pem")
    os.mkfifo(pair.certificate)
    with pytest.raises(BadCertificate, match="it is not a file"):
        read_certificate(pair, NOW)


def test_addresses_are_written_as_such(pair: Pair) -> None:
    make_own(pair, ["::1", "127.0.0.1"], NOW)
    found = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.IPAddress)) == {
        ip_address("::1"),
        ip_address("127.0.0.1"),
    }
