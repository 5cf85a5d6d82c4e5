"""What a token looks like: ``mpt_``, 30 random letters and digits, and 6 that check the others.

The beginning is for people and for scanners that look for secrets; the check is the CRC-32 of all
before it, so that a scanner knows a real one, and a mistyped one is refused without a look at the
store. 30 letters and digits are 178 random bits. Only the SHA-256 of a token is stored.
"""

from __future__ import annotations

import binascii
import re
import secrets
import string

PREFIX = "mpt_"
RANDOM_LETTERS = 30
CHECK_LETTERS = 6
LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
PATTERN = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{RANDOM_LETTERS + CHECK_LETTERS}}}")


def new_token() -> str:
    """A token that nobody can guess."""
    text = PREFIX + "".join(secrets.choice(LETTERS) for _ in range(RANDOM_LETTERS))
    return text + check_of(text)


def is_whole(token: str) -> bool:
    """Whether a text is a token as it was made, whoever made it."""
    if PATTERN.fullmatch(token) is None:
        return False
    return check_of(token[:-CHECK_LETTERS]) == token[-CHECK_LETTERS:]


def check_of(text: str) -> str:
    """The CRC-32 of a text in base 62, six letters and digits, the highest first."""
    rest, letters = binascii.crc32(text.encode()), []
    for _ in range(CHECK_LETTERS):
        rest, letter = divmod(rest, len(LETTERS))
        letters.append(LETTERS[letter])
    return "".join(reversed(letters))
