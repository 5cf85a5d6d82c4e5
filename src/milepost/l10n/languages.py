"""Which language a reader wants, and which of those there are it gets.

A tag here is canonical: a language, perhaps a script, perhaps a region, as in ``de``,
``zh-Hant-TW``, ``es-419``. Variants and extensions are dropped. ``Accept-Language`` is read as
RFC 9110 section 12.5.4 says; the chain of a tag is RFC 4647 section 3.4, with the few parents that
CLDR has between a region and its language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from milepost.rules.values import Value

MAX_HEADER = 4096
MAX_RANGES = 32
ANY = "*"

TAG = re.compile(
    r"(?P<language>[A-Za-z]{2,3})"
    r"(?:[-_](?P<script>[A-Za-z]{4}))?"
    r"(?:[-_](?P<region>[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:[-_.@][A-Za-z0-9-_.@=;/]*)?",
    re.ASCII,
)
WEIGHT = re.compile(r"[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*", re.ASCII)
RENAMED = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "tl": "fil", "sh": "sr-Latn"}
# Where a region says which script is meant. A bare ``zh`` stays as it is.
SCRIPTS = {
    "zh": {"TW": "Hant", "HK": "Hant", "MO": "Hant", "CN": "Hans", "SG": "Hans", "MY": "Hans"},
    "sr": {"ME": "Latn"},
    "pa": {"PK": "Arab"},
    "uz": {"AF": "Arab"},
}
# The regions whose parent in CLDR is not the bare language.
PARENT_BY_REGION = {
    "es": ("es-419", "AR BO BR BZ CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV US UY VE"),
    "pt": ("pt-PT", "AO CH CV FR GQ GW LU MO MZ ST TL"),
}
PARENTS = {"nb": "no", "nn": "no", "no": "nb"}


class Languages(Value, frozen=True):
    """What a reader asked for, the most wanted first; ``*`` stands for any language."""

    wanted: tuple[str, ...] = ()
    unwanted: frozenset[str] = frozenset()


NO_LANGUAGES = Languages()


class Candidate(NamedTuple):
    """A locale of the catalogues, and the tag asked for that led to it.

    ``asked`` is ``None`` where only the default, or ``*``, led there.
    """

    locale: str
    asked: str | None


def canonical_tag(text: str) -> str | None:
    """A tag in its canonical form, or ``None`` when the text is none."""
    match = TAG.fullmatch(text)
    if match is None:
        return None
    language = match["language"].lower()
    language, _, script = RENAMED.get(language, language).partition("-")
    script = (match["script"] or script).title()
    region = (match["region"] or "").upper()
    script = script or SCRIPTS.get(language, {}).get(region, "")
    return "-".join(filter(None, (language, script, region)))


def parse_accept_language(header: str) -> Languages:
    """What an ``Accept-Language`` says. What cannot be read is left out; nothing is raised.

    At most 32 ranges in the first 4,096 characters are looked at. ``q=0`` makes a language
    unwanted. Of equal weights the first is wanted more.
    """
    # Cut before it is kept, so that the cache stays small whatever is sent.
    return parse_cut(header[:MAX_HEADER])


@lru_cache(maxsize=1024)
def parse_cut(header: str) -> Languages:
    weighted: list[tuple[float, str]] = []
    unwanted: set[str] = set()
    for part in header.split(",")[:MAX_RANGES]:
        name, _, weight = part.partition(";")
        tag = ANY if name.strip(" \t") == ANY else canonical_tag(name.strip(" \t"))
        match = WEIGHT.fullmatch(weight or "q=1")
        if tag is None or match is None:
            continue
        if float(match[1]) > 0:
            weighted.append((-float(match[1]), tag))
        else:
            unwanted.add(tag)
    weighted.sort(key=lambda pair: pair[0])
    return Languages(tuple(dict.fromkeys(tag for _, tag in weighted)), frozenset(unwanted))


def language_of(tag: str) -> str:
    return tag.partition("-")[0]


def script_of(tag: str) -> str:
    return next((part for part in tag.split("-")[1:] if len(part) == len("Latn")), "")


def chain(tag: str) -> list[str]:
    """A canonical tag and what stands in for it, nearest first: ``zh-Hant-TW zh-Hant zh``."""
    found = [tag]
    while (parent := parent_of(found[-1])) not in (None, *found):
        found.append(str(parent))
    return found


def parent_of(tag: str) -> str | None:
    language, _, region = tag.partition("-")
    parent, regions = PARENT_BY_REGION.get(language, ("", ""))
    if region and region in regions.split():
        return parent
    return tag.rpartition("-")[0] or PARENTS.get(tag)


@lru_cache(maxsize=1024)
def negotiate(
    languages: Languages, available: tuple[str, ...], default: str
) -> tuple[Candidate, ...]:
    """The locales to look a message up in, best first; none when nobody asked for a language.

    ``default`` is the language that messages have without a catalogue: what comes after it would
    be worse than the message as it was sent, so it is the last. It need not be available.
    """
    found: dict[str, Candidate] = {}
    for candidate in candidates(languages, available, default):
        if candidate.locale not in found and not is_unwanted(candidate.locale, languages):
            found[candidate.locale] = candidate
        if candidate.locale == default:
            break
    return tuple(candidate for locale, candidate in found.items() if locale in available)


def candidates(languages: Languages, available: Iterable[str], default: str) -> Iterator[Candidate]:
    for tag in languages.wanted:
        if tag == ANY:
            break
        for step in chain(tag):
            for locale in (step, *below(step, tag, available)):
                yield Candidate(locale, tag)
    if languages.wanted:
        yield Candidate(default, None)


def below(step: str, tag: str, available: Iterable[str]) -> Iterator[str]:
    """Locales more special than asked for, in the script asked for: ``de-DE`` for ``de``."""
    for locale in available:
        if locale.startswith(f"{step}-") and script_of(tag) in ("", script_of(locale)):
            yield locale


def is_unwanted(locale: str, languages: Languages) -> bool:
    """Whether a locale was excluded and nothing nearer was asked for."""
    nearest = next((step for step in chain(locale) if named(step, languages)), None)
    return nearest in languages.unwanted


def named(tag: str, languages: Languages) -> bool:
    return tag in languages.wanted or tag in languages.unwanted
