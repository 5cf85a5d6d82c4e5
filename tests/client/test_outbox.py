"""What is said about a task, in which order, and what a refusal means: without any service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from milepost import Message, Progress, Refused, Status, Task, TaskError
from milepost.client.calls import encoded
from milepost.client.errors import Forbidden, Invalid
from milepost.client.outbox import MOST_STEPS, Ending, Move, Outbox, Part, Seen
from milepost.client.specs import create_body, update_body
from milepost.rules.machine import create, request_cancel, update
from milepost.rules.machine import update as decide
from milepost.rules.reading import info_of
from milepost.rules.task import Accepted, Ruleset
from milepost.rules.task import Task as Stored
from milepost.wire.v1 import V1Dialect, encode_task

NOON = 1_420_113_600_000
START = datetime(2015, 1, 1, 12, 0, tzinfo=UTC)
END = datetime(2015, 1, 1, 12, 5, tzinfo=UTC)
DIALECT = V1Dialect()
RULES = Ruleset(spec_validation="strict")
WHY = Message("waiting for a host")
FULL = TaskError(messages=(Message("The disk is full"),))


class Service:
    """The rules of the service, without a service: takes parts as a server would."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.task: Stored | None = None
        self.said: list[Part] = []

    def take(self, part: Part, *, answered: bool = True) -> None:
        """A part arrives; perhaps its answer is lost."""
        if part.create is not None:
            spec = DIALECT.decode_create(encoded(create_body("op", part.create)))
            if self.task is None:
                decision = create(
                    spec, task_id="t", service="s", principal="p", now=NOON, rules=RULES
                )
                assert isinstance(decision, Accepted), decision
                self.task = decision.task
        else:
            assert self.task is not None
            spec_ = DIALECT.decode_update(encoded(update_body(part.changes or {})))
            decision = update(self.task, spec_, now=NOON, rules=RULES)
            assert isinstance(decision, Accepted), decision
            self.task = decision.task
        self.said.append(part)
        if answered:
            self.outbox.accepted(part, self.shown)

    @property
    def shown(self) -> Task:
        assert self.task is not None
        return msgspec.json.decode(encode_task(self.task, info_of(self.task)), type=Task)

    def all(self, seen: Seen, *, answered: bool = True) -> int:
        """Everything there is to say now; how many parts it took."""
        count = 0
        while (part := self.outbox.next(seen)) is not None:
            if not answered:
                self.take(part, answered=False)
            self.take(part)
            count += 1
            assert count < 200
        return count

    def cancel(self) -> None:
        assert self.task is not None
        decision = request_cancel(self.task, now=NOON)
        assert isinstance(decision, Accepted)
        self.task = decision.task


def outbox_of(**more: Any) -> tuple[Outbox, Service]:
    options = {"description": "Backup", "cancelable": True, "lease_seconds": 60, **more}
    outbox = Outbox("op", options, START)  # type: ignore[arg-type]
    return outbox, Service(outbox)


def seen(completed: int, total: int | None = 10, message: str | None = None) -> Seen:
    return Seen(completed, total, None if message is None else Message(message))


def succeeded(result: Any = None) -> Ending:
    raw = None if result is None else msgspec.Raw(encoded(result))
    return Ending(Status.SUCCEEDED, END, result=raw)


@pytest.mark.parametrize("answered", [True, False])
def test_a_life_is_told_in_order_also_when_every_answer_is_lost(*, answered: bool) -> None:
    outbox, service = outbox_of()
    service.all(seen(1, message="one"), answered=answered)
    assert service.shown.start_time == START
    service.all(seen(4), answered=answered)
    outbox.move(Move(Status.BLOCKED, WHY))
    service.all(seen(5), answered=answered)
    assert (service.shown.status, service.shown.progress) == ("BLOCKED", Progress(10, 5, WHY))
    assert service.all(seen(6), answered=answered) == 0
    outbox.move(Move(Status.RUNNING))
    service.all(seen(7, message="on"), answered=answered)
    assert service.shown.progress == Progress(10, 7, Message("on"))
    outbox.end(succeeded({"a": 1}))
    service.all(seen(10), answered=answered)
    done = service.shown
    assert (done.status, done.progress) == ("SUCCEEDED", Progress(10, 10, Message("")))
    assert (done.end_time, done.result) == (END, {"a": 1})
    assert outbox.closed
    assert outbox.lost is None
    assert outbox.next(seen(11)) is None
    # A repeated part is no second event.
    assert done.revision == 5


