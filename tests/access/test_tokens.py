"""What a token looks like."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.access.tokens import PATTERN, check_of, is_whole, new_token

# Its check was computed by another program, bit by bit.
KNOWN = "mpt_0123456789ABCDEFGHIJKLMNOPQRST"
CRC = 0xD8E2A2E0
EXPECTED = "3yFkHY"


def test_a_token_is_whole_and_no_two_are_alike() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert len(token) == 40
        assert PATTERN.fullmatch(token)
        assert is_whole(token)


def test_all_letters_and_digits_occur() -> None:
    found = {letter for _ in range(200) for letter in new_token()[4:34]}
    assert found == set(string.ascii_letters + string.digits)


def test_the_check_is_the_crc_in_base_62() -> None:
    check = check_of(KNOWN)
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    value = 0
    for letter in check:
        value = value * 62 + digits.index(letter)
    assert (check, value) == (EXPECTED, CRC)
    assert is_whole(KNOWN + check)


@given(st.integers(0, 39), st.characters())
def test_one_other_letter_is_noticed(place: int, letter: str) -> None:
    token = KNOWN + check_of(KNOWN)
    other = token[:place] + letter + token[place + 1 :]
    assert is_whole(other) == (other == token)


@pytest.mark.parametrize(
    "text",
    ["", "mpt_", KNOWN, "MPT" + KNOWN[3:], KNOWN + "000000", "mpt_" + "0" * 36, "mpt_" + "é" * 36],
)
def test_what_is_no_token(text: str) -> None:
    assert not is_whole(text)


def test_nothing_may_stand_around_it() -> None:
    token = new_token()
    for text in (f" {token}", f"{token} ", f"{token}\n", token + token, token[:-1], token * 1000):
        assert not is_whole(text)
