"""JSON text, strictly: what is read, what is refused, and the path a refusal names."""

from __future__ import annotations

import json
import re
import sys
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.rules import reasons
from milepost.rules.reasons import NOT_A_NUMBER, NOT_JSON
from milepost.wire.faults import Malformed
from milepost.wire.jsontext import explain, parse, parse_loosely
from tests.wire.samples import Json, canonical, check_refused, refusal_of, said

MIB = 1024 * 1024
INT64_MAX, INT64_MIN = 2**63 - 1, -(2**63)
NEST = "milepost.value.too_deep"
TWICE = "milepost.json.duplicate_key"
HALF = "milepost.json.lone_surrogate"
NUL = "milepost.json.nul_in_text"
RANGE = "milepost.json.number_range"
SYNTAX = "milepost.json.not_json"


class Good(NamedTuple):
    """A text and the value it stands for."""

    name: str
    text: bytes
    value: Json


# fmt: off
GOOD = [
    Good("null", b"null", None),
    Good("true", b"true", value=True),
    Good("false", b"false", value=False),
    Good("zero", b"0", 0),
    Good("minus zero", b"-0", 0),
    Good("minus zero as a double", b"-0.0", -0.0),
    Good("one", b"1", 1),
    Good("one as a double", b"1.0", 1.0),
    Good("exponent", b"1e2", 100.0),
    Good("capital exponent", b"1E2", 100.0),
    Good("exponent with plus", b"1e+2", 100.0),
    Good("exponent with minus", b"1e-2", 0.01),
    Good("exponent with zeros", b"1e0000000000000000000001", 10.0),
    Good("zero to a great power", b"0e999", 0.0),
    Good("the largest long", b"9223372036854775807", INT64_MAX),
    Good("the smallest long", b"-9223372036854775808", INT64_MIN),
    Good("longs in a list", b"[9223372036854775807,-9223372036854775808]",
         [INT64_MAX, INT64_MIN]),
    Good("long as a member", b'{"a":{"b":9223372036854775807}}', {"a": {"b": INT64_MAX}}),
    Good("a great double", b"1e308", 1e308),
    Good("the greatest double", b"1.7976931348623157e308", sys.float_info.max),
    Good("the least double", b"5e-324", 5e-324),
    Good("a double too small to tell from zero", b"1e-400", 0.0),
    Good("thirty digits before a point", b"123456789012345678901234567890.0",
         123456789012345678901234567890.0),
    Good("5,000 digits behind a point", b"0." + b"1" * 5000, float("0." + "1" * 20)),
    Good("400 digits and a small exponent", b"1" + b"0" * 400 + b"e-200", 1e200),
    Good("empty text", b'""', ""),
    Good("plain text", b'"abc"', "abc"),
    Good("all short escapes", rb'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
    Good("escaped letter", rb'"\u0061"', "a"),
    Good("escaped capital digits", rb'"\u00E9"', "é"),
    Good("surrogate pair", rb'"\ud834\udd1e"', "𝄞"),
    Good("surrogate pair in capitals", rb'"\uD834\uDD1E"', "𝄞"),
    Good("surrogate pair as a key", rb'{"\ud834\udd1e":1}', {"𝄞": 1}),
    Good("two pairs", rb'"\ud83d\ude00\ud83d\ude00"', "😀😀"),
    Good("escaped backslash before u0000", rb'"\\u0000"', "\\u0000"),
    Good("escaped backslash before ud800", rb'"\\ud800"', "\\ud800"),
    Good("escaped control character", rb'"\u0001"', "\x01"),
    Good("escaped unit separator", rb'"\u001f"', "\x1f"),
    Good("DEL", b'"\x7f"', "\x7f"),
    Good("two bytes", '"é"'.encode(), "é"),
    Good("three bytes", '"€"'.encode(), "€"),
    Good("four bytes", '"😀"'.encode(), "😀"),
    Good("the last character", '"\U0010ffff"'.encode(), "\U0010ffff"),
    Good("noncharacter", '"\uffff"'.encode(), "\uffff"),
    Good("line separator", '"\u2028"'.encode(), "\u2028"),
    Good("the mark inside a text", '"\ufeff"'.encode(), "\ufeff"),
    Good("escaped mark", rb'"\ufeff"', "\ufeff"),
    Good("empty list", b"[]", []),
    Good("empty object", b"{}", {}),
    Good("empty key", b'{"":0}', {"": 0}),
    Good("list of all kinds", b'[null,true,false,1,1.5,"a",[],{}]',
         [None, True, False, 1, 1.5, "a", [], {}]),
    Good("the same key on two levels", b'{"a":{"a":{"a":1}}}', {"a": {"a": {"a": 1}}}),
    Good("the same key side by side", b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
    Good("keys that differ in case", b'{"a":1,"A":2}', {"a": 1, "A": 2}),
    Good("keys that only look alike", '{"é":1,"e\u0301":2}'.encode(), {"é": 1, "e\u0301": 2}),
    Good("blanks everywhere", b' \t\r\n{ "a" : [ 1 , 2 ] } \n', {"a": [1, 2]}),
    Good("numbers as keys", b'{"1":1,"1.0":2}', {"1": 1, "1.0": 2}),
    Good("digits in a text", b'"' + b"9" * 30 + b'"', "9" * 30),
    Good("a power in a text", b'"1e999"', "1e999"),
    Good("NaN in a text", b'["NaN","Infinity"]', ["NaN", "Infinity"]),
]
# fmt: on


@pytest.mark.parametrize(("text", "value"), [case[1:] for case in GOOD], ids=[c.name for c in GOOD])
def test_what_is_read(text: bytes, value: Json) -> None:
    assert canonical(parse(text)) == canonical(value)


class Bad(NamedTuple):
    """A text of JSON's grammar whose value may not be."""

    name: str
    text: bytes
    reason: str
    says: str


def twice(path: str, name: str) -> str:
    return f'{path}: the member "{name}" is given twice.'


def half(path: str, text: str) -> str:
    return f'{path}: the text "{text}" holds half of a surrogate pair.'


def nul(path: str, text: str) -> str:
    return f'{path}: the text "{text}" holds a NUL character.'


def no_long(path: str, digits: str) -> str:
    return f"{path}: the number {digits} is outside the range of int64."


def cut(digits: str) -> str:
    return digits[:59] + "…"


# fmt: off
BAD = [
    # Duplicate keys.
    Bad("twice at the top", b'{"a":1,"a":2}', TWICE, twice("body", "a")),
    Bad("twice with the same value", b'{"a":1,"a":1}', TWICE, twice("body", "a")),
    Bad("three times", b'{"a":1,"a":2,"a":3}', TWICE, twice("body", "a")),
    Bad("twice one level down", b'{"a":{"b":1,"b":2}}', TWICE, twice("a", "b")),
    Bad("twice in a list", b'[0,{"b":1,"b":2}]', TWICE, twice("[1]", "b")),
    Bad("twice far down", b'{"spec":{"result":[[{"x":{"b":1,"c":0,"b":2}}]]}}', TWICE,
        twice("spec.result[0][0].x", "b")),
    Bad("twice, once escaped", rb'{"a":1,"\u0061":2}', TWICE, twice("body", "a")),
    Bad("twice with null", b'{"a":1,"a":null}', TWICE, twice("body", "a")),
    Bad("twice a structure", b'{"a":{},"a":{}}', TWICE, twice("body", "a")),
    Bad("twice a long name", b'{"%s":1,"%s":2}' % (b"k" * 90, b"k" * 90), TWICE,
        twice("body", cut("k" * 90))),
    Bad("two doubles, the outer is told", b'{"a":{"b":1,"b":2},"a":3}', TWICE,
        twice("body", "a")),
    Bad("two doubles, the first is told", b'{"a":{"b":1,"b":2},"c":{"d":1,"d":2}}', TWICE,
        twice("a", "b")),
    # Half pairs.
    Bad("high alone", rb'"\ud800"', HALF, half("body", r"\ud800")),
    Bad("low alone", rb'["\udc00"]', HALF, half("[0]", r"\udc00")),
    Bad("last high", rb'["\udbff"]', HALF, half("[0]", r"\udbff")),
    Bad("last low", rb'["\udfff"]', HALF, half("[0]", r"\udfff")),
    Bad("high leading", rb'{"a":"\ud800bc"}', HALF, half("a", r"\ud800bc")),
    Bad("high trailing", rb'{"a":"bc\ud800"}', HALF, half("a", r"bc\ud800")),
    Bad("low leading", rb'{"a":"\udc00bc"}', HALF, half("a", r"\udc00bc")),
    Bad("low trailing", rb'{"a":"bc\udc00"}', HALF, half("a", r"bc\udc00")),
    Bad("reversed", rb'["\udd1e\ud834"]', HALF, half("[0]", r"\udd1e\ud834")),
    Bad("two highs", rb'["\ud834\ud834"]', HALF, half("[0]", r"\ud834\ud834")),
    Bad("two lows", rb'["\udd1e\udd1e"]', HALF, half("[0]", r"\udd1e\udd1e")),
    Bad("high before a pair", rb'["\ud834\ud834\udd1e"]', HALF,
        half("[0]", r"\ud834\ud834\udd1e")),
    Bad("pair before a low", rb'["\ud834\udd1e\udd1e"]', HALF,
        half("[0]", r"\ud834\udd1e\udd1e")),
    Bad("high before a letter", rb'["\ud800\u0041"]', HALF, half("[0]", r"\ud800A")),
    Bad("high before an escape", rb'["\ud800\n"]', HALF, half("[0]", r"\ud800\n")),
    Bad("capital digits", rb'["\uD800"]', HALF, half("[0]", r"\ud800")),
    Bad("high in a key", rb'{"\ud800":1}', HALF, half("body", r"\ud800")),
    Bad("low in a key", rb'{"x":{"a\udc00":1}}', HALF, half("x", r"a\udc00")),
    Bad("reversed in a key", rb'{"x":[{"\udd1e\ud834":1}]}', HALF,
        half("x[0]", r"\udd1e\ud834")),
    # NUL.
    Bad("NUL alone", rb'"\u0000"', NUL, nul("body", r"\u0000")),
    Bad("NUL inside", rb'{"a":["b\u0000c"]}', NUL, nul("a[0]", r"b\u0000c")),
    Bad("NUL in a key", rb'{"a\u0000":1}', NUL, nul("body", r"a\u0000")),
    Bad("NUL in a deep key", rb'{"x":{"y":[0,{"\u0000":1}]}}', NUL, nul("x.y[1]", r"\u0000")),
    Bad("NUL after an escaped backslash", rb'["\\\u0000"]', NUL, nul("[0]", r"\\\u0000")),
    # Integers.
    Bad("one above", b"9223372036854775808", RANGE, no_long("body", "9223372036854775808")),
    Bad("one below", b"-9223372036854775809", RANGE, no_long("body", "-9223372036854775809")),
    Bad("one above in a result", b'{"spec":{"result":[9223372036854775808]}}', RANGE,
        no_long("spec.result[0]", "9223372036854775808")),
    Bad("an unsigned long", b'{"a":18446744073709551615}', RANGE,
        no_long("a", "18446744073709551615")),
    Bad("below in a member", b'{"a":{"b":-9223372036854775809}}', RANGE,
        no_long("a.b", "-9223372036854775809")),
    Bad("21 digits", b"[" + b"1" * 21 + b"]", RANGE, no_long("[0]", "1" * 21)),
    Bad("60 digits", b"[" + b"1" * 60 + b"]", RANGE, no_long("[0]", "1" * 60)),
    Bad("61 digits", b"[" + b"1" * 61 + b"]", RANGE, no_long("[0]", cut("1" * 61))),
    Bad("4,300 digits", b"[" + b"1" * 4300 + b"]", RANGE, no_long("[0]", cut("1" * 4300))),
    Bad("5,000 digits", b"[" + b"1" * 5000 + b"]", RANGE, no_long("[0]", cut("1" * 5000))),
    Bad("minus 5,000 digits", b'{"a":-' + b"1" * 5000 + b"}", RANGE,
        no_long("a", cut("-" + "1" * 5000))),
    # Which fault is told: the first in the order of the text, parents before children.
    Bad("a key before a value", rb'{"a":"\u0000","a":1}', TWICE, twice("body", "a")),
    Bad("a value before a later key", rb'{"x":"\ud800","y":{"b":1,"b":2}}', HALF,
        half("x", r"\ud800")),
    Bad("a long path", rb'{"%s":["\u0000"]}' % (b"k" * 61), NUL,
        nul(cut("k" * 61) + "[0]", r"\u0000")),
    Bad("a long text", rb'["%s\u0000"]' % (b"k" * 80), NUL,
        f'[0]: the text "{"k" * 58}… holds a NUL character.'),
]
# fmt: on


@pytest.mark.parametrize(
    ("text", "reason", "says"), [c[1:] for c in BAD], ids=[c.name for c in BAD]
)
def test_what_may_not_be(text: bytes, reason: str, says: str) -> None:
    check_refused(lambda: parse(text), reason, says)


# fmt: off
OUTSIDE_FLOAT64 = {
    "1e309": ("1e309", "body"),
    "-1e309": ("[-1e309]", "[0]"),
    "1e+309": ('{"a":1e+309}', "a"),
    "1E400": ("[[1E400]]", "[0][0]"),
    "1e99999999999": ("[0,1e99999999999]", "[1]"),
    "just above": ("1.7976931348623159e308", "body"),
    "400 digits": (f'{{"a":{"9" * 400}.0}}', "a"),
    "a million digits of exponent": (f"1e{'1' * 1_000_000}", "body"),
    "in a result": ('{"spec":{"result":{"x":[1,2e308]}}}', "spec.result.x[1]"),
}
# fmt: on


@pytest.mark.parametrize("name", OUTSIDE_FLOAT64)
def test_numbers_outside_float64(name: str) -> None:
    text, path = OUTSIDE_FLOAT64[name]
    refusal = refusal_of(lambda: parse(text.encode()))
    assert refusal.reason.id == RANGE
    assert refusal.args[0] == path
    assert said(refusal).endswith(" is outside the range of float64.")
    assert len(said(refusal)) < 150


# fmt: off
NO_JSON = {
    # Nothing, or not all of it.
    "empty": b"", "blank": b" ", "line feed": b"\n", "open list": b"[", "open object": b"{",
    "list without its end": b"[1,2", "key alone": b'{"a"', "colon alone": b'{"a":',
    "object without its end": b'{"a":1', "open quote": b'"', "text without its end": b'"a',
    "text that ends in an escape": b'"\\', "text that ends in a quote's escape": b'"\\"',
    "half a word": b"tru", "half a null": b"nul", "half a false": b"fals",
    # Too much.
    "trailing word": b"[1]x", "two lists": b"[1][2]", "two objects": b"{} {}",
    "two numbers": b"1 2", "trailing brace": b"{}}", "trailing bracket": b"[]]",
    "trailing comma": b"[],", "trailing NUL": b"[]\x00", "comment": b"/*c*/1",
    "comment behind": b"[1]//x", "hash": b'{"a":"b"}#', "long word": b"nulll",
    # Lists and objects.
    "comma before the end": b"[1,]", "comma first": b"[,1]", "two commas": b"[1,,2]",
    "only a comma": b"[,]", "no comma": b"[1 2]", "colon in a list": b"[1:2]",
    "comma at the end of an object": b'{"a":1,}', "comma alone in an object": b"{,}",
    "no colon": b'{"a" 1}', "two colons": b'{"a"::1}', "comma for colon": b'{"a",1}',
    "bare key": b"{a:1}", "single quotes": b"{'a':1}", "number as a key": b"{1:1}",
    "null as a key": b"{null:null}", "list closed as an object": b"[}",
    "object closed as a list": b"{]", "lone end": b"]", "lone brace": b"}", "lone comma": b",",
    "lone colon": b":", "nested mismatch": b'[{"a":1]}', "no value": b'{"a":}',
    # Words.
    "capital word": b"True", "capital null": b"NULL", "None": b"None", "undefined": b"undefined",
    "minus NaN": b"-NaN", "small nan": b"nan", "small inf": b"[inf]", "plus infinity": b"+Infinity",
    # Numbers.
    "two zeros": b"00", "leading zero": b"01", "minus leading zero": b"-01", "no digits": b"1.",
    "no digits before": b".5", "plus": b"+1", "minus alone": b"-", "two minuses": b"--1",
    "exponent alone": b"1e", "exponent with sign alone": b"1e+", "exponent of a point": b"1.e1",
    "hexadecimal": b"0x1", "underscore": b"[1_000]", "comma in a number": b"1,5",
    "minus blank": b"- 1", "fullwidth digit": "\uff11".encode(), "point alone": b"[.]",
    "double exponent": b"[1e1e1]", "fraction of an exponent": b"[1e1.5]",
    # Texts.
    "raw NUL": b'["\x00"]', "raw control": b'["\x01"]', "raw unit separator": b'["\x1f"]',
    "raw line feed": b'["a\nb"]', "raw tab": b'["a\tb"]', "raw return": b'["a\rb"]',
    "raw line feed in a key": b'{"a\nb":1}', "escape a": rb'"\a"', "escape v": rb'"\v"',
    "escape x": rb'"\x41"', "escape quote": rb'"\'"', "escape zero": rb'"\0"',
    "escape capital U": rb'"\U0001F600"', "escape blank": b'"\\ "', "escape line feed": b'"\\\n"',
    "short escape": rb'"\u12"', "bad digit": rb'"\u12G4"', "blank in digits": rb'"\u 123"',
    "sign in digits": rb'"\u+123"', "half a pair's escape": rb'"\uD834\u"',
    "pair with a bad digit": rb'"\uD834\uDDxx"', "braces": rb'"\u{41}"',
    # Blanks that are none.
    "form feed": b"\x0c[]", "vertical tab": b"[\x0b1]", "no-break space": "\u00a0[]".encode(),
    "word joiner": "\u2060[]".encode(), "line separator": "[\u20281]".encode(),
    # UTF-16 and UTF-32 without a mark.
    "UTF-16LE": "{}".encode("utf-16-le"), "UTF-16BE": "{}".encode("utf-16-be"),
    "UTF-32BE": "{}".encode("utf-32-be"),
    # One fault hides another: what is no JSON comes first.
    "twice, then a word": b'{"a":1,"a":2}x', "NUL, then an open list": rb'["\u0000"',
}
# fmt: on


@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_no_json(name: str) -> None:
    refusal = refusal_of(lambda: parse(NO_JSON[name]))
    assert refusal.reason is NOT_JSON
    assert re.fullmatch(
        r"The body is not JSON: .+ at line \d+ column \d+\.", said(refusal), re.DOTALL
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"", "line 1 column 1"),
        (b"{} {}", "line 1 column 4"),
        (b"[1,\n2,\n x]", "line 3 column 2"),
        (b'{\n  "spec": {\n    "status"- 1}}', "line 3 column 13"),
        ("[\n'é']".encode(), "line 2 column 1"),
    ],
    ids=["empty", "trailing", "word", "colon", "quote"],
)
def test_the_place_is_named(text: bytes, place: str) -> None:
    assert said(refusal_of(lambda: parse(text))).endswith(f" at {place}.")


