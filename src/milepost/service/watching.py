"""The order of work for watching: who asks, what may they see, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from milepost.access.policy import visible_service
from milepost.access.sessions import Login
from milepost.feed.feed import Ahead, Feed, TooManyWatchers
from milepost.feed.hub import FellBehind
from milepost.feed.watcher import Gone, Watcher
from milepost.rules import reasons
from milepost.rules.finding import TaskFilter
from milepost.rules.reasons import Refusal
from milepost.rules.task import Refused, Task
from milepost.rules.waiting import Wait
from milepost.service.faults import refusal_of
from milepost.service.tasks import TaskService
from milepost.service.vigil import Vigil
from milepost.store.base import Position, StoreError


class Watch:
    """One watch, bound to a session; it must be closed.

    ``position`` is how far its reader was told, and ``ended`` why there will be no more.
    """

    __slots__ = ("_let_go", "_unknown", "_watcher", "ended", "position")

    def __init__(self, watcher: Watcher) -> None:
        self.position = watcher.position
        self.ended: Refusal | None = None
        self._watcher = watcher
        self._let_go: Callable[[], None] | None = None
        self._unknown = reasons.SESSION_UNKNOWN

    def bind(self, vigil: Vigil, login: Login) -> None:
        """End with the session of a login."""
        vigil.begin(login, self)
        self._unknown = login.unknown
        self._let_go = lambda: vigil.end(login, self)

    async def next(self, until: float) -> bytes:
        """The next events as text; nothing once it has ended, or at an instant of the loop's time.

        Raises what is a fault of the program.
        """
        data = b""
        if self.ended is None:
            try:
                data = await self._watcher.next(until)
            except (FellBehind, Gone, StoreError) as fault:
                refusal = end_of(fault, self.position)
                if refusal is None:
                    raise
                self.end(refusal)
        if self.ended is not None:
            return b""
        self.position = self._watcher.position
        return data

    def end(self, refusal: Refusal) -> None:
        """There will be no more, for a reason; the first one counts."""
        self.ended = self.ended or refusal
        self.hurry()

    def end_with_session(self) -> None:
        """The session, or the token, has ended."""
        self.end(Refusal(self._unknown))

    def end_with_server(self) -> None:
        """The server stops."""
        self.end(Refusal(reasons.STOPPING))

    def hurry(self) -> None:
        """Let ``next`` come back at once, and ever after."""
        self._watcher.rouse()

    def close(self) -> None:
        """Nothing more is wanted."""
        if self._let_go is not None:
            self._let_go()
        self._watcher.close()


class WatchService:
    """Watches events, and waits for single tasks.

    Every method may raise what the store raises.
    """

    def __init__(self, feed: Feed, tasks: TaskService, vigil: Vigil) -> None:
        self._feed = feed
        self._tasks = tasks
        self._vigil = vigil

    async def watch(
        self, login: Login, wanted: TaskFilter, after: Position | None
    ) -> Watch | Refusal:
        """Watch what the principal may see, behind a position or from now on."""
        seen = msgspec.structs.replace(wanted, visible_service=visible_service(login.principal))
        try:
            watch = Watch(await self._feed.watch(seen, after))
        except Ahead as fault:
            return Refusal(reasons.POSITION_AHEAD, (str(after), str(fault.last)))
        except Gone as fault:
            return Refusal(reasons.POSITION_GONE, (str(after), str(fault.after)))
        except TooManyWatchers as fault:
            return Refusal(reasons.TOO_MANY_WATCHERS, (str(fault.most),))
        watch.bind(self._vigil, login)
        return watch

    async def wait(
        self,
        login: Login,
        task_id: str,
        wait: Wait,
        waiting: Callable[[Callable[[], None]], None],
    ) -> Task | Refused:
        """The task, once it is what is waited for, or as it is when the time is over.

        ``waiting`` is called when it begins to wait, with what makes it come back at once.
        """
        until = asyncio.get_running_loop().time() + wait.seconds
        found = await self._tasks.get(login.principal, task_id)
        if isinstance(found, Refused) or wait.is_over(found) or not wait.seconds:
            return found
        watch = await self.watch(login, TaskFilter(ids=frozenset({task_id})), None)
        if isinstance(watch, Refusal):
            return Refused(watch)
        waiting(watch.hurry)
        try:
            return await self._wait(login, task_id, wait, watch, until)
        finally:
            watch.close()

    async def _wait(
        self, login: Login, task_id: str, wait: Wait, watch: Watch, until: float
    ) -> Task | Refused:
        # Looked at again, now that no change can be missed.
        found = await self._tasks.get(login.principal, task_id)
        while not isinstance(found, Refused) and not wait.is_over(found):
            changed = await watch.next(until)
            if watch.ended is not None:
                return Refused(watch.ended)
            if not changed:
                break
            found = await self._tasks.get(login.principal, task_id)
        return found


def end_of(fault: Exception, position: Position) -> Refusal | None:
    """Why a watch ends with a fault of what it reads."""
    if isinstance(fault, FellBehind):
        return Refusal(reasons.WATCHER_TOO_SLOW)
    if isinstance(fault, Gone):
        return Refusal(reasons.POSITION_GONE, (str(position), str(fault.after)))
    return refusal_of(fault)