def test_what_happened_while_the_service_was_away_is_told_in_three_parts() -> None:
    outbox, service = outbox_of()
    first = outbox.next(seen(0))
    for done in range(1, 10):
        assert outbox.next(seen(done)) is first
    outbox.end(succeeded())
    assert service.all(seen(10)) == 2
    assert service.shown.progress == Progress(10, 10, Message(""))


def test_a_blocked_job_runs_again_to_end_with_other_progress() -> None:
    outbox, service = outbox_of()
    service.all(seen(1))
    outbox.move(Move(Status.BLOCKED))
    service.all(seen(1))
    outbox.end(Ending(Status.FAILED, END, FULL))
    service.all(seen(3))
    assert [part.changes.get("status") for part in service.said if part.changes] == [
        "BLOCKED",
        "RUNNING",
        "FAILED",
    ]
    assert service.shown.progress == Progress(10, 3, Message(""))
    outbox, service = outbox_of()
    outbox.move(Move(Status.BLOCKED))
    service.all(seen(3))
    outbox.end(Ending(Status.FAILED, END, FULL))
    service.all(seen(3))
    assert service.shown.error == FULL


def test_progress_never_falls_and_is_never_above_its_total() -> None:
    _, service = outbox_of()
    service.all(seen(-5, -1))
    assert service.shown.progress == Progress(0, 0, Message(""))
    for completed, total, told in (
        (5, 10, (10, 5)),
        (3, 10, (10, 5)),
        (5, 4, (5, 5)),
        (12, 10, (12, 12)),
        (10**30, 10**40, (2**63 - 1, 2**63 - 1)),
    ):
        service.all(seen(completed, total))
        progress = service.shown.progress
        assert progress is not None
        assert (progress.total, progress.completed) == told


def test_without_a_total_the_count_is_in_the_message() -> None:
    outbox, service = outbox_of()
    service.all(seen(0, None))
    assert service.shown.progress == Progress(0, 0, Message(""))
    service.all(seen(1234, None))
    assert service.shown.progress == Progress(0, 0, Message("1,234"))
    service.all(seen(1235, None, "copying"))
    assert service.shown.progress == Progress(0, 0, Message("copying (1,235)"))
    outbox.end(succeeded())
    service.all(seen(1236, None, "copying"))
    assert service.shown.progress == Progress(1236, 1236, Message("copying"))
    outbox, service = outbox_of()
    service.all(seen(3, 10))
    service.all(seen(4, None))
    assert service.shown.progress == Progress(10, 3, Message(""))


def test_moves_that_wait_are_bounded_and_the_last_one_counts() -> None:
    outbox, service = outbox_of()
    for _ in range(MOST_STEPS * 3):
        outbox.move(Move(Status.BLOCKED))
        outbox.move(Move(Status.RUNNING))
    outbox.move(Move(Status.BLOCKED, WHY))
    assert service.all(seen(1)) <= MOST_STEPS + 2
    assert (service.shown.status, service.shown.progress) == ("BLOCKED", Progress(10, 1, WHY))
    assert outbox.lost is not None


def test_a_cancel_is_heard_acknowledged_and_ends_the_task() -> None:
    outbox, service = outbox_of()
    service.all(seen(1))
    service.cancel()
    service.take(Part(changes={}))
    assert outbox.asked
    outbox.acknowledge()
    service.all(seen(1))
    assert service.shown.cancel == "acknowledged"
    outbox.end(Ending(Status.FAILED, END, TaskError("CANCELED"), acknowledges=True))
    service.all(seen(1))
    assert service.shown.error == TaskError("CANCELED")


