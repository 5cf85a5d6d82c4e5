"""Which hosts a browser may sign in at and change things at.

A page of a foreign name can have that name lead to this server (DNS rebinding), and is then of the
same origin as it. It has no session, as a cookie belongs to a name; so that it gets none, and can
try no passwords, a browser's name for the server must be one that no stranger can give it.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

LOCAL = "localhost"


class Hosts:
    """The names of this server: its own, and those that are allowed beside them.

    An address is no name that could be led elsewhere, and nobody can register a name without a
    dot. Over TLS the certificate has proved the name.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._names = {name.lower().rstrip(".") for name in (*allowed, *own_names())}

    def knows(self, host: str) -> bool:
        """Whether the value of a Host header is a name of this server."""
        name = name_of(host)
        return (
            "." not in name or name in self._names or name.endswith(f".{LOCAL}") or is_address(name)
        )


def own_names() -> Iterable[str]:
    """What this machine calls itself."""
    return (socket.gethostname(),)


def name_of(host: str) -> str:
    """The name or address in a Host header, without its port."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
