"""Templates in ICU MessageFormat: read, refused, written back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icu4py.messageformat import MessageFormat

from milepost.l10n.patterns import (
    MAX_NESTING,
    MAX_STYLE,
    MAX_TEMPLATE,
    Argument,
    BadTemplate,
    Choice,
    Sign,
    Text,
    arguments,
    quoted,
    read_pattern,
)


def test_every_kind_of_node() -> None:
    template = (
        "It's '{'{0}'}' {1, number} {2,date,short}"
        "{ 3 , plural , offset:1 =0 {none} one {# '#' #} other {{3, number, ::.0}}}"
        "{4, select, a {A#} other {}}{5,selectordinal,few{#rd}other{}}"
    )
    assert read_pattern(template) == (
        Text("It's {"),
        Argument("0"),
        Text("} "),
        Argument("1", "number"),
        Text(" "),
        Argument("2", "date", "short"),
        Choice(
            "3",
            "plural",
            1,
            (
                ("=0", (Text("none"),)),
                ("one", (Sign("3", 1), Text(" # "), Sign("3", 1))),
                ("other", (Argument("3", "number", " ::.0"),)),
            ),
        ),
        Choice("4", "select", 0, (("a", (Text("A#"),)), ("other", ()))),
        Choice("5", "selectordinal", 0, (("few", (Sign("5", 0), Text("rd"))), ("other", ()))),
    )


def test_the_arguments_of_a_template() -> None:
    nodes = read_pattern("{a}{b, plural, other {{c, date}{d, select, other {{a, number}}}}}")
    assert list(arguments(nodes)) == [
        ("a", "text"),
        ("b", "plural"),
        ("c", "date"),
        ("d", "select"),
        ("a", "number"),
    ]


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{", "after { a name or a number is expected at character 2"),
        ("{}", "after { a name or a number is expected at character 2"),
        ("{01}", "after { a name or a number is expected at character 2"),
        ("{12345}", "after { a name or a number is expected at character 2"),
        ("{a.b}", "after { a name or a number is expected at character 2"),
        ("{a b}", "after { a name or a number is expected at character 2"),
        ("{a", "after { a name or a number is expected at character 2"),
        ("a}", "a } without its { at character 2"),
        ("{a,}", "after the comma a type such as number or plural is expected at character 4"),
        ("x {a,foo}", "{a, foo} is not one of number, date, time, plural, selectordinal, select,"),
        ("{a,plural}", "{a, plural} is not one of number, date, time,"),
        ("{a,spellout}", "{a, spellout} is not one of number, date, time,"),
        ("{a,choice,0#none|1#one}", "{a, choice} is not one of number, date, time,"),
        ("{a,number,#", "a { without its }, or with another one inside, at character 1"),
        ("{a,number,{}}", "a { without its }, or with another one inside, at character 1"),
        ("{a,date,'}", "a { without its }, or with another one inside, at character 1"),
        ("{a,number," + "#" * (MAX_STYLE + 1) + "}", "a style is longer than 256 characters"),
        ("{a,number,::scale/1E9}", "scale/ is not followed by a plain number below a million"),
        ("{a,number,::scale/1000000000}", "scale/ is not followed by a plain number"),
        ("{a,plural,}", "{a, plural} has no branch other at character 1"),
        ("{a,plural,one{x}}", "{a, plural} has no branch other at character 1"),
        ("{a,plural,other}", "{a, plural: a selector and its text in braces are expected"),
        ("{a,plural,offset:x other{}}", "{a, plural: a selector and its text in braces"),
        ("{a,select,offset:1 other{}}", "{a, select: a selector and its text in braces"),
        ("{a,plural,other{x}other{y}}", "the branch other stands twice at character 19"),
        ("{a,plural,several{x}other{y}}", "several is no selector of plural at character 11"),
        ("{a,select,=1{x}other{y}}", "=1 is no selector of select at character 11"),
        ("{a,plural,=1.5{x}other{y}}", "{a, plural: a selector and its text in braces"),
        ("{a,plural,other{x}", "{a, plural: a selector and its text in braces are expected"),
        ("{a,plural,other{x", "a { without its } at character 18"),
        ("{0} {b} {1} {c}", "numbered ({0}) and named ({b}) arguments mix"),
        ("a\0b", "it holds a NUL character"),
        ("a\ud800b", "it holds half of a surrogate pair"),
        ("a" * (MAX_TEMPLATE + 1), "it is longer than the limit of 65536 bytes"),
        ("\u00e4" * (MAX_TEMPLATE // 2 + 1), "it is longer than the limit of 65536 bytes"),
        (
            "{a,select,other{" * (MAX_NESTING + 1) + "}}" * (MAX_NESTING + 1),
            "branches are nested deeper than 16 levels",
        ),
        ("{a,select,other{" * 4000, "branches are nested deeper than 16 levels"),
    ],
)
def test_what_is_refused(template: str, fault: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        read_pattern(template)
    assert str(caught.value).startswith(fault)


def test_what_is_just_within_the_bounds() -> None:
    read_pattern("a" * MAX_TEMPLATE)
    read_pattern("{a,number," + "#" * MAX_STYLE + "}")
    read_pattern("{a,number,::scale/999999.5 .0}")
    read_pattern("{a,select,other{" * MAX_NESTING + "}}" * MAX_NESTING)


# Texts in which everything that is syntax meets everything else.
TANGLES = st.text(alphabet="'{}#|a ", max_size=12)


@given(TANGLES)
def test_a_quoted_text_is_the_text(text: str) -> None:
    assert MessageFormat(quoted(text, in_plural=False), "en").format({}) == text
    assert read_pattern(quoted(text, in_plural=False)) == ((Text(text),) if text else ())
    plural = f"{{0, plural, other{{{quoted(text, in_plural=True)}}}}}"
    assert MessageFormat(plural, "en").format({"0": 1}) == text


@given(TANGLES | st.text(alphabet="'{}#,a0:= pluralother"))
def test_what_is_read_is_what_icu_reads(template: str) -> None:
    """A template of text alone comes out as from ICU, and what is read ICU takes as well."""
    try:
        nodes = read_pattern(template)
    except BadTemplate:
        return
    icu = MessageFormat(template, "en")
    if all(isinstance(node, Text) for node in nodes):
        assert "".join(str(node[0]) for node in nodes) == icu.format({})
