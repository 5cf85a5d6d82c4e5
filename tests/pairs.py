"""Certificates and keys for tests: good ones, and each kind of bad one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from milepost.doors.certificates import LIFE, Pair, make_own, signed

NAMES = ("localhost", "127.0.0.1")


def now() -> datetime:
    return datetime.now(UTC)


def pair_in(folder: Path, *, age: timedelta = timedelta(), names: tuple[str, ...] = NAMES) -> Pair:
    """A new pair in a folder, made some time ago."""
    pair = Pair(folder / "cert.pem", folder / "key.pem")
    make_own(pair, names, now() - age)
    return pair


def settings_of(pair: Pair) -> dict[str, str]:
    """The settings of a server that serves with a pair."""
    return {"tls_cert": str(pair.certificate), "tls_key": str(pair.key)}


def key_bytes(passphrase: bytes | None = None, bits: int = 2048) -> bytes:
    """A new RSA key as PEM."""
    hidden: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        hidden = serialization.BestAvailableEncryption(passphrase)
    return rsa.generate_private_key(65537, bits).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden
    )


def elliptic_key() -> bytes:
    """A new key of the kind that ``pair_in`` makes, as PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def spoil(pair: Pair, how: str) -> str:
    """Make a pair bad; what must be told of it beside the setting and the file."""
    if how in AGES:
        pair_in(pair.certificate.parent, age=AGES[how])
        return AGES_TOLD[how]
    setting, content, told = FAULTS[how]
    path = pair.certificate if setting == "tls_cert" else pair.key
    path.unlink()
    if callable(content):
        content = content()
    if content is not None:
        path.write_bytes(content)
    elif how.endswith("directory"):
        path.mkdir()
    return f"{setting} {path}: {told}"


def certificate_bytes() -> bytes:
    """A new certificate as PEM."""
    made = signed(ec.generate_private_key(ec.SECP256R1()), list(NAMES), now())
    return made.public_bytes(serialization.Encoding.PEM)


BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
AGES = {"expired": LIFE + timedelta(days=1), "not yet valid": -timedelta(days=1)}
AGES_TOLD = {"expired": "has expired, at 2", "not yet valid": "is not valid before 2"}
# The setting that must be named, what is in its file, and what is told.
FAULTS = {
    "no certificate": ("tls_cert", None, "No such file"),
    "no key": ("tls_key", None, "No such file"),
    "a certificate directory": ("tls_cert", None, "it is not a file"),
    "a key directory": ("tls_key", None, "it is not a file"),
    "an empty certificate": ("tls_cert", b"", "there is no readable PEM certificate"),
    "an empty key": ("tls_key", b"", "there is no readable PEM private key"),
    "a garbage certificate": ("tls_cert", b"\x00\xff" * 500, "there is no readable PEM"),
    "a garbage key": ("tls_key", b"\x00\xff" * 500, "there is no readable PEM private key"),
    "a broken certificate": (
        "tls_cert",
        BROKEN,
        "there is no readable PEM certificate",
    ),
    "a broken certificate behind": (
        "tls_cert",
        lambda: certificate_bytes() + BROKEN,
        "there is no readable PEM certificate",
    ),
    "a key as certificate": ("tls_cert", key_bytes, "there is no readable PEM certificate"),
    "another key": ("tls_key", elliptic_key, "it is not the key of the first certificate in tls_"),
    "a key of another kind": ("tls_key", key_bytes, "it is not the key of the first certificate"),
    "a key with a passphrase": (
        "tls_key",
        lambda: key_bytes(b"secret"),
        "it must not have a passphrase",
    ),
    "a huge certificate": ("tls_cert", b"x" * (1024 * 1024 + 1), "it has 1048577 bytes, more than"),
    "a huge key": ("tls_key", b"x" * (1024 * 1024 + 1), "it has 1048577 bytes, more than 1048576"),
}
BAD = (*AGES, *FAULTS)