CONSTANTS = {
    "NaN": b"NaN",
    "Infinity": b"[Infinity]",
    "-Infinity": b'{"a":-Infinity}',
    "NaN in a result": b'{"spec":{"result":{"x":[NaN]}}}',
    "Infinity deep inside": b'[[{"a":[1,Infinity]}]]',
    "NaN behind a double key": b'{"a":1,"a":1,"b":NaN}',
}


CONSTANTS_AT = {
    "NaN": "body",
    "Infinity": "[0]",
    "-Infinity": "a",
    "NaN in a result": "spec.result.x[0]",
    "Infinity deep inside": "[0][0].a[1]",
    "NaN behind a double key": "b",
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_that_are_no_numbers(name: str) -> None:
    refusal = refusal_of(lambda: parse(CONSTANTS[name]))
    assert refusal.reason is NOT_A_NUMBER
    assert said(refusal).endswith(f": {name.split(maxsplit=1)[0]} is not a JSON number.")
    assert refusal.args[0] == CONSTANTS_AT[name]


# fmt: off
NO_UTF8 = {
    "lone byte": (b"\xff", 0), "lone byte in a text": (b'["\xff"]', 2),
    "lone continuation": (b'["\x80"]', 2), "in a key": (b'{"a\xc0":1}', 3),
    "overlong NUL": (b'["\xc0\x80"]', 2), "overlong slash": (b'["\xc0\xaf"]', 2),
    "overlong DEL": (b'["\xc1\xbf"]', 2), "overlong in three": (b'["\xe0\x80\x80"]', 2),
    "overlong in four": (b'["\xf0\x80\x80\x80"]', 2), "two of three": (b'["\xe2\x82"]', 2),
    "one of two": (b'["\xc3"]', 2), "three of four": (b'["\xf0\x9f\x98"]', 2),
    "cut off": (b'"\xc3', 1), "high surrogate": (b'["\xed\xa0\x80"]', 2),
    "low surrogate": (b'["\xed\xb0\x80"]', 2),
    "both surrogates": (b'["\xed\xa0\xbd\xed\xb8\x80"]', 2),
    "surrogate as a key": (b'{"\xed\xa0\x80":1}', 2),
    "beyond the last": (b'["\xf4\x90\x80\x80"]', 2),
    "five bytes": (b'["\xf8\x88\x80\x80\x80"]', 2), "Latin-1": ('["ab é"]'.encode("latin-1"), 5),
    "outside a text": (b"[1]\xa0", 3), "behind good bytes": ('["é€😀'.encode() + b'\x9f"]', 11),
    "a mark of UTF-32BE": (b"\x00\x00\xfe\xff", 2),
}
MARKS = {
    "UTF-8": b"\xef\xbb\xbf{}", "UTF-8 alone": b"\xef\xbb\xbf",
    "UTF-8 before a blank": b"\xef\xbb\xbf {}",
    "UTF-16LE": b"\xff\xfe" + "{}".encode("utf-16-le"), "UTF-16LE alone": b"\xff\xfe",
    "UTF-16BE": b"\xfe\xff" + "{}".encode("utf-16-be"), "UTF-16BE alone": b"\xfe\xff",
    "UTF-32LE": b"\xff\xfe\0\0" + "{}".encode("utf-32-le"),
}
# fmt: on


@pytest.mark.parametrize("name", NO_UTF8)
def test_what_is_no_utf8(name: str) -> None:
    text, place = NO_UTF8[name]
    says = f"The body is not JSON: byte {place} is not UTF-8."
    check_refused(lambda: parse(text), SYNTAX, says)


@pytest.mark.parametrize("name", MARKS)
def test_byte_order_marks(name: str) -> None:
    says = "The body is not JSON: it starts with a byte order mark."
    check_refused(lambda: parse(MARKS[name]), SYNTAX, says)


def test_a_mark_behind_a_blank_is_no_json() -> None:
    assert refusal_of(lambda: parse(b" \xef\xbb\xbf{}")).reason is NOT_JSON


DEEP = {
    "open lists": b"[" * 100_000,
    "lists": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "both": b'[{"a":' * 50_000 + b"1" + b"}]" * 50_000,
    "a mebibyte": b"[" * MIB,
    "behind a blank": b" " * 1000 + b"[" * 100_000,
    "in a result": b'{"spec":{"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_is_refused(name: str) -> None:
    says = "body: it is nested deeper than 200 levels."
    check_refused(lambda: parse(DEEP[name]), NEST, says)


# The parser stops at the first fault, with the rest unread: the second reading must not fall into
# what lies behind.
BEHIND = {
    "a double key": b'{"a":1,"a":%s}',
    "half a pair": rb'["\ud800",%s]',
    "a constant": b"[NaN,%s]",
    "a long integer": b"[" + b"9" * 5000 + b",%s]",
    "a bad byte": b'["\xff",%s]',
    "a bad escape": rb'["\a",%s]',
}


@pytest.mark.parametrize("levels", [300, 1_000, 100_000])
@pytest.mark.parametrize("name", BEHIND)
def test_deep_nesting_behind_a_fault_does_no_harm(name: str, levels: int) -> None:
    text = BEHIND[name].replace(b"%s", b"[" * levels + b"]" * levels)
    refusal = refusal_of(lambda: parse(text))
    assert refusal.reason.id.startswith(("milepost.json.", "milepost.value.too_deep"))
    assert len(said(refusal)) < 400


@pytest.mark.parametrize("depth", [1, 64, 150, 199, 200])
def test_nesting_a_structure_may_have(depth: int) -> None:
    value: Json = parse(b"[" * depth + b"]" * depth)
    for _ in range(depth - 1):
        (value,) = value
    assert value == []


# Each is a mebibyte of one kind.
LARGE_GOOD = {
    "ones": b"[" + b"1," * (MIB // 2 - 1) + b"1]",
    "texts": b"[" + b'"",' * (MIB // 3 - 1) + b'""]',
    "one text": b'"' + b"a" * (MIB - 2) + b'"',
    "escapes": b'"' + rb"\u0001" * (MIB // 6) + b'"',
    "backslashes": b'"' + rb"\\" * (MIB // 2 - 1) + b'"',
    "a fraction": b"0." + b"1" * (MIB - 2),
    "blanks and one": b" " * (MIB - 1) + b"1",
    "objects": b"[" + b"{}," * (MIB // 3 - 1) + b"{}]",
    "keys": b"{" + b",".join(b'"%d":1' % number for number in range(MIB // 11)) + b"}",
}
LARGE_BAD = {
    "digits": (b"9" * MIB, RANGE),
    "blanks": (b" " * MIB, SYNTAX),
    "quotes": (b'"' * MIB, SYNTAX),
    "minuses": (b"-" * MIB, SYNTAX),
    "braces": (b"{" * MIB, SYNTAX),
    "bad bytes": (b"\xff" * MIB, SYNTAX),
    "zeros": (b"\0" * MIB, SYNTAX),
    "half pairs": (b'"' + rb"\ud800" * (MIB // 6) + b'"', HALF),
    "a power": (b"1e" + b"1" * (MIB - 2), RANGE),
    "the last is a NUL": (b"[" + b"[]," * (MIB // 3 - 9) + rb'"\u0000"]', NUL),
    "the last is double": (LARGE_GOOD["keys"][:-1] + b',"1":2}', TWICE),
}


@pytest.mark.parametrize("name", LARGE_GOOD)
def test_large_texts(name: str) -> None:
    assert parse(LARGE_GOOD[name]) == json.loads(LARGE_GOOD[name])


@pytest.mark.parametrize("name", LARGE_BAD)
def test_large_texts_that_are_refused(name: str) -> None:
    text, reason = LARGE_BAD[name]
    refusal = refusal_of(lambda: parse(text))
    assert refusal.reason.id == reason
    assert len(said(refusal)) < 150


def test_what_only_the_parser_knows_is_told_in_its_words() -> None:
    """No text is known that gets here; a newer parser may have one."""
    fault = explain(b"[1]", "too odd at line 1")
    assert said(fault.refusal) == "The body is not JSON: too odd at line 1."


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
numbers = st.integers(INT64_MIN, INT64_MAX) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda parts: st.lists(parts) | st.dictionaries(texts, parts), max_leaves=30
)


@given(value=values, ascii_only=st.booleans(), indent=st.sampled_from([None, 0, 3]))
def test_any_value_survives(value: Json, ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001  hypothesis gives it
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    read = canonical(parse(text.encode()))
    assert read == canonical(json.loads(text))
    assert read == canonical(value)


def standard(text: bytes) -> Json:
    """What the standard library reads, or ``SYNTAX`` where it refuses."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        return json.loads(text.decode(), parse_constant=refuse)
    except ValueError:
        return SYNTAX


def strict(text: bytes) -> Json:
    """What is read, ``SYNTAX`` where it is no JSON, the fault where it may not be."""
    try:
        return parse(text)
    except Malformed as fault:
        return SYNTAX if fault.reason in (NOT_JSON, NOT_A_NUMBER) else fault


WORDS = rb"""{ } [ ] , : " \ \u d8 dc 00 0 1 - . e E + true false null NaN Infinity a "a" 1e999
    9223372036854775808"""
PIECES = [*WORDS.split(), b" ", b"\n", b"\xc3", b"\xa9", b"\0", b"\xed\xa0\x80"]
AROUND = [(b"", b""), (b"[", b"]"), (b'["', b'"]'), (b'{"a":', b"}")]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8), around=st.sampled_from(AROUND))
def test_the_standard_library_agrees_on_what_is_json(
    pieces: list[bytes], around: tuple[bytes, bytes]
) -> None:
    text = b"".join(pieces).join(around)
    expected, found = standard(text), strict(text)
    if SYNTAX in (expected, found):
        assert expected == found
    elif not isinstance(found, Malformed):
        assert canonical(found) == canonical(expected)


# Texts that nest deeper than the parser follows, where that is wanted.

FAR = 300


def within(text: str, levels: int = FAR - 1) -> bytes:
    return b"[" * levels + text.encode() + b"]" * levels


def inside(tree: object, levels: int = FAR - 1) -> object:
    for _ in range(levels):
        assert isinstance(tree, list)
        (tree,) = tree
    return tree


def test_a_deep_text_is_read_where_it_is_wanted() -> None:
    assert inside(parse(within('{"a": 1.5, "b": null}'), FAR)) == {"a": 1.5, "b": None}
    assert parse(b"[1]", FAR) == [1]


@pytest.mark.parametrize(
    ("text", "depth", "reason"),
    [
        ("[]", FAR - 1, reasons.TOO_DEEP),
        ('{"a": 1, "a": 1}', FAR, reasons.DUPLICATE_KEY),
        ("9999999999999999999", FAR, reasons.NUMBER_RANGE),
        ("NaN", FAR, reasons.NOT_A_NUMBER),
        ('"\\ud800"', FAR, reasons.LONE_SURROGATE),
        ("{", FAR, reasons.NOT_JSON),
        ("[" * 100_000, FAR, reasons.TOO_DEEP),
    ],
)
def test_a_deep_text_is_read_as_strictly(text: str, depth: int, reason: reasons.Reason) -> None:
    with pytest.raises(Malformed) as caught:
        parse(within(text), depth)
    assert caught.value.reason is reason


def test_a_refused_text_read_loosely() -> None:
    text = b'{"a": 1, "a": 2, "b": 99999999999999999999999, "c": 1e999, "d": "\\u0000"}'
    assert parse_loosely(text, FAR) == {"a": 2, "b": "9" * 23, "c": "1e999", "d": "\0"}
    for nothing in (b"{", b"\xff", b"[" * 100_000):
        assert parse_loosely(nothing, FAR) is None
