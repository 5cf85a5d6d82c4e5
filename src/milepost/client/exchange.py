"""What both transports share: from a step to httpx2's request, from its faults to ours.

The transports of httpx2 are used without its ``Client``: that would keep cookies, and write a
line into the log of the job for each report.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  looking up a host loads it; see ``connecting`` in reporter
import ipaddress
import os
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2

from milepost.client.answers import Reply
from milepost.client.conversation import Send
from milepost.client.errors import Away, Garbled, MilepostError, Untrusted
from milepost.client.trust import untrusted_cause, why_untrusted

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
MOST_BYTES = 64 * 2**20
NO_STREAM = 300
STREAM_SILENCE = 90.0
"""Seconds without a byte after which a stream is taken for broken; there is a sign of life each
15 seconds, unless the server is set otherwise."""
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=8, keepalive_expiry=30)


def request_of(url: str, send: Send, timeout: float) -> httpx2.Request:
    """The request that a step means; ``timeout`` is for each wait on the network."""
    silence = STREAM_SILENCE if send.streams else timeout + send.waits
    times = {"connect": timeout, "write": timeout, "pool": timeout, "read": silence}
    return httpx2.Request(
        send.method,
        url + send.path,
        headers=send.headers,
        content=send.body,
        extensions={"timeout": times},
    )


class Body:
    """The body of an answer as it comes, within ``seconds`` and ``MOST_BYTES``.

    Timeouts of the network count anew with each byte; a peer that drips would never end.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Take a part. Raises what httpx2 would."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > MOST_BYTES:
            raise httpx2.DecodingError(f"the answer is larger than {MOST_BYTES:,} bytes")
        if time.monotonic() > self._until:
            raise httpx2.ReadTimeout("the answer did not end in time")

    @property
    def content(self) -> bytes:
        return b"".join(self._chunks)


def reply_of(response: httpx2.Response, body: bytes, source: object = None) -> Reply:
    return Reply(response.status_code, response.headers, body, source)


def is_stream(send: Send, response: httpx2.Response) -> bool:
    """Whether the answer is the stream that was asked for, to be left open."""
    return send.streams and response.status_code < NO_STREAM


def fault_of(url: str, fault: Exception) -> MilepostError:
    """What has happened, in the words of the library."""
    untrusted = untrusted_cause(fault)
    if untrusted is not None:
        return Untrusted(f"{url}: {why_untrusted(untrusted)}")
    if isinstance(fault, httpx2.TransportError | OSError):
        why = str(fault) or type(fault).__name__
        return Away(f"{url}: {why}", sent=not isinstance(fault, NOT_SENT))
    return Garbled(f"{url}: {fault}")


def proxy_for(url: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The proxy that the environment names for a URL; none leads to this machine itself."""
    if not any(name.lower().endswith("_proxy") for name in environ):
        return None
    from urllib import request  # late: slow to import, and seldom needed

    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or request.proxy_bypass_environment(host):  # type: ignore[attr-defined]
        return None
    proxies = request.getproxies_environment()
    return proxies.get(parts.scheme) or proxies.get("all")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
