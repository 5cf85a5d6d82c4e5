"""Users and their sessions, as they are written."""

from __future__ import annotations

import sqlite3

from milepost.rules.values import Instant
from milepost.store.base import Session, User
from milepost.store.sqlite import rows, tokens
from milepost.store.sqlite.committer import Committer


class AccountWriter:
    """What a store does with users and sessions; each is a commit, shared with others."""

    _committer: Committer

    async def add_user(self, user: User) -> bool:
        def job(connection: sqlite3.Connection) -> bool:
            return connection.execute(rows.ADD_USER, rows.user_row(user)).rowcount == 1

        return await self._committer.run(job)

    async def put_user(
        self, user: User, *, end_sessions: bool = False, revoke_tokens: Instant | None = None
    ) -> None:
        def job(connection: sqlite3.Connection) -> None:
            connection.execute(rows.PUT_USER, rows.user_row(user))
            if end_sessions:
                connection.execute("DELETE FROM sessions WHERE user = ?", (user.name,))
            if revoke_tokens is not None:
                connection.execute(tokens.REVOKE_ALL, (revoke_tokens, user.name))

        await self._committer.run(job)

    async def put_session(self, session: Session) -> None:
        values = (session.token, session.user, session.created_at, session.used_at)
        await self._write(
            f"INSERT INTO sessions ({rows.SESSION_NAMES}) VALUES (?, ?, ?, ?)",  # noqa: S608  own names only
            *values,
        )

    async def touch_session(self, token: str, used_at: Instant) -> None:
        statement = "UPDATE sessions SET used_at = max(used_at, ?) WHERE token = ?"
        await self._write(statement, used_at, token)

    async def delete_session(self, token: str) -> None:
        await self._write("DELETE FROM sessions WHERE token = ?", token)

    async def delete_sessions(self, *, created_before: Instant, used_before: Instant) -> None:
        statement = "DELETE FROM sessions WHERE created_at < ? OR used_at < ?"
        await self._write(statement, created_before, used_before)

    async def _write(self, statement: str, *values: object) -> int:
        """Run a statement; how many rows it changed."""

        def job(connection: sqlite3.Connection) -> int:
            return connection.execute(statement, values).rowcount

        return await self._committer.run(job)
