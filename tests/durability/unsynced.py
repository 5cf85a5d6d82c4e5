"""The command ``milepost`` with another ``synchronous`` of SQLite: what the checks must catch.

There is no such setting, and there shall be none. The first argument is the value.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest import mock

from milepost import server
from milepost.cli.main import main
from milepost.store.sqlite.store import SqliteStore, open_store

if __name__ == "__main__":
    synchronous = sys.argv.pop(1)

    def weaker(place: Path, **options: Any) -> SqliteStore:
        return open_store(place, **options | {"synchronous": synchronous})

    with mock.patch.object(server, "open_store", weaker):
        main()
