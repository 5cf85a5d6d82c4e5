"""Following tasks until they have ended, several at once.

Threads wait for them, and what they see comes out of one queue, so that the main thread can draw
in between, and hears Ctrl-C at once. A service that goes away is waited for without end; one that
was never there is not.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from milepost.client.errors import MilepostError, NotInTime
from milepost.client.retries import may_repeat

if TYPE_CHECKING:
    from milepost.client.blocking import Client
    from milepost.client.values import Task

T = TypeVar("T")
THREADS = 32
# Between two looks at a task that changes all the time, and before the next try.
LEAST_PAUSE = 0.2
TRY_AGAIN = 2.0
ONE_WAIT = 3600.0


class Trouble:
    """The service cannot be reached now; it is tried again."""

    def __init__(self, fault: MilepostError) -> None:
        self.fault = fault


def patiently(ask: Callable[[], T]) -> T:
    """An answer of a service that was there, and may be away for a while."""
    while True:
        try:
            return ask()
        except MilepostError as fault:
            if not may_repeat(fault, repeatable=True):
                raise
        time.sleep(TRY_AGAIN)


class Following:
    """Tasks that are followed: each change that is seen, or without ``changes`` their ends."""

    def __init__(self, client: Client, tasks: Sequence[str], *, changes: bool) -> None:
        self._client = client
        self._changes = changes
        self._left: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._seen: queue.SimpleQueue[Task | Trouble | MilepostError] = queue.SimpleQueue()
        self.open = set(tasks)
        for task in tasks:
            self._left.put(task)
        # All must be followed at once to see their changes; their ends can be seen in turn.
        count = len(tasks) if changes else min(len(tasks), THREADS)
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def seen(self, tick: float, until: float | None = None) -> Iterator[Task | Trouble | None]:
        """What is seen, and ``None`` when nothing was for ``tick`` seconds, until all have ended.

        Raises ``TimeoutError`` at ``until`` on the monotonic clock, and what ends the following.
        """
        while self.open:
            left = tick if until is None else min(tick, until - time.monotonic())
            if left <= 0:
                raise TimeoutError
            try:
                found = self._seen.get(timeout=left)
            except queue.Empty:
                yield None
                continue
            if isinstance(found, MilepostError):
                raise found
            yield found
            if not isinstance(found, Trouble) and found.ended:
                self.open.discard(found.id)

    def _work(self) -> None:
        while True:
            try:
                task = self._left.get_nowait()
            except queue.Empty:
                return
            if not self._follow(task):
                return

    def _follow(self, task: str) -> bool:
        """Follow one task to its end; whether it came."""
        was_there = False

        def tell(found: Task) -> None:
            nonlocal was_there
            was_there = True
            self._seen.put(found)
            if self._changes and not found.ended:
                time.sleep(LEAST_PAUSE)

        while True:
            try:
                if self._changes:
                    self._client.wait_for(task, None, tell)
                else:
                    was_there = was_there or bool(self._client.get(task, result=False))
                    tell(self._client.wait(task, ONE_WAIT))
            except NotInTime:
                continue
            except MilepostError as fault:
                if not was_there or not may_repeat(fault, repeatable=True):
                    self._seen.put(fault)
                    return False
                self._seen.put(Trouble(fault))
                time.sleep(TRY_AGAIN)
            else:
                return True
