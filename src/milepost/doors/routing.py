"""Routes: which handler answers which method and path, and what it asks of the caller."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, NamedTuple
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
    """A parameter of a query or, with another ``place``, a header, as the description shows it."""

    name: str
    schema: str
    required: bool = False
    many: bool = False
    only: str | None = None
    place: Literal["query", "header"] = "query"


class Route(NamedTuple):
    """One operation of the API.

    ``request`` and ``answer`` name schemas of the description. On success the caller gets
    ``answer`` with ``status`` and ``media_type``, or one of the statuses in ``also``; ``errors``
    are the statuses it may get instead.
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
    media_type: str = "application/json"


class Match(NamedTuple):
    """What a path leads to: the routes there by method, and the path's parameters."""

    routes: dict[str, Route]
    params: tuple[str, ...]


class Node:
    """A place in the tree of paths: what is there, and what lies behind each next segment.

    A next segment is a fixed text, any text, or any text with a verb behind its last colon.
    """

    __slots__ = ("any", "fixed", "routes", "verbs")

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.fixed: dict[bytes, Node] = {}
        self.verbs: dict[bytes, Node] = {}
        self.any: Node | None = None

    def behind(self, segment: bytes) -> tuple[Node | None, bytes]:
        """The node behind a segment that is no fixed one, and what of it is a parameter there."""
        if self.verbs:
            value, _, verb = segment.rpartition(b":")
            if verb in self.verbs:
                return self.verbs[verb], value
        return self.any, segment


class Router:
    """Finds the routes of a path, segment by segment; only parameters are percent-decoded.

    ``{name}:verb`` is a segment too. The colon before a verb is never percent-encoded, so a
    parameter may hold an encoded one.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = Node()
        for route in self.routes:
            self._add(route)

    def find(self, path: bytes) -> Match | None:
        """What a raw path leads to, or ``None``."""
        node, params = self._root, []
        for segment in path.split(b"/"):
            fixed = node.fixed.get(segment)
            if fixed is not None:
                node = fixed
                continue
            known, raw = node.behind(segment)
            if known is None:
                return None
            parameter = decoded(raw)
            if not parameter:
                return None
            params.append(parameter)
            node = known
        return Match(node.routes, tuple(params)) if node.routes else None

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.path.encode().split(b"/"):
            _, brace, verb = segment.rpartition(b"}:")
            if brace:
                node = node.verbs.setdefault(verb, Node())
            elif segment.startswith(b"{"):
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
