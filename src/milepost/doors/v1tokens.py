"""The door ``/v1``: tokens, for their owners and for administrators.

Only the answer that makes a token has its text. What one may not see does not exist.
"""

from __future__ import annotations

from typing import Any

from milepost.access.policy import refusal_of_making, refusal_of_tokens
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.refusals import RefusedWith
from milepost.doors.routing import Auth, Parameter, Route
from milepost.doors.v1tasks import PAGES
from milepost.doors.v1users import known
from milepost.logs import logger
from milepost.rules.reasons import Refusal
from milepost.service.tokens import NewToken, Tokens, told, unknown
from milepost.wire import queries, v1queries, v1shapes
from milepost.wire.decoding import decode_nothing
from milepost.wire.v1 import V1Dialect, encode_token, encode_tokens

ROOT = "/v1/tokens"
# Whoever keeps answers must not keep this one.
UNSTORED = (b"cache-control", b"no-store")

log = logger(__name__)


class V1TokensDoor:
    """Handlers of ``/v1/tokens``."""

    def __init__(self, tokens: Tokens, dialect: V1Dialect) -> None:
        self._tokens = tokens
        self._dialect = dialect

    async def make_token(self, request: Request) -> Answer:
        """Make a token for oneself or, as an administrator, for another user."""
        body = await request.read()
        queries.only(queries.parse_query(request.query), ())
        wanted = self._dialect.decode_new_token(body)
        who = request.who.principal
        owner = wanted.pop("user", who.name)
        let(refusal_of_making(who, owner, by_token=request.who.token is not None))
        made = known(await self._tokens.make(owner, NewToken(**wanted)))
        log.info("token made", token=made.token.id, owner=owner, principal=who.name)
        place = (b"location", f"{ROOT}/{made.token.id}".encode())
        answer = encode_token(told(made.token), made.text)
        return json_answer(answer, place, UNSTORED, status=201)

    async def list_tokens(self, request: Request) -> Answer:
        """One's own tokens or, for administrators, those of all users or of one, page by page."""
        user, page = v1queries.user_page_query(queries.parse_query(request.query))
        who, by_token = request.who.principal, request.who.token is not None
        if user is None and refusal_of_tokens(who, None, by_token=by_token) is not None:
            user = who.name
        let(refusal_of_tokens(who, user, by_token=by_token))
        found = known(await self._tokens.page(who, user, page.size, page.token))
        return json_answer(encode_tokens(map(told, found.tokens), found.following))

    async def get_token(self, request: Request) -> Answer:
        """One token."""
        queries.only(queries.parse_query(request.query), ())
        return json_answer(encode_token(await self._visible(request)))

    async def revoke_token(self, request: Request) -> Answer:
        """End a token; the answer is empty."""
        decode_nothing(await request.read())
        queries.only(queries.parse_query(request.query), ())
        token = await self._visible(request)
        known(await self._tokens.revoke(token["id"]))
        who = request.who.principal.name
        log.info("token revoked", token=token["id"], owner=token["owner"], principal=who)
        return Answer(204)

    async def _visible(self, request: Request) -> dict[str, Any]:
        """The token a request is about, as it is told. Raises ``RefusedWith``."""
        (ident,) = request.params
        who, by_token = request.who.principal, request.who.token is not None
        # Whoever may look at no token at all is told so, whatever token it is.
        let(refusal_of_tokens(who, who.name, by_token=by_token))
        token = known(await self._tokens.one(ident))
        if refusal_of_tokens(who, token.owner, by_token=by_token) is not None:
            raise RefusedWith(unknown(ident))
        return told(token)


def let(refusal: Refusal | None) -> None:
    """Raise ``RefusedWith`` for a refusal."""
    if refusal is not None:
        raise RefusedWith(refusal)


def token_routes(door: V1TokensDoor) -> list[Route]:
    """The routes of tokens."""
    token = "milepost.v1.token"  # noqa: S105  the name of a schema
    one = ROOT + "/{token_id}"
    return [
        Route(
            "POST",
            ROOT,
            door.make_token,
            Auth.SESSION,
            operation="v1.tokens.create",
            summary="Make a token; its text is told this once.",
            request=v1shapes.NEW_TOKEN,
            answer="milepost.v1.made_token",
            status=201,
            errors=(400, 401, 403, 404, 413, 415, 429, 503),
        ),
        Route(
            "GET",
            ROOT,
            door.list_tokens,
            Auth.SESSION,
            operation="v1.tokens.list",
            summary="Get one's own tokens or, for administrators, those of all users or of one.",
            answer="milepost.v1.token_page",
            parameters=(Parameter("user", "text"), *PAGES),
            errors=(400, 401, 403, 503),
        ),
        Route(
            "GET",
            one,
            door.get_token,
            Auth.SESSION,
            operation="v1.tokens.get",
            summary="Get a token, without its text.",
            answer=token,
            errors=(400, 401, 403, 404, 503),
        ),
        Route(
            "DELETE",
            one,
            door.revoke_token,
            Auth.SESSION,
            operation="v1.tokens.revoke",
            summary="Revoke a token; it counts no more within a second.",
            status=204,
            errors=(400, 401, 403, 404, 413, 415, 429, 503),
        ),
    ]
