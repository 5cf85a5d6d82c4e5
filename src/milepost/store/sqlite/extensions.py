"""Extensions as rows: a key, a version, and one JSON document."""

from __future__ import annotations

import sqlite3

import msgspec

from milepost.rules.extensions import Extension, ExtensionOutcome, Registration
from milepost.rules.reasons import Refusal
from milepost.store.base import Corrupt, DecideExtension
from milepost.store.sqlite.rows import Row

SELECT_ANY = "SELECT version, document FROM extensions WHERE key = ?"
SELECT_ONE = f"{SELECT_ANY} AND document IS NOT NULL"
SELECT_VERSIONS = "SELECT key, version FROM extensions WHERE document IS NOT NULL"
PUT = (
    "INSERT INTO extensions (key, version, document) VALUES (?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET version = excluded.version, document = excluded.document"
)

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Extension).decode


def change(connection: sqlite3.Connection, key: str, decide: DecideExtension) -> ExtensionOutcome:
    """Run a decision over an extension and write what it says, as a part of a transaction."""
    row = connection.execute(SELECT_ANY, (key,)).fetchone()
    before = None if row is None or row[1] is None else read(key, row)
    wanted = decide(before)
    if isinstance(wanted, Refusal):
        return ExtensionOutcome(before, before, wanted)
    if wanted == (None if before is None else before.extension):
        return ExtensionOutcome(before, before)
    version = 1 if row is None else row[0] + 1
    document = None if wanted is None else encode(wanted).decode()
    connection.execute(PUT, (key, version, document))
    return ExtensionOutcome(before, None if wanted is None else Registration(wanted, version))


def read(key: str, row: Row) -> Registration:
    """The extension a row stands for. Raises ``Corrupt`` when it stands for none."""
    version, document = row
    try:
        return Registration(decode(document), version)
    except (ValueError, TypeError, msgspec.MsgspecError) as fault:
        raise Corrupt(f"extension {key!r}: {fault}") from fault
