"""Refusals on their way out: which HTTP status each has, and how a handler raises one."""

from __future__ import annotations

from milepost.rules import reasons
from milepost.rules.reasons import Reason, Refusal
from milepost.rules.values import ErrorName as E

STATUS = {
    E.ERROR: 500,
    E.ALREADY_EXISTS: 400,
    E.CANCELED: 400,  # how a task ends; no request is refused with it
    E.CONCURRENT_CHANGE: 409,
    E.INVALID_ARGUMENT: 400,
    E.INVALID_REQUEST: 400,
    E.NOT_ALLOWED_IN_CURRENT_STATE: 400,
    E.NOT_FOUND: 404,
    E.OPERATION_NOT_FOUND: 404,
    E.RESOURCE_BUSY: 429,
    E.RESOURCE_INACCESSIBLE: 400,
    E.SERVICE_UNAVAILABLE: 503,
    E.TIMED_OUT: 504,
    E.UNAUTHENTICATED: 401,
    E.UNAUTHORIZED: 403,
    E.UNEXPECTED_INPUT: 400,
    E.UNSUPPORTED: 400,
}
STATUS_OF_REASON = {
    reasons.NO_SUCH_METHOD: 405,
    reasons.EXTENSION_CHANGED: 412,
    reasons.REQUEST_LATE: 408,
    reasons.POSITION_GONE: 410,
    reasons.HEADERS_TOO_LARGE: 431,
    reasons.BODY_TOO_LARGE: 413,
    reasons.URL_TOO_LONG: 414,
    reasons.WRONG_MEDIA_TYPE: 415,
    reasons.REVISION_MISMATCH: 412,
}
RETRY_LATER = frozenset({429, 503})
RETRY_SECONDS = 1

Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]


class RefusedWith(Exception):
    """A refusal on the way from inside a door to its edge, with headers for the answer."""

    def __init__(self, refusal: Refusal, headers: Headers = ()) -> None:
        super().__init__(refusal.reason.id)
        self.refusal = refusal
        self.headers = headers


class Refuse(RefusedWith):
    """A refusal made on the spot from its reason."""

    def __init__(self, reason: Reason, *args: str) -> None:
        super().__init__(Refusal(reason, args))


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return STATUS_OF_REASON.get(refusal.reason) or STATUS[refusal.error]


def retry_after(seconds: int) -> Header:
    """The header that tells when to try again."""
    return b"retry-after", b"%d" % seconds


def headers_of(status: int, given: Headers = ()) -> Headers:
    """``Retry-After`` where waiting helps and nobody has said how long."""
    if status not in RETRY_LATER or any(name == b"retry-after" for name, _ in given):
        return given
    return (*given, retry_after(RETRY_SECONDS))
