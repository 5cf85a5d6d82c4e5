"""The data directory: its lock, its mode, and what is wrong with one that cannot be used."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.store.base import Corrupt, Locked, Store, Unavailable, User
from milepost.store.sqlite import connection
from milepost.store.sqlite.connection import DATABASE
from milepost.store.sqlite.store import SqliteStore, open_store
from tests.contract.samples import made

OPEN_ELSEWHERE = """
import sys, pathlib
from milepost.store.base import StoreError
from milepost.store.sqlite.store import open_store
try:
    held = open_store(pathlib.Path(sys.argv[1]))
except StoreError as fault:
    print(type(fault).__name__, fault)
else:
    print("opened", flush=True)
    sys.stdin.read()
"""


def open_elsewhere(directory: Path) -> subprocess.Popen[str]:
    """Another process that opens the store and holds it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", OPEN_ELSEWHERE, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def close(store: Store) -> None:
    asyncio.run(store.close())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_in(directory: Path) -> dict[str, int]:
    return {path.name: mode_of(path) for path in directory.iterdir()}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "a" / "data"


@pytest.fixture
def store(directory: Path) -> Iterator[SqliteStore]:
    store = open_store(directory)
    yield store
    close(store)


@pytest.mark.usefixtures("store")
def test_a_second_opening_in_this_process_is_refused(directory: Path) -> None:
    for _ in range(2):
        with pytest.raises(Locked, match=str(directory)):
            open_store(directory)


@pytest.mark.usefixtures("store")
def test_an_opening_in_another_process_is_refused(directory: Path) -> None:
    with open_elsewhere(directory) as other:
        said, _ = other.communicate(timeout=60)

    assert said == f"Locked the data directory {directory} is in use by another server\n"


def test_a_killed_process_holds_nothing(directory: Path) -> None:
    with open_elsewhere(directory) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "opened\n"
        with pytest.raises(Locked):
            open_store(directory)
        other.send_signal(signal.SIGKILL)
        other.wait(60)

    close(open_store(directory))


def test_a_closed_store_lets_go_of_the_directory(directory: Path) -> None:
    for _ in range(3):
        close(open_store(directory))


def test_a_store_that_could_not_be_opened_lets_go_of_it_too(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / DATABASE).write_bytes(b"this is not a database" * 100)
    for _ in range(2):
        with pytest.raises(Corrupt):
            open_store(directory)
    (directory / DATABASE).unlink()

    close(open_store(directory))


def test_a_command_may_open_it_beside_the_server(directory: Path, store: SqliteStore) -> None:
    async def add() -> None:
        beside = open_store(directory, exclusive=False)
        assert await beside.add_user(User(name="root", role="viewer", password="p"))
        await beside.close()
        assert await store.users()
        with pytest.raises(Locked):
            open_store(directory)

    asyncio.run(add())


def test_a_command_beside_no_server_keeps_none_out(directory: Path) -> None:
    beside = open_store(directory, exclusive=False)
    close(open_store(directory))
    close(beside)


def test_a_command_of_another_version_is_refused(
    directory: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(store.users())
    steps = [*connection.migrations(), "CREATE TABLE later (x) STRICT;"]
    monkeypatch.setattr(connection, "migrations", lambda: steps)

    with pytest.raises(Corrupt, match="different versions"):
        open_store(directory, exclusive=False)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_the_files(directory: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = open_store(directory)

        async def write() -> None:
            await made(store)
            names = modes_in(directory)
            assert names.pop(DATABASE) == 0o600
            assert names.pop(f"{DATABASE}-wal") == 0o600
            assert names.pop(f"{DATABASE}-shm") == 0o600
            assert set(names.values()) == {0o600}
            await store.close()

        asyncio.run(write())
    finally:
        os.umask(before)
    assert mode_of(directory) == 0o700


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_nor_in_a_directory_that_was_there(directory: Path, umask: int) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o755)
    before = os.umask(umask)
    try:
        close(open_store(directory))
    finally:
        os.umask(before)

    assert set(modes_in(directory).values()) == {0o600}


def test_a_file_in_place_of_the_directory(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("a file")

    with pytest.raises(Unavailable, match=str(place)):
        open_store(place)
    assert place.read_text() == "a file"


def test_a_path_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "data"

    with pytest.raises(Unavailable, match=str(place)):
        open_store(place)


def test_a_directory_where_nothing_can_be_written() -> None:
    """Not even by root, who runs the tests in a container."""
    for place in (Path("/proc/milepost"), Path("/proc/self/milepost")):
        with pytest.raises(Unavailable, match=str(place)):
            open_store(place)


def test_a_directory_in_place_of_the_database(directory: Path) -> None:
    (directory / DATABASE).mkdir(parents=True)

    with pytest.raises(Unavailable, match=str(directory)):
        open_store(directory)


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"x" * 4096])
def test_what_is_no_database_is_left_as_it_is(directory: Path, content: bytes) -> None:
    directory.mkdir(parents=True)
    (directory / DATABASE).write_bytes(content)

    with pytest.raises(Corrupt, match=str(directory)):
        open_store(directory)
    assert (directory / DATABASE).read_bytes() == content


@pytest.mark.parametrize(
    "change", ["DROP TABLE extensions", "ALTER TABLE tasks RENAME COLUMN weight TO heaviness"]
)
def test_a_database_in_another_form_is_left_as_it_is(directory: Path, change: str) -> None:
    close(open_store(directory))
    with contextlib.closing(sqlite3.connect(directory / DATABASE)) as other:
        other.execute(change)
        form = list(other.execute(connection.SCHEMA))

    with pytest.raises(Corrupt, match=r"in another form \((extensions|tasks)\)"):
        open_store(directory)
    with contextlib.closing(sqlite3.connect(directory / DATABASE)) as other:
        assert list(other.execute(connection.SCHEMA)) == form


def test_a_database_of_a_later_version_is_left_as_it_is(directory: Path) -> None:
    close(open_store(directory))
    with sqlite3.connect(directory / DATABASE) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()

    with pytest.raises(Corrupt, match=r"99.*later version"):
        open_store(directory)
    with sqlite3.connect(directory / DATABASE) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (99,)
    other.close()
