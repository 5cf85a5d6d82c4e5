"""The settings of the connections, where durability is decided."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from milepost.store.sqlite.connection import open_reader, open_writer
from milepost.store.sqlite.store import SqliteStore, open_store
from tests.contract.samples import made

T = TypeVar("T")

WRITER = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: each commit is synced before it is answered
    "foreign_keys": 1,
    "fullfsync": 1,
    "checkpoint_fullfsync": 1,
    "busy_timeout": 5_000,
    "wal_autocheckpoint": 8_000,
    "journal_size_limit": 4 * 1024 * 1024,
    "cache_size": -65_536,
    "query_only": 0,
    "locking_mode": "normal",
}
READER = {"journal_mode": "wal", "busy_timeout": 5_000, "query_only": 1}


def settings_of(connection: sqlite3.Connection, names: dict[str, object]) -> dict[str, object]:
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


def in_store(tmp_path: Path, look: Callable[[SqliteStore, sqlite3.Connection], T]) -> T:
    """Look at an open store and its writing connection, which only its own thread may use."""

    async def run() -> T:
        store = open_store(tmp_path)
        try:
            await made(store)
            return await store._committer.run(lambda connection: look(store, connection))
        finally:
            await store.close()

    return asyncio.run(run())


def test_the_writer_syncs_every_commit(tmp_path: Path) -> None:
    assert in_store(tmp_path, lambda _, writer: settings_of(writer, WRITER)) == WRITER


def test_the_readers_cannot_write(tmp_path: Path) -> None:
    def look(store: SqliteStore, _: sqlite3.Connection) -> None:
        for reader in (store._near, store._far):
            assert settings_of(reader, READER) == READER
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader.execute("DELETE FROM tasks")

    in_store(tmp_path, look)


@pytest.mark.parametrize(("name", "number"), [("OFF", 0), ("NORMAL", 1), ("FULL", 2), ("EXTRA", 3)])
def test_the_writer_takes_the_setting_it_is_given(tmp_path: Path, name: str, number: int) -> None:
    writer = open_writer(tmp_path, name)
    reader = open_reader(tmp_path)

    assert writer.execute("PRAGMA synchronous").fetchone() == (number,)
    for connection in (writer, reader):
        assert connection.isolation_level is None
        connection.close()
