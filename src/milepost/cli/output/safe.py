"""Text from elsewhere, made safe for a terminal.

What would move the cursor, change colours or turn the direction of writing is shown as an escape
such as ``\\x1b``.
"""

from __future__ import annotations

import unicodedata

# Controls, formats, and separators of lines and paragraphs. Two formats are wanted: the joiners,
# which emoji and some scripts are written with, and which move nothing.
HOSTILE = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
WANTED = "\u200c\u200d"
NONCHARACTER = 0xFFFE
TAB = "    "
LARGEST_BYTE, LARGEST_SHORT = 0xFF, 0xFFFF


def is_hostile(char: str) -> bool:
    """Whether a character would do something else than be seen."""
    if char in WANTED:
        return False
    return unicodedata.category(char) in HOSTILE or ord(char) & NONCHARACTER == NONCHARACTER


def visible(text: str) -> str:
    """A text as one line."""
    if text.isprintable():
        return text
    return "".join(escape(char) if is_hostile(char) else char for char in text)


def visible_lines(text: str) -> list[str]:
    """A text as lines, where it has ends of lines."""
    plain = text.replace("\r\n", "\n").replace("\t", TAB)
    return [visible(line) for line in plain.split("\n")]


def escape(char: str) -> str:
    """A character as Python, and YAML between double quotes, write it."""
    code = ord(char)
    if code <= LARGEST_BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= LARGEST_SHORT else f"\\U{code:08x}"


def json_escape(char: str) -> str:
    """A character as JSON writes it: in units of UTF-16."""
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def visible_json(text: str) -> str:
    """A document in JSON that says the same, without such characters in its texts."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        json_escape(char) if char != "\n" and is_hostile(char) else char for char in text
    )
