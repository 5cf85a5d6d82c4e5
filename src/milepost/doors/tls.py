"""TLS: the certificate new connections get, how it is loaded again, and the bounds of a handshake.

The listener holds one ``ServingContext`` all its life. Each new connection is handed to the
context that is current by then, so a new certificate needs no new listener, and a connection that
is open goes on with the one it has.
"""

from __future__ import annotations

import functools
import ssl
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from milepost.doors.certificates import (
    RENEW_BEFORE,
    BadCertificate,
    Certificate,
    Pair,
    file_bytes,
    keep_own,
    own_names,
    own_pair,
    read_certificate,
    shown,
)
from milepost.logs import logger

WARN_BEFORE = timedelta(days=14)
WARN_EVERY = timedelta(days=1)
# What OpenSSL says when key and certificate do not belong together.
STRANGE = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})
# What it says when the certificate is at fault and not the key.
WEAK = frozenset({"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"})

Clock = Callable[[], datetime]
Renew = Callable[[datetime], None]
Stamp = tuple[tuple[int, ...], ...] | None

log = logger(__name__)


def utc() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class Handshake(ssl.SSLObject):
    """One connection's side of TLS; it is ``under_way`` until its handshake has succeeded."""

    under_way: weakref.WeakSet[Handshake] | None = None

    def do_handshake(self) -> None:
        super().do_handshake()
        if self.under_way is not None:
            self.under_way.discard(self)


class ServingContext(ssl.SSLContext):
    """Stands for the context that is ``current``, for at most ``most`` handshakes at once.

    The server counts a connection only once its handshake is done, so these have a bound of their
    own.
    """

    current: ssl.SSLContext

    def __init__(self, _protocol: int, most: int) -> None:
        self._most = most
        self._under_way: weakref.WeakSet[Handshake] = weakref.WeakSet()

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Begin a connection. Raises ``ssl.SSLError`` when too many have begun and not finished."""
        if len(self._under_way) >= self._most:
            raise ssl.SSLError(f"more than {self._most} handshakes at once")
        begun = self.current.wrap_bio(*args, **kwargs)
        if isinstance(begun, Handshake):
            begun.under_way = self._under_way
            self._under_way.add(begun)
        return begun


class Tls:
    """The certificate of a server and its life.

    ``renew`` puts the pair in order when it is our own to make; a given pair has none. Making one
    raises ``BadCertificate`` when the pair cannot be used; later the one before stays.
    """

    def __init__(self, pair: Pair, clock: Clock = utc, *, renew: Renew | None, most: int) -> None:
        self.pair = pair
        self.context = ServingContext(ssl.PROTOCOL_TLS_SERVER, most)
        self._clock = clock
        self._renew = renew
        self._asked = False
        self._complaint: str | None = None
        self._warned: datetime | None = None
        self._loaded = self._seen = stamp_of(pair)
        self.certificate: Certificate = self._load(clock())

    def lines(self) -> tuple[str, str]:
        """What whoever is to trust the server must know: the file and the fingerprint."""
        return (
            f"Certificate: {self.pair.certificate}",
            f"SHA-256 fingerprint: {self.certificate.fingerprint}",
        )

    def is_asked(self) -> bool:
        """Whether someone has asked for the pair to be loaded again."""
        return self._asked

    def ask(self) -> None:
        """Ask for the pair to be loaded again at the next look."""
        self._asked = True

    def look(self) -> None:
        """Load the pair again when it has changed or must; warn when it ends. To be called often.

        A change counts once it has stood still from one look to the next: whoever writes two files
        writes them one after the other.
        """
        now = self._clock()
        asked, self._asked = self._asked, False
        stamp = stamp_of(self.pair)
        settled, self._seen = stamp == self._seen, stamp
        if asked or self._is_due(now) or (settled and stamp != self._loaded):
            self._try_again(now, asked=asked)
        self._warn(now)

    def _is_due(self, now: datetime) -> bool:
        return self._renew is not None and self.certificate.ends - now < RENEW_BEFORE

    def _try_again(self, now: datetime, *, asked: bool) -> None:
        before, complaint = self.certificate, None
        try:
            self.certificate = self._load(now)
        except BadCertificate as fault:
            complaint = str(fault)
        # It is tried at every look, and told once.
        is_new, self._complaint = complaint != self._complaint, complaint
        if complaint is not None:
            if asked or is_new:
                log.error("certificate not loaded, the one before stays", reason=complaint)
        elif asked or self.certificate != before:
            self._warned = None
            ends, fingerprint = shown(self.certificate.ends), self.certificate.fingerprint
            log.info("certificate loaded", file=self._file, ends=ends, sha256=fingerprint)

    def _load(self, now: datetime) -> Certificate:
        if self._renew is not None:
            self._renew(now)
        stamp = stamp_of(self.pair)
        certificate = read_certificate(self.pair, now)
        self.context.current = context_of(self.pair)
        self._loaded = self._seen = stamp
        return certificate

    def _warn(self, now: datetime) -> None:
        ends = self.certificate.ends
        if ends - now > WARN_BEFORE or (self._warned and now - self._warned < WARN_EVERY):
            return
        self._warned = now
        says = "certificate has expired" if now > ends else "certificate expires soon"
        log.warning(says, file=self._file, ends=shown(ends))

    @property
    def _file(self) -> str:
        return str(self.pair.certificate)


def stamp_of(pair: Pair) -> Stamp:
    """What is different when one of the files is another; ``None`` when one cannot be looked at."""
    try:
        return tuple(stamp_of_file(path) for path in (pair.certificate, pair.key))
    except (OSError, ValueError):
        return None


def stamp_of_file(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def context_of(pair: Pair) -> ssl.SSLContext:
    """A context for TLS 1.2 and later. Raises ``BadCertificate`` when the pair is none.

    The certificate has been read before, so what is at fault then is the key, or the two together.
    """
    label = f"{pair.key_is} {pair.key}"
    file_bytes(pair.key, label)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = Handshake
    try:
        context.load_cert_chain(pair.certificate, pair.key, refuse_passphrase)
    except Encrypted:
        raise BadCertificate(f"{label}: it must not have a passphrase") from None
    except ssl.SSLError as fault:
        raise BadCertificate(fault_of(pair, fault)) from None
    except OSError as fault:
        raise BadCertificate(f"{label}: {fault.strerror}") from None
    return context


class Encrypted(Exception):
    """A key asks for its passphrase."""


def refuse_passphrase() -> str:
    """Stand in for the question in the terminal, which a server must not ask."""
    raise Encrypted


def fault_of(pair: Pair, fault: ssl.SSLError) -> str:
    """A fault of OpenSSL in words."""
    certificate = f"{pair.certificate_is} {pair.certificate}"
    key = f"{pair.key_is} {pair.key}"
    if fault.reason in STRANGE:
        return f"{key}: it is not the key of the first certificate in {certificate}"
    if fault.reason in WEAK:
        return f"{certificate}: too weak for this system's OpenSSL ({fault.reason})"
    return f"{key}: there is no readable PEM private key in it"


def with_given(certificate: Path, key: Path, most: int) -> Tls:
    """TLS with the certificate and the key in these files. Raises ``BadCertificate``."""
    return Tls(Pair(certificate, key), renew=None, most=most)


def with_own(directory: Path, bind_host: str, most: int, clock: Clock = utc) -> Tls:
    """TLS with a certificate of our own, kept in a directory. Raises ``BadCertificate``."""
    pair = own_pair(directory)
    renew = functools.partial(keep_own, pair, own_names(bind_host))
    return Tls(pair, clock, renew=renew, most=most)
