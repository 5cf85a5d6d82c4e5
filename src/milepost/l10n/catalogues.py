"""Catalogues: the messages of an extension in one language, read from a Java properties file.

A file is UTF-8, with or without a byte order mark; escapes and continued lines are Java's. All
templates of a file have one form: ``icu``, ICU MessageFormat, or ``printf``, with ``%s`` as Java's
formatter has them. A file is taken whole or not at all, and all its faults are told, up to 100.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import javaproperties
from javaproperties.reading import KeyValue

from milepost.l10n.formats import conventions
from milepost.l10n.languages import Candidate, Languages, canonical_tag, negotiate
from milepost.l10n.patterns import BadTemplate, arguments
from milepost.l10n.templates import READERS, Form, Template, compile_anew

MAX_FILE = 8 * 1024 * 1024
MAX_MESSAGES = 20_000
MAX_ID = 1024
MAX_FAULTS = 100
SURROGATE = re.compile("[\ud800-\udfff]")
LOCALE_IN_NAME = re.compile(
    r"(?:.*[_.-])??([a-z]{2,3}(?:[_-][A-Z][a-z]{3})?(?:[_-](?:[A-Z]{2}|[0-9]{3}))?)\.properties"
)


class Fault(NamedTuple):
    """One fault of a file; ``id`` is empty where it is no fault of one message."""

    file: str
    line: int
    id: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.id}: {self.what}".replace(": : ", ": ")


class BadCatalogue(ValueError):
    """A file that cannot be used, with all its faults, in the order of its lines."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


class Entry(NamedTuple):
    """A message of a file and the line it begins at."""

    line: int
    id: str
    template: Template


class Catalogue(NamedTuple):
    """The messages of one locale, each by its id with its template.

    ``lines`` has the line of each in its file.
    """

    locale: str
    templates: Mapping[str, Template]
    file: str = ""
    lines: Mapping[str, int] = {}


class Catalogues:
    """The catalogues of one extension. Two of one locale count as one; of one id the later wins.

    ``default`` is the language in which messages come without a catalogue.
    """

    def __init__(self, catalogues: Iterable[Catalogue], default: str = "en") -> None:
        self.default = default
        self._templates: dict[str, dict[str, Template]] = {}
        for catalogue in catalogues:
            self._templates.setdefault(catalogue.locale, {}).update(catalogue.templates)
        self.locales = tuple(sorted(self._templates))

    def candidates(self, languages: Languages) -> tuple[Candidate, ...]:
        """The locales to look a message up in for a reader, best first."""
        return negotiate(languages, self.locales, self.default)

    def template(self, locale: str, ident: str) -> Template | None:
        """The template of a message in one of the locales."""
        return self._templates[locale].get(ident)


def locale_of(file: str) -> str | None:
    """The locale that a file's name ends with, as in ``messages_de.properties``.

    The name is without its folder. ``None`` when there is none.
    """
    match = LOCALE_IN_NAME.fullmatch(file)
    return canonical_tag(match[1]) if match else None


def read_catalogue(data: bytes, *, file: str, locale: str, form: Form = "icu") -> Catalogue:
    """Read a file. ``file`` is its name for the faults, ``locale`` a canonical tag.

    Raises ``BadCatalogue``.
    """
    faults: list[Fault] = []
    templates: dict[str, Template] = {}
    lines: dict[str, int] = {}
    for entry in entries(data, file, form, faults):
        what = fault_of(entry, locale, lines)
        if what is not None:
            faults.append(Fault(file, entry.line, entry.id[:MAX_ID], what))
        templates[entry.id] = entry.template
        lines.setdefault(entry.id, entry.line)
        if len(faults) >= MAX_FAULTS:
            break
    if faults:
        raise BadCatalogue(faults)
    return Catalogue(locale, templates, file, lines)


def entries(data: bytes, file: str, form: Form, faults: list[Fault]) -> Iterator[Entry]:
    """The messages of a file as they come; what is wrong with the file goes to ``faults``."""
    line = 1
    try:
        if len(data) > MAX_FILE:
            raise BadTemplate(f"the file is longer than the limit of {MAX_FILE} bytes")
        count = 0
        for element in javaproperties.parse(data.decode("utf-8-sig")):
            if isinstance(element, KeyValue):
                count += 1
                if count > MAX_MESSAGES:
                    raise BadTemplate(f"there are more than {MAX_MESSAGES} messages")
                yield Entry(line, element.key, Template(element.value, form))
            line += line_count(element.source)
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        faults.append(Fault(file, line, "", f"byte {fault.start} is not UTF-8"))
    except javaproperties.InvalidUEscapeError as fault:
        faults.append(Fault(file, line, "", f"{fault.escape} is no escape of a character"))
    except BadTemplate as fault:
        faults.append(Fault(file, line, "", str(fault)))


def line_count(source: str) -> int:
    """How many lines a piece of a file takes, with line ends as Java has them."""
    return len(re.findall(r"\r\n?|\n", source))


def fault_of(entry: Entry, locale: str, lines: Mapping[str, int]) -> str | None:
    """What is wrong with a message."""
    ident, template = entry.id, entry.template
    if not ident or len(ident) > MAX_ID or "\0" in ident or SURROGATE.search(ident):
        return f"the id is not 1 to {MAX_ID} characters without NUL and halves of surrogate pairs"
    if ident in lines:
        return f"the id stands in line {lines[ident]} already"
    try:
        compile_anew(template, locale, conventions(locale), True)  # noqa: FBT003
    except BadTemplate as fault:
        return str(fault)
    except ValueError as fault:
        return f"ICU refuses a style in it ({str(fault).rpartition(' ')[2]})"
    return None


def differences(first: Catalogue, other: Catalogue) -> list[Fault]:
    """What a translation lacks, has too much, or fills with other arguments; at most 100 faults."""
    faults = [
        Fault(other.file, 1, ident, f"it is in {first.file} and missing here")
        for ident in first.templates
        if ident not in other.templates
    ]
    for ident, template in other.templates.items():
        line = other.lines.get(ident, 1)
        if ident not in first.templates:
            faults.append(Fault(other.file, line, ident, f"it is not in {first.file}"))
        elif names(template) != (before := names(first.templates[ident])):
            what = (
                f"it has the arguments {listed(names(template))}, in {first.file} {listed(before)}"
            )
            faults.append(Fault(other.file, line, ident, what))
    return faults[:MAX_FAULTS]


def names(template: Template) -> frozenset[str]:
    """The arguments that a template names."""
    return frozenset(name for name, _ in arguments(READERS[template.form](template.text)))


def listed(found: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(found)) or "none"
