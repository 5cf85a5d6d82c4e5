"""The steps below HTTP: the address, its name, a connection, and a certificate."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from milepost.cli.doctor.findings import Finding
from milepost.client.errors import BadCaFile
from milepost.client.exchange import proxy_for
from milepost.client.trust import trusting, why_untrusted

PATIENCE = 5.0
SOON = 14
DAY = 86_400
DEFAULT_PORTS = {"http": 80, "https": 443}
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Place:
    """A service as the network sees it; ``through`` is the proxy that leads to it."""

    def __init__(self, url: str, ca_file: Path | None) -> None:
        self.url, self.ca_file = url, ca_file
        self.through = proxy_for(url)
        self.scheme, self.host, self.port = parted(url)

    @property
    def is_secure(self) -> bool:
        """Whether it speaks TLS."""
        return self.scheme == "https"

    @property
    def peer(self) -> tuple[str, int]:
        """Where a connection goes first."""
        if self.through is None:
            return self.host, self.port
        _, host, port = parted(self.through)
        return host, port


def parted(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 1080)


def address(place: Place) -> Finding:
    source = "MILEPOST_URL" if os.environ.get("MILEPOST_URL") == place.url else ""
    text = f"{place.url}{f' from {source}' if source else ''}"
    return Finding("Address", "ok", text)


def proxy(place: Place) -> Finding:
    """Whether a proxy stands between; its password is not told."""
    named = [name for name in os.environ if name.lower() in PROXIES]
    if place.through is not None:
        host, port = place.peer
        advice = f"If the server is to be reached directly, add {place.host} to no_proxy."
        return Finding("Proxy", "warn", f"{host}:{port} leads to the server", advice)
    used = f"none for this address ({', '.join(sorted(named))} set)" if named else "none"
    return Finding("Proxy", "ok", used)


def name(place: Place) -> Finding:
    host, port = place.peer
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        why = getattr(fault, "strerror", None) or str(fault)
        return Finding("Name", "fail", f"{host}: {why}", "Look at the spelling, and at the DNS.")
    addresses = sorted({str(entry[4][0]) for entry in found})
    return Finding("Name", "ok", f"{host} is {', '.join(addresses)}")


def tcp(place: Place) -> Finding:
    host, port = place.peer
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), PATIENCE):
            pass
    except ConnectionRefusedError:
        advice = f"Is the server running, and does it listen on port {port}?"
        return Finding("Connection", "fail", f"{host} refuses port {port}", advice)
    except TimeoutError:
        advice = "A firewall may drop it, or the machine is off."
        return Finding("Connection", "fail", f"no answer within {PATIENCE:.0f} s", advice)
    except OSError as fault:
        return Finding("Connection", "fail", fault.strerror or str(fault), "Look at the network.")
    spent = (time.monotonic() - began) * 1000
    return Finding("Connection", "ok", f"port {port} answers in {spent:.0f} ms")


def tls(place: Place) -> Finding:
    """The certificate: whether it is believed, and for how long."""
    if not place.is_secure:
        return plain(place)
    if place.through is not None:
        return Finding("TLS", "skip", "looked at with the answer, as it goes through the proxy")
    try:
        context = trusting(place.ca_file)
        with (
            socket.create_connection((place.host, place.port), PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname=place.host) as secured,
        ):
            certificate, version = secured.getpeercert(), secured.version()
    except BadCaFile as fault:
        return Finding("TLS", "fail", str(fault), "Name a PEM file with certificates.")
    except ssl.SSLCertVerificationError as fault:
        why, _, advice = why_untrusted(fault).partition(". ")
        return Finding("TLS", "fail", why, advice)
    except ssl.SSLError as fault:
        why = (fault.reason or str(fault)).replace("_", " ").lower()
        return Finding("TLS", "fail", why, "Does the port speak TLS? If not, the URL is http://…")
    except OSError as fault:
        return Finding("TLS", "fail", fault.strerror or str(fault) or "no answer in time")
    return until(certificate or {}, version or "TLS")


def plain(place: Place) -> Finding:
    if place.host == "localhost" or place.host.startswith("127.") or place.host == "::1":
        return Finding("TLS", "ok", "none, and the connection stays on this machine")
    advice = "Passwords and tokens can be read on the way. Serve over TLS."
    return Finding("TLS", "warn", "none", advice)


def until(certificate: Mapping[str, object], version: str) -> Finding:
    """A certificate that is believed, and whether it will be for long."""
    end = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    days = int((end - time.time()) // DAY)
    day = datetime.fromtimestamp(end, UTC).date()
    text = f"{version}, the certificate is believed, until {day}"
    if days < SOON:
        return Finding("TLS", "warn", f"{text}: {days} days", "Renew it on the server.")
    return Finding("TLS", "ok", text)
