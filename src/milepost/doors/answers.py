"""Answers as they go over the wire."""

from __future__ import annotations

from http import HTTPStatus

from milepost.doors.messages import Answer

STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\ndate: " % (status.value, status.phrase.encode())
    for status in HTTPStatus
}
WITHOUT_LENGTH = frozenset({204, 304})


def written(
    answer: Answer, date: bytes, *, body: bool, keep_alive: bool, chunked: bool = True
) -> bytes:
    """Status line, headers and, unless a HEAD was asked for, the body of an answer.

    The body of a stream comes later, in chunks or up to the end of the connection.
    """
    pieces = [STATUS_LINES[answer.status], date]
    for name, value in answer.headers:
        pieces += (b"\r\n", name, b": ", value)
    if answer.stream is not None:
        if chunked:
            pieces.append(b"\r\ntransfer-encoding: chunked")
    elif answer.status not in WITHOUT_LENGTH:
        pieces.append(b"\r\ncontent-length: %d" % len(answer.body))
    if not keep_alive:
        pieces.append(b"\r\nconnection: close")
    pieces.append(b"\r\n\r\n")
    if body:
        pieces.append(answer.body)
    return b"".join(pieces)
