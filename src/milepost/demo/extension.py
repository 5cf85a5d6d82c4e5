"""A small extension that keeps some tasks alive on a server until it is told to stop."""

from __future__ import annotations

import heapq
import itertools
import random
import time
import uuid
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from milepost.client.blocking import Client
from milepost.client.errors import Away, Busy
from milepost.client.values import Target
from milepost.demo.jobs import KINDS, MACHINES, Canceled, Job, Step, message
from milepost.demo.registration import register

AWAY_SECONDS = 2.0
T = TypeVar("T")

Tell = Callable[[str], None]


class Turn(NamedTuple):
    """When which task says its next word; ``number`` keeps turns of one instant in order."""

    at: float
    number: int
    task_id: str
    job: Job
    step: Step


class Demo:
    """Runs jobs against a server.

    ``alive`` jobs run at once; after ``most`` jobs (or never, with ``None``) no new one begins
    and the demo ends with the last. ``speed`` divides every pause.
    """

    def __init__(
        self,
        client: Client,
        tell: Tell,
        *,
        alive: int = 6,
        most: int | None = None,
        speed: float = 1.0,
        seed: int | None = None,
    ) -> None:
        self._client = client
        self._tell = tell
        self._alive = alive
        self._left = most
        self._speed = speed
        self._chance = random.Random(seed)  # noqa: S311  it decides what a demo shows
        self._turns: list[Turn] = []
        self._numbers = itertools.count()
        self._registered = False

    def run(self) -> None:
        """Work until all jobs are done. Raises ``Refused`` when the server will not have them."""
        while self._turns or self._left != 0:
            while len(self._turns) < self._alive and self._left != 0:
                self._begin()
            turn = heapq.heappop(self._turns)
            time.sleep(max(0.0, turn.at - time.monotonic()))
            self._take(turn)

    def _begin(self) -> None:
        kind, machine = self._chance.choice(KINDS), self._chance.choice(MACHINES)
        text = kind.text.format(machine)
        key = uuid.uuid4().hex
        task = self._patiently(
            lambda: self._client.create(
                kind.operation,
                idempotency_key=key,
                cancelable=kind.cancelable,
                description=message(kind.operation.rpartition(".")[2], text, machine=machine),
                target=Target("VirtualMachine", machine),
                user="demo",
            )
        )
        if not self._registered:
            self._register(task.service)
        self._tell(f"{task.id}  {text}")
        job = kind.work(self._chance, machine)
        self._plan(task.id, job, next(job), self._chance.uniform(0, 2))
        if self._left is not None:
            self._left -= 1

    def _register(self, service: str) -> None:
        """Register for the service that the tasks turn out to have."""
        self._tell(self._patiently(lambda: register(self._client, service)))
        self._registered = True

    def _take(self, turn: Turn) -> None:
        said, wait = turn.step
        task = self._patiently(lambda: self._client.update(turn.task_id, **said))
        if "status" in said:
            self._tell(f"{turn.task_id}  {said['status']}")
        following = following_step(turn.job, asked=task.cancel_is_pending)
        if following is not None:
            self._plan(turn.task_id, turn.job, following, wait)

    def _plan(self, task_id: str, job: Job, step: Step, wait: float) -> None:
        at = time.monotonic() + wait / self._speed
        heapq.heappush(self._turns, Turn(at, next(self._numbers), task_id, job, step))

    def _patiently(self, call: Callable[[], T]) -> T:
        """Make a call; while the server is away or busy, wait and make it again.

        Every word of the demo is safe to repeat; a create has its key.
        """
        while True:
            try:
                return call()
            except Away as fault:
                self._tell(f"The server is away, waiting for it. ({fault})")
            except Busy as fault:
                self._tell(f"The server is busy, trying again. ({fault})")
            time.sleep(AWAY_SECONDS)


def following_step(job: Job, *, asked: bool) -> Step | None:
    """What a job says next, or ``None`` when it is done."""
    try:
        return job.throw(Canceled()) if asked else next(job)
    except StopIteration:
        return None
