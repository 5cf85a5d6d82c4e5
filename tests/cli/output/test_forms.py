"""JSON and YAML read back as what was written, and nothing in them moves a terminal."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from milepost.cli.output.formats import json_line, json_page
from milepost.cli.output.page import folded
from milepost.cli.output.safe import visible, visible_lines
from milepost.cli.output.screen import cells, fitted
from milepost.cli.output.times import moment, seconds, span, when
from milepost.cli.output.yaml import to_yaml
from milepost.cli.task.saying import progress_of
from milepost.client.values import FieldChange
from tests.cli.output.samples import NOW

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        *(
            "yes",
            "No",
            "null",
            "~",
            "1e3",
            "0x1",
            "1_000",
            "2026-11-25",
            "1:20",
            "a: b",
            "- a",
            "a:",
        ),
        *(
            "# a",
            "",
            " a ",
            "<<",
            "=",
            "!!str",
            "%a",
            "\x85",
            "\u2028",
            "\ufeff",
            "\x1b[31m",
            "\u202e",
        ),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(TEXTS, parts, max_size=4),
    max_leaves=12,
)


def moves_a_terminal(text: str) -> bool:
    kinds = {"Cc", "Cf", "Zl", "Zp"}
    return any(unicodedata.category(c) in kinds for c in text if c not in "\n\u200c\u200d")


@given(VALUES)
def test_yaml_reads_back(value: Any) -> None:
    text = to_yaml(value)
    assert yaml.safe_load(text) == value
    assert not moves_a_terminal(text)


@given(VALUES)
def test_json_reads_back(value: Any) -> None:
    for text in (json_line(value), json_page(value)):
        assert json.loads(text) == value
        assert not moves_a_terminal(text)


@given(st.text())
def test_visible_text_moves_nothing(text: str) -> None:
    assert not moves_a_terminal(visible(text))
    assert "\n" not in visible(text)
    assert not any(moves_a_terminal(line) for line in visible_lines(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r", "a\\x0ab\\x0d"),
        ("\u202e\u200b", "\\u202e\\u200b"),
        ("\U000e0041", "\\U000e0041"),
        ("👩‍👩‍👧 é ü 漢", "👩‍👩‍👧 é ü 漢"),
    ],
)
def test_what_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_stay_lines() -> None:
    assert visible_lines("a\r\nb\n\tc\x1b") == ["a", "b", "    c\\x1b"]


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Mn"])), st.integers(1, 60))
def test_what_is_fitted_has_its_width(text: str, size: int) -> None:
    assert cells(fitted(text, size)) == size


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"])), st.integers(2, 60))
def test_what_is_folded_fits_and_says_all(text: str, room: int) -> None:
    lines = folded(text, room)
    assert all(cells(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_null_in_a_result_stays() -> None:
    change = FieldChange("result", None, {"a": None})
    assert json.loads(json_line(change)) == {"field": "result", "after": {"a": None}}


@pytest.mark.parametrize(
    ("text", "value"),
    [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("2d", 172_800), ("1w", 604_800)],
)
def test_lengths_of_time(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "m", "5 m", "-5m", "5y", "1e3", "٣m"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(click.BadParameter):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-25T14:30:00Z", datetime(2026, 11, 25, 14, 30, tzinfo=UTC)),
        ("2026-11-25 14:30", datetime(2026, 11, 25, 13, 30, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
    ],
)
def test_points_in_time_are_local_unless_they_say(text: str, instant: datetime) -> None:
    assert when(text) == instant


def test_a_time_ago() -> None:
    assert 7199 < (datetime.now(UTC) - when("2h")).total_seconds() < 7260


@pytest.mark.parametrize("text", ["", "yesterday", "99", "2026-13-01", "99999999w"])
def test_what_is_no_point_in_time(text: str) -> None:
    with pytest.raises(click.BadParameter):
        when(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((None, ""), (-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m00s")),
        *((3725, "1h02m"), (90_061, "1d01h")),
    ],
)
def test_spans(value: float | None, text: str) -> None:
    assert span(value) == text


def test_a_moment_tells_the_day_when_it_is_another() -> None:
    assert moment(NOW, NOW) == "15:30:00"
    assert moment(NOW, NOW.replace(day=26)) == "2026-11-25 15:30"
    assert moment(None, NOW) == ""


@pytest.mark.parametrize(
    ("text", "value"), [("3/10", (3, 10)), ("30%", (30, 100)), ("0/0", (0, 0))]
)
def test_progress(text: str, value: tuple[int, int]) -> None:
    assert progress_of(text) == value


@pytest.mark.parametrize("text", ["", "3", "3/", "/3", "-1/3", "1.5/3", "٣/10", "3 / 10"])
def test_what_is_no_progress(text: str) -> None:
    with pytest.raises(click.BadParameter):
        progress_of(text)


def test_members_are_named_as_at_v1() -> None:
    assert msgspec.json.decode(json_line(FieldChange("status", "a", "b"))) == {
        "field": "status",
        "before": "a",
        "after": "b",
    }
