"""Faults that a test puts between a server and its clients.

Each is armed by a method of ``Faults`` and strikes the next requests that fit. In a ``with`` block
it lasts as long as the block, which fails when nothing was struck: a test whose fault never came
shows nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractContextManager
from fnmatch import fnmatchcase
from types import TracebackType
from typing import NamedTuple, Self

from milepost.doors.errorshapes import shape_of
from milepost.doors.messages import Answer, Disconnected, Request
from milepost.doors.refusals import retry_after as retry_header
from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.testing.recording import Recorded, is_refusal

CHANGES = frozenset({"create", "update", "cancel", "batch", "force-close"})
"""Operations that change tasks."""
GARBAGE = b"<html><body><h1>It works!</h1></body></html>"
SHOWN = 20
DELAY = "delay"

Handle = Callable[[Request], Awaitable[Answer]]


class Match(NamedTuple):
    """Which requests a fault is for; what is ``None`` fits any.

    ``method`` and ``path`` are those of HTTP; a path may have ``*`` in it. ``operation`` is one or
    several of the names in ``Recorded.operation``, ``task`` the id of a task.
    """

    method: str | None = None
    path: str | None = None
    operation: str | Collection[str] | None = None
    task: str | None = None
    needs_session: bool = False

    def fits(self, record: Recorded) -> bool:
        """Whether a request is meant."""
        wanted = {self.operation} if isinstance(self.operation, str) else self.operation
        return (
            (self.method is None or self.method.upper() == record.method)
            and (self.path is None or fnmatchcase(record.path, self.path))
            and (wanted is None or record.operation in wanted)
            and (self.task is None or self.task == record.task)
            and (record.needs_session or not self.needs_session)
        )

    def __str__(self) -> str:
        parts = (
            f"{name}={value!r}"
            for name, value in self._asdict().items()
            if value not in (None, False)
        )
        return ", ".join(parts) or "any request"


class Fault:
    """One fault. ``hits`` counts the requests that it has struck, ``struck`` are these.

    ``times`` is how many it strikes at most, ``None`` for all until it ends.
    """

    def __init__(
        self, kind: str, play: Play, match: Match, times: int | None, faults: Faults
    ) -> None:
        if times is not None and times < 1:
            raise ValueError(f"times is at least 1, or None for all: {times!r}")
        self.kind = kind
        self.match = match
        self.times = times
        self.struck: list[Recorded] = []
        self._play = play
        self._left = times
        self._faults = faults
        self._first = threading.Event()

    def __repr__(self) -> str:
        return f"<Fault {self.kind} on {self.match}, {self.hits} hits>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self.end()
        if kind is None:
            self.assert_hit()

    @property
    def hits(self) -> int:
        """How many requests it has struck."""
        return len(self.struck)

    def end(self) -> None:
        """Strike no more."""
        self._faults.remove(self)

    def wait(self, timeout: float = 10.0) -> None:
        """Wait until it has struck. Raises ``AssertionError`` when it does not."""
        __tracebackhide__ = True
        if not self._first.wait(timeout):
            self.assert_hit()

    def assert_hit(self, times: int | None = None) -> None:
        """Fail when it has struck nothing, or not exactly so often."""
        __tracebackhide__ = True
        if self.hits == times or (times is None and self.hits):
            return
        wanted = "at least once" if times is None else f"{times} times"
        came = self._faults.records()[-SHOWN:]
        lines = "\n".join(f"  {record}" for record in came) or "  none"
        raise AssertionError(
            f"the fault {self.kind} on {self.match} was to strike {wanted},"
            f" and did {self.hits} times\nThe last requests:\n{lines}"
        )

    # What the server does with it.

    def claim(self, record: Recorded) -> bool:
        """Whether a request is one to strike; then it is counted against ``times``."""
        if self._left == 0 or not self.match.fits(record):
            return False
        if self._left is not None:
            self._left -= 1
        return True

    def give_back(self) -> None:
        """The request was not to be struck after all."""
        if self._left is not None:
            self._left += 1

    def note(self, record: Recorded) -> None:
        """A request was struck."""
        record.fault = self.kind
        self.struck.append(record)
        self._first.set()

    async def play(self, request: Request, record: Recorded, handle: Handle) -> Answer:
        """Answer a request in its way."""
        return await self._play(self, request, record, handle)


Play = Callable[[Fault, Request, Recorded, Handle], Awaitable[Answer]]


class Faults:
    """Arms faults.

    Of those that fit a request all delays strike, and then one of the others: the first armed.
    """

    def __init__(
        self,
        records: Callable[[], list[Recorded]],
        end_sessions: Callable[[], Awaitable[None]],
        refusing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.records = records
        self._end_sessions = end_sessions
        self._refusing = refusing
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def delay(self, seconds: float, *, times: int | None = 1, **match: MatchPart) -> Fault:
        """Answer later; the request is handled after the delay, which is real time."""

        async def play(fault: Fault, request: Request, record: Recorded, handle: Handle) -> Answer:
            fault.note(record)
            await asyncio.sleep(seconds)
            return await handle(request)

        return self._arm(DELAY, play, times, match)

    def drop_after_commit(self, *, times: int | None = 1, **match: MatchPart) -> Fault:
        """Make the change durable and cut the connection instead of answering.

        Only what was accepted is struck. Without a method, a path or an operation it is for the
        operations that change tasks.
        """
        if not {"method", "path", "operation"} & match.keys():
            match["operation"] = CHANGES
        return self._arm("drop_after_commit", drop_after_commit, times, match)

    def drop_before(self, *, times: int | None = 1, **match: MatchPart) -> Fault:
        """Cut the connection; nothing is done."""

        async def play(fault: Fault, _request: Request, record: Recorded, _next: Handle) -> Answer:
            fault.note(record)
            raise Disconnected

        return self._arm("drop_before", play, times, match)

    def unavailable(
        self, *, retry_after: int = 1, times: int | None = 1, **match: MatchPart
    ) -> Fault:
        """Answer 503 with ``Retry-After``, in the error shape of the door; nothing is done."""

        async def play(fault: Fault, request: Request, record: Recorded, _next: Handle) -> Answer:
            fault.note(record)
            refusal = Refusal(reasons.STORE_UNAVAILABLE)
            return shape_of(request.path).answer(refusal, (retry_header(retry_after),))

        return self._arm("unavailable", play, times, match)

    def garbage(
        self,
        body: bytes = GARBAGE,
        *,
        status: int = 200,
        content_type: str = "text/html",
        times: int | None = 1,
        **match: MatchPart,
    ) -> Fault:
        """Answer as something else would that stands in the way; nothing is done."""
        answer = Answer(status, body, ((b"content-type", content_type.encode()),))

        async def play(fault: Fault, _request: Request, record: Recorded, _next: Handle) -> Answer:
            fault.note(record)
            return answer

        return self._arm("garbage", play, times, match)

    def expire_sessions(self, *, times: int | None = 1, **match: MatchPart) -> Fault:
        """End every session just before a request that needs one."""

        async def play(fault: Fault, request: Request, record: Recorded, handle: Handle) -> Answer:
            fault.note(record)
            await self._end_sessions()
            return await handle(request)

        return self._arm("expire_sessions", play, times, {**match, "needs_session": True})

    def refuse_connections(self) -> AbstractContextManager[None]:
        """Cut all connections and take no new ones as long as the block lasts.

        The system itself refuses them, so hits are not counted.
        """
        return self._refusing()

    def end(self) -> None:
        """End all faults."""
        with self._lock:
            self._armed.clear()

    def remove(self, fault: Fault) -> None:
        """End a fault; to end it again does nothing."""
        with self._lock:
            if fault in self._armed:
                self._armed.remove(fault)

    def claimed(self, record: Recorded) -> list[Fault]:
        """The faults that strike a request: all delays, and one of the others."""
        delays: list[Fault] = []
        others: list[Fault] = []
        with self._lock:
            for fault in self._armed:
                found = delays if fault.kind == DELAY else others
                if not (found is others and others) and fault.claim(record):
                    found.append(fault)
        return delays + others

    def _arm(self, kind: str, play: Play, times: int | None, match: dict[str, MatchPart]) -> Fault:
        unknown = match.keys() - set(Match._fields)
        if unknown:
            known = ", ".join(Match._fields[:-1])
            raise TypeError(f"{kind}: a request is matched by {known}, not by {min(unknown)}")
        fault = Fault(kind, play, Match(**match), times, self)  # type: ignore[arg-type]
        with self._lock:
            self._armed.append(fault)
        return fault


MatchPart = str | Collection[str] | bool | None


async def drop_after_commit(
    fault: Fault, request: Request, record: Recorded, handle: Handle
) -> Answer:
    """Handle a request, and let go of the connection if it was accepted."""
    answer = await handle(request)
    if is_refusal(record.path, answer):
        fault.give_back()
        return answer
    if answer.stream is not None:
        answer.stream.close()
    fault.note(record)
    raise Disconnected
