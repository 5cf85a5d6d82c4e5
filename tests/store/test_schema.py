"""The schema, written out a second time: a change of it must be meant."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from milepost.store.base import Unavailable
from milepost.store.sqlite import connection
from milepost.store.sqlite.connection import DATABASE, migrate, migrations
from milepost.store.sqlite.store import open_store

NULL, SET = "NULL", "NOT NULL"

# Column: type, whether it may be NULL, its place in the primary key.
TABLES: dict[str, dict[str, tuple[str, str, int]]] = {
    "tasks": {
        "number": ("INTEGER", NULL, 1),
        "id": ("TEXT", SET, 0),
        "revision": ("INTEGER", SET, 0),
        "service": ("TEXT", SET, 0),
        "operation": ("TEXT", SET, 0),
        "cancelable": ("INTEGER", SET, 0),
        "target_type": ("TEXT", SET, 0),
        "target_id": ("TEXT", SET, 0),
        "principal": ("TEXT", SET, 0),
        "user": ("TEXT", NULL, 0),
        "parent": ("TEXT", NULL, 0),
        "created_at": ("INTEGER", SET, 0),
        "updated_at": ("INTEGER", SET, 0),
        "status": ("TEXT", SET, 0),
        "description": ("TEXT", SET, 0),
        "progress_total": ("INTEGER", SET, 0),
        "progress_completed": ("INTEGER", SET, 0),
        "progress_message": ("TEXT", SET, 0),
        "error": ("TEXT", NULL, 0),
        "result": ("TEXT", NULL, 0),
        "result_typed": ("TEXT", NULL, 0),
        "start_time": ("INTEGER", NULL, 0),
        "start_given": ("INTEGER", SET, 0),
        "end_time": ("INTEGER", NULL, 0),
        "finished_at": ("INTEGER", NULL, 0),
        "cancel_requested": ("INTEGER", NULL, 0),
        "cancel_acknowledged": ("INTEGER", NULL, 0),
        "lease_seconds": ("INTEGER", NULL, 0),
        "weight": ("REAL", SET, 0),
        "pinned": ("INTEGER", SET, 0),
        "last_position": ("INTEGER", SET, 0),
    },
    "events": {
        "position": ("INTEGER", NULL, 1),
        "previous": ("INTEGER", NULL, 0),
        "task_id": ("TEXT", SET, 0),
        "revision": ("INTEGER", SET, 0),
        "kind": ("TEXT", SET, 0),
        "at": ("INTEGER", SET, 0),
        "principal": ("TEXT", SET, 0),
        "source": ("TEXT", SET, 0),
        "changes": ("TEXT", SET, 0),
        "task": ("TEXT", SET, 0),
    },
    "tombstones": {
        "id": ("TEXT", SET, 1),
        "service": ("TEXT", SET, 0),
        "removed_at": ("INTEGER", SET, 0),
    },
    "discarded": {"position": ("INTEGER", NULL, 1)},
    "overlong": {"task_id": ("TEXT", SET, 1), "revision": ("INTEGER", SET, 0)},
    "shortened": {"task_id": ("TEXT", SET, 1), "through": ("INTEGER", SET, 0)},
    "compaction": {"only": ("INTEGER", NULL, 1), "through": ("INTEGER", SET, 0)},
    "tallies": {
        "service": ("TEXT", SET, 1),
        "status": ("TEXT", SET, 2),
        "pinned": ("INTEGER", SET, 3),
        "count": ("INTEGER", SET, 0),
    },
    "clock_back": {"only": ("INTEGER", NULL, 1), "milliseconds": ("INTEGER", SET, 0)},
    "kept": {
        "scope": ("TEXT", SET, 1),
        "key": ("TEXT", SET, 2),
        "digest": ("TEXT", SET, 0),
        "note": ("TEXT", SET, 0),
        "at": ("INTEGER", SET, 0),
    },
    "keys": {"name": ("TEXT", SET, 1), "value": ("TEXT", SET, 0)},
    "users": {
        "name": ("TEXT", SET, 1),
        "role": ("TEXT", SET, 0),
        "extension": ("TEXT", NULL, 0),
        "password": ("TEXT", SET, 0),
        "disabled": ("INTEGER", SET, 0),
    },
    "sessions": {
        "token": ("TEXT", SET, 1),
        "user": ("TEXT", SET, 0),
        "created_at": ("INTEGER", SET, 0),
        "used_at": ("INTEGER", SET, 0),
    },
    "tokens": {
        "number": ("INTEGER", NULL, 1),
        "id": ("TEXT", SET, 0),
        "digest": ("TEXT", SET, 0),
        "name": ("TEXT", SET, 0),
        "owner": ("TEXT", SET, 0),
        "scope": ("TEXT", SET, 0),
        "extension": ("TEXT", NULL, 0),
        "created_at": ("INTEGER", SET, 0),
        "expires_at": ("INTEGER", NULL, 0),
        "used_at": ("INTEGER", NULL, 0),
        "revoked_at": ("INTEGER", NULL, 0),
    },
    "extensions": {
        "key": ("TEXT", SET, 1),
        "version": ("INTEGER", SET, 0),
        "document": ("TEXT", NULL, 0),
    },
}
# Table: whether it is WITHOUT ROWID, whether it is STRICT.
OPTIONS = {
    "tasks": (0, 1),
    "events": (0, 1),
    "tombstones": (1, 1),
    "discarded": (0, 1),
    "overlong": (1, 1),
    "shortened": (1, 1),
    "compaction": (0, 1),
    "tallies": (1, 1),
    "clock_back": (0, 1),
    "kept": (1, 1),
    "keys": (1, 1),
    "users": (1, 1),
    "sessions": (1, 1),
    "tokens": (0, 1),
    "extensions": (0, 1),
}
TRIGGERS = {"tally_made", "tally_moved", "tally_removed", "clock_went_back"}
# Table and columns of each index: whether it is unique.
INDEXES = {
    ("tasks", "id"): 1,
    ("tasks", "service, status"): 0,
    ("tasks", "status"): 0,
    ("tasks", "operation"): 0,
    ("tasks", "created_at"): 0,
    ("tallies", "service, status, pinned"): 1,
    ("tasks", "target_id, target_type"): 0,
    ("tombstones", "id"): 1,
    ("tombstones", "removed_at"): 0,
    ("overlong", "task_id"): 1,
    ("shortened", "task_id"): 1,
    ("shortened", "through"): 0,
    ("kept", "scope, key"): 1,
    ("kept", "at"): 0,
    ("keys", "name"): 1,
    ("users", "name"): 1,
    ("sessions", "token"): 1,
    ("tokens", "id"): 1,
    ("tokens", "digest"): 1,
    ("tokens", "owner, number"): 0,
    ("extensions", "key"): 1,
}
# Those of the rows that have the column.
PARTIAL_INDEXES = {
    ("tasks", "user"),
    ("tasks", "parent"),
    ("tasks", "id"),
    ("tasks", "lease_seconds"),
    ("tasks", "service"),
    ("tasks", "finished_at"),
}
FOREIGN_KEYS = {
    ("sessions", "user", "users", "name", "CASCADE"),
    ("tokens", "owner", "users", "name", "CASCADE"),
}
# Positions, and marks in a list of tokens, are never given twice, whatever is deleted.
AUTOINCREMENT = {"events", "tokens"}

TASK: dict[str, object] = {
    "id": "t" * 22,
    "revision": 1,
    "service": "com.acme",
    "operation": "backup",
    "cancelable": 1,
    "target_type": "Folder",
    "target_id": "group-d1",
    "principal": "acme",
    "created_at": 1,
    "updated_at": 1,
    "status": "SUCCEEDED",
    "description": "{}",
    "progress_total": 2,
    "progress_completed": 1,
    "progress_message": "{}",
    "start_time": 1,
    "start_given": 0,
    "end_time": 2,
    "finished_at": 2,
    "weight": 1.0,
    "pinned": 0,
    "last_position": 1,
}
EVENT: dict[str, object] = {
    "task_id": "t" * 22,
    "revision": 1,
    "kind": "created",
    "at": 1,
    "principal": "acme",
    "source": "",
    "changes": "[]",
    "task": "{}",
}
USER: dict[str, object] = {"name": "root", "role": "viewer", "password": "p", "disabled": 0}
SESSION: dict[str, object] = {"token": "a" * 64, "user": "root", "created_at": 1, "used_at": 1}
TOKEN: dict[str, object] = {
    "id": "t",
    "digest": "d" * 64,
    "name": "nightly",
    "owner": "root",
    "scope": "full",
    "created_at": 1,
}
TOMBSTONE: dict[str, object] = {"id": "t" * 22, "service": "com.acme", "removed_at": 1}
OVERLONG: dict[str, object] = {"task_id": "t" * 22, "revision": 7}
SHORTENED: dict[str, object] = {"task_id": "t" * 22, "through": 7}
DISCARDED: dict[str, object] = {"position": 7}
COMPACTION: dict[str, object] = {"only": 1, "through": 7}
KEPT: dict[str, object] = {"scope": "s", "key": "k", "digest": "d" * 64, "note": "", "at": 1}
EXTENSION: dict[str, object] = {"key": "com.acme", "version": 1}
KEY: dict[str, object] = {"name": "pages", "value": "k" * 43}
OWNED = ("sessions", "tokens")
ROWS: dict[str, dict[str, object]] = {
    "tasks": TASK,
    "events": EVENT,
    "tombstones": TOMBSTONE,
    "tallies": {"service": "com.other", "status": "FAILED", "pinned": 0, "count": 1},
    "clock_back": {"only": 1, "milliseconds": 1},
    "discarded": DISCARDED,
    "overlong": OVERLONG,
    "shortened": SHORTENED,
    "compaction": COMPACTION,
    "kept": KEPT,
    "keys": KEY,
    "users": USER,
    "sessions": SESSION,
    "tokens": TOKEN,
    "extensions": EXTENSION,
}


class Fence(NamedTuple):
    """A CHECK as it is written, the rows that only it refuses, and rows just inside of it."""

    table: str
    check: str
    refused: list[dict[str, object]]
    allowed: list[dict[str, object]]


PENDING: dict[str, object] = {
    "status": "PENDING",
    "start_time": None,
    "end_time": None,
    "finished_at": None,
}
RUNNING: dict[str, object] = {"status": "RUNNING", "end_time": None, "finished_at": None}
FENCES = [
    Fence(
        "tasks",
        "length(id) BETWEEN 22 AND 64",
        [{"id": "t" * 21}, {"id": "t" * 65}, {"id": ""}],
        [{"id": "t" * 22}, {"id": "t" * 64}],
    ),
    Fence("tasks", "revision >= 1", [{"revision": 0}, {"revision": -1}], [{"revision": 2**63 - 1}]),
    Fence("tasks", "cancelable IN (0, 1)", [{"cancelable": 2}], [{"cancelable": 0}]),
    Fence(
        "tasks",
        "status IN ('PENDING', 'RUNNING', 'BLOCKED', 'SUCCEEDED', 'FAILED')",
        [RUNNING | {"status": "running"}, RUNNING | {"status": ""}],
        [
            PENDING,
            RUNNING,
            RUNNING | {"status": "BLOCKED"},
            {"status": "FAILED", "error": "{}"},
        ],
    ),
    Fence(
        "tasks",
        "progress_total >= 0",
        [{"progress_total": -1, "progress_completed": -1}],
        [{"progress_total": 0, "progress_completed": 0}],
    ),
    Fence("tasks", "progress_completed >= 0", [{"progress_completed": -1}], []),
    Fence(
        "tasks",
        "progress_completed <= progress_total",
        [{"progress_completed": 3}],
        [{"progress_completed": 2}],
    ),
    Fence("tasks", "start_given IN (0, 1)", [{"start_given": 2}], [{"start_given": 1}]),
    Fence(
        "tasks",
        "(status = 'PENDING') = (start_time IS NULL)",
        [PENDING | {"start_time": 1}, RUNNING | {"start_time": None}],
        [],
    ),
    Fence(
        "tasks",
        "(status IN ('SUCCEEDED', 'FAILED')) = (end_time IS NOT NULL)",
        [{"end_time": None, "finished_at": None}, {"status": "RUNNING"}, {"status": "BLOCKED"}],
        [],
    ),
    Fence(
        "tasks",
        "(end_time IS NULL) = (finished_at IS NULL)",
        [{"finished_at": None}, RUNNING | {"finished_at": 2}],
        [],
    ),
    Fence(
        "tasks",
        "end_time IS NULL OR end_time >= start_time",
        [{"start_time": 3}],
        [{"start_time": 2}],
    ),
    Fence(
        "tasks",
        "(status = 'FAILED') = (error IS NOT NULL)",
        [{"status": "FAILED"}, {"error": "{}"}, RUNNING | {"error": "{}"}],
        [],
    ),
    Fence(
        "tasks",
        "status <> 'PENDING' OR result IS NULL",
        [PENDING | {"result": "1"}],
        [{"result": "1"}, RUNNING | {"result": "1"}],
    ),
    Fence(
        "tasks",
        "result_typed IS NULL OR result IS NOT NULL",
        [{"result_typed": "1"}],
        [{"result": "1", "result_typed": "1"}],
    ),
    Fence(
        "tasks",
        "lease_seconds BETWEEN 1 AND 86400",
        [RUNNING | {"lease_seconds": 0}, RUNNING | {"lease_seconds": 86_401}],
        [RUNNING | {"lease_seconds": 1}, RUNNING | {"lease_seconds": 86_400}],
    ),
    Fence("tasks", "weight > 0", [{"weight": 0.0}, {"weight": -1.0}], [{"weight": 0.001}]),
    Fence("tasks", "pinned IN (0, 1)", [{"pinned": 2}], [{"pinned": 1}]),
    Fence(
        "tasks",
        "cancel_acknowledged IS NULL OR cancel_requested IS NOT NULL",
        [{"cancel_acknowledged": 1}],
        [{"cancel_requested": 1, "cancel_acknowledged": 1}],
    ),
    Fence(
        "tasks",
        "finished_at IS NULL OR lease_seconds IS NULL",
        [{"lease_seconds": 1}],
        [],
    ),
    Fence("events", "revision >= 1", [{"revision": 0}], []),
    Fence(
        "events",
        "previous < position",
        [{"position": 5, "previous": 5}, {"position": 5, "previous": 6}],
        [{"position": 5, "previous": 4}],
    ),
    Fence(
        "tombstones",
        "length(id) BETWEEN 22 AND 64",
        [{"id": "t" * 21}, {"id": "t" * 65}],
        [{"id": "t" * 64}],
    ),
    *(
        Fence(
            table,
            "length(task_id) BETWEEN 22 AND 64",
            [{"task_id": "t" * 21}, {"task_id": "t" * 65}],
            [{"task_id": "t" * 64}],
        )
        for table in ("overlong", "shortened")
    ),
    Fence("compaction", "only = 1", [{"only": 2}], []),
    Fence("tallies", "pinned IN (0, 1)", [{"pinned": 2}], [{"pinned": 1}]),
    Fence("tallies", "count >= 0", [{"count": -1}], [{"count": 0}]),
    Fence("clock_back", "only = 1", [{"only": 2}], []),
    Fence("clock_back", "milliseconds > 0", [{"milliseconds": 0}], []),
    Fence("kept", "scope <> ''", [{"scope": ""}], []),
    Fence(
        "kept",
        "length(key) BETWEEN 1 AND 255",
        [{"key": ""}, {"key": "k" * 256}],
        [{"key": "k" * 255}],
    ),
    Fence("kept", "length(digest) = 64", [{"digest": "d" * 63}], []),
    Fence("keys", "name <> ''", [{"name": ""}], []),
    Fence("keys", "length(value) >= 43", [{"value": "k" * 42}], []),
    Fence("users", "name <> ''", [{"name": ""}], [{"name": " "}]),
    Fence(
        "users",
        "role IN ('administrator', 'operator', 'viewer', 'extension')",
        [{"role": "king"}, {"role": "Viewer"}],
        [
            {"role": "administrator"},
            {"role": "operator"},
            {"role": "extension", "extension": "com.acme"},
        ],
    ),
    Fence("users", "disabled IN (0, 1)", [{"disabled": 2}], [{"disabled": 1}]),
    Fence(
        "users",
        "(role = 'extension') = (extension IS NOT NULL)",
        [{"role": "extension"}, {"extension": "com.acme"}],
        [],
    ),
    Fence("sessions", "length(token) = 64", [{"token": "a" * 63}, {"token": "a" * 65}], []),
    Fence("tokens", "id <> ''", [{"id": ""}], []),
    Fence("tokens", "length(digest) = 64", [{"digest": "d" * 63}, {"digest": "d" * 65}], []),
    Fence(
        "tokens",
        "length(name) BETWEEN 1 AND 128",
        [{"name": ""}, {"name": "n" * 129}],
        [{"name": "n" * 128}],
    ),
    Fence(
        "tokens",
        "scope IN ('full', 'read', 'watch')",
        [{"scope": "all"}, {"scope": ""}],
        [{"scope": "read"}, {"scope": "watch"}],
    ),
    Fence("tokens", "extension <> ''", [{"extension": ""}], [{"extension": "com.acme"}]),
    Fence("tokens", "expires_at > created_at", [{"expires_at": 1}], [{"expires_at": 2}]),
    Fence(
        "extensions",
        "length(key) BETWEEN 1 AND 255",
        [{"key": ""}, {"key": "k" * 256}],
        [{"key": "k"}, {"key": "k" * 255}],
    ),
    Fence("extensions", "version >= 1", [{"version": 0}], [{"version": 2}]),
]


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """An empty database after all migrations, as the writer has it."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("PRAGMA foreign_keys = ON")
    migrate(database)
    yield database
    database.close()


