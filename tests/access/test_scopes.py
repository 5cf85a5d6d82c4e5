"""What a token may, by its scope and its extension: the tables, written out by hand."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from milepost.access.policy import (
    Act,
    as_shown,
    judge,
    may_administrate,
    may_see,
    refusal_of_create,
    refusal_of_extensions,
    refusal_of_fields,
    refusal_of_making,
    refusal_of_tokens,
    refusal_of_users,
    service_of,
    visible_service,
)
from milepost.access.principals import Principal, Role, Scope
from milepost.access.sessions import narrowed
from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.rules.task import CreateTask, Refused, UpdateTask
from milepost.rules.values import Opaque
from milepost.store.base import Token
from tests.access.test_policy import OURS, THEIRS, WHO, cells, task_of

# + it may, as far as its owner may; - it may not.
SCOPES = """
         create read read_result read_history update cancel force_close
full     +      +    +           +            +      +      +
read     -      +    +           +            -      -      -
watch    -      +    -           -            -      -      -
"""
REACH = {(scope, act): mark == "+" for scope, act, mark in cells(SCOPES)}


def token(scope: str, extension: str | None = None) -> Token:
    return Token(
        id="t", digest="", name="n", owner="o", scope=scope, extension=extension, created_at=0
    )


def with_token(name: str, scope: str, extension: str | None = None) -> Principal:
    principal = narrowed(WHO[name], token(scope, extension))
    assert principal is not None
    return principal


def may(who: Principal, act: Act, service: str) -> bool:
    if act is Act.CREATE:
        return refusal_of_create(who) is None
    return not isinstance(judge(act, who, task_of(service), "t" * 26), Refused)


def test_the_table_of_scopes_is_complete() -> None:
    assert set(REACH) == {(scope.value, act.name.lower()) for scope in Scope for act in Act}


@pytest.mark.parametrize(
    ("name", "scope", "act"), list(itertools.product(WHO, Scope, Act)), ids=str
)
def test_a_scope_takes_away_and_gives_nothing(name: str, scope: Scope, act: Act) -> None:
    who = with_token(name, scope)
    reaches = REACH[scope.value, act.name.lower()]
    for service in (OURS, THEIRS):
        assert may(who, act, service) == (may(WHO[name], act, service) and reaches)
        assert may_see(who, task_of(service)) == may_see(WHO[name], task_of(service))


@pytest.mark.parametrize(
    ("name", "act"), list(itertools.product(("administrator", "operator", "viewer"), Act))
)
def test_with_an_extension_there_are_no_other_tasks(name: str, act: Act) -> None:
    who = with_token(name, "full", OURS)
    assert who.is_confined
    assert visible_service(who) == OURS
    assert may(who, act, OURS) == may(WHO[name], act, OURS)
    if act is not Act.CREATE:
        assert not may(who, act, THEIRS)
    judged = judge(Act.READ, who, task_of(THEIRS), "t")
    assert judged == Refused(Refusal(reasons.TASK_UNKNOWN, ("t",)))
    assert service_of(who, "com.milepost.local") == OURS


def test_an_extension_has_nothing_to_do_with_another() -> None:
    acme = WHO["extension"]
    assert narrowed(acme, token("full", OURS)) == acme == narrowed(acme, token("full"))
    assert not acme.is_confined
    assert narrowed(acme, token("full", THEIRS)) is None


def test_why_not() -> None:
    watch, ident = with_token("administrator", "watch"), "t" * 26
    task = task_of(OURS)
    assert refusal_of_create(watch) == Refusal(reasons.SCOPE_CREATES_NOT, ("watch",))
    refusal = Refusal(reasons.OUT_OF_SCOPE, ("task", "watch", "update"))
    assert judge(Act.UPDATE, watch, task, ident) == Refused(refusal, task)
    assert judge(Act.UPDATE, watch, None, ident) == Refused(Refusal(reasons.TASK_UNKNOWN, (ident,)))
    # What the role does not allow is told of the role.
    refusal = Refusal(reasons.NOT_YOURS, ("task", "viewer", "update"))
    assert judge(Act.UPDATE, with_token("viewer", "watch"), task, ident) == Refused(refusal, task)


@pytest.mark.parametrize("scope", Scope)
def test_a_result_is_for_those_who_may_read_it(scope: Scope) -> None:
    who = with_token("viewer", scope)
    bare = task_of(OURS)
    whole = msgspec.structs.replace(bare, result=Opaque("1"))
    assert as_shown(who, bare) is bare
    assert as_shown(who, whole) == (bare if scope is Scope.WATCH else whole)


NARROW = [("read", None), ("watch", None), ("full", OURS), ("read", OURS)]


@pytest.mark.parametrize(("scope", "extension"), NARROW)
def test_a_narrow_token_of_an_administrator_administrates_nothing(
    scope: str, extension: str | None
) -> None:
    who = with_token("administrator", scope, extension)
    assert not may_administrate(who)
    reach = " ".join(word for word in (scope if scope != "full" else "", extension) if word)
    rank = f"administrator with a token for {reach}"
    assert refusal_of_users(who) == Refusal(reasons.USERS_NOT_ALLOWED, (rank,))
    assert refusal_of_extensions(who) == Refusal(reasons.ADMINISTRATORS_ONLY, (rank,))
    named = CreateTask(operation="op", cancelable=True, extension=THEIRS)
    refusal = refusal_of_fields(who, named)
    assert refusal == Refusal(reasons.EXTENSION_NOT_ALLOWED, (rank, THEIRS))
    refusal = refusal_of_fields(who, UpdateTask(pinned=True))
    assert refusal == Refusal(reasons.PIN_NOT_ALLOWED, (rank, "true"))


def test_a_full_token_of_an_administrator_administrates() -> None:
    who = with_token("administrator", "full")
    assert who == WHO["administrator"]
    assert refusal_of_users(who) is refusal_of_extensions(who) is None


# own: tokens of oneself, other: those of another, all: those of all users; by a session and by a
# full token.
TOKENS = """
                 own other all own-token other-token all-token
administrator    +   +     +   +         +           +
operator         +   -     -   s         s           s
viewer           +   -     -   s         s           s
extension        +   -     -   s         s           s
colleague        +   -     -   s         s           s
"""


@pytest.mark.parametrize(("name", "column", "mark"), cells(TOKENS))
def test_who_looks_after_tokens(name: str, column: str, mark: str) -> None:
    who, (whose, _, by) = WHO[name], column.partition("-")
    owner = {"own": who.name, "other": "somebody", "all": None}[whose]
    reason = {"+": None, "-": reasons.TOKENS_NOT_ALLOWED, "s": reasons.TOKENS_NEED_SESSION}[mark]
    refusal = refusal_of_tokens(who, owner, by_token=bool(by))
    assert (None if refusal is None else refusal.reason) is reason
    if owner is None:
        return
    # Nobody makes a token with a token.
    making = refusal_of_making(who, owner, by_token=bool(by))
    assert making == (Refusal(reasons.TOKENS_NEED_SESSION) if by else refusal)


@pytest.mark.parametrize(("scope", "extension"), NARROW)
def test_a_narrow_token_looks_after_no_tokens(scope: str, extension: str | None) -> None:
    who = with_token("administrator", scope, extension)
    for owner in (who.name, "somebody", None):
        refusal = refusal_of_tokens(who, owner, by_token=True)
        assert refusal == Refusal(reasons.TOKENS_NEED_SESSION)


def test_the_table_of_roles_has_all() -> None:
    assert {WHO[name].role for name, _, _ in cells(TOKENS)} == set(Role)
