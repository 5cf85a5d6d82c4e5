"""Routes: which handler answers which method and path, and what it asks of the caller."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from milepost.doors.messages import Answer, Request
from milepost.rules.values import Value

Handler = Callable[[Request], Awaitable[Answer]]


class Auth(enum.Enum):
    """What a route asks for before its handler runs."""

    OPEN = "open"
    SESSION = "session"
    BASIC = "basic"  # the handler itself looks at the user and the password


class Parameter(Value, frozen=True):
    """A query parameter, as the API description shows it."""

    name: str
    schema: str
    required: bool = False
    many: bool = False
    only: str | None = None


class Route(NamedTuple):
    """One operation of the API.

    ``request`` and ``answer`` name schemas of the description. On success the caller gets
    ``answer`` with ``status``, or with one of ``also``; ``errors`` are the statuses it may get
    instead.
    """

    method: str
    path: str
    handler: Handler
    auth: Auth
    operation: str
    summary: str
    request: str | None = None
    answer: str | None = None
    parameters: tuple[Parameter, ...] = ()
    status: int = 200
    errors: tuple[int, ...] = ()
    also: tuple[int, ...] = ()


class Match(NamedTuple):
    """What a path leads to: the routes there by method, and the path's parameters."""

    routes: dict[str, Route]
    params: tuple[str, ...]


class Node:
    """A place in the tree of paths: what is there, and what lies behind each next segment."""

    __slots__ = ("any", "fixed", "routes")

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.fixed: dict[bytes, Node] = {}
        self.any: Node | None = None


class Router:
    """Finds the routes of a path, segment by segment; only parameters are percent-decoded."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = Node()
        for route in self.routes:
            self._add(route)

    def find(self, path: bytes) -> Match | None:
        """What a raw path leads to, or ``None``."""
        node, params = self._root, []
        for segment in path.split(b"/"):
            known = node.fixed.get(segment)
            if known is None:
                parameter = decoded(segment)
                if node.any is None or not parameter:
                    return None
                params.append(parameter)
                known = node.any
            node = known
        return Match(node.routes, tuple(params)) if node.routes else None

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.path.encode().split(b"/"):
            if segment.startswith(b"{"):
                node.any = node.any or Node()
                node = node.any
            else:
                node = node.fixed.setdefault(segment, Node())
        node.routes[route.method] = route


def decoded(segment: bytes) -> str | None:
    """A path segment as text, or ``None`` when it is none: not UTF-8, or with a NUL in it."""
    try:
        text = (unquote_to_bytes(segment) if b"%" in segment else segment).decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
