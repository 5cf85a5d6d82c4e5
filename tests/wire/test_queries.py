"""Query strings: what they mean, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.rules.finding import TaskFilter
from milepost.rules.reasons import Refusal
from milepost.rules.values import Status
from milepost.wire.queries import BadQuery, action, flag, list_query, only, parse_query
from tests.wire.samples import STATUS_NAMES, said

UNKNOWN = "milepost.query.unknown_parameter"
TWICE = "milepost.query.repeated_parameter"
BAD = "milepost.query.bad_parameter"
MISSING = "milepost.query.missing_parameter"


def refusal_of(read: Callable[[], object]) -> Refusal:
    with pytest.raises(BadQuery) as caught:
        read()
    return caught.value.refusal


def check(read: Callable[[], object], reason: str, says: str) -> None:
    refusal = refusal_of(read)
    assert (refusal.reason.id, said(refusal)) == (reason, says)


PARSED: dict[bytes, dict[str, list[str]]] = {
    b"": {},
    b"&": {},
    b"&&a=1&": {"a": ["1"]},
    b"a": {"a": [""]},
    b"a=": {"a": [""]},
    b"=": {"": [""]},
    b"=a": {"": ["a"]},
    b"a=1&b=2": {"a": ["1"], "b": ["2"]},
    b"b=2&a=1&b=1": {"b": ["2", "1"], "a": ["1"]},
    b"a=1&a=1": {"a": ["1", "1"]},
    b"a=b=c": {"a": ["b=c"]},
    b"a=1;b=2": {"a": ["1;b=2"]},
    b"a=?x": {"a": ["?x"]},
    b"a=VirtualMachine%3Avm-1": {"a": ["VirtualMachine:vm-1"]},
    b"a=%c3%a9%E2%82%AC": {"a": ["é€"]},
    b"a=\xc3\xa9": {"a": ["é"]},
    b"%61=1&a=2": {"a": ["1", "2"]},
    b"a=%26%3D%23": {"a": ["&=#"]},
    b"a%26b=1": {"a&b": ["1"]},
    b"a=1+2": {"a": ["1 2"]},
    b"a=1%2B2": {"a": ["1+2"]},
    b"a=1%20+2": {"a": ["1  2"]},
    b"a+b=1": {"a b": ["1"]},
    b"a=100%": {"a": ["100%"]},
    b"a=%zz%4": {"a": ["%zz%4"]},
    b"a=%2500": {"a": ["%00"]},
    b"~action=get": {"~action": ["get"]},
    b"%7Eaction=get": {"~action": ["get"]},
    b"a=%F0%9F%98%80": {"a": ["😀"]},
    b"a=%0A": {"a": ["\n"]},
}


@pytest.mark.parametrize("text", PARSED, ids=str)
def test_what_is_read(text: bytes) -> None:
    read = parse_query(text)
    assert read == PARSED[text]
    assert list(read) == list(PARSED[text])


NO_TEXT = {
    b"a=%ff": ("%ff", "not UTF-8; UTF-8 text"),
    b"a=1&b=%C3": ("%C3", "not UTF-8; UTF-8 text"),
    b"a=%C0%80": ("%C0%80", "not UTF-8; UTF-8 text"),
    b"a=%ED%A0%80": ("%ED%A0%80", "not UTF-8; UTF-8 text"),
    b"%ff=1": ("%ff", "not UTF-8; UTF-8 text"),
    b"a=\xff": ("ÿ", "not UTF-8; UTF-8 text"),
    b"a=%00": ("%00", "a NUL; text without it"),
    b"a=b%00c": ("b%00c", "a NUL; text without it"),
    b"%00=1": ("%00", "a NUL; text without it"),
    b"a=" + b"x" * 99 + b"%00": ("x" * 59 + "…", "a NUL; text without it"),
}


@pytest.mark.parametrize("text", NO_TEXT, ids=lambda text: str(text[:20]))
def test_what_is_no_text(text: bytes) -> None:
    shown, says = NO_TEXT[text]
    says = f"The query parameter {shown} is {says} is expected."
    check(lambda: parse_query(text), BAD, says)


@given(
    pairs=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1
        ),
    )
)
def test_any_text_survives_percent_encoding(pairs: dict[str, list[str]]) -> None:
    def encoded(text: str) -> str:
        return "".join(f"%{byte:02X}" for byte in text.encode())

    parts = [
        f"{encoded(name)}={encoded(value)}" for name, values in pairs.items() for value in values
    ]
    assert parse_query("&".join(parts).encode()) == pairs


@given(st.binary(max_size=30))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        parse_query(text)
    except BadQuery as fault:
        assert len(said(fault.refusal)) < 300  # noqa: PT017  either outcome is right


def test_only_known_parameters_and_each_once() -> None:
    known = ("a", "b")
    only({}, known)
    only({}, ())
    only(parse_query(b"b=1&a=2"), known)
    check(lambda: only(parse_query(b"a=1&c=%20x"), known), UNKNOWN,
          "The query parameter c (value  x) is not known here.")  # fmt: skip
    check(lambda: only(parse_query(b"A=1"), known), UNKNOWN,
          "The query parameter A (value 1) is not known here.")  # fmt: skip
    check(lambda: only(parse_query(b"a=1&b=2&a=3"), known), TWICE,
          "The query parameter a is given twice; the second value is 3.")  # fmt: skip
    check(lambda: only(parse_query(b"a=1&a=1"), known), TWICE,
          "The query parameter a is given twice; the second value is 1.")  # fmt: skip
    long = b"n" * 99 + b"=" + b"v" * 99
    check(lambda: only(parse_query(long), known), UNKNOWN,
          f"The query parameter {'n' * 59}… (value {'v' * 59}…) is not known here.")  # fmt: skip


def test_booleans() -> None:
    assert flag({}, "x") is False
    assert flag(parse_query(b"x=true"), "x") is True
    assert flag(parse_query(b"x=false"), "x") is False


@pytest.mark.parametrize("value", ["", "True", "TRUE", "1", "0", "yes", "true ", "null", "False"])
def test_what_is_no_boolean(value: str) -> None:
    says = f"The query parameter x is {value}; true or false is expected."
    check(lambda: flag({"x": [value]}, "x"), BAD, says)


def test_actions() -> None:
    action(parse_query(b"action=cancel"), "action", "cancel")
    action(parse_query(b"~action=get"), "~action", "get")
    check(lambda: action({}, "action", "cancel"), MISSING,
          "The query parameter action is missing; cancel is expected.")  # fmt: skip
    for other in ("", "Cancel", "cancel ", "delete"):
        says = f"The query parameter action is {other}; cancel is expected."
        check(partial(action, {"action": [other]}, "action", "cancel"), BAD, says)


def read_list(text: str) -> tuple[TaskFilter, bool]:
    return list_query(
        parse_query(text.encode()), filter_prefix="filter_spec.", result_prefix="result_spec."
    )


VM, HOST = ("VirtualMachine", "vm-1"), ("HostSystem", "host-2")
F = "filter_spec."
# fmt: off
LISTS: dict[str, TaskFilter] = {
    "": TaskFilter(),
    f"{F}tasks=a": TaskFilter(ids=frozenset({"a"})),
    f"{F}tasks=a&{F}tasks=b&{F}tasks=a": TaskFilter(ids=frozenset({"a", "b"})),
    f"{F}tasks=a,b": TaskFilter(ids=frozenset({"a,b"})),
    f"{F}services=com.acme.x&{F}services=y": TaskFilter(services=frozenset({"com.acme.x", "y"})),
    f"{F}operations=o": TaskFilter(operations=frozenset({"o"})),
    f"{F}users=ann%40acme&{F}users=b+c": TaskFilter(users=frozenset({"ann@acme", "b c"})),
    f"{F}status=RUNNING": TaskFilter(status=frozenset({Status.RUNNING})),
    "&".join(f"{F}status={name}" for name in STATUS_NAMES.split()):
        TaskFilter(status=frozenset(Status)),
    f"{F}targets=VirtualMachine:vm-1": TaskFilter(targets=frozenset({VM})),
    f"{F}targets=VirtualMachine%3Avm-1&{F}targets=HostSystem:host-2":
        TaskFilter(targets=frozenset({VM, HOST})),
    f"{F}targets=a:b:c": TaskFilter(targets=frozenset({("a", "b:c")})),
    f"{F}targets=:": TaskFilter(targets=frozenset({("", "")})),
    f"{F}targets=a:": TaskFilter(targets=frozenset({("a", "")})),
    f"{F}targets.1.type=VirtualMachine&{F}targets.1.id=vm-1": TaskFilter(targets=frozenset({VM})),
    f"{F}targets.0.id=vm-1&{F}targets.7.type=HostSystem&{F}targets.0.type=VirtualMachine"
    f"&{F}targets.7.id=host-2": TaskFilter(targets=frozenset({VM, HOST})),
    f"{F}targets.0.id=a:b&{F}targets.0.type=c:d": TaskFilter(targets=frozenset({("c:d", "a:b")})),
    f"{F}targets=HostSystem:host-2&{F}targets.0.type=VirtualMachine&{F}targets.0.id=vm-1":
        TaskFilter(targets=frozenset({VM, HOST})),
    f"{F}targets.1.type=a&{F}targets.1.id=b&{F}targets.2.type=a&{F}targets.2.id=b":
        TaskFilter(targets=frozenset({("a", "b")})),
    f"{F}tasks=a&{F}services=b&{F}operations=c&{F}status=FAILED&{F}targets=d:e&{F}users=f":
        TaskFilter(ids=frozenset("a"), services=frozenset("b"), operations=frozenset("c"),
                   status=frozenset({Status.FAILED}), targets=frozenset({("d", "e")}),
                   users=frozenset("f")),
}
# fmt: on


def bad(name: str, value: str, expected: str) -> tuple[str, str]:
    return BAD, f"The query parameter {name} is {value}; {expected} is expected."


def missing(name: str) -> tuple[str, str]:
    return MISSING, f"The query parameter {name} is missing; a text is expected."


def twice(name: str, value: str) -> tuple[str, str]:
    return TWICE, f"The query parameter {name} is given twice; the second value is {value}."


def unknown(name: str, value: str) -> tuple[str, str]:
    return UNKNOWN, f"The query parameter {name} (value {value}) is not known here."


BOOLEAN = "true or false"
STATUSES = ", ".join(STATUS_NAMES.split())
R = "result_spec."
NO_LISTS = {
    f"{F}status=running": bad(f"{F}status", "running", STATUSES),
    f"{F}status=": bad(f"{F}status", "", STATUSES),
    f"{F}status=RUNNING&{F}status=x": bad(f"{F}status", "x", STATUSES),
    f"{F}targets=vm-1": bad(f"{F}targets", "vm-1", "TYPE:ID"),
    f"{F}targets=": bad(f"{F}targets", "", "TYPE:ID"),
    f"{F}targets.0.type=a": missing(f"{F}targets.0.id"),
    f"{F}targets.3.id=a": missing(f"{F}targets.3.type"),
    f"{F}targets.0.type=a&{F}targets.1.id=b": missing(f"{F}targets.0.id"),
    f"{F}targets.0.type=a&{F}targets.0.id=b&{F}targets.0.id=c": twice(f"{F}targets.0.id", "c"),
    f"{F}targets.0.name=a": unknown(f"{F}targets.0.name", "a"),
    f"{F}targets.0=a": unknown(f"{F}targets.0", "a"),
    f"{F}targets.x.id=a": unknown(f"{F}targets.x.id", "a"),
    f"{F}targets.-1.id=a": unknown(f"{F}targets.-1.id", "a"),
    f"{F}targets..id=a": unknown(f"{F}targets..id", "a"),
    f"{F}targets.²=a": unknown(f"{F}targets.²", "a"),
    f"{F}targets.².id=a": unknown(f"{F}targets.².id", "a"),
    f"{F}targets.٣.id=a": unknown(f"{F}targets.٣.id", "a"),
    f"{F}targets.0.id.x=a": unknown(f"{F}targets.0.id.x", "a"),
    f"{F}tasks=a&tasks=b": unknown("tasks", "b"),
    f"{F}task=b": unknown(f"{F}task", "b"),
    "exclude_result=true": unknown("exclude_result", "true"),
    f"{R}exclude_result=1": bad(f"{R}exclude_result", "1", BOOLEAN),
    f"{R}return_all=": bad(f"{R}return_all", "", BOOLEAN),
    f"{R}return_all=true&{R}return_all=false": twice(f"{R}return_all", "false"),
}


@pytest.mark.parametrize("text", LISTS)
def test_filters(text: str) -> None:
    assert read_list(text) == (LISTS[text], False)


@pytest.mark.parametrize("text", NO_LISTS)
def test_filters_that_are_refused(text: str) -> None:
    reason, says = NO_LISTS[text]
    check(lambda: read_list(text), reason, says)


def test_filters_without_prefix() -> None:
    query = parse_query(b"tasks=a&targets.0.type=t&targets.0.id=i&exclude_result=true")
    wanted, exclude_result = list_query(query, filter_prefix="", result_prefix="")
    assert wanted == TaskFilter(ids=frozenset({"a"}), targets=frozenset({("t", "i")}))
    assert exclude_result
    foreign = parse_query(b"filter_spec.tasks=a")
    says = "The query parameter filter_spec.tasks (value a) is not known here."
    check(lambda: list_query(foreign, filter_prefix="", result_prefix=""), UNKNOWN, says)


def test_what_is_shown_of_results() -> None:
    for text, excluded in (
        ("", False),
        ("result_spec.exclude_result=true", True),
        ("result_spec.exclude_result=false", False),
        ("result_spec.return_all=true", False),
        ("result_spec.return_all=false&result_spec.exclude_result=true", True),
    ):
        assert read_list(text) == (TaskFilter(), excluded)


def test_an_empty_list_is_unset() -> None:
    query: dict[str, list[str]] = {"filter_spec.tasks": [], "filter_spec.status": []}
    read = list_query(query, filter_prefix="filter_spec.", result_prefix="result_spec.")
    assert read == (TaskFilter(), False)


def test_the_query_is_left_as_it_was() -> None:
    query = parse_query(b"filter_spec.targets.0.type=t&filter_spec.targets.0.id=i")
    before = {name: list(values) for name, values in query.items()}
    list_query(query, filter_prefix="filter_spec.", result_prefix="result_spec.")
    assert query == before
