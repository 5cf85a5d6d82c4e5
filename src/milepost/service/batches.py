"""Many creates and updates in one request: one step of the store, an answer each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from milepost.access.principals import Principal
from milepost.rules.reasons import REASONS, Refusal
from milepost.rules.task import Accepted, CreateTask, Decision, Refused, Task, TaskUpdate
from milepost.rules.values import Instant, Value
from milepost.service.changes import Changes
from milepost.service.repeats import Repeatable, once_of, refusal_of_another
from milepost.service.tasks import Asked, TaskService
from milepost.store.base import Kept, Origin, Position, Store, Tasks

MOST_REQUESTS = 1000

Wanted = CreateTask | TaskUpdate | Refusal
"""A part of a batch; one that could not be read is its refusal."""


class Done(Value, frozen=True):
    """What came of a part of a batch; ``refusal`` says why it is not made.

    ``task`` is the task as it left it, where the caller may see it.
    """

    created: bool
    task: Task | None
    refusal: Refusal | None = None


class Noted(Value, frozen=True):
    """What is kept of a part of a batch that is made once."""

    created: bool
    id: str | None = None
    reason: str | None = None
    args: tuple[str, ...] = ()


read_notes = msgspec.json.Decoder(list[Noted]).decode
write_notes = msgspec.json.Encoder().encode


class Batches:
    """Runs batches. ``clock`` gives the time in milliseconds."""

    def __init__(
        self,
        store: Store,
        tasks: TaskService,
        clock: Callable[[], Instant],
        wake: Callable[[Position], None],
    ) -> None:
        self._changes = Changes(store, wake)
        self._tasks = tasks
        self._clock = clock

    async def run(
        self,
        who: Principal,
        wanted: Sequence[Wanted],
        source: str,
        repeatable: Repeatable | None = None,
    ) -> list[Done] | Refusal:
        """Make all that can be made, in this order and in one step, and tell of each.

        A part sees what those before it have made. What is repeatable is made once; the same
        again gets the same statuses, and the tasks as they are now. Raises what the store raises.
        """
        plan = [self._asked(who, one) for one in wanted]
        ids = {task_id for asked in plan if isinstance(asked, Asked) for task_id in asked.ids}
        origin = Origin(who.name, source)
        kinds = [isinstance(one, CreateTask) for one in wanted]

        def note(decisions: Sequence[Decision]) -> str | None:
            return noted(kinds, decisions)

        once = (
            None
            if repeatable is None
            else once_of(who, repeatable, list(map(told_apart, wanted)), self._clock(), note)
        )
        done = await self._changes.change_all(
            tuple(ids), lambda tasks: decided(plan, tasks), origin, once
        )
        if not isinstance(done, Kept):
            return [
                done_of(created, await self._told(who, one, decision))
                for created, one, decision in zip(kinds, wanted, done, strict=True)
            ]
        refusal = None if once is None else refusal_of_another(once, done)
        if refusal is not None:
            return refusal
        return [await self._again(who, one) for one in read_notes(done.note)]

    def _asked(self, who: Principal, wanted: Wanted) -> Asked | Refused:
        if isinstance(wanted, Refusal):
            return Refused(wanted)
        if isinstance(wanted, CreateTask):
            return self._tasks.creating(who, wanted)
        return self._tasks.updating(who, wanted.id, wanted.spec, wanted.if_match)

    async def _told(self, who: Principal, wanted: Wanted, decision: Decision) -> Decision:
        if isinstance(wanted, TaskUpdate):
            return await self._tasks.or_expired(who, wanted.id, decision)
        return decision

    async def _again(self, who: Principal, note: Noted) -> Done:
        """What is told of a part that was made, or refused, before."""
        if note.id is None:
            reason = REASONS[note.reason or ""]
            return Done(note.created, None, Refusal(reason, note.args))
        task = await self._tasks.get(who, note.id)
        if isinstance(task, Refused):
            return Done(note.created, None, task.refusal)
        return Done(note.created, task)


def decided(plan: Sequence[Asked | Refused], tasks: Tasks) -> list[Decision]:
    """Decide the parts of a batch, each over what those before it have made."""
    known = dict(tasks)
    decisions: list[Decision] = []
    for asked in plan:
        decision = asked if isinstance(asked, Refused) else asked.decide(known)
        if isinstance(decision, Accepted):
            known[decision.task.id] = decision.task
        decisions.append(decision)
    return decisions


def done_of(created: bool, decision: Decision) -> Done:  # noqa: FBT001  one of two kinds
    if isinstance(decision, Accepted):
        return Done(created, decision.task)
    return Done(created, decision.task, decision.refusal)


def noted(kinds: Sequence[bool], decisions: Sequence[Decision]) -> str | None:
    """What is kept of a batch; nothing when nothing came of it."""
    if not any(isinstance(decision, Accepted) for decision in decisions):
        return None
    notes = [
        Noted(created, decision.task.id)
        if isinstance(decision, Accepted)
        else Noted(created, None, decision.refusal.reason.id, decision.refusal.args)
        for created, decision in zip(kinds, decisions, strict=True)
    ]
    return write_notes(notes).decode()


def told_apart(wanted: Wanted) -> tuple[str, object]:
    """A part of a batch so that no create looks like an update."""
    return type(wanted).__name__, wanted
