"""A writing connection that a test can watch, stop at a statement, and break."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from milepost.store.sqlite import connection, writer

PATIENCE = 60


class Writer:
    """What the store's writing connections do, in order, over all that are opened.

    ``stop_at`` holds the writer before the next statement that begins so, until ``go_on``.
    """

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.opened = 0
        self.stopped = threading.Event()
        self.let_on = threading.Event()
        self._stop_at: str | None = None

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        def open_watched(directory: Path, synchronous: str) -> sqlite3.Connection:
            writing = connection.open_writer(directory, synchronous)
            writing.set_trace_callback(self._hear)
            self.opened += 1
            return writing

        patch.setattr(writer, "open_writer", open_watched)

    def stop_at(self, beginning: str) -> None:
        self.let_on.clear()
        self.stopped.clear()
        self._stop_at = beginning

    def go_on(self) -> None:
        self._stop_at = None
        self.let_on.set()

    def count(self, beginning: str) -> int:
        return sum(statement.startswith(beginning) for statement in self.statements)

    def _hear(self, statement: str) -> None:
        # The driver tells a statement, with its values, once more for each trigger that it fires.
        if self.statements[-1:] == [statement]:
            return
        self.statements.append(statement)
        if self._stop_at is not None and statement.startswith(self._stop_at):
            self.stopped.set()
            assert self.let_on.wait(PATIENCE)


class Faulty:
    """A connection that raises at one statement, before or after the statement is run."""

    def __init__(self, inner: sqlite3.Connection, beginning: str, *, after: bool) -> None:
        self._inner = inner
        self._beginning = beginning
        self._after = after

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    @property
    def total_changes(self) -> int:
        return self._inner.total_changes

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        hit = statement.startswith(self._beginning)
        if hit and not self._after:
            raise sqlite3.OperationalError("disk I/O error")
        cursor = self._inner.execute(statement, values)
        if hit:
            raise sqlite3.OperationalError("disk I/O error")
        return cursor

    def executemany(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> sqlite3.Cursor:
        if not statement.startswith(self._beginning):
            return self._inner.executemany(statement, rows)
        if self._after:
            self._inner.executemany(statement, rows)
        raise sqlite3.OperationalError("disk I/O error")

    def close(self) -> None:
        self._inner.close()


def break_first(
    patch: pytest.MonkeyPatch, spoil: Callable[[sqlite3.Connection], object | None]
) -> list[sqlite3.Connection]:
    """Let the store's first writing connection be spoiled; those after it are sound."""
    opened: list[sqlite3.Connection] = []

    def open_spoiled(directory: Path, synchronous: str) -> sqlite3.Connection:
        writing = connection.open_writer(directory, synchronous)
        opened.append(writing)
        other = spoil(writing) if len(opened) == 1 else None
        return writing if other is None else cast("sqlite3.Connection", other)

    patch.setattr(writer, "open_writer", open_spoiled)
    return opened
