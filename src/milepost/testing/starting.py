"""Starting a server as it was chosen."""

from __future__ import annotations

import structlog

from milepost.testing.choices import Choice
from milepost.testing.inprocess import InProcess
from milepost.testing.process import Process
from milepost.testing.server import MilepostServer


def started(choice: Choice) -> MilepostServer:
    """A running server. Raises ``CannotStart``."""
    if choice.mode == "subprocess":
        return MilepostServer(Process(choice.settings), choice.mode)
    log_to_logging()
    return MilepostServer(InProcess(choice.settings), choice.mode)


def log_to_logging() -> None:
    """Let the log of a server in this process come to ``logging``, unless the program says where.

    Otherwise structlog would print it, between what the test itself prints.
    """
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                structlog.stdlib.render_to_log_kwargs,
            ],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=False,
        )
