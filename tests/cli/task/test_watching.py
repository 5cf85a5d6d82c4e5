"""Which lines ``milepost task watch`` writes into a log, with a written clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from milepost.cli.output.screen import Piece
from milepost.cli.task import watching
from milepost.cli.task.bars import in_height
from milepost.cli.task.following import Following, Trouble
from milepost.client.errors import Away
from milepost.client.values import Progress, Task
from milepost.rules.values import Status
from tests.cli.output.samples import task


class Written:
    """Gives what is to be seen, and lets the time pass that it is seen at."""

    def __init__(self, *steps: tuple[float, Task | Trouble | None]) -> None:
        self.now = 0.0
        self._steps = steps

    def monotonic(self) -> float:
        return self.now

    def seen(self, _: float, __: float | None) -> Iterator[Task | Trouble | None]:
        for now, found in self._steps:
            self.now = now
            yield found


def at(revision: int, completed: int, status: Status = Status.RUNNING) -> Task:
    return task(1, revision=revision, progress=Progress(10, completed), status=status)


def lines_of(written: Written, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    """When each line is written, and what it says without its time and title."""
    monkeypatch.setattr("milepost.cli.task.watching.time.monotonic", written.monotonic)
    following = cast("Following", written)
    lines = watching.log_lines(following, {}, 5.0, None, named=False)
    return [(written.now, line[10:].partition("  com.")[0]) for line in lines]


def test_progress_is_told_now_and_then_and_the_latest_always(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = Written(
        *((0, at(1, 0)), (1, at(2, 1)), (2, at(3, 2)), (4.9, None), (5, None), (9, at(4, 3))),
        *((30, None), (31, at(5, 4)), (32, at(6, 5)), (33, at(7, 5, Status.SUCCEEDED))),
    )
    assert lines_of(written, monkeypatch) == [
        (0, "RUNNING  0%  0/10"),
        (5, "RUNNING  20%  2/10"),
        (30, "RUNNING  30%  3/10"),
        (33, "SUCCEEDED  50%  5/10"),
    ]


def test_a_break_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = Trouble(Away("refused", sent=False))
    steps = ((0, at(1, 0)), (1, trouble), (2, trouble), (9, at(2, 1)), (10, trouble))
    said = lines_of(Written(*steps), monkeypatch)
    assert [when for when, _ in said] == [0, 1, 9, 10]


@pytest.mark.parametrize(("room", "shown"), [(5, 3), (3, 3), (2, 2), (1, 1), (0, 1)])
def test_what_there_is_no_room_for_is_counted(room: int, shown: int) -> None:
    lines = [[Piece(str(number))] for number in range(3)]
    found = in_height(list(lines), room)
    assert len(found) == shown
    if shown < 3:
        assert found[-1][0].text == f"and {4 - shown} more"
