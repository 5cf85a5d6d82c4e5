"""The order of work for a login: may it be tried, does it fit, then a session."""

from __future__ import annotations

from collections.abc import Callable

from milepost.access.sessions import Sessions
from milepost.access.throttle import Throttle
from milepost.rules import reasons
from milepost.rules.reasons import Refusal
from milepost.rules.values import Instant, Value


class Wait(Value, frozen=True):
    """A login that may not be tried yet."""

    refusal: Refusal
    seconds: int


class LoginService:
    """Turns a name and a password into the token of a new session."""

    def __init__(
        self, sessions: Sessions, throttle: Throttle, clock: Callable[[], Instant]
    ) -> None:
        self._sessions = sessions
        self._throttle = throttle
        self._clock = clock

    async def log_in(self, name: str, password: str, source: str) -> str | Refusal | Wait:
        """The token; or that name and password do not fit; or how long to wait.

        An unknown user, a disabled one and a wrong password look and cost the same. Raises
        ``TooManyLogins`` and what the store raises.
        """
        now = self._clock()
        wait = self._throttle.wait(name, source, now)
        if wait:
            seconds = -(-wait // 1000)
            return Wait(Refusal(reasons.LOGINS_LIMITED, (str(seconds),)), seconds)
        token = await self._sessions.log_in(name, password, now)
        if token is not None:
            return token
        # Logins that are checked at the same moment do not see each other fail; the pool that
        # checks them bounds how many these are.
        self._throttle.failed(name, source, now)
        return Refusal(reasons.LOGIN_FAILED)
