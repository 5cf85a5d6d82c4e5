"""Whatever was accepted is rendered, by whatever catalogue was taken, in any locale."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.l10n.catalogues import Catalogue, Catalogues, fault_of
from milepost.l10n.catalogues import Entry as CatalogueEntry
from milepost.l10n.formats import LANGUAGES, SCRIPTED
from milepost.l10n.rendering import Rendered, localize_message, reader_of, render
from milepost.l10n.templates import MAX_OUTPUT, Form, Template
from milepost.rules.instants import FIRST, LAST
from milepost.rules.values import DateTimeFormat, Message, NestedMessage, Param

IDS = ("a", "b", "c")
NAMES = ("n", "m", "0", "1")
TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NUMERALS = st.sampled_from(["1", "-0", "3.50", "9" * 18, "2021-03-04T12:00:00Z", "other", ""])
TAGS = st.sampled_from(sorted(LANGUAGES | SCRIPTED))
REGIONS = st.sampled_from(["", "-US", "-AT", "-SA", "-IN", "-ZZ"])
STYLES = (
    *("number", "number,percent", "number,::.00", "number,::compact-long", "number,#,##0.0#"),
    *("date", "date,full", "date,::yMMMd", "date,G y", "time", "time,long", "time,HH:mm:ss.SSS"),
)
ZONES = st.sampled_from([None, "Europe/Berlin", "Pacific/Apia", "Asia/Kathmandu", "?"])


def params_of(messages: st.SearchStrategy[NestedMessage]) -> st.SearchStrategy[dict[str, Param]]:
    param = st.builds(
        Param,
        s=st.none() | TEXTS | NUMERALS,
        dt=st.none() | st.integers(FIRST, LAST),
        i=st.none() | st.integers(-(2**63), 2**63 - 1),
        d=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        l=st.none() | messages,
        format=st.none() | st.sampled_from(DateTimeFormat),
        precision=st.none() | st.integers(0, 20),
    )
    return st.dictionaries(st.sampled_from(NAMES) | TEXTS, param, max_size=4)


NESTED = st.recursive(
    st.builds(NestedMessage, id=st.sampled_from(IDS)),
    lambda inner: st.builds(NestedMessage, id=st.sampled_from(IDS), params=params_of(inner)),
    max_leaves=4,
)
MESSAGES = st.builds(
    Message,
    id=st.sampled_from(IDS),
    default_message=TEXTS,
    args=st.lists(TEXTS | NUMERALS, max_size=3).map(tuple),
    params=st.none() | params_of(NESTED),
    localized=st.none() | TEXTS,
)


def templates_of(name: str) -> st.SearchStrategy[str]:
    """Templates over one argument, with branches that nest."""
    styles = st.sampled_from(STYLES)
    leaves = st.one_of(
        st.text(alphabet="'{}#% ä😀\u202ex", max_size=6),
        st.just(f"{{{name}}}"),
        styles.map(lambda style: f"{{{name}, {style}}}"),
    )
    return st.recursive(leaves, lambda inner: branches_of(name, inner), max_leaves=4)


def branches_of(name: str, inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def written(kind: str, first: str, one: str, other: str, rest: str) -> str:
        selector = "one" if kind == "select" else first
        return f"{{{name}, {kind}, {selector} {{{one}#}} other {{{other}{{{name}}}}}}}{rest}"

    kinds = st.sampled_from(["plural", "selectordinal", "select"])
    return st.builds(written, kinds, st.sampled_from(["one", "=0", "few"]), inner, inner, inner)


PRINTF = st.lists(st.sampled_from(["%s", "%d", "%,.2f", "%%", "%n", " ä{}'"]), max_size=5).map(
    "".join
)


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogues:
    """Two catalogues of whatever templates reading would take."""
    found = []
    for locale in draw(st.lists(TAGS, min_size=1, max_size=2)):
        form: Form = draw(st.sampled_from(["icu", "printf"]))
        texts = st.sampled_from(NAMES).flatmap(templates_of) if form == "icu" else PRINTF
        templates = {ident: Template(draw(texts), form) for ident in IDS}
        good = {
            ident: template
            for ident, template in templates.items()
            if fault_of(CatalogueEntry(1, ident, template), locale, {}) is None
        }
        found.append(Catalogue(locale, good))
    return Catalogues(found, draw(TAGS))


@settings(max_examples=400)
@given(
    message=MESSAGES,
    found=catalogues(),
    tag=TAGS,
    region=REGIONS,
    format_locale=st.none() | TAGS,
    zone=ZONES,
)
def test_every_accepted_message_is_rendered_or_left(
    *,
    message: Message,
    found: Catalogues,
    tag: str,
    region: str,
    format_locale: str | None,
    zone: str | None,
) -> None:
    wanted = f"{found.locales[0]}{region}, {tag}"
    reader = reader_of(wanted, format_locale, zone)
    rendered = render(message, reader, found)
    localized = localize_message(message, reader, found).localized
    if isinstance(rendered, Rendered):
        assert len(rendered.text.encode()) <= MAX_OUTPUT
        assert found.template(rendered.locale, message.id) is not None
        assert localized in (rendered.text, message.localized)
    else:
        assert localized == message.localized


@given(TAGS, st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_message_that_fits_is_always_rendered(tag: str, number: float) -> None:
    """So the test above cannot pass by rendering nothing."""
    form = "{n} {n, number} {n, plural, one {#} other {#}} {s}"
    found = Catalogues([Catalogue(tag, {"a": Template(form)})], tag)
    param = Param(i=number) if isinstance(number, int) else Param(d=number)
    message = Message("a", "", params={"n": param, "s": Param(s="<end>")})
    rendered = render(message, reader_of(tag), found)
    assert rendered is not None
    assert rendered.text.endswith("<end>")