def test_a_cancel_that_nobody_asked_for_is_not_acknowledged() -> None:
    outbox, service = outbox_of()
    service.all(seen(1))
    outbox.end(Ending(Status.FAILED, END, TaskError("CANCELED"), acknowledges=True))
    service.all(seen(1))
    assert (service.shown.cancel, service.shown.error) == (None, TaskError("CANCELED"))


def test_an_end_by_the_service_is_heard() -> None:
    outbox, service = outbox_of()
    service.all(seen(1))
    assert service.task is not None
    spec = DIALECT.decode_update(
        b'{"status": "FAILED", "error": {"error_type": "TIMED_OUT", "messages": ["Silent"]}}'
    )
    decision = decide(service.task, spec, now=NOON)
    assert isinstance(decision, Accepted)
    service.task = decision.task
    service.take(Part(changes={}))
    assert outbox.closed
    assert outbox.asked
    assert outbox.lost == "the service has ended it: Silent"


def refused(status: int, reason: str = "milepost.x", kind: type[Refused] = Invalid) -> Refused:
    return kind(status, "INVALID_ARGUMENT", [Message("No.", id=reason)])


def test_an_end_that_comes_too_late() -> None:
    outbox, service = outbox_of()
    service.all(seen(1))
    outbox.end(succeeded())
    part = outbox.next(seen(1))
    assert part is not None
    outbox.refused(part, refused(400, "milepost.task.finished"))
    assert outbox.closed
    assert outbox.lost == "the service has ended it: No."


def test_a_refused_end_is_told_with_less() -> None:
    outbox, service = outbox_of()
    service.all(seen(1))
    outbox.end(succeeded({"much": "x"}))
    part = outbox.next(seen(2))
    assert part is not None
    outbox.refused(part, refused(413))
    service.all(seen(2))
    assert (service.shown.status, service.shown.result) == ("SUCCEEDED", None)
    assert outbox.closed
    assert outbox.lost == "No."
    outbox, service = outbox_of()
    service.all(seen(1))
    outbox.end(succeeded())
    for _ in range(2):
        part = outbox.next(seen(2))
        assert part is not None
        outbox.refused(part, refused(400))
    assert outbox.closed


def test_a_refused_create_is_told_with_less() -> None:
    outbox, service = outbox_of(user="u", weight=2.0)
    part = outbox.next(seen(1), parent="gone")
    assert part is not None
    assert part.create is not None
    assert part.create["parent"] == "gone"
    outbox.refused(part, refused(400))
    again = outbox.next(seen(1), parent="gone")
    assert again is not None
    assert again.create is not None
    assert "parent" not in again.create
    service.take(again)
    assert service.shown.description.text == "Backup"
    assert service.shown.lease is not None
    outbox, _ = outbox_of()
    for _ in range(2):
        part = outbox.next(seen(1))
        assert part is not None
        outbox.refused(part, refused(400))
    assert outbox.closed


def test_a_refused_report_on_the_way_does_not_stop_the_rest() -> None:
    outbox, service = outbox_of()
    service.all(seen(1))
    part = outbox.next(seen(2))
    assert part is not None
    outbox.refused(part, refused(400))
    assert outbox.next(seen(2)) is None
    service.all(seen(3))
    outbox.move(Move(Status.BLOCKED))
    part = outbox.next(seen(3))
    assert part is not None
    outbox.refused(part, refused(400))
    outbox.end(succeeded())
    outbox.move(Move(Status.RUNNING))
    service.all(seen(3))
    assert service.shown.status == "SUCCEEDED"
    assert not outbox.closed or outbox.lost == "No."


def test_what_may_not_be_told_at_all_is_over() -> None:
    outbox, service = outbox_of()
    service.all(seen(1))
    part = outbox.next(seen(2))
    assert part is not None
    outbox.refused(part, refused(403, kind=Forbidden))
    assert outbox.closed
    assert outbox.lost == "No."
