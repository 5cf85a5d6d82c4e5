"""A certificate and its key: where they are, what the certificate says, and making one's own.

A fault is told with the setting and the file it is in. The current time comes in as an argument.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import stat
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificatePublicKeyTypes,
    PublicKeyTypes,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MOST_BYTES = 1024 * 1024
LIFE = timedelta(days=825)
"""How long a certificate of our own is valid; more than that some clients refuse."""
RENEW_BEFORE = timedelta(days=30)
# The clock of a client may be behind ours.
LEEWAY = timedelta(hours=1)
ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")
MOST_NAMES = 50
PRIVATE = 0o600
COMMON_NAME_LENGTH = 64
HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")


class BadCertificate(Exception):
    """A certificate or key that cannot be used; the text names the setting and the file."""


class Pair(NamedTuple):
    """The files of a certificate and its key, and what they are called when they are at fault."""

    certificate: Path
    key: Path
    certificate_is: str = "tls_cert"
    key_is: str = "tls_key"


class Certificate(NamedTuple):
    """What a certificate says. ``names`` are hosts and addresses; times are in UTC.

    ``fingerprint`` is its SHA-256, ``public`` its public key as SubjectPublicKeyInfo.
    """

    fingerprint: str
    public: bytes
    begins: datetime
    ends: datetime
    names: frozenset[str]


def read_certificate(pair: Pair, now: datetime) -> Certificate:
    """The first certificate in the file; what follows must be certificates too.

    Raises ``BadCertificate``, also when it is out of date.
    """
    label = f"{pair.certificate_is} {pair.certificate}"
    try:
        found, *_ = x509.load_pem_x509_certificates(file_bytes(pair.certificate, label))
        read = Certificate(
            found.fingerprint(hashes.SHA256()).hex(":").upper(),
            public_bytes(found.public_key()),
            found.not_valid_before_utc,
            found.not_valid_after_utc,
            names_in(found),
        )
    except (UnsupportedAlgorithm, ValueError):
        raise BadCertificate(f"{label}: there is no readable PEM certificate in it") from None
    if now > read.ends:
        raise BadCertificate(f"{label}: the certificate has expired, at {shown(read.ends)}")
    if now < read.begins:
        raise BadCertificate(f"{label}: the certificate is not valid before {shown(read.begins)}")
    return read


def file_bytes(path: Path, label: str) -> bytes:
    """A file of reasonable size. Raises ``BadCertificate``."""
    try:
        status = path.stat()
        # A pipe would keep us waiting, and could not be read a second time.
        if not stat.S_ISREG(status.st_mode):
            raise BadCertificate(f"{label}: it is not a file")
        if status.st_size > MOST_BYTES:
            raise BadCertificate(f"{label}: it has {status.st_size} bytes, more than {MOST_BYTES}")
        return path.read_bytes()
    except (OSError, ValueError) as fault:
        text = fault.strerror if isinstance(fault, OSError) else str(fault)
        raise BadCertificate(f"{label}: {text}") from None


def public_bytes(key: CertificatePublicKeyTypes | PublicKeyTypes) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def names_in(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    hosts = found.get_values_for_type(x509.DNSName)
    return frozenset([*hosts, *map(str, found.get_values_for_type(x509.IPAddress))])


def shown(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


# A certificate of our own.


def own_pair(directory: Path) -> Pair:
    """Where our own certificate is kept, in a directory of its own."""
    return Pair(
        directory / "certificate.pem",
        directory / "key.pem",
        'tls = "self": the certificate',
        'tls = "self": the key',
    )


def own_names(bind_host: str) -> frozenset[str]:
    """The names of this host, and the one it listens on unless that means every address."""
    given = [socket.gethostname(), bind_host.partition("%")[0]]
    return frozenset([*ALWAYS_NAMED, *filter(None, map(as_name, given))])


def as_name(text: str) -> str | None:
    """A host or an address as a certificate names it, or ``None`` when it cannot."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(text)
        return None if address.is_unspecified else str(address)
    host = text.lower().rstrip(".")
    return host if HOST_NAME.fullmatch(host) else None


def keep_own(pair: Pair, names: frozenset[str], now: datetime) -> None:
    """Make our own certificate where there is none that is good for a while and has all names.

    Names it had before stay, so that a machine between two networks does not make one each time.
    Raises ``BadCertificate`` when it cannot be written.
    """
    kept = kept_own(pair, now)
    if kept is None or not names <= kept.names or kept.ends - now < RENEW_BEFORE:
        before = frozenset() if kept is None else kept.names - names
        make_own(pair, [*sorted(names), *sorted(before)[:MOST_NAMES]], now)


def kept_own(pair: Pair, now: datetime) -> Certificate | None:
    """Our own certificate, when it is there and its key is the right one."""
    try:
        kept = read_certificate(pair, now)
        key = serialization.load_pem_private_key(file_bytes(pair.key, pair.key_is), None)
        pair.key.chmod(PRIVATE)
    except (BadCertificate, UnsupportedAlgorithm, OSError, TypeError, ValueError):
        return None
    return kept if public_bytes(key.public_key()) == kept.public else None


def make_own(pair: Pair, names: Iterable[str], now: datetime) -> None:
    """Make a key and a certificate signed with it. Raises ``BadCertificate``, naming the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = signed(key, list(names), now)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        pair.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(pair.key, private, mode=PRIVATE)
        replace(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    except OSError as fault:
        text = f"{pair.certificate_is} {pair.certificate}: it cannot be made: {fault.strerror}"
        raise BadCertificate(text) from fault


def signed(key: ec.EllipticCurvePrivateKey, names: list[str], now: datetime) -> x509.Certificate:
    """A certificate that is its own issuer, for servers only: it cannot vouch for others."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name(names))])
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    builder = (
        x509.CertificateBuilder(subject, subject, public, x509.random_serial_number())
        .not_valid_before(now - LEEWAY)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName(map(general_name, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def common_name(names: list[str]) -> str:
    """What a person sees first: a name of this host, where there is one."""
    others = [name for name in names if name not in ALWAYS_NAMED]
    return f"Milepost on {(others or names)[0]}"[:COMMON_NAME_LENGTH]


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def replace(path: Path, data: bytes, *, mode: int) -> None:
    """Put a whole file in place of another. Raises ``OSError``."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    # It is never readable by others, not even for a moment.
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
