"""The door ``/v1``: many creates and updates in one request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from milepost.doors.languages import telling_for, told
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.preconditions import idempotency_key
from milepost.doors.refusals import RefusedWith, status_of
from milepost.doors.routing import Auth, Parameter, Route
from milepost.doors.tasks import decoded
from milepost.rules.reading import info_of
from milepost.rules.reasons import Refusal
from milepost.service.batches import Batches, Done
from milepost.service.localizing import Telling, Texts
from milepost.service.repeats import Repeatable
from milepost.wire import queries
from milepost.wire.v1 import V1Dialect
from milepost.wire.v1batch import Answered, BatchReader, encode_batch

PATH = "/v1/tasks:batch"
MANY = 64
"""Parts above which an answer is written in a thread, so that nobody waits for it."""


class V1BatchDoor:
    """The handler of ``/v1/tasks:batch``."""

    def __init__(self, batches: Batches, texts: Texts, dialect: V1Dialect) -> None:
        self._batches = batches
        self._texts = texts
        self._reader = BatchReader(dialect.read_create, dialect.read_update, dialect.read_text)

    async def run(self, request: Request) -> Answer:
        """Make all that can be made; each part has its own answer."""
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        key = idempotency_key(request)
        wanted = await decoded(self._reader.decode, body)
        once = None if key is None else Repeatable(f"POST {PATH}", key)
        who = request.who.principal
        done = await self._batches.run(who, wanted, request.source, once)
        if isinstance(done, Refusal):
            raise RefusedWith(done)
        telling = telling_for(request, self._texts)
        parts = answered(done, telling)
        written = (
            encode_batch(parts)
            if len(done) <= MANY
            else await asyncio.to_thread(encode_batch, list(parts))
        )
        return json_answer(written, *told(telling))


def answered(done: Iterable[Done], telling: Telling | None) -> Iterable[Answered]:
    """What is told of each part, in the caller's language."""
    for one in done:
        refusal, task = one.refusal, one.task
        if refusal is not None:
            shown = refusal if telling is None else telling.refusal(refusal)
            yield Answered(status_of(refusal), None, None, shown)
        elif task is not None:
            info = info_of(task, exclude_result=True)
            shown_info = info if telling is None else telling.info(info)
            yield Answered(201 if one.created else 200, task, shown_info, None)


def batch_routes(door: V1BatchDoor) -> list[Route]:
    """The route of batches."""
    return [
        Route(
            "POST",
            PATH,
            door.run,
            Auth.SESSION,
            operation="v1.tasks.batch",
            summary="Create and update at most 1,000 tasks; each part has its own answer.",
            request="milepost.v1.batch",
            answer="milepost.v1.batch_answer",
            parameters=(Parameter("Idempotency-Key", "key", place="header"),),
            errors=(400, 401, 409, 413, 415, 429, 503),
        )
    ]
