"""Who may do what to which task: two tables, one of roles and one of the scopes of tokens.

An administrator may do everything; an operator reads all, cancels and closes by force; a viewer
reads all; an extension creates, reads, changes and cancels the tasks of its own key, whoever of its
principals made them. What you may not see does not exist for you; what you may see but not change
is refused.

A token may what its owner may, as far as its scope lets it, and with an extension only with the
tasks of that one:

====== ===========================================================================================
full   all that its owner may
read   read tasks whole with their results and histories, and watch them
watch  read tasks without their results, alone and in lists, and watch them; no history
====== ===========================================================================================

Users, extensions, tokens, ``pinned`` and the ``extension`` of a task are for administrators with a
session, or with a full token that is for no extension. Nobody makes a token with a token: one that
was stolen could make itself last.
"""

from __future__ import annotations

import enum

import msgspec

from milepost.access.principals import Principal, Role, Scope
from milepost.rules import reasons
from milepost.rules.reasons import Refusal, shortened
from milepost.rules.task import CreateTask, Refused, Task, UpdateTask


class Act(enum.StrEnum):
    """What can be done to a task."""

    CREATE = "create"
    READ = "read"
    READ_RESULT = "read the result of"
    READ_HISTORY = "read the history of"
    UPDATE = "update"
    CANCEL = "cancel"
    FORCE_CLOSE = "force-close"


ALL = frozenset(Act)
READING = frozenset({Act.READ, Act.READ_RESULT, Act.READ_HISTORY})

RIGHTS: dict[Role, frozenset[Act]] = {
    Role.ADMINISTRATOR: ALL,
    Role.OPERATOR: READING | {Act.CANCEL, Act.FORCE_CLOSE},
    Role.VIEWER: READING,
    Role.EXTENSION: ALL - {Act.FORCE_CLOSE},
}
REACH: dict[Scope, frozenset[Act]] = {
    Scope.FULL: ALL,
    Scope.READ: READING,
    Scope.WATCH: frozenset({Act.READ}),
}


def rights_of(principal: Principal) -> frozenset[Act]:
    """What the principal may do to the tasks it sees."""
    return RIGHTS[principal.role] & REACH[principal.scope]


def visible_service(principal: Principal) -> str | None:
    """The one service whose tasks the principal sees, or ``None`` for all."""
    return principal.extension


def may_see(principal: Principal, task: Task) -> bool:
    """Whether the task exists for this principal."""
    return visible_service(principal) in (None, task.service)


def refusal_of_create(principal: Principal) -> Refusal | None:
    """Why the principal may not create tasks, or ``None``."""
    if Act.CREATE not in RIGHTS[principal.role]:
        return Refusal(reasons.CREATE_NOT_ALLOWED, (principal.role.value,))
    if Act.CREATE not in REACH[principal.scope]:
        return Refusal(reasons.SCOPE_CREATES_NOT, (principal.scope.value,))
    return None


def judge(act: Act, principal: Principal, task: Task | None, task_id: str) -> Task | Refused:
    """The task, when the principal may do this to it, or why not; existence comes first."""
    if task is None or not may_see(principal, task):
        return Refused(Refusal(reasons.TASK_UNKNOWN, (task_id,)))
    if act not in RIGHTS[principal.role]:
        refusal = Refusal(reasons.NOT_YOURS, ("task", principal.role.value, act.value))
        return Refused(refusal, task)
    if act not in REACH[principal.scope]:
        refusal = Refusal(reasons.OUT_OF_SCOPE, ("task", principal.scope.value, act.value))
        return Refused(refusal, task)
    return task


def as_shown(principal: Principal, task: Task) -> Task:
    """A task that the principal may read, without its result where that is not for it."""
    if task.result is None or Act.READ_RESULT in REACH[principal.scope]:
        return task
    return msgspec.structs.replace(task, result=None)


def may_administrate(principal: Principal) -> bool:
    """Whether the principal may what only administrators may."""
    return (
        principal.role is Role.ADMINISTRATOR
        and principal.extension is None
        and principal.scope is Scope.FULL
    )


def rank_of(principal: Principal) -> str:
    """What the principal is, where only administrators are let in."""
    if principal.role is not Role.ADMINISTRATOR:
        return principal.role.value
    words = [principal.role.value, "with a token for"]
    if principal.scope is not Scope.FULL:
        words.append(principal.scope.value)
    if principal.extension is not None:
        words.append(principal.extension)
    return " ".join(words)


def refusal_of_users(principal: Principal) -> Refusal | None:
    """Why the principal may not look at users or change them, or ``None``."""
    if may_administrate(principal):
        return None
    return Refusal(reasons.USERS_NOT_ALLOWED, (rank_of(principal),))


def refusal_of_extensions(principal: Principal) -> Refusal | None:
    """Why the principal may not deal with extensions, or ``None``."""
    if may_administrate(principal):
        return None
    return Refusal(reasons.ADMINISTRATORS_ONLY, (rank_of(principal),))


def refusal_of_tokens(principal: Principal, owner: str | None, *, by_token: bool) -> Refusal | None:
    """Why the principal may not look at or revoke the tokens of a user, or of all users.

    Whoever has a session looks after their own tokens, administrators after all.
    """
    if may_administrate(principal) or (owner == principal.name and not by_token):
        return None
    if by_token:
        return Refusal(reasons.TOKENS_NEED_SESSION)
    return Refusal(reasons.TOKENS_NOT_ALLOWED, (rank_of(principal),))


def service_of(principal: Principal, default_extension: str, named: str | None = None) -> str:
    """The ``service`` of a task this principal creates; ``named`` is the one it asks for."""
    return named or principal.extension or default_extension


def refusal_of_making(principal: Principal, owner: str, *, by_token: bool) -> Refusal | None:
    """Why the principal may not make a token of a user, or ``None``; with a token nobody may."""
    if by_token:
        return Refusal(reasons.TOKENS_NEED_SESSION)
    return refusal_of_tokens(principal, owner, by_token=False)


def refusal_of_fields(principal: Principal, spec: UpdateTask) -> Refusal | None:
    """Why the principal may not send what only administrators may, or ``None``."""
    if may_administrate(principal):
        return None
    if isinstance(spec, CreateTask) and spec.extension is not None:
        args = (rank_of(principal), shortened(spec.extension))
        return Refusal(reasons.EXTENSION_NOT_ALLOWED, args)
    if spec.pinned is not None:
        args = (rank_of(principal), str(spec.pinned).lower())
        return Refusal(reasons.PIN_NOT_ALLOWED, args)
    return None
