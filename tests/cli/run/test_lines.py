"""The output of a command as lines, however it is cut into chunks."""

from __future__ import annotations

import tracemalloc
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.cli.run.lines import MOST, SHOWN, Lines, shown

# Bytes among which everything that cuts, escapes or cannot be read comes often.
RUBBISH = st.lists(
    st.sampled_from(
        [
            *(
                b"\n",
                b"\r",
                b"\r\n",
                b"\b",
                b" ",
                b"\t",
                b"\0",
                b"\xff",
                b"\xe2\x82",
                b"\xe2\x82\xac",
            ),
            *(b"42%", b"3/10", b"word ", b"\x1b[31m", b"\x1b[2K", b"\x1b[1A", b"\x1b]0;title\x07"),
            *(b"\x1b", b"\x1b[", b"x" * MOST, b"\xc3\xa4" * SHOWN, b"\x07", b"\x9b"),
        ]
    )
    | st.binary(max_size=8),
    max_size=20,
).map(b"".join)


def seen(chunks: list[bytes], keep: int = 3) -> tuple[list[bytes], bytes, list[str]]:
    lines = Lines(keep)
    pieces = [piece for chunk in chunks for piece in lines.feed(chunk)]
    return pieces, lines.unfinished, lines.last(keep)


@given(RUBBISH, st.lists(st.integers(0, 200)))
def test_how_output_is_cut_into_chunks_makes_no_difference(output: bytes, cuts: list[int]) -> None:
    chunks, rest = [], output
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    assert seen([*chunks, rest]) == seen([output]) == seen([bytes([byte]) for byte in output])


@given(RUBBISH)
def test_what_is_shown_is_short_and_clean(output: bytes) -> None:
    pieces, unfinished, last = seen([output], keep=5)
    assert all(len(piece) <= MOST for piece in [*pieces, unfinished])
    assert len(last) <= 5
    for text in last:
        assert 0 < len(text) <= SHOWN
        assert not {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, text))
        assert text == " ".join(text.split())


@pytest.mark.parametrize("byte", [b"x", b"\n", b"\r", b"\x1b", b"\xff", b"\0"])
def test_memory_is_bounded(byte: bytes) -> None:
    lines = Lines(20)
    chunk = byte * 65_536
    tracemalloc.start()
    try:
        for _ in range(20 if byte in b"\n\r" else 500):
            for _piece in lines.feed(chunk):
                pass
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 300_000


@pytest.mark.parametrize(
    ("output", "last"),
    [
        (b"", []),
        (b"\n\n  \n", []),
        (b"one\ntwo\nthree\nfour\n", ["two", "three", "four"]),
        (b"one\r\ntwo\r\n\r\n", ["one", "two"]),
        (b"start\n 1%\r 2%\r 3%\n", ["start", "3%"]),
        (b"start\r\n\r 1%\r 2%", ["start", "2%"]),
        (b"1/9\b\b\b2/9\b\b\b3/9", ["3/9"]),
        (b"1/9\b\b\b   \b\b\bdone\n", ["done"]),
        (b"Password: ", ["Password:"]),
        (b"\x1b[1;31mred\x1b[0m and \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", ["red and link"]),
        (b"above\x1b[1A\x1b[2Kbelow\n", ["below"]),
        (b"kept\n\x1b[2K\x1b[0m\n\x07\n", ["kept"]),
        (b"\x1b7\x1b[24;0f\x1b[42mProgress: [ 42%]\x1b[49m\x1b8\n", ["Progress: [ 42%]"]),
        (b"\xff\xfe\x00\x01 bin \x80\x81ary\n", ["bin ary"]),
        ("Größe \u202egefälscht\n".encode(), ["Größe gefälscht"]),
        (b"cut \xe2\x82", ["cut"]),
        (b"half \x1b[3", ["half"]),
    ],
)
def test_the_last_lines(output: bytes, last: list[str]) -> None:
    assert seen([output])[2] == last


def test_a_long_line_is_cut() -> None:
    text = shown(b"word " * 1000)
    assert len(text) == SHOWN
    assert text.endswith("…")


def test_no_line_is_shown_where_none_is_wanted() -> None:
    lines = Lines(1)
    assert list(lines.feed(b"one\ntwo")) == [b"one"]
    assert lines.last(0) == []


def test_what_follows_a_gap_begins_with_the_next_line() -> None:
    lines = Lines(3)
    assert list(lines.feed(b"one\n9")) == [b"one"]
    lines.skip()
    assert list(lines.feed(b"9%")) == []
    assert lines.unfinished == b""
    assert list(lines.feed(b" of a line\ntwo\n")) == [b"two"]
    assert lines.last(3) == ["one", "two"]
