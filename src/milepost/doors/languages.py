"""The language of an answer: asked for with ``Accept-Language``, told with ``Content-Language``.

``format-locale`` and ``timezone`` say, as to the original's runtime, how numbers and dates are to
be written. In JSON-RPC the application context names all three, there ``$acceptLang``; it goes
before the headers. Where nobody asks for a language nothing is looked up and nothing is rendered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from milepost.doors.messages import Request
from milepost.doors.refusals import Headers
from milepost.rules.reading import Info
from milepost.rules.reasons import Refusal
from milepost.service.localizing import Reader, Telling, Texts, reader_of

ASKED = b"accept-language"
FORMAT_LOCALE = b"format-locale"
TIMEZONE = b"timezone"
IN_CONTEXT = {ASKED: "$acceptLang", FORMAT_LOCALE: "format-locale", TIMEZONE: "timezone"}
VARY = (b"vary", b"Accept-Language")
LOCALIZED_AT_ONCE = 100
NO_CONTEXT: Mapping[str, Any] = MappingProxyType({})


def telling_for(
    request: Request, texts: Texts, context: Mapping[str, Any] = NO_CONTEXT
) -> Telling | None:
    """The answer to a caller who asks for a language; ``context`` is that of a JSON-RPC call."""
    reader = reader_for(request, context)
    return None if reader is None else texts.telling(reader)


def reader_for(request: Request, context: Mapping[str, Any] = NO_CONTEXT) -> Reader | None:
    """Who reads, or ``None`` for one who asks for no language.

    Also for a request whose headers contradict each other.
    """
    language = said(request, context, ASKED)
    if not language:
        return None
    return reader_of(
        language, said(request, context, FORMAT_LOCALE), said(request, context, TIMEZONE)
    )


def said(request: Request, context: Mapping[str, Any], name: bytes) -> str | None:
    """What the context says of something, or a header; what is no text counts as not sent."""
    value = context.get(IN_CONTEXT[name])
    if isinstance(value, str):
        return value
    # Headers of one name are one list, as RFC 9110 has it.
    values = [value.decode("latin-1") for known, value in request.head.pairs if known == name]
    return ",".join(values) if values else None


def told(telling: Telling | None) -> Headers:
    """The headers of an answer about its language."""
    if telling is None:
        return ()
    if not telling.locales:
        return (VARY,)
    return (b"content-language", ", ".join(sorted(telling.locales)).encode()), VARY


def refused(request: Request, texts: Texts, refusal: Refusal) -> tuple[Refusal, Headers]:
    """A refusal as its reader gets it, and the headers about its language."""
    telling = telling_for(request, texts)
    return (refusal, ()) if telling is None else (telling.refusal(refusal), told(telling))


async def all_localized(
    infos: Iterable[tuple[str, Info]], telling: Telling
) -> list[tuple[str, Info]]:
    """Many tasks in the reader's language; now and then others get their turn."""
    found: list[tuple[str, Info]] = []
    for key, info in infos:
        found.append((key, telling.info(info)))
        if len(found) % LOCALIZED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return found
