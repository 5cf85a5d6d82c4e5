"""What a server under test was asked: one record a request, the last ones only."""

from __future__ import annotations

import re
import threading
from collections import deque

import msgspec

from milepost.doors.messages import Answer

MOST_RECORDED = 10_000
FIRST_REFUSED = 400
REASON = re.compile(rb'"id": ?"(milepost\.[^"]+)"')
# On JSON-RPC a refusal is answered 200; this header names its error, or the body has a code.
RPC_PATH = "/api"
RPC_ERROR = b"vapi-error"
RPC_CODE = re.compile(rb'"error": ?\{"code"')


class Recorded(msgspec.Struct):
    """One request.

    ``operation`` is what it asked for, whichever door it came in at (``create``, ``update``,
    ``get``, ``list``, ``cancel``, ``login``, …), or ``None`` where there is nothing. ``task`` is
    the task it named. ``status`` is ``None`` while it is being answered, and stays so when no
    answer was sent. ``reason`` is the id of the reason it was refused with, ``fault`` the fault
    that was injected.
    """

    method: str
    path: str
    query: str = ""
    operation: str | None = None
    task: str | None = None
    needs_session: bool = False
    user: str | None = None
    status: int | None = None
    reason: str | None = None
    fault: str | None = None

    def __str__(self) -> str:
        target = f"{self.path}?{self.query}" if self.query else self.path
        called = f" ({self.operation})" if self.path == RPC_PATH and self.operation else ""
        status = "no answer" if self.status is None else str(self.status)
        why = f" {self.reason}" if self.reason else ""
        fault = f" [fault: {self.fault}]" if self.fault else ""
        return f"{self.method} {target}{called} -> {status}{why}{fault}"

    @property
    def went_wrong(self) -> bool:
        """Whether it was refused, not answered, or struck by a fault."""
        refused = self.status is None or self.status >= FIRST_REFUSED or self.reason is not None
        return refused or self.fault is not None

    def note(self, answer: Answer) -> None:
        """Note what it was answered."""
        self.status = answer.status
        if is_refusal(self.path, answer):
            found = REASON.search(answer.body)
            self.reason = None if found is None else found[1].decode()


class Recorder:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[Recorded] = deque(maxlen=MOST_RECORDED)

    def add(self, record: Recorded) -> None:
        with self._lock:
            self._records.append(record)

    def all(self) -> list[Recorded]:
        with self._lock:
            return list(self._records)


def is_refusal(path: str, answer: Answer) -> bool:
    """Whether an answer says no."""
    if answer.status >= FIRST_REFUSED:
        return True
    if path != RPC_PATH:
        return False
    named = any(name == RPC_ERROR for name, _ in answer.headers)
    return named or RPC_CODE.search(answer.body) is not None
