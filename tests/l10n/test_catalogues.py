"""Reading catalogues: what is taken, and every fault with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.l10n import catalogues as room
from milepost.l10n.catalogues import (
    MAX_FAULTS,
    MAX_FILE,
    MAX_ID,
    MAX_MESSAGES,
    BadCatalogue,
    Catalogue,
    Catalogues,
    Fault,
    differences,
    locale_of,
    read_catalogue,
)
from milepost.l10n.patterns import MAX_TEMPLATE
from milepost.l10n.templates import Form, Template

FILE = "de.properties"


def read(text: str | bytes, form: Form = "icu") -> Catalogue:
    data = text.encode() if isinstance(text, str) else text
    return read_catalogue(data, file=FILE, locale="de", form=form)


def texts(text: str) -> dict[str, str]:
    return {ident: template.text for ident, template in read(text).templates.items()}


def faults(text: str | bytes, form: Form = "icu") -> list[str]:
    with pytest.raises(BadCatalogue) as caught:
        read(text, form)
    assert str(caught.value) == "\n".join(map(str, caught.value.faults))
    return [str(fault) for fault in caught.value.faults]


def test_what_java_reads_is_read() -> None:
    found = texts(
        "\ufeff# a comment\n! another\n\n"
        "a = ä \\u00e4 \\ud83d\\ude00\\n{0}\r\n"
        "b.c : two \\\n    lines\n"
        "d\\ e value\r"
        "f\n"
    )
    assert found == {"a": "ä ä 😀\n{0}", "b.c": "two lines", "d e": "value", "f": ""}


def test_a_catalogue_knows_where_it_is_from() -> None:
    found = read("# one\na = 1 \\\n  2\nb = 3\r\n\r\nc=4", "printf")
    assert (found.locale, found.file) == ("de", FILE)
    assert found.lines == {"a": 2, "b": 4, "c": 6}
    assert found.templates["a"] == Template("1 2", "printf")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1\n\na = 2", ["3: a: the id stands in line 1 already"]),
        (
            "a = {\nb = fine\nc = {0, plural, one {x}}\n",
            [
                "1: a: after { a name or a number is expected at character 2",
                "3: c: {0, plural} has no branch other at character 1",
            ],
        ),
        (
            "a = {0, number, ::nonsense}",
            ["1: a: ICU refuses a style in it (U_NUMBER_SKELETON_SYNTAX_ERROR)"],
        ),
        ("a = {0} {name}", ["1: a: numbered ({0}) and named ({name}) arguments mix"]),
        ("a = \\u0000", ["1: a: it holds a NUL character"]),
        ("a = \\ud800", ["1: a: it holds half of a surrogate pair"]),
        ("a = 1\nb = \\uXY\nc = {", ["2: \\uXY is no escape of a character"]),
        (b"a = 1\nb = \xff", ["2: byte 10 is not UTF-8"]),
        ("a = " + "x" * (MAX_TEMPLATE + 1), ["1: a: it is longer than the limit of 65536 bytes"]),
        ("= nothing", ["1: the id is not 1 to 1024 characters without NUL and halves"]),
        ("\\u0000=x", ["1: \0: the id is not 1 to 1024 characters"]),
        ("\\udfff=x", ["1: \udfff: the id is not 1 to 1024 characters"]),
        ("i" * (MAX_ID + 1), ["1: " + "i" * MAX_ID + ": the id is not 1 to 1024 characters"]),
    ],
)
def test_faults(text: str | bytes, told: list[str]) -> None:
    found = faults(text)
    assert len(found) == len(told)
    for got, want in zip(found, told, strict=True):
        assert got.startswith(f"{FILE}:{want}")


def test_faults_of_printf() -> None:
    assert faults("a = %s %1$s\nb = %x\nc = %1$s", "printf") == [
        f"{FILE}:1: a: %s and %1$s mix at character 4",
        f"{FILE}:2: b: %x: the conversion is not one of s, d, f",
    ]


def test_all_faults_are_told_up_to_a_bound() -> None:
    assert len(faults("".join(f"a{number} = {{\n" for number in range(150)))) == MAX_FAULTS


def test_a_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(b"#" * (MAX_FILE + 1)) == [
        f"{FILE}:1: the file is longer than the limit of {MAX_FILE} bytes"
    ]
    monkeypatch.setattr(room, "MAX_MESSAGES", 3)
    assert MAX_MESSAGES == 20_000
    assert len(read("a=\nb=\nc=").templates) == 3
    assert faults("a=\nb=\nc=\nd=") == [f"{FILE}:4: there are more than 3 messages"]


@given(st.binary() | st.text(alphabet="a={}\\u\n '#,%s01").map(str.encode))
def test_any_file_is_taken_or_refused(data: bytes) -> None:
    told: list[Fault] = []
    try:
        found = read(data)
    except BadCatalogue as fault:
        told = fault.faults
    else:
        assert found.lines.keys() == found.templates.keys()
    lines = data.count(b"\n") + data.count(b"\r") + 1
    assert len(told) <= MAX_FAULTS
    assert [fault for fault in told if not 0 < fault.line <= lines] == []


@pytest.mark.parametrize(
    ("file", "locale"),
    [
        ("de.properties", "de"),
        ("messages_de.properties", "de"),
        ("messages_de_AT.properties", "de-AT"),
        ("com.acme.backup_zh_TW.properties", "zh-Hant-TW"),
        ("com.acme.backup.pt-BR.properties", "pt-BR"),
        ("backup-zh-Hant.properties", "zh-Hant"),
        ("es-419.properties", "es-419"),
        ("messages.properties", None),
        ("de.json", None),
        ("de", None),
    ],
)
def test_the_locale_in_a_name(file: str, locale: str | None) -> None:
    assert locale_of(file) == locale


def test_catalogues_of_one_locale_are_one() -> None:
    found = Catalogues(
        [
            Catalogue("de", {"a": Template("1"), "b": Template("2")}),
            Catalogue("en", {"a": Template("3")}),
            Catalogue("de", {"b": Template("4")}),
        ]
    )
    assert found.locales == ("de", "en")
    assert found.template("de", "a") == Template("1")
    assert found.template("de", "b") == Template("4")
    assert found.template("en", "b") is None


def test_differences_between_languages() -> None:
    first = Catalogue("en", {i: Template("{0} {1}") for i in "abc"}, "en.properties")
    other = read("b = {0}\nc = {1} {0} {0, number}\nd = x\na = no\n")
    assert differences(first, first) == []
    assert [str(fault) for fault in differences(first, other)] == [
        f"{FILE}:1: b: it has the arguments {{0}}, in en.properties {{0}}, {{1}}",
        f"{FILE}:3: d: it is not in en.properties",
        f"{FILE}:4: a: it has the arguments none, in en.properties {{0}}, {{1}}",
    ]
    assert differences(first, read("")) == [
        Fault(FILE, 1, ident, "it is in en.properties and missing here") for ident in "abc"
    ]


def test_a_form_of_its_own_makes_no_difference() -> None:
    first = Catalogue("en", {"a": Template("{0} of {1}")}, "en.properties")
    assert differences(first, read("a = %2$s, %1$s", "printf")) == []


def test_differences_are_bounded() -> None:
    first = Catalogue("en", {f"a{i}": Template("") for i in range(150)}, "en.properties")
    assert len(differences(first, read(""))) == MAX_FAULTS
