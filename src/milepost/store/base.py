"""What every store promises; the contract suite in ``tests/contract`` holds each one to it.

A store takes a *decision*, not a transaction: ``change`` reads the tasks it is asked for, runs
the pure decision, and makes what was accepted durable: the row with its next revision and the
event, together or not at all. It may run the decision again, or together with others in one
commit; it answers only after the commit that covers it.

Events have positions in the order of their commits, without gaps that could be filled later: a
reader that has seen position *n* will never see a smaller one appear.
"""
# long: one protocol tells all that a store promises

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from milepost.rules.extensions import Extension, ExtensionOutcome, Registration
from milepost.rules.finding import Selection, TaskFilter
from milepost.rules.reasons import Refusal
from milepost.rules.task import Decision, EventKind, Task
from milepost.rules.values import Instant, Status, Value

Position = int
"""Where an event stands in the log; positions start at 1."""

HISTORY_LIMIT = 10_000
"""Events that the history of one task keeps where nothing else is said."""
MOST_FOUND_BYTES = 32 * 1024 * 1024
MOST_PAGE_BYTES = 4 * 1024 * 1024
"""What a page of events may hold; a first event that is larger goes alone."""

Tasks = Mapping[str, Task]
Decide = Callable[[Tasks], Decision]
"""A pure decision over the tasks that were asked for; a missing key is a task that is not there."""
DecideAll = Callable[[Tasks], Sequence[Decision]]
"""Several decisions, each over what those before it have made of the tasks."""

KEPT_MILLISECONDS = 24 * 60 * 60 * 1000
"""How long it is known what came of a request that is made once."""


class StoreError(Exception):
    """Base of what a store raises; drivers' errors never leave it."""


class Unavailable(StoreError):
    """The change may or may not have been made; it was not acknowledged. Safe to repeat."""


class Overloaded(StoreError):
    """Too many changes are waiting; this one was not taken. ``waiting`` says how many."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} changes are waiting")
        self.waiting = waiting


class TooLarge(StoreError):
    """What was asked for holds more bytes than one answer may; ``most`` says how many."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} bytes")
        self.most = most


class Corrupt(StoreError):
    """What is stored cannot be what this version of the service wrote."""


class Locked(StoreError):
    """Another server holds the store."""


class Origin(Value, frozen=True):
    """Who asked for a change, and from where (the peer's address, or a part of the service)."""

    principal: str
    source: str = ""


class Outcome(Value, frozen=True):
    """What came of a change. ``position`` is that of its event, or ``None`` without one."""

    decision: Decision
    position: Position | None = None


class Once(NamedTuple):
    """A request that is made once, however often it is sent.

    ``scope`` and ``key`` say which request, ``digest`` what it asks for, ``at`` when. ``note``
    gives what is kept of what came of it, or ``None`` when nothing did.
    """

    scope: str
    key: str
    digest: str
    at: Instant
    note: Callable[[Sequence[Decision]], str | None]


class Kept(Value, frozen=True):
    """What was kept of a request that is made once: what it asked for, and what came of it."""

    digest: str
    note: str


class FieldChange(Value, frozen=True):
    """One field of a task, before and after. Values of ``result`` are left out."""

    field: str
    before: object = None
    after: object = None


class Event(Value, frozen=True, kw_only=True):
    """One accepted change. ``task`` is the task at that revision, without its result."""

    position: Position
    kind: EventKind
    task: Task
    changes: tuple[FieldChange, ...]
    at: Instant
    origin: Origin


DecideExtension = Callable[[Registration | None], Extension | Refusal | None]
"""A pure decision over an extension as it is registered: what it is from now on, ``None`` for not
registered, or why nothing changes. It may be run again."""


class LogSpan(Value, frozen=True):
    """What of the log is kept: every event behind ``after``, up to and with ``last``.

    But for those taken out of histories that were too long: ``shortened`` is the newest of these,
    0 without any. ``Store.newest_taken_out`` tells whose they are.
    """

    after: Position
    last: Position
    shortened: Position = 0


class Page(Value, frozen=True):
    """Some tasks of a selection, in its order.

    ``next`` is the mark behind which the next page begins, or ``None`` when this is the last. A
    page may hold fewer tasks than asked for, also none, and still not be the last.
    """

    tasks: tuple[Task, ...]
    next: int | None = None


class Children(Value, frozen=True):
    """The direct children of a task, as far as they were looked at.

    ``fraction`` is how much of their work is done, from 0 to 1, each by its weight: all of one
    that has SUCCEEDED, and of the others ``completed`` of ``total``. Without ``complete`` there
    are more than were looked at.
    """

    by_status: dict[Status, int]
    fraction: float
    complete: bool = True

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.by_status.values())


class Counts(Value, frozen=True):
    """Tasks by status. Without ``complete`` a part was not looked at, as it would take too long."""

    by_status: dict[Status, int]
    complete: bool = True


