"""Which watchers want to hear of a task: views, found by what they are most particular about.

Watchers with the same filter share a view. A view is filed under the values of one of its
filters, so an event is held only against the views it may concern: ten thousand watchers of one
task each cost an event no more than one of them. Views without such a filter are looked at one by
one; they can differ in nothing but the status, so there are few.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Protocol

from milepost.rules.finding import TaskFilter
from milepost.rules.task import Task
from milepost.store.base import Position

Key = tuple[str, Hashable]

# The filters to file a view by, the most particular first, and what of a task each looks at.
FILED_BY: dict[str, Callable[[Task], Hashable]] = {
    "ids": lambda task: task.id,
    "parents": lambda task: task.parent,
    "targets": lambda task: (task.target.type, task.target.id),
    "users": lambda task: task.user,
    "operations": lambda task: task.operation,
    "services": lambda task: task.service,
}


class Waiting(Protocol):
    """A watcher that has taken everything and waits for more."""

    def wake(self, position: Position) -> None:
        """There is something to take behind a position."""


class View:
    """One filter and the watchers that have it.

    ``waiting`` are those of them that have taken everything and wait for more; ``members`` counts
    all of them.
    """

    __slots__ = ("members", "waiting", "wanted")

    def __init__(self, wanted: TaskFilter) -> None:
        self.wanted = wanted
        self.members = 0
        self.waiting: set[Waiting] = set()


class Views:
    """All views that somebody has."""

    def __init__(self) -> None:
        self._views: dict[TaskFilter, View] = {}
        self._filed: dict[Key, dict[View, None]] = {}
        self._others: dict[View, None] = {}

    def __len__(self) -> int:
        return len(self._views)

    def enter(self, wanted: TaskFilter) -> View:
        """The view of a filter, with one member more."""
        view = self._views.get(wanted)
        if view is None:
            view = self._views[wanted] = View(wanted)
            for shelf in self._shelves(wanted):
                shelf[view] = None
        view.members += 1
        return view

    def leave(self, view: View) -> None:
        """One member less; the last one takes the view along."""
        view.members -= 1
        if view.members:
            return
        del self._views[view.wanted]
        for shelf in self._shelves(view.wanted):
            del shelf[view]
        for key in keys_of(view.wanted):
            if not self._filed[key]:
                del self._filed[key]

    def matching(self, task: Task) -> Iterator[View]:
        """The views that want to hear of a task."""
        for name, value_of in FILED_BY.items():
            for view in self._filed.get((name, value_of(task)), ()):
                if view.wanted.matches(task):
                    yield view
        for view in self._others:
            if view.wanted.matches(task):
                yield view

    def _shelves(self, wanted: TaskFilter) -> list[dict[View, None]]:
        keys = keys_of(wanted)
        return [self._filed.setdefault(key, {}) for key in keys] if keys else [self._others]


def keys_of(wanted: TaskFilter) -> list[Key]:
    """What a filter is filed under; nothing when it could match any task of any service."""
    for name in FILED_BY:
        values = getattr(wanted, name)
        if values is not None:
            return [(name, value) for value in values]
    return [] if wanted.visible_service is None else [("services", wanted.visible_service)]
