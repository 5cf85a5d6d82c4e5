"""Users, sessions, extensions and the keys of the service itself, in the database."""

from __future__ import annotations

import secrets
import sqlite3
from functools import partial

from milepost.rules.extensions import ExtensionOutcome, Registration
from milepost.rules.values import Instant
from milepost.store.base import DecideExtension, Session, User
from milepost.store.sqlite import extensions, queries, rows
from milepost.store.sqlite.readers import Readers

SESSION_WIDTH = 4
KEY_BYTES = 32


class AccountTables(Readers):
    """What a store keeps beside the tasks; ``store.base`` says what each method promises."""

    async def key(self, name: str) -> str:
        made = secrets.token_urlsafe(KEY_BYTES)

        def job(connection: sqlite3.Connection) -> str:
            connection.execute(
                "INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING", (name, made)
            )
            (key,) = connection.execute("SELECT value FROM keys WHERE name = ?", (name,)).fetchone()
            return str(key)

        return await self._committer.run(job)

    async def user(self, name: str) -> User | None:
        row = self._one(f"SELECT {rows.USER_NAMES} FROM users WHERE name = ?", name)  # noqa: S608  own names only
        return None if row is None else rows.read_user(row)

    async def users(self) -> list[User]:
        statement = f"SELECT {rows.USER_NAMES} FROM users ORDER BY name"  # noqa: S608  own names only
        return [rows.read_user(row) for row in await self._all(statement)]

    async def add_user(self, user: User) -> bool:
        def job(connection: sqlite3.Connection) -> bool:
            return connection.execute(rows.ADD_USER, rows.user_row(user)).rowcount == 1

        return await self._committer.run(job)

    async def put_user(self, user: User, *, end_sessions: bool = False) -> None:
        def job(connection: sqlite3.Connection) -> None:
            connection.execute(rows.PUT_USER, rows.user_row(user))
            if end_sessions:
                connection.execute("DELETE FROM sessions WHERE user = ?", (user.name,))

        await self._committer.run(job)

    async def session(self, token: str) -> tuple[Session, User] | None:
        row = self._one(queries.SELECT_SESSION, token)
        if row is None:
            return None
        return rows.read_session(row[:SESSION_WIDTH]), rows.read_user(row[SESSION_WIDTH:])

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

    async def change_extension(self, key: str, decide: DecideExtension) -> ExtensionOutcome:
        return await self._committer.run(partial(extensions.change, key=key, decide=decide))

    async def extension(self, key: str) -> Registration | None:
        found = await self._all(extensions.SELECT_ONE, key)
        return extensions.read(key, found[0]) if found else None

    async def extension_versions(self) -> dict[str, int]:
        return dict(await self._all(extensions.SELECT_VERSIONS))
