"""The door ``/v1``: users, for administrators. No answer has a password or its hash."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import quote

from milepost.access.policy import refusal_of_users
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.refusals import RefusedWith
from milepost.doors.routing import Auth, Route
from milepost.rules.reasons import Refusal
from milepost.service.accounts import Accounts, UserChange, told
from milepost.wire import queries, v1shapes
from milepost.wire.v1 import V1Dialect, encode_user, encode_users

ROOT = "/v1/users"
T = TypeVar("T")


class V1UsersDoor:
    """Handlers of ``/v1/users``."""

    def __init__(self, accounts: Accounts, dialect: V1Dialect) -> None:
        self._accounts = accounts
        self._dialect = dialect

    async def list_users(self, request: Request) -> Answer:
        """All users, by name."""
        let_administrate(request)
        queries.only(queries.parse_query(request.query), ())
        users = await self._accounts.users()
        return json_answer(encode_users(map(told, users)))

    async def create_user(self, request: Request) -> Answer:
        """Add a user."""
        let_administrate(request)
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        new = self._dialect.decode_new_user(body)
        name, role, extension = new["name"], new["role"], new.get("extension")
        user = known(await self._accounts.add(name, role, extension, new["password"]))
        place = (b"location", f"{ROOT}/{quote(name, safe='')}".encode())
        return json_answer(encode_user(told(user)), place, status=201)

    async def get_user(self, request: Request) -> Answer:
        """One user."""
        let_administrate(request)
        (name,) = request.params
        queries.only(queries.parse_query(request.query), ())
        return json_answer(encode_user(told(known(await self._accounts.user(name)))))

    async def update_user(self, request: Request) -> Answer:
        """Change a user's role, password, or whether it is disabled."""
        let_administrate(request)
        (name,) = request.params
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        change = UserChange(**self._dialect.decode_user_change(body))
        return json_answer(encode_user(told(known(await self._accounts.change(name, change)))))


def let_administrate(request: Request) -> None:
    """Raise ``RefusedWith`` for all but administrators."""
    refusal = refusal_of_users(request.who.principal)
    if refusal is not None:
        raise RefusedWith(refusal)


def known(found: T | Refusal) -> T:
    """What was found. Raises ``RefusedWith``."""
    if isinstance(found, Refusal):
        raise RefusedWith(found)
    return found


def user_routes(door: V1UsersDoor) -> list[Route]:
    """The routes of users."""
    reading, changing = (400, 401, 403, 503), (400, 401, 403, 413, 415, 429, 503)
    return [
        Route(
            "POST",
            ROOT,
            door.create_user,
            Auth.SESSION,
            operation="v1.users.create",
            summary="Add a user; for administrators.",
            request=v1shapes.NEW_USER,
            answer="milepost.v1.user",
            status=201,
            errors=changing,
        ),
        Route(
            "GET",
            ROOT,
            door.list_users,
            Auth.SESSION,
            operation="v1.users.list",
            summary="Get all users; for administrators.",
            answer="milepost.v1.users",
            errors=reading,
        ),
        Route(
            "GET",
            ROOT + "/{name}",
            door.get_user,
            Auth.SESSION,
            operation="v1.users.get",
            summary="Get a user; for administrators.",
            answer="milepost.v1.user",
            errors=(*reading, 404),
        ),
        Route(
            "PATCH",
            ROOT + "/{name}",
            door.update_user,
            Auth.SESSION,
            operation="v1.users.update",
            summary="Change a user's role, key, password or whether it is disabled;"
            " for administrators.",
            request=v1shapes.USER_CHANGE,
            answer="milepost.v1.user",
            errors=(*changing, 404),
        ),
    ]
