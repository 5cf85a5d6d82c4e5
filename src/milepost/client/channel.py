"""The way to one service: the jobs that report there, and when what is sent. One thread uses it.

What is new of a job is told a few times a second, what must not wait (a move, the end, that a
cancel was heard) at once. Of several jobs it goes in one batch. A job of which nothing is new is
told to be alive: its lease is renewed, and a wish to cancel is heard.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from milepost.client import calls
from milepost.client.administration import Make
from milepost.client.calls import Call
from milepost.client.errors import Away, MilepostError, Refused, Unauthenticated
from milepost.client.job import Job
from milepost.client.outbox import Outbox, Part
from milepost.client.retries import backoff, told_to_wait
from milepost.client.specs import Update
from milepost.client.values import Task

log = logging.getLogger("milepost")

MOST_JOBS = 10_000
"""Jobs that are open, or that have ended and are not told yet; more are not reported."""
TOGETHER = 100
HEARING_SECONDS = 5.0
"""How often a job that can be cancelled asks whether somebody wants its end."""
LONGEST_PAUSE = 2.0
"""Seconds until a service that was away is asked again, at most: a task ends soon after."""
REFUSED_PAUSE = 60.0
HURRIED_PAUSE = 0.5
ABOUT_A_TASK = frozenset({400, 403, 404, 409, 410, 412, 413})
"""Refusals that are about what was sent, not about the service or who asks."""
TOO_LARGE = 413


class Connection(NamedTuple):
    """A client that tries once."""

    make: Make
    close: Callable[[], None]


class Entry:
    """A job that reports: when it was last heard, and when it may tell more."""

    __slots__ = ("call", "due", "heard", "job", "outbox")

    def __init__(self, job: Job, outbox: Outbox) -> None:
        self.job = job
        self.outbox = outbox
        self.due = 0.0
        self.heard = 0.0
        # A create is sent again as it was, or the service would take its key for another one's.
        self.call: Call[Task] | None = None

    @property
    def beat(self) -> float:
        """Seconds after which it must be heard again."""
        settings = self.job.settings
        lease = settings.lease / 3 if settings.lease else float("inf")
        return min(lease, HEARING_SECONDS) if settings.cancelable else lease


class Channel:
    """The jobs of one service. ``connect`` makes a client for it, anew when who asks has ended."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self.url: str | None = None
        self.inbox: deque[Job] = deque()
        self.fault: MilepostError | None = None
        self._connect = connect
        self._connection: Connection | None = None
        self._entries: list[Entry] = []
        self._not_before = 0.0
        self._failures = 0
        self._warned: set[str] = set()

    @property
    def waiting(self) -> list[Job]:
        """The jobs that are not made yet, or whose end is not told."""
        late = [one.job for one in self._entries if one.outbox.ended or one.outbox.id is None]
        return [*late, *self.inbox]

    def round(self, *, hurried: bool = False) -> float | None:
        """Tell what is to be told now; the answer is when to come again, if ever."""
        self._take_in()
        if not self._entries:
            return None
        now = time.monotonic()
        if hurried:
            self._not_before = min(self._not_before, now + HURRIED_PAUSE)
        if now < self._not_before:
            return self._not_before
        try:
            self._create()
            self._update(now, everything=hurried)
        except MilepostError as fault:
            return self._failed(fault)
        self._failures, self.fault = 0, None
        return self._next(now)

    def _take_in(self) -> None:
        while self.inbox:
            job = self.inbox.popleft()
            if job.outbox is None:
                continue
            if len(self._entries) < MOST_JOBS:
                self._entries.append(Entry(job, job.outbox))
            else:
                job.outbox.closed, job.outbox.lost = True, "there are too many jobs"
                self._settle(Entry(job, job.outbox))

    def _failed(self, fault: MilepostError) -> float:
        """Come again later. Only what will not mend itself is worth a warning at once."""
        self._failures += 1
        self.fault = fault
        if isinstance(fault, Unauthenticated):
            self.disconnect()
        if not isinstance(fault, Away) and not may_pass(fault):
            self._warn(type(fault).__name__, "Reports do not reach the service: %s", fault)
        chance = random.random()  # noqa: S311  a pause
        growing = backoff(self._failures, chance, longest=longest_pause(fault))
        pause = max(told_to_wait(fault), growing)
        self._not_before = time.monotonic() + pause
        return self._not_before

    def _warn(self, once: str, text: str, *args: object) -> None:
        if once not in self._warned:
            self._warned.add(once)
            log.warning(text, *args)

    def _make(self, call: Call[Any]) -> Any:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection.make(call)

    def disconnect(self) -> None:
        """Close the client; the next one is made of what says who asks by then."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # Creates, one by one, a parent before its children.

    def _create(self) -> None:
        for entry in self._entries:
            if entry.outbox.id is not None or entry.job.awaits_parent:
                continue
            while not entry.outbox.closed and entry.outbox.id is None:
                self._create_one(entry)
        self._sweep()

    def _create_one(self, entry: Entry) -> None:
        part = entry.outbox.next(entry.job.seen(), parent=entry.job.parent_id)
        if part is None or part.create is None:
            return
        if entry.call is None:
            key = uuid.uuid4().hex
            entry.call = calls.create(entry.outbox.operation, part.create, key)
        try:
            task: Task = self._make(entry.call)
        except Refused as refused:
            if refused.status not in ABOUT_A_TASK:
                raise
            entry.call = None
            entry.outbox.refused(part, refused)
        else:
            self._accepted(entry, part, task)
            entry.job.created.set()

    # Updates, together.

    def _update(self, now: float, *, everything: bool) -> None:
        parts = [
            (entry, part)
            for entry in self._entries
            if entry.outbox.id is not None and (part := due_part(entry, now, all=everything))
        ]
        for start in range(0, len(parts), TOGETHER):
            self._send(parts[start : start + TOGETHER])
        self._sweep()

    def _send(self, parts: list[tuple[Entry, Part]]) -> None:
        """Send updates, in one batch when there are several."""
        if len(parts) > 1:
            updates = [
                Update(entry.outbox.id or "", **(part.changes or {})) for entry, part in parts
            ]
            try:
                outcomes = self._make(calls.batch(updates, None))
            except Refused as refused:
                if refused.status != TOO_LARGE:
                    raise
            else:
                self._outcomes(parts, outcomes)
                return
        for entry, part in parts:
            try:
                outcome = self._make(calls.update(entry.outbox.id or "", part.changes or {}))
            except Refused as refused:
                outcome = refused
            self._outcomes([(entry, part)], [outcome])

    def _outcomes(
        self, parts: list[tuple[Entry, Part]], outcomes: Iterable[Task | Refused]
    ) -> None:
        trouble: Refused | None = None
        for (entry, part), outcome in zip(parts, outcomes, strict=False):
            if isinstance(outcome, Task):
                self._accepted(entry, part, outcome)
            elif outcome.status in ABOUT_A_TASK:
                entry.outbox.refused(part, outcome)
                # It may have been ended by somebody else: ask at once.
                entry.heard = 0.0
            else:
                trouble = outcome
        if trouble is not None:
            raise trouble

    def _accepted(self, entry: Entry, part: Part, task: Task) -> None:
        entry.outbox.accepted(part, task)
        now = time.monotonic()
        entry.heard, entry.due = now, now + 1 / entry.job.settings.updates_a_second
        if entry.outbox.asked:
            entry.job.hear()

    def _sweep(self) -> None:
        """Let go of what is told to its end."""
        closed = [entry for entry in self._entries if entry.outbox.closed]
        if closed:
            self._entries = [entry for entry in self._entries if not entry.outbox.closed]
        for entry in closed:
            self._settle(entry)

    def _settle(self, entry: Entry) -> None:
        if entry.outbox.asked:
            entry.job.hear()
        if entry.outbox.lost is not None:
            log.warning(
                "Not everything could be told of the task %r: %s", name_of(entry), entry.outbox.lost
            )
        entry.job.created.set()
        entry.job.settled.set()

    def _next(self, now: float) -> float | None:
        """When something may be due. An open job is looked at as often as it may tell."""
        times = [
            now if entry.outbox.urgent and not entry.job.awaits_parent else max(entry.due, now)
            for entry in self._entries
        ]
        return min(times, default=None)


def due_part(entry: Entry, now: float, *, all: bool) -> Part | None:  # noqa: A002  as one says it
    """What to say of a job now, if anything."""
    part = None
    if all or now >= entry.due or entry.outbox.urgent:
        part = entry.outbox.next(entry.job.seen())
        if part is None:
            entry.due = now + 1 / entry.job.settings.updates_a_second
    if part is None and now - entry.heard >= entry.beat:
        return Part(changes={})
    return part


def longest_pause(fault: MilepostError) -> float:
    """How long to wait at most. Who is not let in must not hammer at the door."""
    return LONGEST_PAUSE if isinstance(fault, Away) or may_pass(fault) else REFUSED_PAUSE


def may_pass(fault: MilepostError) -> bool:
    """Whether a fault is one that mends itself: the service is busy or being restarted."""
    return isinstance(fault, Refused) and (fault.status in (429, 502, 503, 504))


def name_of(entry: Entry) -> str:
    return entry.job.settings.name
