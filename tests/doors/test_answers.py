"""Answers as they go over the wire."""

from __future__ import annotations

import pytest

from milepost.doors.answers import written
from milepost.doors.messages import Answer

DATE = b"Wed, 25 Nov 2026 00:00:00 GMT"


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


def test_the_last_answer_of_a_connection_says_so() -> None:
    data = written(Answer(200, headers=((b"etag", b'"1"'),)), DATE, body=True, keep_alive=False)
    assert b'\r\netag: "1"\r\n' in data
    assert b"\r\nconnection: close\r\n" in data
