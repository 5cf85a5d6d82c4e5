"""How each door spells a refusal: one error shape a door, found by the path that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from milepost.doors.messages import Answer
from milepost.doors.refusals import Headers, headers_of, status_of
from milepost.rules.reasons import Refusal
from milepost.wire import api, rest


class ErrorShape(NamedTuple):
    """The body of a refusal, its schema in the description, and its media type."""

    encode: Callable[[Refusal], bytes]
    schema: str
    media_type: bytes = b"application/json"

    def answer(self, refusal: Refusal, headers: Headers = ()) -> Answer:
        """A refusal as an answer of this door, with the status that its reason has."""
        status = status_of(refusal)
        shown = ((b"content-type", self.media_type), *headers_of(status, headers))
        return Answer(status, self.encode(refusal), shown)


REST = ErrorShape(rest.encode_refusal, "milepost.refusal")
API = ErrorShape(api.encode_refusal, "milepost.api.refusal")

# By a path, or with a slash at its end by everything below it.
SHAPES: tuple[tuple[bytes, ErrorShape], ...] = ((b"/api", API), (b"/api/", API))
ELSEWHERE = REST


def shape_of(path: bytes) -> ErrorShape:
    """The error shape of the door that a raw path belongs to, whether or not it has a route."""
    for place, shape in SHAPES:
        if path == place or (place.endswith(b"/") and path.startswith(place)):
            return shape
    return ELSEWHERE
