"""The order of work for whoever reads tasks page by page."""

from __future__ import annotations

import msgspec

from milepost.access.policy import Act, as_shown, visible_service
from milepost.access.principals import Principal
from milepost.rules.finding import Selection
from milepost.rules.reasons import Refusal
from milepost.rules.task import Refused, Task
from milepost.rules.values import Value
from milepost.service.paging import PageTokens
from milepost.service.tasks import TaskService
from milepost.store.base import Counts, Event, Store

encode_question = msgspec.json.Encoder(order="deterministic").encode


class TasksRead(Value, frozen=True):
    """A page of tasks; ``token`` is that of the next page, if there may be more."""

    tasks: tuple[Task, ...]
    token: str | None


class EventsRead(Value, frozen=True):
    """A page of the history of a task, newest first; ``token`` is that of the next page."""

    task: Task
    events: tuple[Event, ...]
    token: str | None


class Reading:
    """Pages of tasks and of their histories.

    Every method may raise what the store raises.
    """

    def __init__(self, store: Store, tasks: TaskService) -> None:
        self._store = store
        self._tasks = tasks
        self._tokens = PageTokens(store)

    async def page(
        self, who: Principal, selection: Selection, size: int, token: str | None
    ) -> TasksRead | Refusal:
        """The tasks of a selection that the caller may see, page by page."""
        seen = seen_by(who, selection)
        question = encode_question(seen)
        mark = None if token is None else await self._tokens.read(who, question, token)
        if isinstance(mark, Refusal):
            return mark
        page = await self._store.page(seen, size, mark)
        following = None if page.next is None else await self._tokens.make(who, question, page.next)
        return TasksRead(tuple(as_shown(who, task) for task in page.tasks), following)

    async def counts(self, who: Principal, selection: Selection) -> Counts:
        """How many tasks of each status the caller may see."""
        return await self._store.counts(seen_by(who, selection))

    async def history(
        self, who: Principal, task_id: str, size: int, token: str | None
    ) -> EventsRead | Refused:
        """What has happened to a task, newest first."""
        task = await self._tasks.get(who, task_id, Act.READ_HISTORY)
        if isinstance(task, Refused):
            return task
        question = f"history of {task_id}".encode()
        before = None if token is None else await self._tokens.read(who, question, token)
        if isinstance(before, Refusal):
            return Refused(before, task)
        events = await self._store.history(task_id, size, before=before)
        # The first event is always kept, so behind any other there is one more.
        is_whole = not events or events[-1].task.revision == 1
        following = (
            None if is_whole else await self._tokens.make(who, question, events[-1].position)
        )
        return EventsRead(task, tuple(events), following)


def seen_by(who: Principal, selection: Selection) -> Selection:
    """What of a selection the caller may see."""
    wanted = msgspec.structs.replace(selection.wanted, visible_service=visible_service(who))
    return msgspec.structs.replace(selection, wanted=wanted)
