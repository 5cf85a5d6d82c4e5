"""The order of work for tokens: made and told once, looked at, revoked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from milepost.access.principals import Principal, Role, Scope
from milepost.access.sessions import hash_token
from milepost.access.tokens import new_token
from milepost.rules import reasons
from milepost.rules.reasons import Refusal, shortened
from milepost.rules.values import Instant, Value
from milepost.service.accounts import refusal_of_key
from milepost.service.paging import PageTokens
from milepost.store.base import Store, Token, TokenAdded, User

NAME = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
LONGEST_LIFE = 100 * 366 * 86_400
ENDED_KEPT_MILLISECONDS = 30 * 24 * 60 * 60 * 1000
ID_BYTES = 8
PAGE = 1000


class TokenLimits(Value, frozen=True, kw_only=True):
    """How many live tokens a user may have, and for how many seconds at most; 0 sets no end."""

    most: int
    seconds: int


class NewToken(Value, frozen=True, kw_only=True):
    """What a token is to be. Without ``lifetime_seconds`` it lasts as long as it may."""

    name: str
    scope: str
    extension: str | None = None
    lifetime_seconds: int | None = None


class Made(NamedTuple):
    """A new token, and its text, which is told this once."""

    token: Token
    text: str


class TokensRead(Value, frozen=True):
    """A page of tokens; ``following`` leads to the next one, if there is one."""

    tokens: tuple[Token, ...]
    following: str | None


class Tokens:
    """Makes, shows and revokes tokens. Who may is for ``access.policy`` to say.

    Every method may raise what the store raises. ``clock`` gives the time in milliseconds.
    """

    def __init__(self, store: Store, limits: TokenLimits, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock
        self._pages = PageTokens(store)

    async def make(self, owner: str, new: NewToken) -> Made | Refusal:
        """Make a token of a user."""
        user = await self._store.user(owner)
        if user is None:
            return Refusal(reasons.USER_UNKNOWN, (shortened(owner),))
        refusal = refusal_of_new(new, user) or self._refusal_of_life(new.lifetime_seconds)
        if refusal is not None:
            return refusal
        now, text = self._clock(), new_token()
        seconds = new.lifetime_seconds or self._limits.seconds
        token = Token(
            id=secrets.token_hex(ID_BYTES),
            digest=hash_token(text),
            name=new.name,
            owner=owner,
            scope=new.scope,
            extension=new.extension,
            created_at=now,
            expires_at=now + seconds * 1000 if seconds else None,
        )
        added = await self._store.add_token(token, self._limits.most)
        if added is TokenAdded.NAME_TAKEN:
            return Refusal(reasons.TOKEN_EXISTS, (owner, new.name))
        if added is TokenAdded.TOO_MANY:
            return Refusal(reasons.TOO_MANY_TOKENS, (owner, str(self._limits.most)))
        return Made(token, text)

    async def one(self, ident: str) -> Token | Refusal:
        """A token by its id, live or not."""
        token = await self._store.token_by_id(ident)
        return unknown(ident) if token is None else token

    async def page(
        self, who: Principal, owner: str | None, size: int, following: str | None
    ) -> TokensRead | Refusal:
        """The tokens of a user, or of all users, in the order they were made."""
        question = f"tokens of {owner}" if owner is not None else "all tokens"
        mark = None
        if following is not None:
            found = await self._pages.read(who, question.encode(), following)
            if isinstance(found, Refusal):
                return found
            mark = found
        page = await self._store.tokens(owner, size, mark)
        if page.next is None:
            return TokensRead(page.tokens, None)
        next_page = await self._pages.make(who, question.encode(), page.next)
        return TokensRead(page.tokens, next_page)

    async def all(self, owner: str | None) -> list[Token] | Refusal:
        """All tokens of a user, or of all users."""
        if owner is not None and await self._store.user(owner) is None:
            return Refusal(reasons.USER_UNKNOWN, (shortened(owner),))
        page = await self._store.tokens(owner, PAGE)
        found = list(page.tokens)
        while page.next is not None:
            page = await self._store.tokens(owner, PAGE, page.next)
            found += page.tokens
        return found

    async def revoke(self, ident: str) -> Token | Refusal:
        """End a token for good; to end it again changes nothing."""
        token = await self._store.revoke_token(ident, self._clock())
        return unknown(ident) if token is None else token

    def _refusal_of_life(self, seconds: int | None) -> Refusal | None:
        most = self._limits.seconds or LONGEST_LIFE
        if seconds is None or 1 <= seconds <= most:
            return None
        return Refusal(reasons.OUT_OF_BOUNDS, ("lifetime_seconds", str(seconds), "1", str(most)))


def told(token: Token) -> dict[str, Any]:
    """What is told of a token: anything but the hash of its text."""
    found = msgspec.structs.asdict(token)
    del found["digest"]
    return found


def unknown(ident: str) -> Refusal:
    """Why there is no such token, or none for whoever asks."""
    return Refusal(reasons.NO_SUCH_TOKEN, (shortened(ident),))


def refusal_of_new(new: NewToken, owner: User) -> Refusal | None:
    """Why a user cannot have such a token."""
    if NAME.fullmatch(new.name) is None:
        return Refusal(reasons.BAD_TOKEN_NAME, (repr(shortened(new.name)),))
    if new.scope not in {known.value for known in Scope}:
        return Refusal(reasons.UNKNOWN_SCOPE, (shortened(new.scope), ", ".join(Scope)))
    if new.extension is None:
        return None
    if owner.role == Role.EXTENSION and new.extension != owner.extension:
        args = (shortened(new.extension), owner.name, owner.extension or "")
        return Refusal(reasons.FOREIGN_EXTENSION, args)
    return refusal_of_key(new.extension)


async def sweep(store: Store, now: Instant) -> None:
    """Forget the tokens that have ended so long ago that nobody looks for them any more."""
    await store.forget_tokens(now - ENDED_KEPT_MILLISECONDS)
