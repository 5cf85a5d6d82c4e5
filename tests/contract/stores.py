"""The stores that must pass this suite, and how a test opens one.

A new store is one more line in ``STORES``. Its ``open`` gets a place (an empty directory of the
test's own; a server-based store derives a name from it) and opens what lives there: opening the
same place again finds everything that was acknowledged before.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from milepost.store.base import HISTORY_LIMIT, Store
from milepost.store.sqlite import checkpoints, committer
from milepost.store.sqlite.store import open_store

MOST_WAITING = 10_000


class Open(Protocol):
    async def __call__(
        self, place: Path, *, most_waiting: int, history_limit: int = HISTORY_LIMIT
    ) -> Store: ...


class Kind(NamedTuple):
    """A store under test. ``shape`` sets what no argument of ``open`` can set."""

    name: str
    open: Open
    shape: Callable[[pytest.MonkeyPatch], None]


class Home(NamedTuple):
    """A place where a store of some kind lives."""

    kind: Kind
    place: Path

    @contextlib.asynccontextmanager
    async def store(
        self, *, most_waiting: int = MOST_WAITING, history_limit: int = HISTORY_LIMIT
    ) -> AsyncIterator[Store]:
        """The store that lives here, open."""
        store = await self.kind.open(
            self.place, most_waiting=most_waiting, history_limit=history_limit
        )
        try:
            yield store
        finally:
            await store.close()


async def open_sqlite(
    place: Path, *, most_waiting: int, history_limit: int = HISTORY_LIMIT
) -> Store:
    return open_store(place, most_waiting=most_waiting, history_limit=history_limit)


async def open_unsynced_sqlite(
    place: Path, *, most_waiting: int, history_limit: int = HISTORY_LIMIT
) -> Store:
    """No test here cuts the power, and many small groups would sync for seconds."""
    return open_store(
        place, most_waiting=most_waiting, history_limit=history_limit, synchronous="OFF"
    )


async def open_sqlite_beside(
    place: Path, *, most_waiting: int, history_limit: int = HISTORY_LIMIT
) -> Store:
    """Every group of changes is committed in a process of its own."""
    return open_store(
        place, most_waiting=most_waiting, history_limit=history_limit, commit_process="always"
    )


def as_it_is(_patch: pytest.MonkeyPatch) -> None:
    """The store as it is delivered."""


def in_small_groups(patch: pytest.MonkeyPatch) -> None:
    """Commits of three at most, and the log copied or started over after nearly each."""
    patch.setattr(committer, "LARGEST_GROUP", 3)
    patch.setattr(checkpoints, "ROWS", 2)
    patch.setattr(checkpoints, "LARGEST_WAL", 64 * 1024)


STORES = {
    kind.name: kind
    for kind in (
        Kind("sqlite", open_sqlite, as_it_is),
        Kind("sqlite-beside", open_sqlite_beside, as_it_is),
        Kind("sqlite-small-groups", open_unsynced_sqlite, in_small_groups),
    )
}


@contextlib.contextmanager
def new_home(kind: Kind) -> Iterator[Home]:
    """A place of its own for one example of a property."""
    with tempfile.TemporaryDirectory(prefix="milepost-") as place:
        yield Home(kind, Path(place) / "data")


def scenario(test: Callable[[Home], Coroutine[None, None, None]]) -> Callable[[Home], None]:
    """A test that is a coroutine, run in an event loop of its own."""

    @functools.wraps(test)
    def run(home: Home) -> None:
        asyncio.run(test(home))

    return run
