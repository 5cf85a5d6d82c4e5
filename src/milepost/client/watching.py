"""A watch that outlives its connections: where it is, and what a break means. No I/O.

The shells open the stream that ``call`` says, give each server-sent event to ``take``, and ask
``pause`` what to do when the stream is over or broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from milepost.client import calls
from milepost.client.answers import Problem, Reply, reads, refusal
from milepost.client.calls import Call
from milepost.client.conversation import Core
from milepost.client.errors import Garbled, MilepostError, Unauthenticated
from milepost.client.retries import backoff, may_repeat, told_to_wait
from milepost.client.values import TaskEvent

ENDED_SESSION = 401


class Watching:
    """A watch of the tasks that match a filter.

    ``position`` is that of the last change or bookmark that was told; ``None`` before the first.
    """

    def __init__(self, core: Core, filters: Mapping[str, Any], after: int | None) -> None:
        self.position = after
        self._core = core
        self._filters = filters
        self._failures = 0
        self._begun = False
        # Wrong arguments are told now, not when the first event is asked for.
        self.call()

    def call(self) -> Call[Any]:
        """The request that begins the stream, or goes on with it."""
        return calls.watch(self._filters, self.position)

    def take(self, kind: str, data: str, ident: str) -> TaskEvent | None:
        """What an event tells.

        Raises ``Garbled``, and ``Refused`` when the service ends the stream for good.
        """
        self._failures = 0
        self._begun = True
        if kind == "end":
            self._end(data)
        position = int(ident) if ident.isascii() and ident.isdigit() else None
        if position is not None:
            self.position = position
        if kind != "message":
            return None
        try:
            event = msgspec.json.decode(data, type=TaskEvent)
        except msgspec.MsgspecError as fault:
            raise Garbled(f"an event that is none: {fault}") from None
        return msgspec.structs.replace(event, position=position or 0)

    def _end(self, data: str) -> None:
        """The session may have ended; everything else is a reason to come back."""
        problem = reads(Problem)(Reply(0, {}, data.encode()))
        if problem.status == ENDED_SESSION and self._core.login.password is None:
            raise refusal(problem.status, problem)

    def pause(self, fault: MilepostError | None) -> float:
        """Seconds until the stream is opened again; ``fault`` is ``None`` when it just ended.

        A watch that has never begun does not wait for a service that may not exist: what a
        conversation could not mend is raised. One that has begun is patient without end.
        """
        if fault is not None:
            waits = may_repeat(fault, repeatable=True)
            if not self._begun or not waits or isinstance(fault, Unauthenticated):
                raise fault
        self._failures += 1
        return backoff(self._failures, self._core.chance(), told_to_wait(fault) if fault else 0.0)
