"""What holds for every life of a task, whatever is asked of it."""

from __future__ import annotations

import string
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.rules.machine import create, request_cancel, update
from milepost.rules.reading import info_of
from milepost.rules.strict import check_spec
from milepost.rules.task import (
    Accepted,
    CreateTask,
    Decision,
    EventKind,
    Refused,
    Ruleset,
    Task,
    UpdateTask,
)
from milepost.rules.values import TERMINAL, Opaque, Progress, Status
from tests.rules.samples import DAY, HOUR, INT64_MAX, INT64_MIN, NOON, failure, text

# Few values, so that repeats, equal times and steps back are common.
instants = st.sampled_from([NOON + hours * HOUR for hours in (-2, -1, 0, 1, 2, 25)])
numbers = st.sampled_from([-1, 0, 1, 2, 3]) | st.sampled_from([INT64_MIN, INT64_MAX])
messages = st.sampled_from([text(""), text("a"), text("b")])
progresses = st.builds(Progress, total=numbers, completed=numbers, message=messages)
statuses = st.sampled_from(Status)
errors = st.sampled_from([failure("a"), failure("b")])
results = st.sampled_from([Opaque("1"), Opaque("true")])
unset = st.none()

updates = st.builds(
    UpdateTask,
    progress=unset | progresses,
    description=unset | messages,
    status=unset | statuses,
    error=unset | errors,
    result=unset | results,
    start_time=unset | instants,
    end_time=unset | instants,
)
# Most random specs are refused for one thing or another; these get further.
modest = st.one_of(
    st.builds(UpdateTask, status=statuses, error=unset | errors),
    st.builds(UpdateTask, status=unset | statuses, progress=progresses),
    st.builds(UpdateTask, status=statuses, start_time=unset | instants, end_time=unset | instants),
    st.builds(UpdateTask, end_time=instants),
    st.builds(UpdateTask, status=st.just(Status.FAILED), error=errors, end_time=unset | instants),
)
creates = st.builds(
    CreateTask,
    operation=st.just("backup"),
    cancelable=st.booleans(),
    status=unset | statuses,
    progress=unset | progresses,
    error=unset | errors,
    start_time=unset | instants,
    end_time=unset | instants,
) | st.builds(CreateTask, operation=st.just("backup"), cancelable=st.booleans())
rulesets = st.builds(
    Ruleset,
    spec_validation=st.sampled_from(["effective", "strict"]),
    progress_messages=st.sampled_from(["keep", "ignore"]),
    max_clock_skew=st.sampled_from([0, HOUR // 1000, DAY // 1000]),
)


class Step(NamedTuple):
    """Something asked of a task: an update, or a request to cancel it.

    The fields named in ``echo`` are given as they are stored at that moment.
    """

    asked: UpdateTask | None
    now: int
    echo: frozenset[str] = frozenset()


# The clock may go back, too: now is what the service says it is.
clocks = st.sampled_from([NOON + hours * HOUR for hours in (-1, 0, 1, 2)])
echoes = st.frozensets(st.sampled_from(["status", "progress", "error", "start_time", "end_time"]))
steps = st.lists(
    st.builds(Step, asked=updates | modest | unset, now=clocks, echo=st.just(frozenset()) | echoes),
    max_size=12,
)


def echoed(task: Task, step: Step) -> Step:
    if step.asked is None:
        return step
    given = {field: getattr(task, field) for field in step.echo}
    return Step(msgspec.structs.replace(step.asked, **given), step.now)


def decide(task: Task, step: Step, rules: Ruleset) -> Decision:
    """One step as the service takes it; and the same inputs give the same answer."""
    before = msgspec.json.encode((task, step, rules))
    decision, once_more = answer(task, step, rules), answer(task, step, rules)
    assert once_more == decision
    assert msgspec.json.encode((task, step, rules)) == before
    return decision


def answer(task: Task, step: Step, rules: Ruleset) -> Decision:
    if step.asked is None:
        return request_cancel(task, now=step.now)
    refusal = check_spec(step.asked, rules)
    if refusal is not None:
        return Refused(refusal, task)
    return update(task, step.asked, now=step.now, rules=rules)


def first_of(spec: CreateTask, rules: Ruleset, now: int) -> Decision:
    return create(
        spec, task_id="n" * 22, service="com.acme", principal="acme", now=now, rules=rules
    )


def check_task(task: Task) -> None:
    """What holds for every task that the rules ever let be."""
    pending, finished = task.status is Status.PENDING, task.status in TERMINAL
    assert (task.start_time is None) == pending
    assert (task.end_time is None) == (not finished) == (task.finished_at is None)
    assert (task.error is None) == (task.status is not Status.FAILED)
    if task.start_time is not None and task.end_time is not None:
        assert task.start_time <= task.end_time
    assert 0 <= task.progress.completed <= task.progress.total
    info = info_of(task)
    if pending:
        hidden = (info.progress, info.result, info.error, info.start_time, info.end_time)
        assert hidden == (None, None, None, None, None)
    else:
        assert info.progress is not None
        assert info.start_time is not None
    assert (info.end_time is None) == (not finished)


def check_refusal(decision: Refused, task: Task) -> None:
    assert decision.task is task
    refusal = decision.refusal
    fields = {name for _, name, _, _ in string.Formatter().parse(refusal.reason.text) if name}
    assert len(refusal.args) == len(fields)
    assert refusal.message.args == refusal.args


def check_step(before: Task, decision: Accepted, step: Step) -> None:
    after = decision.task
    if decision.change is None:
        assert after is before
        return
    assert decision.change.before is before
    assert decision.change.after is after
    cancel = step.asked is None
    assert decision.change.kind is (EventKind.CANCEL_REQUESTED if cancel else EventKind.UPDATED)
    assert after != msgspec.structs.replace(
        before, revision=before.revision + 1, updated_at=step.now
    )
    assert (after.revision, after.updated_at) == (before.revision + 1, step.now)
    assert after.progress.completed >= before.progress.completed
    if before.status in TERMINAL:
        assert after.status is before.status
        assert after.finished_at == before.finished_at
        assert after.progress == before.progress
    if before.status is not Status.PENDING:
        assert after.status is not Status.PENDING


def check_again(decision: Accepted, step: Step, rules: Ruleset) -> None:
    """The same PATCH after a lost answer, if it names a status."""
    if step.asked is not None and step.asked.status is not None:
        for later in (0, 1, HOUR, 30 * DAY):
            again = decide(decision.task, Step(step.asked, step.now + later), rules)
            assert again == Accepted(decision.task, None)


@settings(max_examples=400)
@given(spec=creates, rules=rulesets, start=clocks, life=steps)
def test_every_life_of_a_task(
    spec: CreateTask, rules: Ruleset, start: int, life: list[Step]
) -> None:
    birth = first_of(spec, rules, start)
    assert birth == first_of(spec, rules, start)
    if isinstance(birth, Refused):
        assert birth.task is None
        return
    task = birth.task
    assert (task.revision, task.updated_at) == (1, start)
    check_task(task)
    if check_spec(spec, rules) is None:
        check_again(birth, Step(spec, start), rules)
    for planned in life:
        step = echoed(task, planned)
        decision = decide(task, step, rules)
        if isinstance(decision, Refused):
            check_refusal(decision, task)
            continue
        check_step(task, decision, step)
        check_task(decision.task)
        check_again(decision, step, rules)
        task = decision.task


@settings(max_examples=400)
@given(
    life=st.lists(st.builds(Step, asked=modest, now=clocks, echo=echoes), min_size=1, max_size=6),
    rules=st.lists(rulesets, min_size=6, max_size=6),
)
def test_a_life_under_changing_settings(life: list[Step], rules: list[Ruleset]) -> None:
    """A restart with other settings breaks nothing that was stored before it."""
    birth = first_of(CreateTask(operation="backup", cancelable=True), rules[0], NOON)
    assert isinstance(birth, Accepted)
    task = birth.task
    for planned, ruleset in zip(life, rules, strict=False):
        step = echoed(task, planned)
        decision = decide(task, step, ruleset)
        if isinstance(decision, Refused):
            check_refusal(decision, task)
            continue
        check_step(task, decision, step)
        check_task(decision.task)
        check_again(decision, step, ruleset)
        task = decision.task
