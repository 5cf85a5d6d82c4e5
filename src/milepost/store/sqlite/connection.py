"""Opening the database file: how it is set up, its lock, and its schema's versions."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import filelock

from milepost.store.base import Corrupt, Locked, Unavailable

DATABASE = "milepost.db"
LOCK = "milepost.lock"
COMMIT_LOCK = "milepost.commit.lock"
COMMIT_LOCK_SECONDS = 10
# "Mile", so that the file says whose it is.
APPLICATION_ID = 0x4D696C65
BUSY_MILLISECONDS = 5_000
# Should the checkpoints beside the commits fail, those within them still bound the log.
CHECKPOINT_PAGES = 8_000
WAL_KEPT_BYTES = 4 * 1024 * 1024

SCHEMA = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"

WRITER_SETTINGS: tuple[str, ...] = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    # A sync must reach the platter on macOS too; elsewhere these two say nothing new.
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
    f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}",
    "PRAGMA cache_size = -65536",
)


def open_writer(directory: Path, synchronous: str) -> sqlite3.Connection:
    """The one connection that writes. Raises ``sqlite3.Error``."""
    connection = connect(directory)
    for setting in WRITER_SETTINGS:
        connection.execute(setting)
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def open_copier(directory: Path, synchronous: str) -> sqlite3.Connection:
    """A connection that copies the log to the database. Raises ``sqlite3.Error``."""
    connection = connect(directory)
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def open_reader(directory: Path) -> sqlite3.Connection:
    """A connection that only reads. Raises ``sqlite3.Error``."""
    connection = connect(directory)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA query_only = ON")
    return connection


def connect(directory: Path) -> sqlite3.Connection:
    # Transactions are begun and ended by name; each connection is used by one thread at a time.
    return sqlite3.connect(directory / DATABASE, isolation_level=None, check_same_thread=False)


def directory_lock(directory: Path) -> filelock.FileLock:
    """The lock of a data directory, not yet taken."""
    return filelock.FileLock(directory / LOCK, mode=0o600)


def commit_lock(directory: Path) -> filelock.FileLock:
    """The lock of the committing process; it is given up soon after its server has ended."""
    path = directory / COMMIT_LOCK
    return filelock.FileLock(path, mode=0o600, timeout=COMMIT_LOCK_SECONDS, poll_interval=0.005)


def take(lock: filelock.FileLock, directory: Path, *, needed: bool) -> None:
    """Make the data directory, readable by its owner only, and lock it for this program.

    Raises:
        Unavailable: the directory cannot be made or written; the message names it.
        Locked: a server holds it, and the lock was needed.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire(timeout=0)
        # The database holds password hashes; what SQLite puts beside it takes its mode.
        (directory / DATABASE).touch(mode=0o600)
        (directory / DATABASE).chmod(0o600)
    except filelock.Timeout:
        if needed:
            raise Locked(f"the data directory {directory} is in use by another server") from None
    except OSError as fault:
        text = f"the data directory {directory} cannot be used: {fault.strerror}"
        raise Unavailable(text) from fault


def await_commits(directory: Path) -> None:
    """Wait until the committing process of a server that was killed has ended too.

    Raises ``Locked`` when it does not, and ``Unavailable`` when that cannot be seen.
    """
    try:
        with commit_lock(directory):
            pass
    except filelock.Timeout:
        text = f"the data directory {directory} is still written by a server that has ended"
        raise Locked(text) from None
    except OSError as fault:
        text = f"the data directory {directory} cannot be used: {fault.strerror}"
        raise Unavailable(text) from fault


def migrations() -> list[str]:
    """The steps of the schema in order; step *n* makes version *n*."""
    folder = resources.files("milepost.store.sqlite") / "migrations"
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(folder / name).read_text(encoding="utf-8") for name in files]


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema to the version this program knows, one step a transaction.

    Raises:
        Corrupt: the database was written by a later version, or has other tables than its own.
        sqlite3.Error: a step failed; it left nothing behind.
    """
    steps = migrations()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    refuse_foreign(connection, version)
    if version > len(steps):
        raise Corrupt(
            f"the database has schema {version}, this program knows {len(steps)}:"
            " it was written by a later version"
        )
    refuse_altered(connection, steps[:version])
    for number, step in enumerate(steps[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{step}\nPRAGMA application_id = {APPLICATION_ID};"
            f"\nPRAGMA user_version = {number};\nCOMMIT;"
        )


def refuse_foreign(connection: sqlite3.Connection, version: int) -> None:
    """Raise ``Corrupt`` when the file is a database of another program."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner != APPLICATION_ID and (version or tables):
        raise Corrupt(f"{DATABASE} is a database of another program")


def refuse_altered(connection: sqlite3.Connection, steps: Sequence[str]) -> None:
    """Raise ``Corrupt`` when something is missing or other than the steps have made it.

    Before a release a step may still be changed; its number then tells too little.
    """
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        made.executescript("\n".join(steps))
        wanted = set(made.execute(SCHEMA))
    other = wanted - set(connection.execute(SCHEMA))
    if other:
        names = ", ".join(sorted(name for name, _ in other)[:3])
        raise Corrupt(
            f"{DATABASE} has schema {len(steps)} in another form ({names}):"
            " it was made by a version before a release, or altered"
        )


def refuse_other_schema(connection: sqlite3.Connection) -> None:
    """Raise ``Corrupt`` when the running server has another schema than this program knows."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != len(migrations()):
        raise Corrupt(
            f"the running server has schema {version}, this program knows {len(migrations())}:"
            " they are of different versions"
        )


def prepare(directory: Path, synchronous: str, *, may_migrate: bool) -> None:
    """Make the schema ready, or see that it is. Raises ``Corrupt`` and ``sqlite3.Error``."""
    connection = open_writer(directory, synchronous)
    try:
        if may_migrate:
            migrate(connection)
        else:
            refuse_other_schema(connection)
    finally:
        connection.close()


def write_nothing_new(connection: sqlite3.Connection) -> None:
    """Write a page as it is, so that the commit has to write and sync."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {version}")
