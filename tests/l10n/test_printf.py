"""Templates with ``%s``: read and refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.l10n.patterns import MAX_TEMPLATE, Argument, BadTemplate, Text
from milepost.l10n.printf import read_printf


def test_every_conversion() -> None:
    assert read_printf("100%% {of} %s%n%d %,d %f %.0f %,.2f") == (
        Text("100% {of} "),
        Argument("0"),
        Text("\n"),
        Argument("1", "number", "::group-off precision-integer"),
        Text(" "),
        Argument("2", "number", "::group-on-aligned precision-integer"),
        Text(" "),
        Argument("3", "number", "::group-off .000000"),
        Text(" "),
        Argument("4", "number", "::group-off precision-integer"),
        Text(" "),
        Argument("5", "number", "::group-on-aligned .00"),
    )


def test_positions() -> None:
    assert read_printf("%2$s%1$s%2$,d") == (
        Argument("1"),
        Argument("0"),
        Argument("1", "number", "::group-on-aligned precision-integer"),
    )


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("50 %", "a % without its conversion at character 4"),
        ("%ä", "a % without its conversion at character 1"),
        ("%0$s", "a % without its conversion at character 1"),
        ("%s %1$s", "%s and %1$s mix at character 4"),
        ("%1$s %s", "%s and %1$s mix at character 6"),
        ("%-5s", "%-5s: flags other than , and widths are not known"),
        ("%05d", "%05d: flags other than , and widths are not known"),
        ("%5d", "%5d: flags other than , and widths are not known"),
        ("%x", "%x: the conversion is not one of s, d, f"),
        ("%tY", "%t: the conversion is not one of s, d, f"),
        ("%,s", "%,s: %s takes no such flag or precision"),
        ("%.3s", "%.3s: %s takes no such flag or precision"),
        ("%.3d", "%.3d: %d takes no such flag or precision"),
        ("%.21f", "%.21f: more than 20 digits"),
        ("%1$n", "%1$n takes nothing between its signs"),
        ("%,%", "%,% takes nothing between its signs"),
        ("a\0", "it holds a NUL character"),
        ("%s" * (MAX_TEMPLATE // 2) + "a", "it is longer than the limit of 65536 bytes"),
    ],
)
def test_what_is_refused(template: str, fault: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        read_printf(template)
    assert str(caught.value) == fault


@given(st.text())
def test_a_text_without_percent_signs_is_itself(text: str) -> None:
    text = text.replace("\0", "").replace("%", "")
    assert read_printf(text) == ((Text(text),) if text else ())


@given(st.text(alphabet="%sdf1$,.0 ", max_size=20))
def test_nothing_else_is_raised(template: str) -> None:
    try:
        nodes = read_printf(template)
    except BadTemplate:
        return
    assert all(isinstance(node, Text | Argument) for node in nodes)
