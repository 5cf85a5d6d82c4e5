"""A mixed load for minutes: tasks from their creation to their end, and all who look at them.

Every worker asks, waits for the answer, rests, and so on. What every task must show in the end is
noted; a task that was removed meanwhile must be told as such.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from tests.endurance.wire import Line, Place, Reply, Stream

REPORTERS = 8
LONG_REPORTERS = 2
BATCHERS = 1
READERS = 3
WATCHERS = 6
UPDATES = 8
LONG_UPDATES = 400
"""More than the ``history_limit`` of the server."""
IN_A_BATCH = 20
BATCH_RESTS = 20
TOTAL = 1000
FAULTS_KEPT = 20
TASKS = "/v1/tasks"
REST_TASKS = "/rest/vcenter/extension/tasks"
QUERIES = (
    "status=RUNNING&page_size=50",
    "status=FAILED&status=SUCCEEDED&page_size=100",
    "operation=mixed.long&counts=true",
    "target=VirtualMachine:vm-3&order=created",
    "text=web-01&page_size=20",
)
WATCHED = ("", "operation=mixed.short", "status=FAILED", "operation=mixed.long")
EXPIRED = "milepost.task.expired"


class Ending(NamedTuple):
    """What a task must show after its end."""

    status: str
    completed: int
    revision: int


class Mixed:
    """The load. ``rest`` is the mean of the seconds a worker rests between two requests."""

    def __init__(self, place: Place, rest: float) -> None:
        self.faults: list[str] = []
        self.count = 0
        self.endings: dict[str, Ending] = {}
        self.running: dict[str, None] = {}
        self._place = place
        self._rest = rest
        self._taken: dict[str, list[float]] = defaultdict(list)
        self._dice = random.Random(1)  # noqa: S311  a test's dice

    def latencies(self) -> dict[str, list[float]]:
        """The milliseconds that each kind of request has taken since they were last asked for."""
        taken, self._taken = self._taken, defaultdict(list)
        return taken

    async def run(self, seconds: float) -> None:
        """Go on for so long; each worker then comes to the end of its task."""
        until = time.monotonic() + seconds
        lives: list[tuple[Callable[[Line], Awaitable[None]], int]] = [
            (self._short, REPORTERS),
            (self._long, LONG_REPORTERS),
            (self._batch, BATCHERS),
            (self._read, READERS),
        ]
        workers = [self._work(life, until) for life, many in lives for _ in range(many)]
        watchers = [self._watch(WATCHED[n % len(WATCHED)], until) for n in range(WATCHERS)]
        await asyncio.gather(*workers, *watchers)

    async def check(self) -> int:
        """Look at every task that has ended; how many of them are still there."""
        line = await Line(self._place).open()
        kept = 0
        for task, ending in self.endings.items():
            reply = await line.ask("GET", f"{TASKS}/{task}")
            if reply.status == 404 and reply.body["messages"][0]["id"] == EXPIRED:
                continue
            if reply.status != 200 or ending_of(reply.body) != ending:
                self._note(f"{task} must be {ending}, and it is {reply}")
            kept += 1
        line.close()
        return kept

    async def _work(self, life: Callable[[Line], Awaitable[None]], until: float) -> None:
        line = await Line(self._place).open()
        while time.monotonic() < until:
            await life(line)
        line.close()

    async def _short(self, line: Line) -> None:
        """A task from its creation to its end; some are cancelled, some fail."""
        task = await self._create(line, "mixed.short")
        for number in range(1, UPDATES):
            await self._patch(line, task, {"percent_done": progress(number)}, rest=True)
        end = self._dice.random()
        if end < 0.1:
            await self._ask(line, "cancel", "POST", f"{TASKS}/{task}:cancel")
            await self._patch(line, task, {"cancel": "acknowledged"})
            await self._end(line, task, failed("CANCELED"))
        elif end < 0.3:
            await self._end(line, task, failed("ERROR"))
        else:
            await self._end(line, task, {"status": "SUCCEEDED", "result": {"files": [number, "a"]}})

    async def _long(self, line: Line) -> None:
        """A task whose history grows beyond what is kept of it."""
        task = await self._create(line, "mixed.long")
        for number in range(1, LONG_UPDATES):
            spec = {"percent_done": progress(number), "description": f"part {number} of web-01"}
            await self._patch(line, task, spec, rest=True)
        await self._end(line, task, {"status": "SUCCEEDED"})

    async def _batch(self, line: Line) -> None:
        """Some tasks, each step of which is one request for all."""
        create = {"create": spec_of("mixed.batch", self._dice.randrange(9))}
        made = await self._batched(line, [create] * IN_A_BATCH)
        for spec in ({"percent_done": progress(3)}, {"status": "SUCCEEDED"}):
            updates = [{"update": {"task": task["id"], "spec": spec}} for task in made]
            made = await self._batched(line, updates)
        self.endings.update({task["id"]: ending_of(task) for task in made})

    async def _batched(self, line: Line, parts: list[Any]) -> list[Any]:
        reply = await self._ask(line, "batch", "POST", f"{TASKS}:batch", {"requests": parts})
        if any(part["status"] not in (200, 201) for part in reply.body["results"]):
            self._note(f"batch: {reply}")
        await self._pause(BATCH_RESTS)
        return [part["task"] for part in reply.body["results"]]

    async def _read(self, line: Line) -> None:
        """Tasks, lists and histories, by all who look on."""
        await self._ask(line, "list", "GET", f"{TASKS}?{self._dice.choice(QUERIES)}")
        for task in self._dice.sample(list(self.running), min(3, len(self.running))):
            await self._ask(line, "get", "GET", f"/rest/cis/tasks/{task}")
            await self._ask(line, "history", "GET", f"{TASKS}/{task}/events?page_size=20")
            await self._pause()

    async def _watch(self, query: str, until: float) -> None:
        """Come, go, and come back behind what was told; from now on when that is kept no more."""
        stream = Stream(self._place, query, None)
        while time.monotonic() < until:
            status = await stream.watch(self._dice.uniform(0.1, 3))
            self.count += 1
            if status == 410:
                stream.last = None
            elif status != 200:
                self._note(f"watch: {status}")
            await self._pause()

    async def _create(self, line: Line, operation: str) -> str:
        spec = spec_of(operation, self._dice.randrange(9))
        reply = await self._ask(line, "create", "POST", TASKS, spec)
        task: str = reply.body["id"]
        self.running[task] = None
        return task

    async def _end(self, line: Line, task: str, spec: Any) -> None:
        del self.running[task]
        reply = await self._patch(line, task, spec)
        self.endings[task] = ending_of(reply.body)
        await self._pause()

    async def _patch(self, line: Line, task: str, spec: Any, *, rest: bool = False) -> Reply:
        """An update, at one door or the other when it says nothing but progress."""
        if rest and self._dice.random() < 0.5:
            spec = {"spec": {"percent_done": {**spec["percent_done"], "message": MESSAGE}}}
            path = f"{REST_TASKS}/{task}"
        else:
            path = f"{TASKS}/{task}"
        reply = await self._ask(line, "update", "PATCH", path, spec)
        await self._pause()
        return reply

    async def _ask(self, line: Line, kind: str, method: str, path: str, value: Any = None) -> Reply:
        begun = time.monotonic()
        reply = await line.ask(method, path, value)
        self._taken[kind].append((time.monotonic() - begun) * 1000)
        self.count += 1
        if reply.status not in (200, 201):
            self._note(f"{kind}: {method} {path} {reply}")
        return reply

    async def _pause(self, times: float = 1) -> None:
        await asyncio.sleep(self._dice.uniform(0, 2 * self._rest * times))

    def _note(self, fault: str) -> None:
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(fault)


MESSAGE = {"id": "com.acme.copied", "default_message": "web-01 is being copied", "args": []}


def spec_of(operation: str, target: int) -> dict[str, Any]:
    return {
        "operation_id": operation,
        "description": "Back up web-01 to the archive",
        "target": {"type": "VirtualMachine", "id": f"vm-{target}"},
        "cancelable": True,
        "status": "RUNNING",
    }


def progress(completed: int) -> dict[str, Any]:
    return {"total": TOTAL, "completed": completed, "message": "web-01 is being copied"}


def failed(error: str) -> dict[str, Any]:
    return {"status": "FAILED", "error": {"error_type": error, "messages": []}}


def ending_of(task: Any) -> Ending:
    return Ending(task["status"], task["progress"]["completed"], task["revision"])
