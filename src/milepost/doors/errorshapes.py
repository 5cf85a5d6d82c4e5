"""How each door spells a refusal: one error shape a door, found by the path that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from milepost.doors.messages import Answer
from milepost.doors.refusals import Headers, headers_of, status_of
from milepost.rules.reasons import Refusal
from milepost.wire import api, jsonrpc, rest
from milepost.wire.problems import encode_problem


class ErrorShape(NamedTuple):
    """The body of a refusal, its media type, and its schema in the description."""

    encode: Callable[[Refusal], bytes]
    media_type: bytes = b"application/json"
    schema: str = "milepost.refusal"

    def answer(self, refusal: Refusal, headers: Headers = ()) -> Answer:
        """A refusal as an answer of this door, with the status that its reason has."""
        status = status_of(refusal)
        shown = ((b"content-type", self.media_type), *headers_of(status, headers))
        return Answer(status, self.encode(refusal), shown)


REST = ErrorShape(rest.encode_refusal)
API = ErrorShape(api.encode_refusal, schema="milepost.api.refusal")
V1 = ErrorShape(
    lambda refusal: encode_problem(refusal, status_of(refusal)),
    media_type=b"application/problem+json",
    schema="milepost.problem",
)
JSON_RPC = ErrorShape(jsonrpc.encode_not_called)

# By the whole path: what lies below it is another door's.
EXACT = {b"/api": JSON_RPC}
# By the beginning of a path, and the shape of a path that exists nowhere.
SHAPES: tuple[tuple[bytes, ErrorShape], ...] = ((b"/api", API), (b"/v1", V1))
ELSEWHERE = REST


def shape_of(path: bytes) -> ErrorShape:
    """The error shape of the door that a raw path belongs to, whether or not it has a route."""
    exact = EXACT.get(path)
    if exact is not None:
        return exact
    for beginning, shape in SHAPES:
        if path == beginning or path.startswith(beginning + b"/"):
            return shape
    return ELSEWHERE
