"""Passwords: argon2id, hashed and checked in a small pool of threads, never more at once.

The cost is that of the OWASP minimum (19 MiB, 2 passes, 1 lane). An unknown user costs the same
as a wrong password, so that the time tells nothing.
"""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor

import argon2

HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
THREADS = 2
MOST_WAITING = 64


class TooManyLogins(Exception):
    """More logins wait for their check than the pool takes."""


def hash_password(password: str) -> str:
    """The argon2id hash of a password."""
    return HASHER.hash(password)


def password_fits(hashed: str, password: str) -> bool:
    """Whether the password is the one that was hashed."""
    try:
        return HASHER.verify(hashed, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


@functools.cache
def nobodys() -> str:
    """What the password of an unknown user is held against; made once, as it takes its time."""
    return hash_password("no user has this password")


class PasswordChecker:
    """Checks passwords without stopping the server for it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="milepost-passwords")
        self._nobody = nobodys()
        self._waiting = 0

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether the password fits; with no hash never, after the same work.

        Raises ``TooManyLogins`` when too many wait.
        """
        if self._waiting >= MOST_WAITING:
            raise TooManyLogins
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            against = self._nobody if hashed is None else hashed
            good = await loop.run_in_executor(self._pool, password_fits, against, password)
        finally:
            self._waiting -= 1
        return good and hashed is not None

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown()
