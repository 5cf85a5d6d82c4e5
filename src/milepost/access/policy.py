"""Who may do what to which task: one table.

An administrator may do everything; an operator reads all, cancels and closes by force; a viewer
reads all; an extension creates, reads, changes and cancels the tasks of its own key, whoever of its
principals made them. What you may not see does not exist for you; what you may see but not change
is refused.
"""

from __future__ import annotations

import enum

from milepost.access.principals import Principal, Role
from milepost.rules import reasons
from milepost.rules.reasons import Refusal, shortened
from milepost.rules.task import CreateTask, Refused, Task, UpdateTask


class Act(enum.StrEnum):
    """What can be done to a task."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    CANCEL = "cancel"
    FORCE_CLOSE = "force-close"


ALL = frozenset(Act)

RIGHTS: dict[Role, frozenset[Act]] = {
    Role.ADMINISTRATOR: ALL,
    Role.OPERATOR: frozenset({Act.READ, Act.CANCEL, Act.FORCE_CLOSE}),
    Role.VIEWER: frozenset({Act.READ}),
    Role.EXTENSION: ALL - {Act.FORCE_CLOSE},
}


def visible_service(principal: Principal) -> str | None:
    """The one service whose tasks the principal sees, or ``None`` for all."""
    return principal.extension if principal.role is Role.EXTENSION else None


def may_see(principal: Principal, task: Task) -> bool:
    """Whether the task exists for this principal."""
    return visible_service(principal) in (None, task.service)


def refusal_of_create(principal: Principal) -> Refusal | None:
    """Why the principal may not create tasks, or ``None``."""
    if Act.CREATE in RIGHTS[principal.role]:
        return None
    return Refusal(reasons.CREATE_NOT_ALLOWED, (principal.role.value,))


def judge(act: Act, principal: Principal, task: Task | None, task_id: str) -> Task | Refused:
    """The task, when the principal may do this to it, or why not; existence comes first."""
    if task is None or not may_see(principal, task):
        return Refused(Refusal(reasons.TASK_UNKNOWN, (task_id,)))
    if act in RIGHTS[principal.role]:
        return task
    refusal = Refusal(reasons.NOT_YOURS, ("task", principal.role.value, act.value))
    return Refused(refusal, task)


def refusal_of_users(principal: Principal) -> Refusal | None:
    """Why the principal may not look at users or change them, or ``None``."""
    if principal.role is Role.ADMINISTRATOR:
        return None
    return Refusal(reasons.USERS_NOT_ALLOWED, (principal.role.value,))


def service_of(principal: Principal, default_extension: str, named: str | None = None) -> str:
    """The ``service`` of a task this principal creates; ``named`` is the one it asks for."""
    return named or principal.extension or default_extension


def refusal_of_fields(principal: Principal, spec: UpdateTask) -> Refusal | None:
    """Why the principal may not send what only administrators may, or ``None``."""
    if principal.role is Role.ADMINISTRATOR:
        return None
    if isinstance(spec, CreateTask) and spec.extension is not None:
        args = (principal.role.value, shortened(spec.extension))
        return Refusal(reasons.EXTENSION_NOT_ALLOWED, args)
    if spec.pinned is not None:
        return Refusal(reasons.PIN_NOT_ALLOWED, (principal.role.value, str(spec.pinned).lower()))
    return None
