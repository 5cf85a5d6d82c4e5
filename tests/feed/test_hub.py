"""What is held for the watchers, how often it is encoded, and how much one takes at once."""

from __future__ import annotations

import pytest

from milepost.feed.hub import MOST_AT_ONCE, FellBehind, Hub
from milepost.store.base import Event, Position
from tests.feed.book import ALL, encode, event_of, of_tasks, positions, task


class Encoder:
    """Counts what it encodes; an event of task 9 is large."""

    def __init__(self) -> None:
        self.asked: list[Position] = []

    def __call__(self, event: Event) -> bytes:
        self.asked.append(event.position)
        large = b" " * (MOST_AT_ONCE if event.task.id == task(9).id else 0)
        return encode(event) + large


def tell(hub: Hub, *numbers: int) -> None:
    """A round with an event of each of these tasks."""
    first = hub.position + 1
    hub.tell([event_of(first + place, task(number)) for place, number in enumerate(numbers)])


def test_an_event_is_encoded_once_whoever_wants_it_and_not_when_nobody_does() -> None:
    encoder = Encoder()
    hub = Hub(encoder, most_held=1000)
    views = [hub.views.enter(of_tasks(1)), hub.views.enter(of_tasks(1, 2))]
    tell(hub, 1, 2, 3)
    assert [positions(hub.take(view, 0).data) for view in views] == [[1], [1, 2]]
    assert [hub.take(view, 0).through for view in views] == [3, 3]
    assert encoder.asked == [1, 2]


def test_watchers_of_a_view_take_the_same_bytes() -> None:
    hub = Hub(encode, most_held=1000)
    view = hub.views.enter(ALL)
    hub.views.enter(ALL)
    tell(hub, 1, 2)
    assert hub.take(view, 0).data is hub.take(view, 0).data


def test_joined_bytes_are_not_remembered_beyond_a_bound() -> None:
    hub = Hub(encode, most_held=4)
    views = [hub.views.enter(wanted) for wanted in (of_tasks(1, 2), of_tasks(2, 1, 3), ALL) * 2]
    tell(hub, 1, 2)
    assert [positions(hub.take(view, 0).data) for view in views] == [[1, 2]] * 6
    assert len(hub._joined) == 1


def test_one_who_has_taken_part_of_a_round_takes_the_rest() -> None:
    hub = Hub(encode, most_held=1000)
    view = hub.views.enter(ALL)
    tell(hub, 1, 2, 3)
    assert positions(hub.take(view, 2).data) == [3]
    assert hub.take(view, 3).data == b""


def test_one_who_missed_rounds_takes_them_all() -> None:
    hub = Hub(encode, most_held=1000)
    view, other = hub.views.enter(of_tasks(1, 2)), hub.views.enter(of_tasks(5))
    tell(hub, 1, 5)
    tell(hub, 2, 3)
    tell(hub, 5, 1)
    assert positions(hub.take(view, 0).data) == [1, 3, 6]
    assert positions(hub.take(view, 1).data) == [3, 6]
    assert positions(hub.take(other, 0).data) == [2, 5]


def test_no_more_is_held_than_may_be() -> None:
    hub = Hub(encode, most_held=8)
    view = hub.views.enter(ALL)
    for _ in range(6):
        tell(hub, 1)
    for lost in (0, 1):
        with pytest.raises(FellBehind):
            hub.take(view, lost)
    assert positions(hub.take(view, 2).data) == [3, 4, 5, 6]
    assert hub._held_bytes == 8


def test_what_is_not_wanted_pushes_nothing_out() -> None:
    hub = Hub(encode, most_held=4)
    view = hub.views.enter(of_tasks(1))
    tell(hub, 1)
    for _ in range(20):
        tell(hub, 2)
    assert positions(hub.take(view, 0).data) == [1]


def test_the_newest_is_held_whatever_its_size() -> None:
    hub = Hub(Encoder(), most_held=1)
    view = hub.views.enter(ALL)
    tell(hub, 9)
    tell(hub, 2)
    assert positions(hub.take(view, 1).data) == [2]
    tell(hub, 9)
    assert positions(hub.take(view, 2).data) == [3]


def test_what_is_taken_at_once_is_bounded_and_a_large_one_goes_alone() -> None:
    hub = Hub(Encoder(), most_held=10 * MOST_AT_ONCE)
    view = hub.views.enter(ALL)
    tell(hub, 1, 9, 9, 2, 3)
    position, pieces = 0, []
    while position < hub.position:
        data, position = hub.take(view, position)
        pieces.append(positions(data))
    assert pieces == [[1], [2], [3], [4, 5]]


def test_beginning_anew_holds_nothing() -> None:
    hub = Hub(encode, most_held=1000)
    view = hub.views.enter(ALL)
    tell(hub, 1, 2)
    hub.begin(7)
    assert hub.take(view, 7) == (b"", 7)
    with pytest.raises(FellBehind):
        hub.take(view, 6)
    tell(hub, 1)
    assert positions(hub.take(view, 7).data) == [8]
