"""The one thread of a process that reports on its jobs, and what happens at its end and in a fork.

The thread is a daemon and begins with the first job. It is the only one that talks to services,
so a service that is slow or away costs a job nothing. When the process ends, what is on its way is
waited for: ``MILEPOST_FLUSH_SECONDS``, 5 when it is not set; what did not arrive is told in one
warning. A process that is killed tells nothing: the lease of its tasks ends them.

A forked process has no thread and no connections of its parent. It gets its own when it begins a
job. Jobs that were open before the fork stay the parent's: what the child counts on them goes to
the parent through a pipe, see ``relay``.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

from milepost.client.channel import Channel, Connection
from milepost.client.job import Job
from milepost.client.relay import Relay

log = logging.getLogger("milepost")

FLUSH_SECONDS = 5.0
SETTING = "MILEPOST_FLUSH_SECONDS"
FAREWELL_SECONDS = 1.0
BREATH = 0.002
LINGER = 1.0
LONGEST_LOADING = 2.0
MOST_NAMED = 5


class Reporter:
    """The channels of this process and the thread that serves them."""

    def __init__(self) -> None:
        self._channels: dict[Hashable, Channel] = {}
        # Reentrant, so that a signal handler that begins a job cannot stop it.
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._rounds = threading.Condition()
        self._hurried = False
        self._closing = False
        self._thread: threading.Thread | None = None

    def channel(self, key: Hashable, connect: Callable[[], Connection]) -> Channel:
        """The channel of a service."""

        def guarded() -> Connection:
            with shared.connecting:
                return connect()

        with self._lock:
            return self._channels.setdefault(key, Channel(guarded))

    def begin(self, channel: Channel, job: Job) -> None:
        """Report on a job from now on."""
        relay.know(job)
        channel.inbox.append(job)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="milepost-reporter", daemon=True
                )
                self._thread.start()
        self._wake.set()

    def hurry(self) -> None:
        """Look at the jobs at once."""
        self._wake.set()

    def flush(self, seconds: float) -> list[Job]:
        """Wait until all that has ended is told; what is not told after so many seconds."""
        until = time.monotonic() + seconds
        self._hurried = True
        self._wake.set()
        try:
            with self._rounds:
                while self._thread is not None and self.waiting:
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    self._rounds.wait(left)
        finally:
            self._hurried = False
        return self.waiting

    @property
    def waiting(self) -> list[Job]:
        return [job for channel in list(self._channels.values()) for job in channel.waiting]

    @property
    def faults(self) -> list[str]:
        """Why reports do not arrive."""
        return [str(one.fault) for one in self._channels.values() if one.fault is not None]

    def close(self, seconds: float) -> None:
        """End the sessions of services that answer, and the thread."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._closing:
            try:
                pause = self._round()
            except Exception:
                # A fault of ours must not end the reports of all jobs.
                log.warning("A report could not be made.", exc_info=True)
                pause = LINGER
            with self._rounds:
                self._rounds.notify_all()
            self._wake.wait(pause)
            self._wake.clear()
            # A job that begins and ends at once is told of in one go.
            time.sleep(BREATH)
        for channel in self._channels.values():
            if channel.fault is None:
                channel.disconnect()

    def _round(self) -> float | None:
        """Serve each channel once; seconds until the next time, or ``None`` for when woken."""
        relay.gather()
        with self._lock:
            channels = list(self._channels.values())
        times = [channel.round(hurried=self._hurried) for channel in channels]
        soonest = min((at for at in times if at is not None), default=None)
        return None if soonest is None else max(soonest - time.monotonic(), 0.0)


class ReportDesk:
    """Where jobs of one service are handed in, whatever process it is by then."""

    def __init__(
        self, key: Hashable, connect: Callable[[], Connection], url: str | None = None
    ) -> None:
        self.url = url
        self._key = key
        self._connect = connect

    def begin(self, job: Job) -> None:
        try:
            current = reporter()
            current.begin(current.channel(self._key, self._connect), job)
        except Exception:
            # No thread may be started while the interpreter ends, for one.
            log.warning("The job %r is not reported.", job.settings.name, exc_info=True)

    def hurry(self) -> None:
        reporter().hurry()

    def collect(self) -> None:
        relay.gather()


class Shared:
    """What a process has once, and a forked one anew."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        # To make a client loads modules. A fork meanwhile would leave them locked in the child for
        # ever, so it waits for that; it does no I/O but to read files and ask the keyring.
        self.connecting = threading.Lock()
        self.waited = False
        self.reporter: Reporter | None = None
        self.abandoned: list[Any] = []


shared = Shared()
relay = Relay()


def reporter() -> Reporter:
    """The reporter of this process."""
    if shared.reporter is None:
        with shared.lock:
            if shared.reporter is None:
                shared.reporter = Reporter()
    return shared.reporter


def flush(seconds: float | None = None) -> bool:
    """Wait until the ends of all jobs are told; whether they are. For the end of a program."""
    limit = flush_seconds() if seconds is None else seconds
    return shared.reporter is None or not shared.reporter.flush(limit)


def flush_seconds() -> float:
    try:
        return max(0.0, float(os.environ.get(SETTING, FLUSH_SECONDS)))
    except ValueError:
        return FLUSH_SECONDS


def at_exit() -> None:
    """Wait a little for what is on its way, and say once what did not arrive."""
    relay.send()
    current = shared.reporter
    if current is None:
        return
    until = time.monotonic() + flush_seconds()
    left = current.flush(flush_seconds())
    current.close(min(FAREWELL_SECONDS, max(0.0, until - time.monotonic())))
    if left:
        names = ", ".join(repr(job.settings.name) for job in left[:MOST_NAMED])
        more = f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
        why = "; ".join(dict.fromkeys(current.faults)) or "there was no time"
        log.warning("Reports on %d jobs are lost: %s%s (%s)", len(left), names, more, why)


def before_fork() -> None:
    """Make sure that the child finds all modules usable, and can tell us what it counts."""
    shared.waited = shared.connecting.acquire(timeout=LONGEST_LOADING)
    relay.prepare()


def in_parent() -> None:
    """Go on."""
    if shared.waited:
        shared.waited = False
        shared.connecting.release()


def in_child() -> None:
    """Leave to the parent what is the parent's. Nothing of it may be locked, used or finalized."""
    shared.abandoned += [shared.reporter]
    shared.lock, shared.reporter = threading.RLock(), None
    shared.connecting, shared.waited = threading.Lock(), False
    relay.in_child()


atexit.register(at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=before_fork, after_in_parent=in_parent, after_in_child=in_child)