def insert(database: sqlite3.Connection, table: str, changes: dict[str, object]) -> None:
    row = ROWS[table] | changes
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608  own names only


def all_rows(database: sqlite3.Connection, statement: str) -> list[tuple[Any, ...]]:
    return database.execute(statement).fetchall()


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_migrations_make_the_schema_written_here(database: sqlite3.Connection) -> None:
    tables = all_rows(database, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    own = [name for (name,) in tables if not name.startswith("sqlite_")]

    assert {
        table: {
            name: (kind, SET if notnull else NULL, key)
            for _, name, kind, notnull, default, key, hidden in all_rows(
                database, f"PRAGMA table_xinfo({table})"
            )
            if (default, hidden) == (None, 0)
        }
        for table in own
    } == TABLES
    assert {
        name: (without_rowid, strict)
        for _, name, kind, _, without_rowid, strict in all_rows(database, "PRAGMA table_list")
        if kind == "table" and name in own
    } == OPTIONS


def test_the_indexes_and_references_are_those_written_here(database: sqlite3.Connection) -> None:
    assert {
        (table, ", ".join(name for (name,) in columns)): unique
        for table in TABLES
        for _, index, unique, _, partial in all_rows(database, f"PRAGMA index_list({table})")
        if not partial
        and (columns := all_rows(database, f"SELECT name FROM pragma_index_info('{index}')"))  # noqa: S608  own names only
    } == INDEXES
    assert {
        (table, name)
        for table in TABLES
        for _, index, _, _, partial in all_rows(database, f"PRAGMA index_list({table})")
        if partial
        for (name,) in all_rows(database, f"SELECT name FROM pragma_index_info('{index}')")  # noqa: S608  own names only
    } == PARTIAL_INDEXES
    assert {
        (table, column, other, key, on_delete)
        for table in TABLES
        for _, _, other, column, key, _, on_delete, _ in all_rows(
            database, f"PRAGMA foreign_key_list({table})"
        )
    } == FOREIGN_KEYS
    schema = dict(all_rows(database, "SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
    assert {name for name, sql in schema.items() if "AUTOINCREMENT" in (sql or "")} == AUTOINCREMENT
    others = "SELECT type, name FROM sqlite_schema WHERE type NOT IN ('table', 'index')"
    assert set(all_rows(database, others)) == {("trigger", name) for name in TRIGGERS}


def test_every_check_of_the_schema_has_its_fence(database: sqlite3.Connection) -> None:
    schema = all_rows(database, "SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
    written = {name: flat(sql) for name, sql in schema}

    for fence in FENCES:
        assert f"CHECK ({fence.check})" in written[fence.table]
    checks = sum(len(re.findall(r"\bCHECK\b", sql)) for sql in written.values())
    assert checks == len(FENCES)


@pytest.mark.parametrize("fence", FENCES, ids=lambda fence: f"{fence.table} {fence.check}")
def test_a_fence_refuses_what_the_rules_could_never_make(
    database: sqlite3.Connection, fence: Fence
) -> None:
    insert(database, "users", {"name": "root"} if fence.table in OWNED else {"name": "oper"})
    for row in fence.refused:
        with pytest.raises(sqlite3.IntegrityError) as caught:
            insert(database, fence.table, row)
        assert flat(str(caught.value)) == f"CHECK constraint failed: {fence.check}"
    for row in [*fence.allowed, {}]:
        insert(database, fence.table, row)
        database.execute(f"DELETE FROM {fence.table}")  # noqa: S608  own names only


@pytest.mark.parametrize("table", TABLES)
def test_a_column_takes_no_other_type_and_no_null_where_none_belongs(
    database: sqlite3.Connection, table: str
) -> None:
    insert(database, "users", {"name": "root"} if table in OWNED else {"name": "oper"})
    for name, (kind, null, _) in TABLES[table].items():
        other = b"x" if kind == "TEXT" else "x"
        with pytest.raises(sqlite3.IntegrityError):
            insert(database, table, {name: other})
        if null == SET:
            with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
                insert(database, table, {name: None})


def test_an_id_a_name_a_token_and_a_key_are_given_once(database: sqlite3.Connection) -> None:
    for table in ("tasks", "users", "sessions", "tokens", "extensions"):
        insert(database, table, {})
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            insert(database, table, {})
    others: tuple[dict[str, object], ...] = ({"id": "u"}, {"digest": "e" * 64})
    for other in others:
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            insert(database, "tokens", other)


def test_sessions_and_tokens_go_with_their_user(database: sqlite3.Connection) -> None:
    insert(database, "users", {})
    insert(database, "sessions", {})
    insert(database, "tokens", {})
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        insert(database, "tokens", {"id": "u", "digest": "e" * 64, "owner": "nobody"})
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        insert(database, "sessions", {"token": "b" * 64, "user": "nobody"})
    database.execute("DELETE FROM users")

    assert all_rows(database, "SELECT * FROM sessions") == []
    assert all_rows(database, "SELECT * FROM tokens") == []


def test_each_migration_makes_the_version_of_its_number(database: sqlite3.Connection) -> None:
    names = sorted(
        path.name for path in (Path(connection.__file__).parent / "migrations").iterdir()
    )

    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert len(migrations()) == len(names)
    assert database.execute("PRAGMA user_version").fetchone() == (len(names),)
    before = all_rows(database, "SELECT * FROM sqlite_schema")
    migrate(database)
    assert all_rows(database, "SELECT * FROM sqlite_schema") == before


BROKEN = "CREATE TABLE later (x TEXT) STRICT; INSERT INTO users VALUES (1); CREATE TABLE oops (y);"


def test_a_failing_migration_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps before it stay; the next start begins at the step that failed."""
    second = "CREATE TABLE second (x TEXT) STRICT;"
    sound = [*migrations(), second]

    def schema() -> tuple[int, set[str]]:
        other = sqlite3.connect(tmp_path / DATABASE)
        (version,) = other.execute("PRAGMA user_version").fetchone()
        names = {name for (name,) in all_rows(other, "SELECT name FROM sqlite_schema")}
        other.close()
        return version, names & {*TABLES, "second", "later", "oops"}

    monkeypatch.setattr(connection, "migrations", lambda: [*sound, BROKEN])
    for _ in range(2):
        with pytest.raises(Unavailable, match=str(tmp_path)):
            open_store(tmp_path)
        assert schema() == (len(sound), {*TABLES, "second"})

    mended = [*sound, "CREATE TABLE later (x TEXT) STRICT;"]
    monkeypatch.setattr(connection, "migrations", lambda: mended)
    asyncio.run(open_store(tmp_path).close())
    assert schema() == (len(mended), {*TABLES, "second", "later"})
