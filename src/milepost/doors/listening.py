"""The socket the server listens on."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import NamedTuple

HIGHEST_PORT = 65_535
BACKLOG = 2048


class CannotListen(Exception):
    """The address cannot be listened on; the text names it and says why."""


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int


def listen(bind: str, *, anywhere: bool) -> socket.socket:
    """The socket to serve on, beyond this machine only if it may be ``anywhere``.

    Raises ``CannotListen``, naming the address.
    """
    address = parse_address(bind)
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as fault:
        raise CannotListen(f"bind {bind}: {fault.strerror}") from fault
    if not anywhere and not ipaddress.ip_address(where[0]).is_loopback:
        raise CannotListen(
            f"bind {bind}: plain HTTP beyond this machine needs insecure_http = true;"
            " better serve over TLS, with tls or tls_cert and tls_key"
        )
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(BACKLOG)
    except OSError as fault:
        listener.close()
        text = "the address is in use" if fault.errno == errno.EADDRINUSE else fault.strerror
        raise CannotListen(f"bind {bind}: {text}") from fault
    listener.setblocking(False)  # noqa: FBT003  it has no name
    return listener


def parse_address(text: str) -> Address:
    """``HOST:PORT``, the host of IPv6 in brackets. Raises ``CannotListen``."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit()) or int(port) > HIGHEST_PORT:
        raise CannotListen(f"bind {text!r}: HOST:PORT is expected, such as 127.0.0.1:8900")
    return Address(host, int(port))
