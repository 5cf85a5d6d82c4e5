"""Numbers and instants as ICU writes them for a locale and a time zone.

ICU is reached through its MessageFormat alone, which has all that is needed: a number or date
style is a template with one argument, and the time zone is a keyword of the locale. A locale is
given to ICU only when it has data of its own, as otherwise ICU would take the language of the
machine it runs on.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from icu4py.messageformat import MessageFormat

from milepost.l10n.languages import canonical_tag, language_of, script_of
from milepost.rules.instants import EPOCH
from milepost.rules.values import DateTimeFormat, Instant

UTC = "UTC"
FALLBACK = "en"
# Any instant whose day, hour, minute and second are different numbers.
SOME_INSTANT = 1_614_870_429_000
ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}", re.ASCII)
MAX_CACHED = 1024

# What ICU 78 has data for; tests/l10n/test_formats.py shows that no output of these depends on
# the machine's own language.
HAVE_DATA = """
    af agq ak am ar as asa ast az ba bas be bem bez bg bgc bho blo bm bn bo br brx bs ca ccp ce
    ceb cgg chr ckb cs csw cv cy da dav de dje doi dsb dua dyo dz ebu ee el en eo es et eu ewo fa
    ff fi fil fo fr fur fy ga gaa gd gl gsw gu guz gv ha haw he hi hr hsb ht hu hy ia id ie ig ii
    is it ja jgo jmc jv ka kab kam kde kea kgp khq ki kk kkj kl kln km kn ko kok ks ksb ksf ksh ku
    kw kxv ky lag lb lg lij lkt lmo ln lo lrc lt lu luo luy lv mai mas mer mfe mg mgh mgo mi mk ml
    mn mni mr ms mt mua my mzn naq nb nd nds ne nl nmg nn nnh no nqo nso nus nyn oc om or os pa pcm
    pl prg ps pt qu raj rm rn ro rof ru rw rwk sa sah saq sat sbp sc scn sd se seh ses sg shi shn
    si sk sl smn sn so sq sr st su sv sw syr szl ta te teo tg th ti tk tn to tok tr tt twq tyv tzm
    ug uk ur uz vai vec vi vmw vun wae wo xh xnr xog yav yi yo yrl yue za zgh zh zu
"""
LANGUAGES = frozenset(HAVE_DATA.split())
HAVE_SCRIPTS = """
    az-Arab az-Cyrl az-Latn bm-Nkoo bs-Cyrl bs-Latn en-Dsrt en-Shaw ff-Adlm ff-Latn ha-Arab hi-Latn
    kk-Arab kk-Cyrl kok-Deva kok-Latn ks-Arab ks-Deva kxv-Deva kxv-Latn kxv-Orya kxv-Telu mn-Mong
    mni-Beng mni-Mtei ms-Arab pa-Arab pa-Guru sat-Deva sat-Olck sd-Arab sd-Deva shi-Latn shi-Tfng
    sr-Cyrl sr-Latn su-Latn uz-Arab uz-Cyrl uz-Latn vai-Latn vai-Vaii yue-Hans yue-Hant zh-Hans
    zh-Hant
"""
SCRIPTED = frozenset(HAVE_SCRIPTS.split())


Formattable = str | int | float | datetime
"""What ICU's binding takes as an argument."""


class Conventions(NamedTuple):
    """How numbers and instants are written: ICU's name of a locale, with its time zone."""

    icu: str


class Style(NamedTuple):
    """A date-time format as ICU has it: its word, and skeletons that are put together alike."""

    word: str
    day: str
    hour: str


STYLES = {
    "SHORT": Style("short", "yMd", "jm"),
    "MED": Style("medium", "yMMMd", "jms"),
    "LONG": Style("long", "yMMMMd", "jmsz"),
    "FULL": Style("full", "yMMMMEEEEd", "jmszzzz"),
}


@lru_cache(maxsize=MAX_CACHED)
def conventions(tag: str, zone: str = UTC) -> Conventions:
    """The conventions of a canonical tag and a known time zone.

    What ICU does not have gives way to what it has: first the script, then English.
    """
    language, script = language_of(tag), script_of(tag)
    if language not in LANGUAGES:
        return conventions(FALLBACK, zone)
    kept = tag.split("-")
    if script and f"{language}-{script}" not in SCRIPTED:
        kept.remove(script)
    return Conventions(f"{'_'.join(kept)}@timezone={zone}")


def known_zone(name: str) -> str | None:
    """The name of a time zone, such as ``Europe/Berlin``, or ``None`` when there is none such."""
    return name if ZONE.fullmatch(name) and is_zone(name) else None


@lru_cache(maxsize=MAX_CACHED)
def is_zone(name: str) -> bool:
    said = MessageFormat("{0, time, ::VV}", f"en@timezone={name}").format({"0": moment(0)})
    return said != "Etc/Unknown"


def known_locale(text: str) -> str | None:
    """The canonical tag of a locale that numbers and dates can be written in, or ``None``."""
    tag = canonical_tag(text)
    return tag if tag is not None and language_of(tag) in LANGUAGES else None


def moment(instant: Instant) -> datetime:
    """An instant as ICU's binding takes it."""
    return EPOCH + timedelta(milliseconds=instant)


@lru_cache(maxsize=MAX_CACHED)
def formatter(pattern: str, icu: str) -> MessageFormat:
    """A template of ours with the one argument ``0``."""
    return MessageFormat(pattern, icu)


def written(pattern: str, value: Formattable, way: Conventions) -> str:
    return formatter(pattern, way.icu).format({"0": value})


def fixed_style(digits: int, *, grouped: bool = True) -> str:
    """The style of a number with exactly that many digits after the decimal sign.

    Grouped as MessageFormat groups where no style is given: also where a locale, such as Spanish,
    would rather leave four digits together.
    """
    precision = "." + "0" * digits if digits else "precision-integer"
    return f"::{'group-on-aligned' if grouped else 'group-off'} {precision}"


def number_text(number: float, precision: int | None, way: Conventions) -> str:
    """A number; a precision, of 0 to 20 digits, rounds halves to even as ICU does."""
    style = "" if precision is None else f", {fixed_style(precision)}"
    return written(f"{{0, number{style}}}", number, way)


def instant_text(instant: Instant, form: DateTimeFormat, way: Conventions) -> str:
    """An instant in one of the 12 formats."""
    length, _, what = form.value.partition("_")
    style, value = STYLES[length], moment(instant)
    if what == "DATE":
        return written(f"{{0, date, {style.word}}}", value, way)
    if what == "TIME":
        return written(f"{{0, time, {style.word}}}", value, way)
    return written(date_time_pattern(style, way), value, way)


@lru_cache(maxsize=MAX_CACHED)
def date_time_pattern(style: Style, way: Conventions) -> str:
    """The template that has a date and a time as the locale puts the two together.

    ICU's MessageFormat has no style for both. But a skeleton with both is put together by the same
    data of CLDR as the style is, so what stands around the date and the time in an example of the
    one stands there in the other.
    """
    example = moment(SOME_INSTANT)
    day, hour, both = (
        written(f"{{0, date, ::{skeleton}}}", example, way).replace("'", "''")
        for skeleton in (style.day, style.hour, style.day + style.hour)
    )
    glue = both.replace(day, f"{{0, date, {style.word}}}", 1)
    return glue.replace(hour, f"{{0, time, {style.word}}}", 1)
