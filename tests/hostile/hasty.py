"""The command ``milepost`` with other limits of its connections, so that tests need not wait.

The first argument is a JSON object: fields of ``ConnectionLimits``, and ``keep_alive``. Late
connections are looked for ten times a second.
"""

from __future__ import annotations

import functools
import json
import sys
from unittest import mock

from milepost import server
from milepost.cli.main import main
from milepost.doors.hub import ConnectionLimits

if __name__ == "__main__":
    limits = json.loads(sys.argv.pop(1))
    server.KEEP_ALIVE_SECONDS = limits.pop("keep_alive", server.KEEP_ALIVE_SECONDS)
    server.TICK_SECONDS = 0.1
    with mock.patch.object(
        server, "ConnectionLimits", functools.partial(ConnectionLimits, **limits)
    ):
        main()
