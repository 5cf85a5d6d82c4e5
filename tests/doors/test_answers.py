"""Answers as they go over the wire."""

from __future__ import annotations

from typing import Self

import pytest

from milepost.doors.answers import written
from milepost.doors.messages import Answer

DATE = b"Wed, 25 Nov 2026 00:00:00 GMT"


class Nothing:
    """A stream without parts."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration

    def finish(self) -> None:
        """It has ended."""

    def close(self) -> None:
        """It holds nothing."""


@pytest.mark.parametrize(
    ("answer", "line", "length"),
    [
        (Answer(200), b"HTTP/1.1 200 OK", b"0"),
        (Answer(200, b"abc"), b"HTTP/1.1 200 OK", b"3"),
        (Answer(404, b"abc"), b"HTTP/1.1 404 Not Found", b"3"),
        (Answer(204), b"HTTP/1.1 204 No Content", None),
        (Answer(304), b"HTTP/1.1 304 Not Modified", None),
    ],
)
def test_an_answer_tells_its_length_unless_it_can_have_no_body(
    answer: Answer, line: bytes, length: bytes | None
) -> None:
    head, _, body = written(answer, DATE, body=True, keep_alive=True).partition(b"\r\n\r\n")
    first, *rest = head.split(b"\r\n")
    headers = dict(field.split(b": ", 1) for field in rest)
    assert first == line
    assert headers == {b"date": DATE} | ({} if length is None else {b"content-length": length})
    assert body == answer.body


def test_an_answer_to_head_tells_of_the_body_it_leaves_out() -> None:
    data = written(Answer(200, b"abc"), DATE, body=False, keep_alive=True)
    assert b"\r\ncontent-length: 3\r\n" in data
    assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("chunked", [True, False])
def test_a_stream_tells_no_length(*, chunked: bool) -> None:
    answer = Answer(200, stream=Nothing())
    data = written(answer, DATE, body=False, keep_alive=True, chunked=chunked)
    assert b"content-length" not in data
    assert (b"\r\ntransfer-encoding: chunked\r\n" in data) == chunked


def test_the_last_answer_of_a_connection_says_so() -> None:
    data = written(Answer(200, headers=((b"etag", b'"1"'),)), DATE, body=True, keep_alive=False)
    assert b'\r\netag: "1"\r\n' in data
    assert b"\r\nconnection: close\r\n" in data
