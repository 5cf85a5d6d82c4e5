"""The door ``/v1/extensions``: the registry of extensions, for administrators."""

from __future__ import annotations

import asyncio
from functools import partial

from milepost.access.principals import Principal
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.refusals import Header, RefusedWith
from milepost.doors.routing import Auth, Route
from milepost.doors.tasks import decoded
from milepost.logs import logger
from milepost.rules.extensions import ExtensionOutcome, Registration
from milepost.rules.reasons import Refusal
from milepost.service.extensions import Extensions
from milepost.wire import queries
from milepost.wire.decoding import decode_nothing
from milepost.wire.extensions import (
    decode_extension,
    encode_registration,
    encode_summaries,
    expected_of,
)

log = logger(__name__)
PATH = "/v1/extensions"
LARGE_TEXT = 256 * 1024
"""Characters of catalogues that are encoded in a thread."""


class ExtensionDoor:
    """Handlers of ``/v1/extensions``."""

    def __init__(self, extensions: Extensions) -> None:
        self._extensions = extensions

    async def list(self, request: Request) -> Answer:
        """All extensions, without what is long."""
        queries.only(queries.parse_query(request.query), ())
        found = self._extensions.all(request.who.principal)
        if isinstance(found, Refusal):
            raise RefusedWith(found)
        return json_answer(encode_summaries(found))

    async def get(self, request: Request) -> Answer:
        """One extension with everything."""
        (key,) = request.params
        queries.only(queries.parse_query(request.query), ())
        found = self._extensions.get(request.who.principal, key)
        if isinstance(found, Refusal):
            raise RefusedWith(found)
        return await shown(found)

    async def put(self, request: Request) -> Answer:
        """Register an extension, or change it to what the body says."""
        (key,) = request.params
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        spec = await decoded(partial(decode_extension, key=key), body)
        expected = expected_of(request.header(b"if-match"), spec.version)
        who = request.who.principal
        outcome = done(await self._extensions.apply(who, spec.extension, expected))
        note(who, key, outcome)
        assert outcome.after is not None  # noqa: S101  what was applied is there
        return await shown(outcome.after, status=200 if outcome.before else 201)

    async def delete(self, request: Request) -> Answer:
        """Forget an extension; the answer is empty."""
        (key,) = request.params
        decode_nothing(await request.read())
        queries.only(queries.parse_query(request.query), ())
        who = request.who.principal
        expected = expected_of(request.header(b"if-match"), None)
        note(who, key, done(await self._extensions.delete(who, key, expected)))
        return Answer(204)


async def shown(registration: Registration, status: int = 200) -> Answer:
    """An extension as an answer. A large one is written in a thread, so that nobody waits."""
    if registration.extension.size > LARGE_TEXT:
        body = await asyncio.to_thread(encode_registration, registration)
    else:
        body = encode_registration(registration)
    return json_answer(body, version_tag(registration), status=status)


def done(outcome: ExtensionOutcome | Refusal) -> ExtensionOutcome:
    """What came of a change. Raises ``RefusedWith``; a version that does not fit is told."""
    if isinstance(outcome, Refusal):
        raise RefusedWith(outcome)
    if outcome.refusal is not None:
        raise RefusedWith(
            outcome.refusal, () if outcome.before is None else (version_tag(outcome.before),)
        )
    return outcome


def note(who: Principal, key: str, outcome: ExtensionOutcome) -> None:
    """Write a change down in the log."""
    if outcome.after != outcome.before:
        version = None if outcome.after is None else outcome.after.version
        log.info("extension changed", extension=key, version=version, principal=who.name)


def version_tag(registration: Registration) -> Header:
    return b"etag", b'"%d"' % registration.version


def extension_routes(door: ExtensionDoor) -> list[Route]:
    """The routes of ``/v1/extensions``."""
    one = PATH + "/{key}"
    return [
        Route(
            "PUT",
            one,
            door.put,
            Auth.SESSION,
            operation="v1.extensions.put",
            summary="Register an extension, or change it; the same again changes nothing.",
            request="milepost.extension_spec",
            answer="milepost.extension",
            also=(201,),
            errors=(400, 401, 403, 412, 413, 415, 429, 503),
        ),
        Route(
            "GET",
            PATH,
            door.list,
            Auth.SESSION,
            operation="v1.extensions.list",
            summary="Get all registered extensions, without their catalogues.",
            answer="milepost.extensions",
            errors=(400, 401, 403, 503),
        ),
        Route(
            "GET",
            one,
            door.get,
            Auth.SESSION,
            operation="v1.extensions.get",
            summary="Get a registered extension.",
            answer="milepost.extension",
            errors=(400, 401, 403, 404, 503),
        ),
        Route(
            "DELETE",
            one,
            door.delete,
            Auth.SESSION,
            operation="v1.extensions.delete",
            summary="Forget an extension; its tasks stay.",
            status=204,
            errors=(400, 401, 403, 404, 412, 413, 415, 429, 503),
        ),
    ]
