"""When a request is sent again, and after how long. Pure: chance and time come in as arguments.

| what came back | sent again |
| --- | --- |
| nothing, and the request did not leave | always |
| nothing, and it may have been made; 502, 503, 504 | when it is repeatable |
| 429 | always: the service has not looked at it |
| any other answer | never |

A request is repeatable when doing it twice comes to doing it once: reading, an update (the same
again is accepted and is no event), a heartbeat, a request to cancel, and a create with its
``Idempotency-Key``. The pauses double, half of each is chance, and ``Retry-After`` is a lower
bound.
"""

from __future__ import annotations

import msgspec

from milepost.client.errors import Away, MilepostError, Refused

BUSY = 429
LOST = frozenset({502, 503, 504})
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
MOST_DOUBLINGS = 10


class Retries(msgspec.Struct, frozen=True):
    """How long to go on: ``seconds`` from the first try on; 0 tries once."""

    seconds: float = 10.0

    def pause(
        self, fault: MilepostError, tries: int, spent: float, chance: float, *, repeatable: bool
    ) -> float | None:
        """Seconds until the next try, or ``None`` when the fault is the answer.

        ``tries`` were made in ``spent`` seconds; ``chance`` lies between 0 and 1.
        """
        if not may_repeat(fault, repeatable=repeatable):
            return None
        pause = backoff(tries, chance, told_to_wait(fault))
        return pause if spent + pause <= self.seconds else None


def may_repeat(fault: MilepostError, *, repeatable: bool) -> bool:
    """Whether a request that ended in a fault may be sent again."""
    if isinstance(fault, Away):
        return repeatable or not fault.sent
    if isinstance(fault, Refused):
        return fault.status == BUSY or (repeatable and fault.status in LOST)
    return False


def told_to_wait(fault: MilepostError) -> float:
    """What the service has asked for, in seconds."""
    return (fault.retry_after or 0.0) if isinstance(fault, Refused) else 0.0


def backoff(
    tries: int, chance: float, at_least: float = 0.0, *, longest: float = LONGEST_PAUSE
) -> float:
    """The pause after so many tries that failed."""
    whole = min(FIRST_PAUSE * 2.0 ** min(tries - 1, MOST_DOUBLINGS), longest)
    return max(at_least, whole * (0.5 + chance / 2))
