"""Raw connections over TLS, and what a server has logged."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any

from tests.hostile.raw import PATIENCE
from tests.serving import Server


def trust(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_file)


def connected(server: Server, context: ssl.SSLContext, name: str = "localhost") -> ssl.SSLSocket:
    """A connection after its handshake."""
    plain = socket.create_connection((server.host, server.port), timeout=PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise


def rest_of(peer: socket.socket) -> bytes:
    """Everything up to the end of the connection, which must come."""
    got = b""
    while True:
        try:
            data = peer.recv(65536)
        except ConnectionResetError:
            return got
        if not data:
            return got
        got += data


def records(server: Server, level: str) -> list[dict[str, Any]]:
    """What was logged at a level."""
    found = [json.loads(line) for line in server.log_text().splitlines()]
    return [record for record in found if record["level"] == level]