class OpenTasks(Value, frozen=True):
    """Open tasks by service and status. Without ``complete`` there are more services."""

    by_service: dict[str, dict[Status, int]]
    complete: bool = True


class EndedHour(Value, frozen=True, kw_only=True):
    """Tasks of a service that ended with a status within an hour; ``hour`` counts from 0.

    ``took`` has the milliseconds from the start of each to its end.
    """

    service: str
    hour: int
    status: Status
    took: tuple[int, ...]


class Ended(Value, frozen=True):
    """Tasks that have ended since an instant; all of those that have since ``complete_since``.

    Without ``complete`` there are more services than were looked at. Pinned tasks do not count.
    """

    hours: tuple[EndedHour, ...]
    complete_since: Instant
    complete: bool = True


class User(Value, frozen=True, kw_only=True):
    """Someone who may log in. ``password`` is an argon2id hash."""

    name: str
    role: str
    password: str
    extension: str | None = None
    disabled: bool = False


class Session(Value, frozen=True, kw_only=True):
    """A login. ``token`` is the SHA-256 of the token, in hex; the token itself is never stored."""

    token: str
    user: str
    created_at: Instant
    used_at: Instant


class Token(Value, frozen=True, kw_only=True):
    """A token of a user, for programs. ``digest`` is its SHA-256, in hex; it is never stored.

    It counts until it is revoked, or for those with an end before ``expires_at``.
    """

    id: str
    digest: str
    name: str
    owner: str
    scope: str
    created_at: Instant
    extension: str | None = None
    expires_at: Instant | None = None
    used_at: Instant | None = None
    revoked_at: Instant | None = None

    def is_live(self, now: Instant) -> bool:
        """Whether it still counts, as far as it alone says so."""
        is_over = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not is_over


class TokenAdded(enum.Enum):
    """What came of a new token."""

    ADDED = "added"
    NAME_TAKEN = "its owner has a live token of that name"
    TOO_MANY = "its owner has too many live tokens"


class TokenPage(Value, frozen=True):
    """Some tokens in the order they were made. ``next`` is the mark of the next page."""

    tokens: tuple[Token, ...]
    next: int | None = None


