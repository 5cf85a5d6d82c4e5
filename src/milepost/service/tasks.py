"""The order of work for tasks: who asks, may they, what do the rules say, make it durable."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import msgspec

from milepost.access.policy import (
    Act,
    as_shown,
    judge,
    may_see,
    refusal_of_create,
    refusal_of_fields,
    service_of,
    visible_service,
)
from milepost.access.principals import Principal
from milepost.rules import endings, machine, reasons
from milepost.rules.finding import TaskFilter
from milepost.rules.reasons import Refusal
from milepost.rules.strict import check_spec
from milepost.rules.task import (
    Accepted,
    CreateTask,
    Decision,
    IfMatch,
    Refused,
    Ruleset,
    Task,
    UpdateTask,
)
from milepost.rules.values import TERMINAL, Instant
from milepost.service.accounts import refusal_of_key
from milepost.service.changes import Changes
from milepost.service.leases import Leases
from milepost.service.pace import Estimate, Pace
from milepost.service.repeats import Repeatable, id_of_created, once_of, refusal_of_another
from milepost.store.base import Children, Decide, Kept, Once, Origin, Position, Store, Tasks

MOST_LISTED = 1000
MOST_AT_ONCE = 1000
DECIDED_AT_ONCE = 50
MOST_ROUNDS = 20
"""Looks for at most ``MOST_AT_ONCE`` tasks each that the cancel of a parent takes."""


T = TypeVar("T", Decision, Task | Refused)


class Asked(NamedTuple):
    """A create or an update on its way: the tasks that it is decided over, and how."""

    ids: tuple[str, ...]
    decide: Decide


class TaskService:
    """What can be done with tasks, whatever door the wish came in at.

    Every method may raise what the store raises (``Unavailable``, ``Overloaded``). ``clock``
    gives the time in milliseconds, ``new_id`` an id nobody can guess, ``rules_of`` the rules for
    the tasks of a service, where it has rules of its own. ``cancel_grace`` is how many seconds an
    extension has to end a task before others may by force. ``wake`` is called with the position of
    each change, once it is durable.
    """

    def __init__(
        self,
        store: Store,
        rules: Ruleset,
        *,
        default_extension: str,
        cancel_grace: int = 0,
        clock: Callable[[], Instant],
        new_id: Callable[[], str],
        wake: Callable[[Position], None],
        rules_of: Callable[[str], Ruleset] | None = None,
        leases: Leases | None = None,
    ) -> None:
        self._store = store
        self._leases = leases or Leases(time.monotonic)
        self._pace = Pace()
        self._rules = rules
        self._rules_of = rules_of or (lambda _service: rules)
        self._default_extension = default_extension
        self._cancel_grace = cancel_grace
        self._clock = clock
        self._new_id = new_id
        self._changes = Changes(store, wake)

    async def create(
        self,
        who: Principal,
        spec: CreateTask,
        source: str,
        repeatable: Repeatable | None = None,
    ) -> Decision:
        """Make a task; what is repeatable is made once, and gives the task as it is now."""
        asked = self.creating(who, spec)
        if isinstance(asked, Refused):
            return asked
        origin = Origin(who.name, source)
        if repeatable is None:
            return (await self._changes.change(asked.ids, asked.decide, origin)).decision
        once = once_of(who, repeatable, spec, self._clock(), id_of_created)
        done = await self._changes.change_all(
            asked.ids, lambda tasks: [asked.decide(tasks)], origin, once
        )
        return await self._created_before(who, once, done) if isinstance(done, Kept) else done[0]

    def creating(self, who: Principal, spec: CreateTask) -> Asked | Refused:
        """A create that is still to be decided, or why it never will be."""
        refusal = (
            check_spec(spec, self._rules)
            or refusal_of_create(who)
            or refusal_of_fields(who, spec)
            or (None if spec.extension is None else refusal_of_key(spec.extension))
        )
        if refusal is not None:
            return Refused(refusal)
        task_id, now = self._new_id(), self._clock()
        service = service_of(who, self._default_extension, spec.extension)

        def decide(tasks: Tasks) -> Decision:
            if spec.parent is not None:
                parent = tasks.get(spec.parent)
                if parent is None or not may_see(who, parent):
                    return Refused(Refusal(reasons.PARENT_UNKNOWN, (spec.parent,)))
            decision = machine.create(
                spec,
                task_id=task_id,
                service=service,
                principal=who.name,
                now=now,
                rules=self._rules_of(service),
            )
            return self._heard_of(decision, now)

        return Asked(() if spec.parent is None else (spec.parent,), decide)

    async def _created_before(self, who: Principal, once: Once, kept: Kept) -> Decision:
        """The task that the same request made before, as it is now."""
        refusal = refusal_of_another(once, kept)
        if refusal is not None:
            return Refused(refusal)
        task = await self.get(who, kept.note)
        return task if isinstance(task, Refused) else Accepted(task)

    async def update(
        self,
        who: Principal,
        task_id: str,
        spec: UpdateTask,
        source: str,
        *,
        if_match: IfMatch | None = None,
    ) -> Decision:
        """Change a task as far as the rules let it."""
        asked = self.updating(who, task_id, spec, if_match)
        if isinstance(asked, Refused):
            return Refused(asked.refusal, await self.visible(who, task_id))
        origin = Origin(who.name, source)
        decision = (await self._changes.change(asked.ids, asked.decide, origin)).decision
        return await self.or_expired(who, task_id, decision)

    def updating(
        self, who: Principal, task_id: str, spec: UpdateTask, if_match: IfMatch | None = None
    ) -> Asked | Refused:
        """An update that is still to be decided, or why it never will be."""
        refusal = check_spec(spec, self._rules)
        if refusal is not None:
            return Refused(refusal)
        now = self._clock()

        def decide(tasks: Tasks) -> Decision:
            task = judge(Act.UPDATE, who, tasks.get(task_id), task_id)
            if isinstance(task, Refused):
                return task
            refusal = refusal_of_fields(who, spec) or refusal_of_revision(task, if_match)
            if refusal is not None:
                return Refused(refusal, task)
            return self._heard_of(machine.update(task, spec, now=now, rules=self._rules), now)

        return Asked((task_id,), decide)

    def _heard_of(self, decision: Decision, now: Instant) -> Decision:
        """Renew the lease of a task whose create or update was accepted, from that moment on.

        It is done with the decision and not with its commit: a lease may not run out in between.
        """
        if isinstance(decision, Accepted):
            self._leases.renew(decision.task)
            change = decision.change
            if change is not None:
                self._pace.note(change.before, change.after, now)
        return decision

    async def cancel(self, who: Principal, task_id: str, source: str) -> Decision:
        """Ask the extension to end a task, and with it the tasks below it."""
        now, origin = self._clock(), Origin(who.name, source)
        told: Decision | None = None
        for _ in range(MOST_ROUNDS):
            below = await self._store.cancelable_below(task_id, visible_service(who), MOST_AT_ONCE)
            if told is not None and not below:
                break
            # Some at a time: a decision over many holds up everybody else.
            for begin in range(0, max(len(below), 1), DECIDED_AT_ONCE):
                ids = [task_id, *below[begin : begin + DECIDED_AT_ONCE]]
                decide = partial(self._cancelled, who, ids, now)
                done = await self._changes.change_all(ids, decide, origin)
                assert not isinstance(done, Kept)  # noqa: S101  only what is made once is kept
                told = told or done[0]
            if isinstance(told, Refused) or not below:
                break
        assert told is not None  # noqa: S101  the first round decides
        return await self.or_expired(who, task_id, told)

    def _cancelled(
        self, who: Principal, ids: Sequence[str], now: Instant, tasks: Tasks
    ) -> list[Decision]:
        """Decide for a task, and then for those below it that may and can be cancelled."""
        decisions: list[Decision] = []
        for task_id in ids:
            task = judge(Act.CANCEL, who, tasks.get(task_id), task_id)
            if isinstance(task, Task):
                rules = self._rules_of(task.service)
                decision = machine.request_cancel(task, now=now, rules=rules)
                if isinstance(decision, Accepted) and decision.task.lease_seconds is None:
                    self._leases.drop(task_id)
            else:
                decision = task
            decisions.append(decision)
            if isinstance(decisions[0], Refused):
                break
        return decisions

    async def force_close(self, who: Principal, task_id: str, source: str) -> Decision:
        """End a task whose extension was asked to end it and has not."""
        return await self._decide(
            Act.FORCE_CLOSE,
            who,
            task_id,
            lambda task, now: endings.close_by_force(
                task, principal=who.name, grace_seconds=self._cancel_grace, now=now
            ),
            source,
        )

    async def heartbeat(self, who: Principal, task_id: str) -> Task | Refused:
        """Say that work on a task goes on, which renews its lease; nothing is stored."""
        task = judge(Act.UPDATE, who, await self._store.task(task_id), task_id)
        if isinstance(task, Task) and task.status in TERMINAL:
            return Refused(Refusal(reasons.HEARTBEAT_FINISHED, (task.status,)), task)
        if isinstance(task, Task):
            self._leases.renew(task)
        return await self.or_expired(who, task_id, task)

    def lease_left(self, task: Task) -> float | None:
        """Seconds until a leased task must be heard of."""
        return None if task.lease_seconds is None else self._leases.left(task.id)

    def estimate(self, task: Task) -> Estimate:
        """How long a task has taken, and may still take."""
        return self._pace.of(task, self._clock())

    async def children(self, who: Principal, task: Task) -> Children | None:
        """The children of a task that the caller may see, ``None`` without any."""
        return await self._store.children(task.id, visible_service(who))

    async def get(self, who: Principal, task_id: str, act: Act = Act.READ) -> Task | Refused:
        """One task, for reading it or its history."""
        task = judge(act, who, await self._store.task(task_id), task_id)
        if isinstance(task, Task):
            return as_shown(who, task)
        return await self.or_expired(who, task_id, task)

    async def or_expired(self, who: Principal, task_id: str, found: T) -> T | Refused:
        """What was found, or why nothing: a task that was removed is told apart for a while."""
        if not isinstance(found, Refused) or found.refusal.reason is not reasons.TASK_UNKNOWN:
            return found
        service = await self._store.tombstone(task_id)
        if service is None or visible_service(who) not in (None, service):
            return found
        return Refused(Refusal(reasons.TASK_EXPIRED, (task_id,)))

    async def list(self, who: Principal, wanted: TaskFilter) -> list[Task] | Refusal:
        """All visible tasks that match; the filter must name tasks or services."""
        if wanted.ids is None and wanted.services is None:
            return Refusal(reasons.FILTER_EMPTY)
        seen = msgspec.structs.replace(wanted, visible_service=visible_service(who))
        tasks = await self._store.find(seen, MOST_LISTED + 1)
        if len(tasks) > MOST_LISTED:
            return Refusal(reasons.TOO_MANY_MATCHES, (str(MOST_LISTED),))
        return [as_shown(who, task) for task in tasks]

    async def visible(self, who: Principal, task_id: str) -> Task | None:
        """A task, or ``None`` where it does not exist for this principal."""
        task = await self._store.task(task_id)
        return task if task is not None and may_see(who, task) else None

    async def _decide(
        self,
        act: Act,
        who: Principal,
        task_id: str,
        decide_visible: Callable[[Task, Instant], Decision],
        source: str,
    ) -> Decision:
        now = self._clock()

        def decide(tasks: Tasks) -> Decision:
            task = judge(act, who, tasks.get(task_id), task_id)
            return task if isinstance(task, Refused) else decide_visible(task, now)

        origin = Origin(who.name, source)
        decision = (await self._changes.change((task_id,), decide, origin)).decision
        return await self.or_expired(who, task_id, decision)


def refusal_of_revision(task: Task, if_match: IfMatch | None) -> Refusal | None:
    """Why an update that is meant for some revisions is not for this one."""
    if if_match is None or task.revision in if_match.revisions:
        return None
    return Refusal(reasons.REVISION_MISMATCH, (str(task.revision), if_match.text))
