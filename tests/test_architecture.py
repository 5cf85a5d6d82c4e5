"""The package keeps to the architecture; and each check catches what it is there for."""

from __future__ import annotations

import pytest

from tests.architecture import (
    Check,
    full_inits,
    import_circles,
    impurities,
    late_imports,
    long_functions,
    long_modules,
    module_at,
    package,
    wrong_arrows,
)

CHECKS = [
    wrong_arrows,
    import_circles,
    impurities,
    full_inits,
    long_modules,
    long_functions,
    late_imports,
]

LINES_350 = "x = 1\n" * 350
LINES_351 = "x = 1\n" * 351
BODY_59 = "    x = 1\n" * 59
BODY_60 = "    x = 1\n" * 60

CAUGHT: list[tuple[Check, dict[str, str], str]] = [
    (
        wrong_arrows,
        {"rules/task.py": "from milepost.wire import json", "wire/json.py": ""},
        "rules.task:1 imports milepost.wire.json",
    ),
    (wrong_arrows, {"rules/task.py": "import milepost.logs"}, "rules.task:1 imports milepost.logs"),
    (
        wrong_arrows,
        {"rules/task.py": "from milepost import __version__"},
        "rules.task:1 imports milepost.__version__",
    ),
    (
        wrong_arrows,
        {"wire/rest.py": "from milepost import logs", "logs.py": ""},
        "wire.rest:1 imports milepost.logs",
    ),
    (
        wrong_arrows,
        {"feed/hub.py": "from milepost.store.sqlite import store"},
        "feed.hub:1 imports milepost.store.sqlite",
    ),
    (
        wrong_arrows,
        {"access/roles.py": "from ..store import sqlite", "store/sqlite/__init__.py": ""},
        "access.roles:1 imports milepost.store.sqlite",
    ),
    (
        wrong_arrows,
        {"service/tasks.py": "def f():\n    import milepost.doors.rest as r  # late: no"},
        "service.tasks:2 imports milepost.doors.rest",
    ),
    (
        wrong_arrows,
        {"console/pages.py": "if TYPE_CHECKING:\n    from milepost.doors.rest import door"},
        "console.pages:2 imports milepost.doors.rest",
    ),
    (wrong_arrows, {"doors/v1.py": "from milepost import Client"}, "doors.v1:1 imports milepost"),
    (
        wrong_arrows,
        {"doors/v1.py": "from milepost.settings import Settings"},
        "doors.v1:1 imports milepost.settings",
    ),
    (
        wrong_arrows,
        {"client/core.py": "from milepost.service import tasks"},
        "client.core:1 imports milepost.service",
    ),
    (
        wrong_arrows,
        {"cli/run.py": "from milepost.server import Server"},
        "cli.run:1 imports milepost.server",
    ),
    (
        wrong_arrows,
        {"cli/administer/x.py": "", "cli/badmin.py": "from milepost.server import Server"},
        "cli.badmin:1 imports milepost.server",
    ),
    (wrong_arrows, {"settings.py": "import milepost.logs"}, "settings:1 imports milepost.logs"),
    (
        wrong_arrows,
        {"__init__.py": "from milepost.server import Server"},
        ":1 imports milepost.server",
    ),
    (wrong_arrows, {"utils/x.py": ""}, "utils.x: this room is in no table"),
    (
        import_circles,
        {
            "store/a.py": "from milepost.store import b",
            "store/b.py": "from milepost.store.c import name",
            "store/c.py": "def f():\n    import milepost.store.a  # late: still a circle",
        },
        "store.a imports store.b imports store.c imports store.a",
    ),
    (impurities, {"rules/x.py": "import os"}, "rules.x:1 I/O: os"),
    (impurities, {"rules/x.py": "import os.path as p"}, "rules.x:1 I/O: os.path"),
    (impurities, {"rules/x.py": "from urllib import request"}, "rules.x:1 I/O: urllib.request"),
    (impurities, {"wire/x.py": "text = open('x')"}, "wire.x:1 I/O: open"),
    (impurities, {"wire/x.py": "print(1)"}, "wire.x:1 I/O: print"),
    (
        impurities,
        {"wire/x.py": "from datetime import datetime as dt\nnow = dt.now()"},
        "wire.x:2 clock: datetime.datetime.now",
    ),
    (
        impurities,
        {"rules/x.py": "import datetime\nmake = datetime.datetime.utcnow"},
        "rules.x:2 clock: datetime.datetime.utcnow",
    ),
    (impurities, {"rules/x.py": "from time import time"}, "rules.x:1 clock: time.time"),
    (impurities, {"rules/x.py": "import secrets"}, "rules.x:1 randomness: secrets"),
    (impurities, {"rules/x.py": "import logging.config"}, "rules.x:1 logging: logging.config"),
    (impurities, {"wire/x.py": "import threading"}, "wire.x:1 threads: threading"),
    (impurities, {"wire/x.py": "def f():\n    import asyncio"}, "wire.x:2 asyncio: asyncio"),
    (impurities, {"wire/x.py": "__import__('os')"}, "wire.x:1 imports by name: __import__"),
    (impurities, {"client/calls.py": "import time"}, "client.calls:1 clock: time"),
    (full_inits, {"store/__init__.py": "x = 1"}, "store/__init__.py is not empty"),
    (long_modules, {"store/x.py": LINES_351}, "store.x has 351 lines"),
    (long_modules, {"store/x.py": "# long:\n" + LINES_350}, "store.x has 351 lines"),
    (
        long_modules,
        {"store/x.py": "x = 1\n" * 15 + "# long: said too late\n" + LINES_350},
        "store.x has 366 lines",
    ),
    (long_functions, {"store/x.py": "def f():\n" + BODY_60}, "store.x:1 f has 61 lines"),
    (
        long_functions,
        {"store/x.py": "class C:\n  async def f():\n" + BODY_60},
        "store.x:2 f has 61 lines",
    ),
    (
        late_imports,
        {"cli/x.py": "def f():\n    import json"},
        "cli.x:2 imports json inside a function",
    ),
    (
        late_imports,
        {"cli/x.py": "def f():\n    from json import loads  # late:"},
        "cli.x:2 imports json.loads inside a function",
    ),
]

