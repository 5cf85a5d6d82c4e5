"""Page tokens: marks of the store that nobody else can make, each for one caller and one question.

A token is the mark and a part of an HMAC over it, the caller's name and what was asked. The key
is in the store, so a token outlives a restart. It gives no right: what a page shows is decided
anew each time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from milepost.access.principals import Principal
from milepost.rules import reasons
from milepost.rules.reasons import Refusal, shortened
from milepost.store.base import Store

KEY_NAME = "page tokens"
MARK_BYTES = 8
MAC_BYTES = 16


class PageTokens:
    """Makes and reads page tokens. Both may raise what the store raises."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._key: bytes | None = None

    async def make(self, who: Principal, question: bytes, mark: int) -> str:
        """The token of a mark."""
        written = mark.to_bytes(MARK_BYTES)
        mac = signed(await self._signing_key(), who, question, written)
        return base64.urlsafe_b64encode(written + mac).decode()

    async def read(self, who: Principal, question: bytes, token: str) -> int | Refusal:
        """The mark of a token; refused when it was not made for this caller and question."""
        try:
            found = base64.b64decode(token.encode(), b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            found = b""
        written, mac = found[:MARK_BYTES], found[MARK_BYTES:]
        expected = signed(await self._signing_key(), who, question, written)
        is_spelled = base64.urlsafe_b64encode(found) == token.encode()
        if not hmac.compare_digest(mac, expected) or not is_spelled:
            return Refusal(reasons.BAD_PAGE_TOKEN, (shortened(token),))
        return int.from_bytes(written)

    async def _signing_key(self) -> bytes:
        if self._key is None:
            self._key = (await self._store.key(KEY_NAME)).encode()
        return self._key


def signed(key: bytes, who: Principal, question: bytes, written: bytes) -> bytes:
    """The HMAC of a mark; the name has a length before it, so that no two texts are alike."""
    name = who.name.encode()
    text = b"%d:%b%b%b" % (len(name), name, written, question)
    return hmac.digest(key, text, hashlib.sha256)[:MAC_BYTES]