class Store(Protocol):
    """Durable tasks, their events, users, sessions, tokens and extensions.

    Every method may raise ``Unavailable``.
    """

    async def change(self, ids: Sequence[str], decide: Decide, origin: Origin) -> Outcome:
        """Run a decision over the tasks with these ids and make what it accepts durable.

        Raises ``Overloaded`` when the change was not taken at all. What ``decide`` raises comes
        back to the caller and spoils no other change.
        """

    async def change_all(
        self, ids: Sequence[str], decide: DecideAll, origin: Origin, once: Once | None = None
    ) -> Sequence[Decision] | Kept:
        """Run several decisions over the tasks with these ids; all that is accepted is one step.

        What they accept becomes durable together or not at all, in the order of the decisions.
        With ``once`` the note is durable with it, for ``KEPT_MILLISECONDS``: the same request
        again decides nothing and gets what was kept, and one that comes while the first is still
        under way waits for it. A request of which nothing came is not kept.

        Raises ``Overloaded`` when nothing was taken at all, and what ``decide`` raises.
        """

    async def forget_kept(self, before: Instant, limit: int) -> int:
        """Forget at most ``limit`` notes made before an instant; how many these were."""

    async def task(self, task_id: str) -> Task | None:
        """One task, as the last acknowledged change left it."""

    async def find(self, wanted: TaskFilter, limit: int) -> list[Task]:
        """At most ``limit`` matching tasks, in the order they were created.

        Raises ``TooLarge`` when they hold more than 32 MiB of text together.
        """

    async def events_after(self, position: Position, limit: int) -> list[Event]:
        """The next events behind a position, in order: at most ``limit``, fewer when large.

        There is none only at the end of the log. A single read shows what these events tell.
        """

    async def log_span(self) -> LogSpan:
        """Which events there are. A single read shows what the last one tells."""

    async def history(
        self, task_id: str, limit: int, *, before: Position | None = None
    ) -> list[Event]:
        """The newest events of one task, or those before a position; newest first.

        At most ``limit``, fewer when they are large.
        """

    async def overlong(self, limit: int) -> list[str]:
        """At most so many ids of tasks that have more events than a history keeps."""

    def shorten(self, task_id: str, at_once: int) -> AsyncIterator[int]:
        """Take events out of the history of such a task, step by step; how many at each.

        At most so many at once. The oldest ones that only report progress go first, then the
        oldest others; the event that created the task and the newest one stay. Some more go than
        must, so that the next time is not soon. The whole is decided at the first step; each step
        is durable.
        """

    async def newest_taken_out(self, wanted: TaskFilter, after: Position) -> Position | None:
        """The newest event behind a position that was taken out of the history of a wanted task.

        What has changed since counts as it is now.
        """

    async def leased(self) -> list[tuple[str, int]]:
        """The ids of all tasks that have a lease, and its seconds."""

    async def children(self, task_id: str, visible_service: str | None) -> Children | None:
        """The children of a task that one may see, ``None`` without any."""

    async def cancelable_below(
        self, task_id: str, visible_service: str | None, most: int
    ) -> list[str]:
        """Open and cancelable tasks below a task whose end nobody has asked for yet.

        Children and theirs, of those that one may see at most ``most``.
        """

    async def services_with_finished(self) -> list[str]:
        """The services that have finished tasks which are not pinned."""

    async def removable(
        self, service: str, finished_before: Instant, keep: int, limit: int
    ) -> list[str]:
        """Tasks of a service that are kept no longer, the one that finished first at the front.

        They finished before an instant, or are more than ``keep`` with those that finished later.
        Pinned ones and those that have children are not among them. At most ``limit``.
        """

    async def remove(self, ids: Sequence[str], now: Instant) -> int:
        """Remove finished tasks and leave a tombstone of each; how many were removed.

        One that is pinned, has children, or is being changed stays. Their events are removed with
        ``compact``.
        """

    async def compact(self, most: int) -> int:
        """Remove at most so many events of removed tasks; how many these were."""

    async def tombstone(self, task_id: str) -> str | None:
        """The service of a task that was removed, as long as that is known."""

    async def forget_tombstones(self, before: Instant, limit: int) -> int:
        """Forget at most ``limit`` tombstones left before an instant; how many these were."""

    async def page(self, selection: Selection, size: int, after: int | None = None) -> Page:
        """A page of a selection, behind a mark that an earlier page of it had as its next."""

    async def counts(self, selection: Selection) -> Counts:
        """How many tasks of each status a selection has, whatever status it asks for."""

    async def open_tasks(self, visible_service: str | None) -> OpenTasks:
        """How many open tasks of each service and status there are that one may see."""

    async def ended(self, since: Instant, visible_service: str | None) -> Ended:
        """What has ended since an instant and one may see, by the hours behind that instant."""

    async def key(self, name: str) -> str:
        """What to sign with for one use: 256 random bits as text, made at the first use."""

    async def user(self, name: str) -> User | None:
        """One user."""

    async def users(self) -> list[User]:
        """All users, by name."""

    async def add_user(self, user: User) -> bool:
        """Add a user; ``False`` when there is one of that name, who stays as he is."""

    async def put_user(
        self, user: User, *, end_sessions: bool = False, revoke_tokens: Instant | None = None
    ) -> None:
        """Add a user, or replace the one of that name, whose sessions may end with it.

        With an instant the tokens of the user are revoked too, as of then.
        """

    async def session(self, token: str) -> tuple[Session, User] | None:
        """One session with its user, by the hash of its token."""

    async def put_session(self, session: Session) -> None:
        """Add a session of a known user."""

    async def touch_session(self, token: str, used_at: Instant) -> None:
        """Note that a session was used; one that has ended stays ended."""

    async def delete_session(self, token: str) -> None:
        """End a session; ending one that is not there is no error."""

    async def delete_sessions(self, *, created_before: Instant, used_before: Instant) -> None:
        """End the sessions created or last used before these instants."""

    async def add_token(self, token: Token, most: int) -> TokenAdded:
        """Add a token of a known user, of whom at most ``most`` are live when it is made.

        Of those that have ended, only the ``most`` made last are kept.
        """

    async def token(self, digest: str) -> tuple[Token, User] | None:
        """One token with its owner, live or not, by its hash."""

    async def token_by_id(self, ident: str) -> Token | None:
        """One token, live or not."""

    async def tokens(self, owner: str | None, size: int, after: int | None = None) -> TokenPage:
        """A page of the tokens of a user, or of all, live or not, behind a mark."""

    async def touch_token(self, digest: str, used_at: Instant) -> None:
        """Note that a token was used."""

    async def revoke_token(self, ident: str, at: Instant) -> Token | None:
        """End a token; the token as it is now. One that was revoked before stays as it is."""

    async def forget_tokens(self, ended_before: Instant) -> None:
        """Forget the tokens that were revoked, or have expired, before an instant."""

    async def change_extension(self, key: str, decide: DecideExtension) -> ExtensionOutcome:
        """Run a decision over one extension and make what it says durable.

        What equals what is there changes nothing; anything else gets the next version. One that
        comes back after it was deleted goes on behind the version it had.
        """

    async def extension(self, key: str) -> Registration | None:
        """One registered extension."""

    async def extension_versions(self) -> dict[str, int]:
        """The versions of all registered extensions, by key."""

    async def ready(self) -> bool:
        """Whether a change asked for now could be made."""

    async def close(self) -> None:
        """Finish every change that was taken, then let go of the store."""
