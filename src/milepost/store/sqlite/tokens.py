"""Tokens as rows, and what is asked and written of them."""

from __future__ import annotations

import sqlite3

from milepost.rules.values import Instant
from milepost.store.base import Token, TokenAdded, TokenPage, User
from milepost.store.sqlite import rows
from milepost.store.sqlite.committer import Committer
from milepost.store.sqlite.reader import Reader
from milepost.store.sqlite.rows import Row

COLUMNS = (
    *("id", "digest", "name", "owner", "scope", "extension"),
    *("created_at", "expires_at", "used_at", "revoked_at"),
)
NAMES = ", ".join(COLUMNS)
SELECT_ONE = f"SELECT {NAMES} FROM tokens WHERE id = ?"  # noqa: S608  own names only
SELECT_WITH_OWNER = (
    f"SELECT {', '.join(f'tokens.{name}' for name in COLUMNS)},"  # noqa: S608  own names only
    " users.name, users.role, users.extension, users.password, users.disabled"
    " FROM tokens JOIN users ON users.name = tokens.owner WHERE tokens.digest = ?"
)
SELECT_PAGE = f"SELECT number, {NAMES} FROM tokens WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608  own names only
SELECT_OWN_PAGE = (
    f"SELECT number, {NAMES} FROM tokens WHERE owner = ? AND number > ?"  # noqa: S608  own names only
    " ORDER BY number LIMIT ?"
)
IS_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)"
COUNT_LIVE = f"SELECT count(*), count(*) FILTER (WHERE name = :name) FROM tokens WHERE owner = :owner AND {IS_LIVE}"  # noqa: E501, S608  own names only
ADD = f"INSERT INTO tokens ({NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608  own names only
FORGET_OLD = (
    "DELETE FROM tokens WHERE number IN (SELECT number FROM tokens"  # noqa: S608  own names only
    f" WHERE owner = :owner AND NOT ({IS_LIVE}) ORDER BY number DESC LIMIT -1 OFFSET :most)"
)
TOUCH = "UPDATE tokens SET used_at = max(coalesce(used_at, ?1), ?1) WHERE digest = ?2"
REVOKE = "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
REVOKE_ALL = "UPDATE tokens SET revoked_at = ? WHERE owner = ? AND revoked_at IS NULL"
FORGET = "DELETE FROM tokens WHERE min(coalesce(revoked_at, expires_at), coalesce(expires_at, revoked_at)) < ?"  # noqa: E501


class Tokens(Reader):
    """What a store does with tokens."""

    _committer: Committer

    async def add_token(self, token: Token, most: int) -> TokenAdded:
        return await self._committer.run(lambda connection: add(connection, token, most))

    async def token(self, digest: str) -> tuple[Token, User] | None:
        row = self._one(SELECT_WITH_OWNER, digest)
        if row is None:
            return None
        return read(row[: len(COLUMNS)]), rows.read_user(row[len(COLUMNS) :])

    async def token_by_id(self, ident: str) -> Token | None:
        row = self._one(SELECT_ONE, ident)
        return None if row is None else read(row)

    async def tokens(self, owner: str | None, size: int, after: int | None = None) -> TokenPage:
        begin, limit = after or 0, size + 1
        found = await (
            self._all(SELECT_PAGE, begin, limit)
            if owner is None
            else self._all(SELECT_OWN_PAGE, owner, begin, limit)
        )
        shown = tuple(read(row[1:]) for row in found[:size])
        return TokenPage(shown, found[size - 1][0] if len(found) > size else None)

    async def touch_token(self, digest: str, used_at: Instant) -> None:
        await self._committer.run(
            lambda connection: done(connection.execute(TOUCH, (used_at, digest)))
        )

    async def revoke_token(self, ident: str, at: Instant) -> Token | None:
        def job(connection: sqlite3.Connection) -> Token | None:
            connection.execute(REVOKE, (at, ident))
            row = connection.execute(SELECT_ONE, (ident,)).fetchone()
            return None if row is None else read(row)

        return await self._committer.run(job)

    async def forget_tokens(self, ended_before: Instant) -> None:
        await self._committer.run(
            lambda connection: done(connection.execute(FORGET, (ended_before,)))
        )


def add(connection: sqlite3.Connection, token: Token, most: int) -> TokenAdded:
    """Add a token, as a part of a transaction."""
    known = {"owner": token.owner, "name": token.name, "now": token.created_at, "most": most}
    live, named = connection.execute(COUNT_LIVE, known).fetchone()
    if named:
        return TokenAdded.NAME_TAKEN
    if live >= most:
        return TokenAdded.TOO_MANY
    connection.execute(ADD, tuple(getattr(token, name) for name in COLUMNS))
    connection.execute(FORGET_OLD, known)
    return TokenAdded.ADDED


def read(row: Row) -> Token:
    return Token(**dict(zip(COLUMNS, row, strict=True)))


def done(_cursor: sqlite3.Cursor) -> None:
    """Nothing is told of a statement."""
