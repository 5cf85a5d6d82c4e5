"""What a forked process counts on a job of its parent, told to the parent through a pipe.

The pipe is made before the first fork with open jobs. Each note is one write, so notes of many
children do not mix: the number of the job, how much was counted, and perhaps a message. A child
writes a few times a second from a thread that begins when it first counts, and at its end, also
where that is the end of a ``multiprocessing`` worker. A pipe that is full or broken delays or
loses counts, and stops nobody.

A spawned process has nothing of its parent: give it ``job.handle`` and let it report on a child
of the task.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import struct
import sys
import threading
import weakref
from types import TracebackType
from typing import Any, NamedTuple

from milepost.client.job import Job

NOTE = struct.Struct("<Qq")
"""16 bytes; POSIX writes up to 512 at once or not at all."""
INTERVAL = 0.25
CHUNK = 4096 * NOTE.size


class Route(NamedTuple):
    """Where to tell what is counted on a job of another process: its pipe, and its number there."""

    pipe: int | None
    number: int
    job: Job


class Relay:
    """The open jobs by their numbers, the pipe on which children tell, and those of ancestors."""

    def __init__(self) -> None:
        self._jobs: weakref.WeakValueDictionary[int, Job] = weakref.WeakValueDictionary()
        self._numbers = itertools.count(1)
        self._reading: int | None = None
        self._writing: int | None = None
        self._rest = b""
        self._routes: list[Route] = []
        self._used: list[Route] = []
        # Reentrant, so that a signal handler that ends a job cannot stop it.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    # In the parent.

    def know(self, job: Job) -> None:
        """Remember a job that has begun."""
        self._jobs[next(self._numbers)] = job

    def prepare(self) -> None:
        """Before a fork: have a pipe, if there are jobs to count on."""
        if self._writing is None and any(not job.outbox_closed for job in self._jobs.values()):
            with contextlib.suppress(OSError):
                self._reading, self._writing = os.pipe()
                os.set_blocking(self._reading, False)
                os.set_blocking(self._writing, False)

    def gather(self) -> None:
        """Take what children have counted."""
        if self._reading is None:
            return
        with self._lock, contextlib.suppress(OSError):
            while data := os.read(self._reading, CHUNK):
                data = self._rest + data
                whole = len(data) - len(data) % NOTE.size
                self._rest = data[whole:]
                for number, by in NOTE.iter_unpack(data[:whole]):
                    job = self._jobs.get(number)
                    if job is not None:
                        job.count(by)

    # In a child.

    def in_child(self) -> None:
        """After a fork: the open jobs are those of the parent and of its ancestors.

        Of the pipe only the end to write is kept. A child of this process gets a pipe of its own.
        """
        own = [Route(self._writing, number, job) for number, job in self._jobs.items()]
        reading = self._reading
        self._routes += own
        self._jobs = weakref.WeakValueDictionary()
        self._reading = self._writing = None
        self._used, self._rest = [], b""
        self._lock, self._thread = threading.RLock(), None
        for route in self._routes:
            route.job.relay(FirstUse(self, route))
        if reading is not None:
            os.close(reading)
        if self._routes and "multiprocessing.util" in sys.modules:
            # Its workers leave without atexit; and it forgets what was registered before the fork.
            util: Any = sys.modules["multiprocessing.util"]
            util.register_after_fork(self, finish_with)

    def wake(self, route: Route) -> None:
        """The first use of a relayed job: begin to tell what is counted on it."""
        with self._lock:
            self._used.append(route)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="milepost-relay", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(INTERVAL):
            self.send()

    def send(self) -> None:
        """Tell the owners of the jobs what was counted since the last time."""
        for route in list(self._used):
            counted = route.job.take()
            if counted and route.pipe is not None:
                try:
                    os.write(route.pipe, NOTE.pack(route.number, counted))
                except OSError:
                    # Full, or nobody reads: keep it for the next time.
                    route.job.count(counted)


class FirstUse:
    """Stands for the lock of a job in a forked process until the job is used there.

    So a child that never counts has no thread, and ``advance`` need not ask where it is.
    """

    def __init__(self, relay: Relay, route: Route) -> None:
        self._relay = relay
        self._route = route
        self._lock = threading.RLock()
        self._woken = False

    def __enter__(self) -> None:
        self._lock.acquire()
        if not self._woken:
            self._woken = True
            self._relay.wake(self._route)
            self._route.job.relay_lock(self._lock)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()


def finish_with(relay: Relay) -> None:
    """In a worker of ``multiprocessing``: tell the last counts when it ends."""
    util: Any = sys.modules["multiprocessing.util"]
    util.Finalize(None, relay.send, exitpriority=10)
