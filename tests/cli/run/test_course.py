"""What is reported of what was read never goes back, and is what people expect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.cli.run.course import LONGEST, Course
from milepost.cli.run.readings import Reading


def told(*readings: tuple[int, int] | Reading) -> list[tuple[int, int] | None]:
    course, found = Course(), []
    for reading in readings:
        course.take(Reading(*reading))
        found.append(course.progress)
    return found


DOUBTFUL = Reading(1, 2, firm=False)


@pytest.mark.parametrize(
    ("readings", "last"),
    [
        ([(1, 10), (3, 10), (3, 10)], (3, 10)),
        # A retry from the beginning: the higher value stays until it is overtaken.
        ([(60, 100), (0, 100), (30, 100)], (60, 100)),
        ([(60, 100), (0, 100), (61, 100)], (61, 100)),
        # Parts: download, then unpack.
        ([(50, 100), (100, 100), (0, 100)], (100, 200)),
        ([(99, 100), (30, 100)], (130, 200)),
        ([(100, 100), (3, 10)], (103, 110)),
        ([(96, 100), (95, 100)], (96, 100)),
        # Percentages inside a step do not take its place.
        ([(1, 10), (50, 100), (100, 100), (2, 10), (10, 100)], (2, 10)),
        ([DOUBTFUL, (50, 100), (51, 100), (52, 100)], (52, 100)),
        ([DOUBTFUL, (50, 100), (50, 100)], (1, 2)),
        ([Reading(5, 10, firm=False), (1, 100), (2, 100)], (5, 103)),
        ([DOUBTFUL, Reading(2, 2, firm=False), (0, 100), (4, 100)], (6, 102)),
        ([(LONGEST, LONGEST), (1, 10)], (LONGEST, LONGEST)),
    ],
)
def test_courses(readings: list[tuple[int, int]], last: tuple[int, int]) -> None:
    assert told(*readings)[-1] == last


READINGS = st.tuples(st.integers(0, 12), st.integers(1, 12), st.booleans()).map(
    lambda found: Reading(min(found[:2]), *found[1:])
)


@given(st.lists(READINGS))
def test_completed_never_falls_and_fits_its_total(readings: list[Reading]) -> None:
    before = 0
    for progress in told(*readings):
        assert progress is not None
        completed, total = progress
        assert before <= completed <= total
        before = completed


@given(st.lists(READINGS), READINGS)
def test_what_would_be_is_what_comes(readings: list[Reading], last: Reading) -> None:
    course = Course()
    for reading in readings:
        course.take(reading)
    before = course.progress
    expected = course.would_be([last])
    assert course.would_be([]) == course.progress == before
    course.take(last)
    assert course.progress == expected
