"""What was asked of some tasks and what was answered, to hold against what is there later."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from tests.durability.eventlog import event_log, lives
from tests.serving import Caller, Reply, Server, progress, text

TOTAL = 10**9

Asked = tuple[str, int]
"""A task, and the completed work that an update of it told; told once, so it names the update."""


class Book:
    """Updates of a few tasks, each with more completed work than the one before.

    Threads may share it. An update counts as open until it is answered, and stays so when the
    answer is 503 or none: it may or may not have happened.
    """

    def __init__(self, server: Server, tasks: int) -> None:
        self.open: set[Asked] = set()
        with server.caller() as caller:
            self.token = caller.token
            self.ids = [caller.create(status="RUNNING") for _ in range(tasks)]
        # By task, the revision that each number became.
        self.acknowledged: dict[str, dict[int, int]] = {task_id: {} for task_id in self.ids}
        self._numbers = {task_id: itertools.count(1) for task_id in self.ids}

    @property
    def count(self) -> int:
        """How many updates were acknowledged."""
        return sum(map(len, self.acknowledged.values()))

    def ask(self, caller: Caller, task_id: str, **more: Any) -> Reply:
        """The next update of a task; ``more`` goes into its spec."""
        return self._send(caller, (task_id, next(self._numbers[task_id])), more)

    def ask_again(self, caller: Caller, task_id: str, **more: Any) -> Reply:
        """The last update of a task once more."""
        last = max(number for known, number in self.open if known == task_id)
        return self._send(caller, (task_id, last), more)

    def assert_kept(self, caller: Caller) -> None:
        """Every task shows what was acknowledged last, or something asked for later."""
        for task_id, acknowledged in self.acknowledged.items():
            reply = caller.get(task_id)
            completed: int = reply.value["progress"]["completed"]
            assert reply.revision >= max(acknowledged.values(), default=1)
            assert completed >= max(acknowledged, default=0)
            if completed in acknowledged:
                assert acknowledged[completed] == reply.revision
            else:
                assert completed == 0 or (task_id, completed) in self.open

    def assert_told(self, data: Path) -> None:
        """The event log has every acknowledged update at its revision, and nothing refused."""
        found = lives(event_log(data))
        assert set(found) == set(self.ids)
        for task_id, life in found.items():
            told = {event.completed: event.revision for event in life[1:]}
            assert len(told) == len(life) - 1
            acknowledged = self.acknowledged[task_id]
            assert {number: told.get(number) for number in acknowledged} == acknowledged
            rest = {(task_id, number) for number in told.keys() - acknowledged.keys()}
            assert rest <= self.open

    def _send(self, caller: Caller, asked: Asked, more: dict[str, Any]) -> Reply:
        task_id, number = asked
        self.open.add(asked)
        spec = {"percent_done": progress(number, TOTAL), "description": text(f"{number}"), **more}
        reply = caller.patch(task_id, spec)
        if reply.status == 200:
            self.acknowledged[task_id][number] = reply.revision
        if reply.status != 503:
            self.open.discard(asked)
        return reply
