"""The page about performance: it takes the newest results, and the curves show their points."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from docs import _performance
from docs._charts import Plot, picture, scale, shown
from tests.documents import parsed

LABELS = ["1", "10", "100"]


def put(folder: Path, name: str, **result: object) -> None:
    (folder / name).write_text(json.dumps(result), "utf-8")


def circles(svg: str) -> list[tuple[float, float]]:
    found = parsed(svg).findall(".//{*}circle")
    return [(float(circle.attrib["cx"]), float(circle.attrib["cy"])) for circle in found]


def test_the_pictures_are_what_the_generator_makes() -> None:
    made = _performance.pictures()
    assert sorted(_performance.IMAGES.glob("growth-*.svg")) == sorted(made), "run: make docs"
    for path, text in made.items():
        assert path.read_text("utf-8") == text, "run: make docs"


def test_the_newest_result_of_a_kind_counts(tmp_path: Path) -> None:
    put(tmp_path, "2026-01-02-bbb.json", kind="budget", at="2026-01-02T09:00:00+00:00", commit="b")
    put(tmp_path, "2026-01-02-aaa.json", kind="budget", at="2026-01-02T10:00:00+00:00", commit="a")
    put(tmp_path, "2026-01-03-ccc.json", kind="growth", at="2026-01-03T10:00:00+00:00", commit="c")
    put(tmp_path, "2026-01-04-ddd.json", at="2026-01-04T10:00:00+00:00", commit="d")
    for kind, commit in (("budget", "a"), ("growth", "c")):
        result = _performance.newest(kind, tmp_path)
        assert result is not None
        assert result["commit"] == commit


def test_without_a_result_the_page_says_how_to_get_one(tmp_path: Path) -> None:
    assert _performance.newest("budget", tmp_path) is None
    assert "`make bench`" in _performance.budget(None)
    assert "`make bench`" in _performance.counted(None)
    assert "`make growth`" in _performance.growth(None)
    assert "`make bench-more`" in _performance.hotpath(None)
    assert "`make bench-more`" in _performance.overload(None)
    assert _performance.drawings(None) == {}


MACHINE = {"cores": 2, "memory_gib": 24, "system": "Linux", "python": "3.11", "sqlite": "3"}
RUN = {"at": "2026-01-02T09:00:00+00:00", "commit": "abc", "command": "c", "machine": MACHINE}


def test_where_the_time_goes_is_told_in_microseconds() -> None:
    page = _performance.hotpath(
        {
            **RUN,
            "echo": {"per_second": 40_000, "loop": 24.0, "others": 0.5},
            "PATCH": {"per_second": 12_500, "loop": 55.0, "others": 21.0},
            "parts": {"decide": 30.0, "decode the body": 25.0},
            "looks": 2000,
        }
    )
    assert "| echo | 25 | 24 | 0.500 |\n| PATCH | 80 | 55 | 21 |" in page
    assert "from 2,000 looks" in page
    assert "| decide | 30 |\n| decode the body | 25 |" in page


def test_an_overload_is_told_with_what_was_refused() -> None:
    one = {"offered_per_second": 20, "accepted_per_second": 6, "shed_per_second": 14}
    line = {"name": "tail", "value": 4.5, "must": 5, "aim": None, "more_is_better": False}
    page = _performance.overload(
        {
            **RUN,
            "parts": {"over": {**one, "accepted_ms": {"p50": 9.0, "p99": 30.0}}},
            "lines": [{**line, "verdict": "must met"}],
        }
    )
    assert "| over | 20 | 6 | 14 | 9 | 30 |" in page
    assert "| tail | ≤ 5 | 4.50 | must met |" in page


def test_a_curve_has_a_point_for_each_value_as_high_as_it_is() -> None:
    svg = picture("Title", "things", LABELS, [Plot("a", [0, 50, 100]), Plot("b", [4, 2, 0])])
    points = circles(svg)
    assert len(points) == 6
    rising, falling = points[:3], points[3:]
    assert rising == sorted(rising, key=lambda point: (point[0], -point[1]))
    (_, low), (_, middle), (_, high) = rising
    assert low - middle == pytest.approx(middle - high)
    assert [y for _, y in falling] == sorted(y for _, y in falling)
    line = parsed(svg).findall(".//{*}polyline")[0].attrib["points"]
    assert line == " ".join(f"{x},{y}" for x, y in rising)


def test_a_picture_tells_its_points_in_words_and_brings_its_background() -> None:
    svg = picture("Up & down", "things", LABELS, [Plot("a <b>", [1000, 25.5, 3])])
    root = parsed(svg)
    assert [child.text for child in root[:2]] == [
        "Up & down",
        "a <b>: 1,000 at 1, 25.5 at 10, 3 at 100",
    ]
    assert root[2].tag.endswith("rect")
    assert (root[2].attrib["width"], root[2].attrib["height"]) == (
        root.attrib["width"],
        root.attrib["height"],
    )
    assert "<script" not in svg


def test_of_many_labels_every_other_one_is_written_and_the_last() -> None:
    labels = [str(2**power) for power in range(10)]
    svg = picture("Title", "things", labels, [Plot("a", [7] * 10)])
    written = [text.text for text in parsed(svg).findall(".//{*}text")]
    assert [label for label in labels if label in written[-6:]] == ["2", "8", "32", "128", "512"]


@pytest.mark.parametrize("most", [0, 0.003, 1, 7, 99, 100, 101, 12_345, 1_000_000])
def test_a_scale_has_few_lines_at_round_numbers_and_room_for_all(most: float) -> None:
    step, top = scale(most)
    assert top >= most
    assert top - step < max(most, step)
    assert 1 <= round(top / step) <= 5
    assert re.fullmatch(r"(?:1|2|2\.5|5)0*e[+-]\d+", f"{step:.1e}".replace(".0", "")), step


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0123, "0.0123"), (1.234, "1.23"), (45.67, "45.7"), (1234.6, "1,235"), (8, "8")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert shown(value) == text