PASSED: list[tuple[Check, dict[str, str]]] = [
    (wrong_arrows, {"wire/x.py": "from milepost.rules import task\nfrom milepost.wire import y"}),
    (wrong_arrows, {"feed/x.py": "from milepost.store import base", "store/base.py": ""}),
    (wrong_arrows, {"access/x.py": "from milepost.store.base import Store"}),
    (wrong_arrows, {"store/x.py": "from milepost import __version__, logs", "logs.py": ""}),
    (wrong_arrows, {"cli/admin_users.py": "from milepost.server import Server"}),
    (wrong_arrows, {"cli/admin/users.py": "from milepost.server import Server"}),
    (wrong_arrows, {"server.py": "import milepost.doors.rest\nimport milepost.store.sqlite.x"}),
    (wrong_arrows, {"testing/plugin.py": "from milepost import Client, server", "server.py": ""}),
    (wrong_arrows, {"__init__.py": "from milepost.client import Client"}),
    (wrong_arrows, {"rules/x.py": "import milepostal"}),
    (import_circles, {"store/a.py": "import milepost.store.b", "store/b.py": "import os"}),
    (impurities, {"store/x.py": "import os\nprint(open('x'))"}),
    (impurities, {"rules/x.py": "from urllib.parse import quote\nimport timeit"}),
    (impurities, {"rules/x.py": "def f(case):\n    return case.now, case.time, case.open"}),
    (impurities, {"client/shells.py": "import time"}),
    (full_inits, {"store/__init__.py": "\n", "client/__init__.py": "x = 1", "__init__.py": "x"}),
    (long_modules, {"store/x.py": LINES_350}),
    (long_modules, {"store/x.py": "# long: a table\n" + LINES_351}),
    (long_functions, {"store/x.py": "def f():\n" + BODY_59}),
    (long_functions, {"store/x.py": "def f():  # long: a table\n" + BODY_60}),
    (long_functions, {"store/x.py": "# long: a table\n@cached\ndef f():\n" + BODY_60}),
    (late_imports, {"cli/x.py": "def f():\n    import json  # late: only this command needs it"}),
    (late_imports, {"cli/x.py": "if True:\n    import json"}),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_package_keeps_to_the_architecture(check: Check) -> None:
    modules = package()

    assert modules
    assert list(check(modules)) == []


@pytest.mark.parametrize(("check", "files", "fault"), CAUGHT)
def test_a_fault_is_caught(check: Check, files: dict[str, str], fault: str) -> None:
    assert fault in check([module_at(path, source) for path, source in files.items()])


@pytest.mark.parametrize(("check", "files"), PASSED)
def test_what_is_allowed_passes(check: Check, files: dict[str, str]) -> None:
    assert list(check([module_at(path, source) for path, source in files.items()])) == []
