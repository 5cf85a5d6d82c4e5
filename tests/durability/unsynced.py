"""The command ``milepost`` with another ``synchronous`` of SQLite: what the checks must catch.

There is no such setting, and there shall be none. The first argument is the value.
"""

from __future__ import annotations

import functools
import sys
from unittest import mock

from milepost import server
from milepost.cli.main import main
from milepost.store.sqlite.store import open_store

if __name__ == "__main__":
    weaker = functools.partial(open_store, synchronous=sys.argv.pop(1))
    with mock.patch.object(server, "open_store", weaker):
        main()
