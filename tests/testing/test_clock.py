"""The written clock: what it says, and what the server makes of it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from milepost.testing.clock import Clock
from milepost.testing.server import MilepostServer
from tests.testing.reporting import Reporter

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def jumps() -> list[str]:
    return []


@pytest.fixture
def clock(jumps: list[str]) -> Clock:
    stopped = Clock(lambda: jumps.append("caught up"))
    stopped.stop()
    stopped.set(NOON)
    jumps.clear()
    return stopped


def test_it_stands_still_until_it_is_written(clock: Clock, jumps: list[str]) -> None:
    monotonic = clock.monotonic()
    assert [clock.now(), clock.now()] == [NOON, NOON]
    clock.advance(1.5)
    assert clock.now() == NOON + timedelta(seconds=1.5)
    assert clock.instant() == int(NOON.timestamp() * 1000) + 1500
    assert clock.monotonic() == monotonic + 1.5
    assert jumps == ["caught up"]


def test_set_forward_is_time_that_has_passed(clock: Clock, jumps: list[str]) -> None:
    monotonic = clock.monotonic()
    clock.set(NOON + timedelta(hours=1))
    assert clock.monotonic() == monotonic + 3600
    clock.set(NOON)
    assert (clock.now(), clock.monotonic()) == (NOON, monotonic + 3600)
    assert jumps == ["caught up"] * 2


def test_it_goes_on_by_itself(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(1000.0, 10.0)
    monkeypatch.setattr("milepost.testing.clock.time.monotonic", lambda: next(ticks))
    clock.start()
    assert clock.now() == NOON + timedelta(seconds=10)
    assert clock.now() == NOON + timedelta(seconds=20)
    clock.stop()
    assert clock.now() == clock.now() == NOON + timedelta(seconds=30)


def test_what_it_does_not_take(clock: Clock) -> None:
    with pytest.raises(ValueError, match="time does not go back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="time does not go back"):
        clock.advance(float("nan"))
    with pytest.raises(ValueError, match="needs a zone"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001  that is the point
    assert clock.now() == NOON


def test_it_says_what_it_does(clock: Clock) -> None:
    assert repr(clock) == "<Clock stands still at 2026-01-01T12:00:00+00:00>"
    clock.start()
    assert repr(clock).startswith("<Clock goes on from 2026-01-01T12:00:00")


def test_tasks_have_its_time(milepost_server: MilepostServer, extension: Reporter) -> None:
    milepost_server.clock.stop()
    milepost_server.clock.set(NOON)
    # The session of the time before has become as old as the clock has jumped.
    person = milepost_server.person("administrator", new_session=True)
    assert person.headers == milepost_server.headers
    extension.http.headers.update(person.headers)
    task = extension.create(status="RUNNING")
    milepost_server.clock.advance(90)
    assert extension.update(task, status="SUCCEEDED") == 200
    found = milepost_server.task(task)
    assert found["start_time"] == "2026-01-01T12:00:00.000Z"
    assert found["end_time"] == "2026-01-01T12:01:30.000Z"
    assert found["elapsed_seconds"] == 90


def test_a_lease_runs_out(milepost_server: MilepostServer, extension: Reporter) -> None:
    made = extension.send(
        "POST", "/v1/tasks", json={"operation_id": "op", "cancelable": False, "lease_seconds": 60}
    )
    task = made.json()["id"]
    milepost_server.clock.stop()
    milepost_server.clock.advance(59)
    assert milepost_server.task(task)["lease"]["remaining_seconds"] <= 1
    milepost_server.assert_task(task, status="PENDING")
    milepost_server.clock.advance(1.5)
    milepost_server.assert_task(task, status="FAILED", error="TIMED_OUT")
    assert milepost_server.history(task)[-1]["kind"] == "lease_expired"


@pytest.mark.milepost(settings={"session_idle": 60})
def test_a_session_ends(milepost_server: MilepostServer, extension: Reporter) -> None:
    assert extension.send("GET", "/api/session").status_code == 200
    milepost_server.clock.advance(59)
    assert extension.send("GET", "/api/session").status_code == 200
    milepost_server.clock.advance(61)
    assert extension.send("GET", "/api/session").status_code == 401


@pytest.mark.milepost(settings={"retention_age": 3600})
def test_a_finished_task_is_removed(milepost_server: MilepostServer, extension: Reporter) -> None:
    ended, at_work = extension.create(), extension.create(status="RUNNING")
    assert extension.update(ended, status="RUNNING") == 200
    assert extension.update(ended, status="SUCCEEDED") == 200
    milepost_server.clock.advance(3500)
    assert len(milepost_server.tasks()) == 2
    milepost_server.clock.advance(101)
    assert [task["id"] for task in milepost_server.tasks()] == [at_work]
