"""What is still to be said about one task, in order, and what was heard. Pure: no I/O, no clock.

A job changes its numbers whenever it likes; what is sent is the newest state, and before it the
steps that must not be lost: the start, each change between RUNNING and BLOCKED, and the end. One
part is on its way at a time, and it stays the same until its outcome is known, so that a lost
answer is repeated word for word: the service takes that for the same change.

The rules of the service are kept here: progress never falls, ``completed`` is never above
``total``, and progress is told only in, into and out of RUNNING.

While the total is not known, 0 of 0 is told with the count as the message; a task that succeeds
so ends with n of n.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import NamedTuple

import msgspec

from milepost.client.errors import Refused
from milepost.client.specs import TaskChanges, TaskOptions
from milepost.client.values import Message, Progress, Task, TaskError
from milepost.rules.values import Status

MOST_STEPS = 64
"""Changes between RUNNING and BLOCKED that wait for a service that is away; then pairs of them
are left out, the oldest first."""
LARGEST = 2**63 - 1
CLEAR = Message("")
FINISHED = "milepost.task.finished"
RUNNING, BLOCKED = Status.RUNNING, Status.BLOCKED


class Seen(NamedTuple):
    """A job as it is now."""

    completed: int
    total: int | None
    message: Message | None


class Move(NamedTuple):
    """A change between RUNNING and BLOCKED, with the reason for the latter."""

    status: Status
    reason: Message | None = None


class Ending(NamedTuple):
    """How a job has ended."""

    status: Status
    at: datetime
    error: TaskError | None = None
    result: msgspec.Raw | None = None
    acknowledges: bool = False


class Part(NamedTuple):
    """What is said in one request: a create when there are options, else an update."""

    create: TaskOptions | None = None
    changes: TaskChanges | None = None
    move: Move | None = None
    progress: Progress | None = None
    ends: bool = False


class Outbox:
    """The reports of one task.

    ``id`` is that of the task once it is made. ``asked`` says that somebody asked for its end.
    ``closed`` says that nothing more will be sent; ``lost`` is what could not be told, if so.
    """

    def __init__(self, operation: str, options: TaskOptions, started: datetime) -> None:
        self.operation = operation
        self.id: str | None = None
        self.asked = False
        self.closed = False
        self.lost: str | None = None
        self._options = options
        self._started = started
        self._status = RUNNING
        self._told: Progress | None = None
        self._moves: deque[Move] = deque()
        self._ending: Ending | None = None
        self._acknowledge = False
        self._part: Part | None = None
        self._bare = False

    # What the job says; from any thread.

    def move(self, move: Move) -> None:
        """Note a change between RUNNING and BLOCKED."""
        self._moves.append(move)
        if len(self._moves) > MOST_STEPS:
            # The last one stays, so where the task stands is right in the end.
            self._moves.popleft()
            self._moves.popleft()
            self.lost = "some changes between RUNNING and BLOCKED"

    def end(self, ending: Ending) -> None:
        """Note the end."""
        self._ending = ending

    def acknowledge(self) -> None:
        """Note that the job has heard of the wish to cancel."""
        self._acknowledge = True

    @property
    def ended(self) -> bool:
        return self._ending is not None

    @property
    def urgent(self) -> bool:
        """Whether there is something that must not wait."""
        return bool(self._moves) or self._ending is not None or self._acknowledge

    # What is sent; from the reporting thread.

    def next(self, seen: Seen, *, parent: str | None = None) -> Part | None:
        """What to send now, or ``None`` when all is told."""
        if self.closed:
            return None
        if self._part is None:
            self._part = self._made(seen, parent)
        return self._part

    def _made(self, seen: Seen, parent: str | None) -> Part | None:
        if self.id is None:
            return self._creation(seen, parent)
        changes: TaskChanges = {}
        progress = self._progress(seen)
        move = self._following(progress)
        if move is not None:
            changes["status"] = move.status
            said = move.reason or (seen.message if move.status is RUNNING else None)
            if said is not None and not self._bare:
                progress = msgspec.structs.replace(progress, message=said)
        if RUNNING not in (self._status, move.status if move else None):
            progress = self._told or progress
        if progress != self._told:
            changes["progress"] = progress
        ends = move is None and self._ending is not None
        if ends:
            self._add_end(changes)
        elif self._acknowledge:
            changes["acknowledge_cancel"] = True
        if not changes:
            return None
        return Part(changes=changes, move=move, progress=changes.get("progress"), ends=ends)

    def _following(self, progress: Progress) -> Move | None:
        """The next move; a blocked task must run again to end with other progress."""
        if self._moves:
            return self._moves[0]
        if self._ending is not None and self._status is BLOCKED and progress != self._told:
            return Move(RUNNING)
        return None

    def _creation(self, seen: Seen, parent: str | None) -> Part:
        progress = self._progress(seen)
        options = self._options
        if self._bare:
            # What is left out here is what a service may refuse.
            options = TaskOptions(
                description=options.get("description", CLEAR),
                cancelable=options.get("cancelable", False),
                lease_seconds=options.get("lease_seconds", 0),
            )
        else:
            options = {**options, "start_time": self._started}
            if parent is not None:
                options["parent"] = parent
        options = {**options, "status": RUNNING, "progress": progress}
        return Part(create=options, progress=progress)

    def _progress(self, seen: Seen) -> Progress:
        """The progress as it may be told: it never falls, and is never above its total."""
        known, done = self._told, min(max(seen.completed, 0), LARGEST)
        message = seen.message or CLEAR
        succeeded = self._ending is not None and self._ending.status is Status.SUCCEEDED
        if seen.total is None and not succeeded:
            counted = f"{message.text} ({done:,})" if message.text else f"{done:,}" if done else ""
            told = Message(counted, id=message.id, args=message.args, params=message.params)
            return Progress(0, 0, told) if known is None or not known.completed else known
        if known is not None:
            done = max(done, known.completed)
        return Progress(min(max(seen.total or 0, done), LARGEST), done, message)

    def _add_end(self, changes: TaskChanges) -> None:
        ending = self._ending
        assert ending is not None  # noqa: S101  the caller has looked
        changes["status"] = ending.status
        if (ending.acknowledges or self._acknowledge) and self.asked:
            changes["acknowledge_cancel"] = True
        if ending.error is not None:
            changes["error"] = ending.error
        if self._bare:
            changes.pop("progress", None)
            return
        changes["end_time"] = ending.at
        if ending.result is not None:
            changes["result"] = ending.result

    # What came of it.

    def accepted(self, part: Part, task: Task) -> None:
        """The service has taken a part; the answer is the task."""
        self._part, self._bare = None, False
        self.id = task.id
        if part.progress is not None:
            self._told = part.progress
        if part.move is not None:
            self._status = Status(part.move.status)
            if self._moves and self._moves[0] is part.move:
                self._moves.popleft()
        if part.changes is not None and part.changes.get("acknowledge_cancel"):
            self._acknowledge = False
        self.heard(task)
        self.closed = self.closed or part.ends

    def heard(self, task: Task) -> None:
        """What an answer tells beside: a wish to cancel, or an end that was not ours."""
        self.asked = self.asked or task.cancel is not None
        if task.ended and not self.ended:
            self._ended_elsewhere(task.error.text if task.error else task.status)

    def _ended_elsewhere(self, why: str) -> None:
        self.closed, self.asked = True, True
        self.lost = f"the service has ended it: {why}"

    def refused(self, part: Part, refused: Refused) -> None:
        """The service will not have a part: say less, or nothing."""
        self._part = None
        if refused.reason == FINISHED:
            self._ended_elsewhere(refused.message)
        elif refused.status not in (400, 409, 413):
            self.closed, self.lost = True, refused.message
        elif not self._bare and (part.create is not None or part.ends):
            self._bare, self.lost = True, refused.message
        elif part.create is not None or part.ends:
            self.closed, self.lost = True, refused.message
        else:
            self._forget(part, refused.message)

    def _forget(self, part: Part, why: str) -> None:
        """Go on without a part that only told something on the way."""
        self.lost = why
        self._told = part.progress or self._told
        self._acknowledge = False
        if part.move is not None:
            self._status = part.move.status
            if self._moves and self._moves[0] is part.move:
                self._moves.popleft()
