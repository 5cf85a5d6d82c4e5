"""The output of a command as lines, with bounded memory whatever comes.

A piece of the output ends with a line feed, a carriage return or a backspace: a progress bar draws
over itself with the last two. Only the first ``MOST`` bytes of a piece count. However the output is
cut into chunks, the pieces are the same.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

MOST = 4096
"""Bytes of one piece that are looked at."""
SHOWN = 240
"""Characters of a line that are shown."""
LINE_FEED = 0x0A
ESCAPE = b"\x1b"

END = re.compile(rb"[\n\r\b]")
# What may be seen, where nothing is escaped.
VISIBLE = re.compile(rb"[!-~\xc2-\xf4]")
# What moves the cursor begins a new piece; all else an escape sequence does is left out.
MOVES = re.compile(r"\x1b(?:\[[\d;]*[A-HJSTfsu]|[78DEM])")
ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*(?:[ -/]*[@-~]|$)|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|[ -/]*[0-~]|$)"
)
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ufeff]+")
BLANKS = re.compile(r"\s+")


def parts_of(piece: bytes) -> list[str]:
    """A piece as text without what only a terminal understands, cut where the cursor moves."""
    text = piece.decode("utf-8", "replace")
    if "\x1b" not in text:
        return [CONTROLS.sub("", text)]
    return [CONTROLS.sub("", ESCAPES.sub("", part)) for part in MOVES.split(text)]


def shown(piece: bytes, most: int = SHOWN) -> str:
    """A piece as people read it, in one line of bounded length; empty when nothing is seen."""
    for part in reversed(parts_of(piece)):
        # A character that was cut in half, and bytes that are none, say nothing.
        if text := BLANKS.sub(" ", part.replace("\ufffd", " ")).strip():
            return text if len(text) <= most else text[: most - 1] + "…"
    return ""


def can_be_seen(piece: bytes) -> bool:
    return bool(VISIBLE.search(piece)) and (ESCAPE not in piece or bool(shown(piece)))


class Lines:
    """One stream of output. ``keep`` is how many of its last lines are remembered."""

    def __init__(self, keep: int) -> None:
        self._unfinished = b""
        self._last: deque[bytes] = deque(maxlen=keep)
        # Whether the newest line remembered may still be drawn over.
        self._open = False
        self._skipping = False

    @property
    def unfinished(self) -> bytes:
        """The piece that has not ended yet."""
        return b"" if self._skipping else self._unfinished

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The pieces that end in this chunk and can be seen. To be used up before the next."""
        begin = 0
        for found in END.finditer(chunk):
            end = found.start()
            piece = self._take(chunk[begin : min(end, begin + MOST)])
            begin = end + 1
            self._unfinished = b""
            if self._skipping:
                self._skipping = False
            elif can_be_seen(piece):
                self._remember(piece)
                yield piece
            if chunk[end] == LINE_FEED:
                self._open = False
        self._unfinished = self._take(chunk[begin : begin + MOST])

    def skip(self) -> None:
        """Some of the output was left out: what comes now may begin inside a piece."""
        self._unfinished = b""
        self._open = False
        self._skipping = True

    def last(self, count: int) -> list[str]:
        """The last lines that have something to see, oldest first, the unfinished one among them.

        Of a line that was drawn over only what came last is there.
        """
        pieces = list(self._last)
        if now := shown(self.unfinished):
            if self._open:
                pieces.pop()
            pieces.append(now.encode())
        found = [text for text in map(shown, pieces) if text]
        return found[-count:] if count else []

    def _take(self, more: bytes) -> bytes:
        return (self._unfinished + more)[:MOST] if self._unfinished else more

    def _remember(self, piece: bytes) -> None:
        if self._open:
            self._last.pop()
        self._last.append(piece)
        self._open = True
