"""The check of histories says yes and no where it should."""

from __future__ import annotations

import pytest

from tests.contract.linear import Op, fault_in

GOOD: list[list[Op]] = [
    [],
    [Op("write", 0, 1, 1), Op("write", 2, 3, 2), Op("read", 4, 5, 2)],
    # Called together, answered in the other order.
    [Op("write", 0, 9, 1), Op("write", 1, 5, 2), Op("read", 2, 4, 1)],
    # A read that overlaps a write may see either side of it.
    [Op("write", 0, 5, 1), Op("read", 1, 2, 0), Op("read", 3, 4, 1)],
]

BAD: list[tuple[list[Op], str]] = [
    ([Op("write", 0, 1, 1), Op("write", 2, 3, 1)], "two writes made version 1"),
    ([Op("write", 0, 1, 1), Op("write", 2, 3, 3)], "version 2 was seen, but no write made it"),
    ([Op("read", 0, 1, 1), Op("write", 2, 3, 1)], "version 1 was read before it existed"),
    # A stale read: version 2 was answered before the read of 1 was called.
    (
        [Op("write", 0, 1, 1), Op("write", 2, 3, 2), Op("read", 4, 5, 1)],
        "version 2 was answered before it could be made",
    ),
    # Two reads that go backwards.
    (
        [Op("write", 0, 9, 1), Op("read", 1, 2, 1), Op("read", 3, 4, 0)],
        "version 1 was read before it existed",
    ),
]


@pytest.mark.parametrize("history", GOOD)
def test_what_can_have_happened(history: list[Op]) -> None:
    assert fault_in(history) is None


@pytest.mark.parametrize(("history", "fault"), BAD)
def test_what_cannot(history: list[Op], fault: str) -> None:
    assert fault_in(history) == fault
