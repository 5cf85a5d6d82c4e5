"""``GET /v1/events``: what happens to tasks, as it happens, as server-sent events."""

from __future__ import annotations

import asyncio
from typing import Self

from milepost.doors.messages import Answer, Request
from milepost.doors.refusals import RefusedWith, status_of
from milepost.doors.routing import Auth, Parameter, Route
from milepost.rules.reasons import Refusal
from milepost.service.watching import Watch, WatchService
from milepost.wire import queries, shapes, sse
from milepost.wire.v1queries import FILTERS

PATH = "/v1/events"
HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    # A reverse proxy must not hold events back; nginx asks for this to be told.
    (b"x-accel-buffering", b"no"),
)
KINDS = {"status": shapes.STATUS.name, "target": "target"}
GOLDEN = 0.618_033_988_75


class EventStream:
    """A watch as a stream of server-sent events.

    Every ``heartbeat`` seconds without an event it tells a bookmark, if the log has moved on, or
    a comment. ``phase`` (0 to 1) is when the first of these comes, so that not all come at once.
    """

    __slots__ = ("_beat_at", "_begun", "_heartbeat", "_loop", "_over", "_told", "_watch")

    def __init__(self, watch: Watch, heartbeat: float, phase: float) -> None:
        self._watch = watch
        self._heartbeat = heartbeat
        self._loop = asyncio.get_running_loop()
        self._beat_at = self._loop.time() + heartbeat * phase
        self._told = watch.position
        self._begun = False
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._over:
            raise StopAsyncIteration
        if not self._begun:
            self._begun = True
            return sse.beginning(self._watch.position)
        data = await self._watch.next(self._beat_at)
        if self._watch.ended is not None:
            self._over = True
            return sse.ending(self._watch.position, self._watch.ended, status_of(self._watch.ended))
        return data or self._beat()

    def finish(self) -> None:
        """The server stops."""
        self._watch.end_with_server()

    def close(self) -> None:
        """No more is wanted."""
        self._watch.close()

    def _beat(self) -> bytes:
        now = self._loop.time()
        if now < self._beat_at:
            return b""
        self._beat_at += self._heartbeat * ((now - self._beat_at) // self._heartbeat + 1)
        position = self._watch.position
        if position == self._told:
            return sse.HEARTBEAT
        self._told = position
        return sse.bookmark(position)


class EventsDoor:
    """Handlers of events. ``heartbeat`` is in seconds."""

    def __init__(self, watching: WatchService, heartbeat: float) -> None:
        self._watching = watching
        self._heartbeat = heartbeat
        self._begun = 0

    async def watch(self, request: Request) -> Answer:
        """Watch the tasks that match a filter."""
        wanted, after = sse.watch_query(
            queries.parse_query(request.query), request.header(b"last-event-id")
        )
        watch = await self._watching.watch(request.who, wanted, after)
        if isinstance(watch, Refusal):
            raise RefusedWith(watch)
        self._begun += 1
        phase = self._begun * GOLDEN % 1
        return Answer(200, headers=HEADERS, stream=EventStream(watch, self._heartbeat, phase))


def events_routes(door: EventsDoor) -> list[Route]:
    """The routes of events."""
    return [
        Route(
            "GET",
            PATH,
            door.watch,
            Auth.SESSION,
            operation="v1.events.watch",
            summary="Watch what happens to tasks, as server-sent events.",
            answer="milepost.event_stream",
            media_type="text/event-stream",
            parameters=(
                *(Parameter(name, KINDS.get(name, "text"), many=True) for name in FILTERS),
                Parameter("after", "text"),
                Parameter("Last-Event-ID", "text", place="header"),
            ),
            errors=(400, 401, 410, 503),
        )
    ]
