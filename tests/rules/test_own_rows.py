"""The rows that only ``/v1`` can reach: leases, acknowledged cancels, pins and weights."""

from __future__ import annotations

from typing import Any

import pytest

from milepost.rules import reasons
from milepost.rules.machine import create, update
from milepost.rules.task import Ruleset, Task, UpdateTask
from milepost.rules.values import TERMINAL, Status
from tests.rules.samples import (
    HOUR,
    NOON,
    changed,
    creation,
    failure,
    refused,
    stored,
    unchanged,
)

OPEN = [status for status in Status if status not in TERMINAL]
ACKNOWLEDGED = UpdateTask(acknowledge_cancel=True)


def test_a_create_has_a_lease_a_weight_and_a_pin() -> None:
    spec = creation(lease_seconds=60, weight=2.5, pinned=True)
    task = changed(create(spec, task_id="n" * 22, service="s", principal="p", now=NOON))
    assert (task.lease_seconds, task.weight, task.pinned) == (60, 2.5, True)
    task = changed(create(creation(), task_id="n" * 22, service="s", principal="p", now=NOON))
    assert (task.lease_seconds, task.weight, task.pinned) == (None, 1.0, False)


def test_a_create_has_what_its_operation_usually_has() -> None:
    operation = creation().operation
    rules = Ruleset(leases={"s": {operation: 90}}, weights={"s": {operation: 3.0}})

    def made(service: str = "s", **spec: Any) -> Task:
        return changed(
            create(
                creation(**spec),
                task_id="n" * 22,
                service=service,
                principal="p",
                now=NOON,
                rules=rules,
            )
        )

    assert (made().lease_seconds, made().weight) == (90, 3.0)
    assert (made("other").lease_seconds, made("other").weight) == (None, 1.0)
    assert (made(operation="o").lease_seconds, made(operation="o").weight) == (None, 1.0)
    named = made(lease_seconds=5, weight=0.5)
    assert (named.lease_seconds, named.weight) == (5, 0.5)
    assert made(lease_seconds=0).lease_seconds is None
    assert made(status=Status.SUCCEEDED).lease_seconds is None


@pytest.mark.parametrize("status", OPEN)
def test_a_lease_is_given_and_removed(status: Status) -> None:
    task = changed(update(stored(status), UpdateTask(lease_seconds=60), now=NOON))
    assert task.lease_seconds == 60
    unchanged(update(task, UpdateTask(lease_seconds=60), now=NOON), task)
    assert changed(update(task, UpdateTask(lease_seconds=0), now=NOON)).lease_seconds is None
    without = stored(status)
    unchanged(update(without, UpdateTask(lease_seconds=0), now=NOON), without)


def test_a_finished_task_has_no_lease() -> None:
    task = stored(Status.RUNNING, lease_seconds=60)
    ended = changed(update(task, UpdateTask(status=Status.SUCCEEDED), now=NOON))
    assert ended.lease_seconds is None
    late = UpdateTask(status=Status.SUCCEEDED, lease_seconds=60)
    for before in (task, ended):
        decision = refused(update(before, late, now=NOON), reasons.LEASE_FINISHED)
        assert decision.refusal.args == ("SUCCEEDED", "60")
    unchanged(update(ended, UpdateTask(lease_seconds=0), now=NOON), ended)


@pytest.mark.parametrize("status", OPEN)
def test_a_cancel_is_acknowledged_once(status: Status) -> None:
    refused(update(stored(status), ACKNOWLEDGED, now=NOON), reasons.CANCEL_NOT_REQUESTED)
    wanted = stored(status, cancel_requested=NOON)
    heard = changed(update(wanted, ACKNOWLEDGED, now=NOON + HOUR))
    assert heard.cancel_acknowledged == NOON + HOUR
    unchanged(update(heard, ACKNOWLEDGED, now=NOON + 2 * HOUR), heard)


def test_a_cancel_is_acknowledged_with_the_end_but_not_after_it() -> None:
    wanted = stored(Status.RUNNING, cancel_requested=NOON)
    ending = UpdateTask(status=Status.FAILED, error=failure("Canceled"), acknowledge_cancel=True)
    ended = changed(update(wanted, ending, now=NOON))
    assert ended.cancel_acknowledged == NOON
    unchanged(update(ended, ending, now=NOON + HOUR), ended)
    unheard = stored(Status.SUCCEEDED, cancel_requested=NOON)
    refused(update(unheard, ACKNOWLEDGED, now=NOON), reasons.CANCEL_LATE)


@pytest.mark.parametrize("status", Status)
def test_every_task_can_be_pinned(status: Status) -> None:
    pinned = changed(update(stored(status), UpdateTask(pinned=True), now=NOON))
    assert pinned.pinned
    unchanged(update(pinned, UpdateTask(pinned=True), now=NOON), pinned)
    assert not changed(update(pinned, UpdateTask(pinned=False), now=NOON)).pinned
