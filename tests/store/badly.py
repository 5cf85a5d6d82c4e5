"""A committing process that does one thing badly, and all others as the real one.

The first argument is the way; the others are those of the real one.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from milepost.store.sqlite import committing, connection, handover
from milepost.store.sqlite.handover import Reply

whole = committing.committed


def gone_before(*_: Any) -> Reply:
    """It goes with a group in hand that it has not begun."""
    os._exit(1)


def gone_after(*group: Any) -> Reply:
    """It goes when the group is durable and nobody has been told."""
    whole(*group)
    os._exit(1)


def half_a_reply(*group: Any) -> Reply:
    """It goes in the middle of a reply."""
    frame = handover.reply_frame(whole(*group))
    os.write(int(sys.argv[1]), frame[:-1])
    os._exit(1)


def impatient(*group: Any) -> Reply:
    """It waits for another who writes for a moment only."""
    return whole(*group)


def main() -> None:
    way = sys.argv.pop(1)
    if way == "never":
        sys.exit(1)
    if way == "silent":
        time.sleep(3600)
    if way == "chatty":
        os.write(int(sys.argv[1]), handover.reply_frame(Reply(handover.Verdict.AT_FAULT, "hello")))
        time.sleep(3600)
    if way == "impatient":
        connection.WRITER_SETTINGS = (*connection.WRITER_SETTINGS, "PRAGMA busy_timeout = 20")
    committing.committed = globals()[way]
    committing.main()


if __name__ == "__main__":
    main()
