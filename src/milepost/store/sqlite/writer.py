"""The connection that writes, and transactions on it that are durable at their end."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from milepost.store.sqlite.checkpoints import Checkpoints
from milepost.store.sqlite.connection import open_writer

T = TypeVar("T")


class Writer:
    """One writing connection, opened when it is first needed and again after a fault.

    It is used by one thread at a time.
    """

    def __init__(self, directory: Path, synchronous: str) -> None:
        self._directory = directory
        self._synchronous = synchronous
        self._connection: sqlite3.Connection | None = None
        self._checkpoints = Checkpoints(directory, synchronous)

    def attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work in a transaction that is durable at the end.

        Raises what the work raised, and ``sqlite3.Error``; nothing is left of the work then.
        """
        connection = self.connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back(connection)
            raise
        self._checkpoints.after_commit(connection)
        return done

    def connection(self) -> sqlite3.Connection:
        """The connection, open. Raises ``sqlite3.Error``."""
        if self._connection is None:
            self._connection = open_writer(self._directory, self._synchronous)
        return self._connection

    def disconnect(self) -> None:
        """Drop the connection after a fault of the database itself; a new one is opened next."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def close(self) -> None:
        """Write no more."""
        self._checkpoints.close()
        self.disconnect()

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
