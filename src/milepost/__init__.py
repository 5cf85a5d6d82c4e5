"""Milepost: the place where long work reports how far it is.

The library's names are here. Each is loaded when it is first used, so that ``import milepost``
costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from milepost.client.asynchronous import AsyncClient as AsyncClient
    from milepost.client.blocking import Client as Client
    from milepost.client.errors import Away as Away
    from milepost.client.errors import MilepostError as MilepostError
    from milepost.client.errors import NotInTime as NotInTime
    from milepost.client.errors import Refused as Refused
    from milepost.client.errors import TaskCancelled as TaskCancelled
    from milepost.client.specs import Create as Create
    from milepost.client.specs import Update as Update
    from milepost.client.values import Message as Message
    from milepost.client.values import Param as Param
    from milepost.client.values import Progress as Progress
    from milepost.client.values import Target as Target
    from milepost.client.values import Task as Task
    from milepost.client.values import TaskError as TaskError
    from milepost.client.values import TaskEvent as TaskEvent
    from milepost.rules.values import Status as Status

    __version__: str

# Where each name is. A test holds it against the imports above.
PLACES = {
    "AsyncClient": "milepost.client.asynchronous",
    "Client": "milepost.client.blocking",
    **dict.fromkeys(
        ("Away", "MilepostError", "NotInTime", "Refused", "TaskCancelled"),
        "milepost.client.errors",
    ),
    **dict.fromkeys(("Create", "Update"), "milepost.client.specs"),
    **dict.fromkeys(
        ("Message", "Param", "Progress", "Target", "Task", "TaskError", "TaskEvent"),
        "milepost.client.values",
    ),
    "Status": "milepost.rules.values",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata  # late: slow, and seldom asked for

        return metadata.version("milepost")
    if name in PLACES:
        found = getattr(importlib.import_module(PLACES[name]), name)
        globals()[name] = found
        return found
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*globals(), *PLACES, "__version__"})
