"""Watchers of a log: each hears every wanted event behind its position once, in order."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.feed.feed import Ahead, Feed, FeedLimits, TooManyWatchers
from milepost.feed.hub import FellBehind
from milepost.feed.watcher import PAGE, Gone, Watcher
from milepost.rules.finding import TaskFilter
from milepost.rules.values import Status
from milepost.store.base import Position, Unavailable
from tests.feed.book import ALL, Book, following, heard, of_tasks, positions, silent

FILTERS = [ALL, of_tasks(0), of_tasks(1, 2), TaskFilter(operations=frozenset({"none"}))]


def scenario(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    @functools.wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


def in_an_hour() -> float:
    return asyncio.get_running_loop().time() + 3600


@scenario
async def test_events_from_now_on_are_heard_in_order() -> None:
    book = Book(1)
    async with following(book) as feed:
        one = await feed.watch(ALL, None)
        assert one.position == 1
        assert await silent(one)
        for _ in range(3):
            feed.wake(book.add(1))
        assert await heard(one, 3) == [2, 3, 4]
        assert await silent(one)
        assert one.position == 4


@scenario
async def test_an_old_position_is_caught_up_with_in_pages() -> None:
    book = Book(*[0, 1] * PAGE)
    async with following(book) as feed:
        one = await feed.watch(of_tasks(1), 5)
        wanted = book.wanted(of_tasks(1), 5)
        assert await heard(one, len(wanted)) == wanted
        assert book.reads == 2
        feed.wake(book.add(1))
        assert await heard(one, 1) == [book.last]


@scenario
async def test_a_filter_that_matches_nothing_moves_on_with_the_log() -> None:
    book = Book(*[1] * 3 * PAGE)
    async with following(book) as feed:
        one = await feed.watch(of_tasks(2), 0)
        everything = await feed.watch(ALL, None)
        assert await silent(one)
        assert one.position == PAGE, "it says nothing, but comes back in time"
        while one.position < book.last:
            assert await silent(one)
        feed.wake(book.add(1))
        assert await heard(everything, 1) == [book.last]
        assert await silent(one)
        assert one.position == book.last


@scenario
async def test_a_hint_costs_nothing_when_nobody_watches_or_it_is_old() -> None:
    book = Book()
    async with following(book) as feed:
        feed.wake(book.add(1))
        one = await feed.watch(ALL, None)
        feed.wake(1)
        await asyncio.sleep(0.01)
        assert book.reads == 0
        feed.wake(book.add(1))
        assert await heard(one, 1) == [2]
        one.close()
        before = book.reads
        feed.wake(book.add(1))
        await asyncio.sleep(0.01)
        assert book.reads == before


@scenario
async def test_who_begins_ahead_of_the_hub_hears_nothing_of_before() -> None:
    """The hub has not yet heard of an event that was answered before somebody began to watch."""
    book = Book()
    async with following(book) as feed:
        first = await feed.watch(ALL, None)
        book.add(1)
        late = await feed.watch(ALL, None)
        waiting = asyncio.ensure_future(heard(late, 1))
        await asyncio.sleep(0)
        feed.wake(1)
        assert await heard(first, 1) == [1]
        feed.wake(book.add(1))
        assert await waiting == [2]


@scenario
async def test_one_that_waits_in_vain_knows_how_far_the_log_has_come() -> None:
    book = Book()
    async with following(book) as feed:
        one, everything = await feed.watch(of_tasks(2), None), await feed.watch(ALL, None)
        waiting = asyncio.ensure_future(one.next(asyncio.get_running_loop().time() + 0.1))
        await asyncio.sleep(0)
        feed.wake(book.add(1))
        assert await heard(everything, 1) == [1]
        assert one.position == 0
        assert await waiting == b""
        assert one.position == 1


@scenario
async def test_an_event_without_a_hint_is_found_by_the_poll() -> None:
    book = Book()
    async with following(book, poll_seconds=0.01) as feed:
        one = await feed.watch(ALL, None)
        book.add(1)
        assert await heard(one, 1) == [1]


@scenario
async def test_who_watches_after_a_pause_hears_only_what_is_new() -> None:
    book = Book()
    async with following(book) as feed:
        one = await feed.watch(ALL, None)
        one.close()
        for _ in range(5):
            feed.wake(book.add(1))
        late = await feed.watch(ALL, None)
        old = await feed.watch(ALL, 3)
        feed.wake(book.add(1))
        assert await heard(late, 1) == [6]
        assert await heard(old, 3) == [4, 5, 6]


@pytest.mark.parametrize("turns", range(5))
def test_a_tail_that_is_stopped_as_news_comes_is_gone(turns: int) -> None:
    """One that lived on beside the next would tell everything twice."""
    book = Book()

    async def slowly() -> None:
        # Two tails, if there were two, would both have read before either told anything.
        for _ in range(5):
            await asyncio.sleep(0)

    async def run() -> None:
        async with following(book) as feed:
            one = await feed.watch(ALL, None)
            await asyncio.sleep(0.01)
            # The news is there, and the tail on its way to it, when its last watcher leaves.
            feed.wake(book.add(1))
            for _ in range(turns):
                await asyncio.sleep(0)
            one.close()
            other = await feed.watch(ALL, None)
            hearing = asyncio.ensure_future(heard(other, 3))
            await asyncio.sleep(0.01)
            book.before_read = slowly
            for _ in range(3):
                feed.wake(book.add(1))
                await asyncio.sleep(0.01)
            assert await hearing == [2, 3, 4]

    asyncio.run(run())


@scenario
async def test_a_slow_watcher_falls_behind_and_resumes_from_the_log() -> None:
    book = Book()
    async with following(book, FeedLimits(held_bytes=10)) as feed:
        slow, quick = await feed.watch(ALL, None), await feed.watch(ALL, None)
        assert await silent(slow)
        for position in range(1, 21):
            feed.wake(book.add(1))
            assert await heard(quick, 1) == [position]
        with pytest.raises(FellBehind):
            await slow.next(0)
        slow.close()
        again = await feed.watch(ALL, slow.position)
        assert await heard(again, 20) == book.wanted(ALL)


@scenario
async def test_a_position_that_is_no_longer_kept() -> None:
    book = Book(*[1] * 9)
    book.kept_after = 4
    async with following(book) as feed:
        with pytest.raises(Gone) as gone:
            await feed.watch(ALL, 3)
        assert gone.value.after == 4
        assert feed.members == 0
        assert await heard(await feed.watch(ALL, 4), 5) == [5, 6, 7, 8, 9]


@scenario
async def test_events_that_go_while_they_are_read_are_noticed() -> None:
    book = Book(*[1] * 3 * PAGE)
    async with following(book) as feed:
        one = await feed.watch(ALL, 0)
        assert len(await heard(one, 1)) == PAGE
        book.kept_after = PAGE + 1
        with pytest.raises(Gone):
            await one.next(0)


@scenario
async def test_events_missing_in_the_middle_of_the_log_are_passed_over() -> None:
    """A log may be thinned where nobody needs it any more; then its pages skip positions."""
    book = Book(*[1] * 8)
    async with following(book) as feed:
        one = await feed.watch(ALL, 2)
        book.events = book.events[:2]
        book.before_read = None
        assert await silent(one)
        assert one.position == 8


@scenario
async def test_what_was_taken_out_is_missed_by_those_who_want_the_task() -> None:
    book = Book(1, 2, 1, 2, 1, 2)
    book.taken_out = {3}
    async with following(book) as feed:
        for wanted in (ALL, of_tasks(1), TaskFilter(status=frozenset({Status.PENDING}))):
            with pytest.raises(Gone) as gone:
                await feed.watch(wanted, 2)
            assert gone.value.after == 3, "also one that has another status now"
        assert feed.members == 0
        assert await heard(await feed.watch(of_tasks(2), 0), 3) == [2, 4, 6]
        assert await heard(await feed.watch(ALL, 3), 3) == [4, 5, 6]


@scenario
async def test_what_is_taken_out_while_it_is_read_is_noticed() -> None:
    book = Book(*[1, 2] * 2 * PAGE)
    async with following(book) as feed:
        first, second = await feed.watch(of_tasks(1), 0), await feed.watch(of_tasks(2), 0)
        for one in (first, second):
            assert len(await heard(one, 1)) == PAGE // 2
        book.taken_out = {2 * PAGE + 1}
        with pytest.raises(Gone) as gone:
            await first.next(0)
        assert gone.value.after == 2 * PAGE + 1
        wanted = book.wanted(of_tasks(2), second.position)
        assert await heard(second, len(wanted)) == wanted


@scenario
async def test_a_position_ahead_of_the_log() -> None:
    async with following(Book(1)) as feed:
        with pytest.raises(Ahead) as ahead:
            await feed.watch(ALL, 2)
        assert ahead.value.last == 1
        assert feed.members == 0


@scenario
async def test_no_more_watch_than_may() -> None:
    async with following(Book(), FeedLimits(watchers=2)) as feed:
        one, _ = await feed.watch(ALL, None), await feed.watch(ALL, None)
        with pytest.raises(TooManyWatchers) as many:
            await feed.watch(ALL, None)
        assert many.value.most == 2
        one.close()
        one.close()
        assert feed.members == 1
        await feed.watch(ALL, None)


@scenario
async def test_one_that_is_roused_comes_back_at_once() -> None:
    async with following(Book()) as feed:
        one = await feed.watch(ALL, None)
        waiting = asyncio.ensure_future(one.next(in_an_hour()))
        await asyncio.sleep(0)
        one.rouse()
        assert await waiting == b""
        assert await one.next(in_an_hour()) == b""
        one.close()
        assert len(feed._hub.views) == 0


@scenario
async def test_one_that_is_cancelled_leaves_nothing_behind() -> None:
    book = Book()
    async with following(book) as feed:
        one, other = await feed.watch(ALL, None), await feed.watch(ALL, None)
        waiting = asyncio.ensure_future(one.next(in_an_hour()))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        one.close()
        feed.wake(book.add(1))
        assert await heard(other, 1) == [1]
        other.close()
        assert (feed.members, len(feed._hub.views)) == (0, 0)


@scenario
async def test_a_log_that_fails_is_read_on_once_it_works() -> None:
    book = Book()
    async with following(book, poll_seconds=0.01) as feed:
        one = await feed.watch(ALL, None)
        book.fault = Unavailable("the disk is on fire")
        feed.wake(book.add(1))
        await book.read_often(3)
        book.fault = None
        assert await heard(one, 1) == [1]


@scenario
async def test_a_log_that_fails_is_told_to_who_catches_up() -> None:
    book = Book(1)
    async with following(book) as feed:
        one = await feed.watch(ALL, 0)
        book.fault = Unavailable("the disk is on fire")
        with pytest.raises(Unavailable):
            await one.next(0)


@scenario
async def test_those_who_catch_up_read_one_at_a_time() -> None:
    book = Book(*[1] * 2 * PAGE)
    reading = most = 0

    async def before_read() -> None:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        await asyncio.sleep(0)
        reading -= 1

    async with following(book) as feed:
        book.before_read = before_read
        many = [await feed.watch(ALL, 0) for _ in range(5)]
        found = await asyncio.gather(*(heard(one, 2 * PAGE) for one in many))
        assert found == [book.wanted(ALL)] * 5
        assert most == 1


# Any order of changes, hints, reads, cuts and new beginnings.


class Reader:
    """A watcher that is cut off and comes back; what it has heard, over all of it."""

    def __init__(self, feed: Feed, watcher: Watcher, wanted: TaskFilter) -> None:
        self.wanted = wanted
        self.heard: list[Position] = []
        self.position = watcher.position
        self._feed = feed
        self._watcher = watcher

    async def take(self) -> None:
        """Hear what there is; one that fell behind comes back."""
        try:
            self.heard += positions(await self._watcher.next(0))
        except FellBehind:
            await self.cut()
        self.position = self._watcher.position

    async def cut(self) -> None:
        """Lose the connection, and resume from what was heard."""
        self._watcher.close()
        self._watcher = await self._feed.watch(self.wanted, self.position)


Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["add", "add", "tell", "take", "take", "cut"]), st.integers(0, 3)),
    max_size=40,
)


async def play(book: Book, feed: Feed, readers: list[Reader], step: Step) -> None:
    what, number = step
    if what == "add":
        book.add(number)
    elif what == "tell":
        feed.wake(book.last)
        # Long enough for a round, or only for a part of one.
        await asyncio.sleep(0 if number == 0 else 0.003)
    elif what == "cut":
        await readers[number].cut()
    else:
        await readers[number].take()


@settings(max_examples=200, deadline=None)
@given(steps, st.integers(0, 8), st.sampled_from([8, 40, 1000]))
def test_every_reader_hears_the_log(steps: list[Step], before: int, held_bytes: int) -> None:
    async def run() -> None:
        book = Book(*(number % 3 for number in range(before)))
        async with following(book, FeedLimits(held_bytes=held_bytes)) as feed:
            readers = [
                Reader(feed, await feed.watch(wanted, before // 2), wanted) for wanted in FILTERS
            ]
            for step in steps:
                await play(book, feed, readers, step)
            for reader in readers:
                feed.wake(book.last)
                while reader.position < book.last:
                    await reader.take()
                    await asyncio.sleep(0)
            for reader in readers:
                assert reader.heard == book.wanted(reader.wanted, before // 2)

    asyncio.run(run())
