"""The jobs of the demo: every word they say is accepted by the rules, whoever cancels when."""

from __future__ import annotations

import random
from typing import Any

import pytest

from milepost.client.calls import encoded
from milepost.client.specs import update_body
from milepost.demo.extension import following_step
from milepost.demo.jobs import KINDS, MACHINES, Job, Kind, Step
from milepost.rules.machine import create, request_cancel, update
from milepost.rules.task import Accepted, CreateTask, Decision, Ruleset, Task
from milepost.rules.values import TERMINAL, Status
from milepost.wire.v1 import V1Dialect

NOON = 1_420_113_600_000
DIALECT = V1Dialect()
SEEDS = range(12)
LONGEST = 1_000


def job_of(kind: Kind, seed: int) -> Job:
    chance = random.Random(seed)  # noqa: S311  it decides what a demo shows
    return kind.work(chance, MACHINES[seed % len(MACHINES)])


def accepted(decision: Decision) -> Task:
    assert isinstance(decision, Accepted), decision
    return decision.task


def created(kind: Kind) -> Task:
    spec = CreateTask(operation=kind.operation, cancelable=kind.cancelable)
    return accepted(create(spec, task_id="t" * 26, service="s", principal="p", now=NOON))


def told(task: Task, step: Step) -> Task:
    """The task after a step; it is read and judged as the strictest server does."""
    said, wait = step
    assert wait >= 0
    body = encoded(update_body(said))
    rules = Ruleset(spec_validation="strict")
    return accepted(update(task, DIALECT.decode_update(body), now=NOON, rules=rules))


def play(kind: Kind, seed: int, *, cancel_after: int | None = None) -> list[Task]:
    """The task after each word of a job; someone asks for its end after so many."""
    job = job_of(kind, seed)
    task, step, seen = created(kind), next(job), list[Task]()
    while True:
        if cancel_after == len(seen):
            task = accepted(request_cancel(task, now=NOON))
        task = told(task, step)
        seen.append(task)
        assert len(seen) < LONGEST
        asked = task.cancel_requested is not None and task.status not in TERMINAL
        following = following_step(job, asked=asked)
        if following is None:
            return seen
        step = following


def name_of(kind: Any) -> str:
    return kind.operation.rpartition(".")[2] if isinstance(kind, Kind) else str(kind)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_every_word_of_a_job_is_accepted(kind: Kind, seed: int) -> None:
    seen = play(kind, seed)
    assert seen[0].status is Status.RUNNING
    assert seen[-1].status in TERMINAL
    assert [task.status in TERMINAL for task in seen].index(True) == len(seen) - 1
    assert len({task.revision for task in seen}) == len(seen)
    if seen[-1].status is Status.SUCCEEDED:
        assert seen[-1].progress.completed == seen[-1].progress.total > 0


def test_the_jobs_show_every_status_and_both_ends() -> None:
    statuses = {task.status for kind in KINDS for seed in SEEDS for task in play(kind, seed)}
    assert statuses == set(Status) - {Status.PENDING}


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_the_same_seed_makes_the_same_job(kind: Kind) -> None:
    assert list(job_of(kind, 5)) == list(job_of(kind, 5))
    assert list(job_of(kind, 5)) != list(job_of(kind, 6))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.cancelable], ids=name_of)
@pytest.mark.parametrize("after", [0, 1, 2, 5])
def test_a_wanted_end_is_heard_at_the_next_word(kind: Kind, after: int) -> None:
    seen = play(kind, 3, cancel_after=after)
    assert len(seen) == after + 2
    ended = seen[-1]
    assert ended.status is Status.FAILED
    assert ended.error is not None
    assert ended.error.type == "com.vmware.vapi.std.errors.canceled"
    assert ended.error.messages
