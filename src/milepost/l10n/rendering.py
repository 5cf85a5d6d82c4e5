"""A message as text in the reader's language.

The arguments are ``params`` when there are any, else ``args``. Nothing is put into
``default_message``. What cannot be rendered is not an error: the message stays as it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from milepost.l10n.catalogues import Catalogues
from milepost.l10n.formats import UTC, Conventions, conventions, known_locale, known_zone
from milepost.l10n.languages import (
    NO_LANGUAGES,
    Candidate,
    Languages,
    language_of,
    parse_accept_language,
    script_of,
)
from milepost.l10n.templates import MAX_OUTPUT, Template, Unfit, compile_template, fill
from milepost.l10n.templates import Value as Given
from milepost.rules.reading import Info
from milepost.rules.values import Message, NestedMessage, Param, Value

# Characters of nested texts and templates, and what each nested message counts beside them.
MAX_NESTED_COST = 4 * MAX_OUTPUT
COST_OF_ONE = 64


class Reader(Value, frozen=True):
    """Who reads: the languages, the locale of numbers and dates when another, the time zone."""

    languages: Languages = NO_LANGUAGES
    format_locale: str | None = None
    zone: str = UTC


class Rendered(NamedTuple):
    """A text and its locale; ``asked`` tells a language asked for from one by default."""

    text: str
    locale: str
    asked: bool


def reader_of(
    accept_language: str | None, format_locale: str | None = None, zone: str | None = None
) -> Reader:
    """A reader by what a caller sent. What cannot be used counts as not sent; nothing is raised."""
    return Reader(
        parse_accept_language(accept_language or ""),
        None if format_locale is None else known_locale(format_locale),
        (zone and known_zone(zone)) or UTC,
    )


def render(message: Message, reader: Reader, catalogues: Catalogues) -> Rendered | None:
    """The text of a message for a reader, or ``None`` when no catalogue has a fitting one.

    The first locale that has the message decides: when its template and the arguments do not go
    together, there is no text. Never raises for a message that was accepted.
    """
    candidates = catalogues.candidates(reader.languages)
    rendering = Rendering(catalogues, reader, candidates)
    chosen = rendering.look_up(message.id, candidates)
    if chosen is None:
        return None
    try:
        text = rendering.text(chosen, message.params, message.args)
    except Unfit:
        return None
    return Rendered(text, chosen.locale, chosen.asked is not None)


class Chosen(NamedTuple):
    """A template and how it was come by."""

    template: Template
    locale: str
    asked: str | None


class Rendering:
    """One message on its way, with all that is nested in it.

    What nested messages may cost together is bounded; when it is spent, the rest show their ids.
    """

    def __init__(
        self, catalogues: Catalogues, reader: Reader, candidates: tuple[Candidate, ...]
    ) -> None:
        self._catalogues = catalogues
        self._reader = reader
        self._candidates = candidates
        self._left = MAX_NESTED_COST

    def look_up(self, ident: str, candidates: tuple[Candidate, ...]) -> Chosen | None:
        """The template of an id in the first of the locales that has it."""
        for locale, asked in candidates:
            template = self._catalogues.template(locale, ident)
            if template is not None:
                return Chosen(template, locale, asked)
        return None

    def text(
        self, chosen: Chosen, params: Mapping[str, Param] | None, args: tuple[str, ...]
    ) -> str:
        """The text of a template. Raises ``Unfit``."""
        template, locale, asked = chosen
        way, own = self._manner(locale, asked)
        compiled = compile_template(template, locale, way, own=own)
        ordered: tuple[Given, ...] = tuple(params.values()) if params else args
        same = Candidate(locale, asked)
        return fill(compiled, params or {}, ordered, way, lambda inner: self._nested(inner, same))

    def _manner(self, locale: str, asked: str | None) -> tuple[Conventions, bool]:
        """The conventions, and whether they are of the language of the locale.

        A catalogue in ``de`` shows a reader of ``de-AT`` numbers as they are written there.
        """
        zone, tag = self._reader.zone, self._reader.format_locale
        if tag is not None:
            return conventions(tag, zone), are_kin(tag, locale)
        tag = asked if asked is not None and are_kin(asked, locale) else locale
        return conventions(tag, zone), True

    def _nested(self, message: NestedMessage, outer: Candidate) -> str:
        """A nested message, best in the locale of the outer one; without a fitting text its id."""
        chosen = self.look_up(message.id, (outer, *self._candidates))
        if chosen is None or self._left <= 0:
            return message.id
        self._left -= COST_OF_ONE + len(chosen.template.text)
        try:
            text = self.text(chosen, message.params, ())
        except Unfit:
            return message.id
        self._left -= len(text)
        return text


def are_kin(tag: str, locale: str) -> bool:
    """Whether two tags are of one language in one script."""
    return (language_of(tag), script_of(tag)) == (language_of(locale), script_of(locale))


def in_place(message: Message, reader: Reader, catalogues: Catalogues) -> Rendered | None:
    """What is told as the ``localized`` of a message, or ``None`` when it stays as it is.

    A ``localized`` that was sent gives way only to a language that the reader asked for.
    """
    rendered = render(message, reader, catalogues)
    if rendered is None or (message.localized is not None and not rendered.asked):
        return None
    return rendered


def localize_message(message: Message, reader: Reader, catalogues: Catalogues) -> Message:
    """The message with ``localized``, where a catalogue has a text for the reader."""
    rendered = in_place(message, reader, catalogues)
    if rendered is None:
        return message
    return msgspec.structs.replace(message, localized=rendered.text)


def localize_info(info: Info, say: Callable[[Message], Message]) -> Info:
    """A task as shown, with its description, progress and error as ``say`` has their messages."""
    progress, error = info.progress, info.error
    if progress is not None:
        progress = msgspec.structs.replace(progress, message=say(progress.message))
    if error is not None:
        error = msgspec.structs.replace(error, messages=tuple(map(say, error.messages)))
    return msgspec.structs.replace(
        info, description=say(info.description), progress=progress, error=error
    )
