"""Tasks and refusals in the language of whoever asks; nothing of it is stored."""

from __future__ import annotations

import msgspec

from milepost.l10n import rendering
from milepost.l10n.catalogues import Catalogues
from milepost.l10n.rendering import in_place, localize_info
from milepost.rules.reading import Info
from milepost.rules.reasons import Refusal
from milepost.rules.values import Message
from milepost.service.extensions import Extensions

Reader = rendering.Reader
"""Who reads: the languages, the locale of numbers and dates, the time zone."""


def reader_of(
    accept_language: str | None, format_locale: str | None = None, timezone: str | None = None
) -> Reader | None:
    """A reader by what a caller sent, or ``None`` for one who asks for no language.

    ``timezone`` is a name such as ``Europe/Berlin``, UTC without one. What cannot be used counts
    as not sent; nothing is raised.
    """
    if not accept_language:
        return None
    reader = rendering.reader_of(accept_language, format_locale, timezone)
    return reader if reader.languages.wanted else None


class Texts:
    """Knows the words of every extension, and Milepost's own."""

    def __init__(self, extensions: Extensions, own: Catalogues) -> None:
        self._extensions = extensions
        self._own = own

    def telling(self, reader: Reader) -> Telling:
        """One answer to a reader."""
        return Telling(reader, self._extensions, self._own)


class Telling:
    """One answer to a reader; ``locales`` are those in which something was said."""

    def __init__(self, reader: Reader, extensions: Extensions, own: Catalogues) -> None:
        self.locales: set[str] = set()
        self._reader = reader
        self._extensions = extensions
        self._own = own

    def info(self, info: Info) -> Info:
        """A task as shown, with ``localized`` in its description, progress and error."""
        catalogues = self._extensions.catalogues_of(info.service)
        return localize_info(info, lambda message: self._message(message, catalogues))

    def refusal(self, refusal: Refusal) -> Refusal:
        """A refusal with its text, and those of the further faults, in the reader's language."""
        said = self._message(refusal.message, self._own)
        more = tuple(self.refusal(other) for other in refusal.more)
        return msgspec.structs.replace(refusal, localized=said.localized, more=more)

    def _message(self, message: Message, catalogues: Catalogues) -> Message:
        rendered = in_place(message, self._reader, catalogues)
        if rendered is None:
            return message
        self.locales.add(rendered.locale)
        return msgspec.structs.replace(message, localized=rendered.text)
