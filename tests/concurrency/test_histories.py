"""The check of histories agrees with trying every order, on small histories drawn at random."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import inf

from tests.contract.linear import Op, fault_in

HISTORIES = 20_000


def some_order_fits(rest: Sequence[Op], version: int = 0) -> bool:
    """Whether what is left can happen after all else, found by trying.

    Next is an operation that was called before every answer that is left.
    """
    if not rest:
        return True
    first_answer = min(op.answered for op in rest)
    for number, op in enumerate(rest):
        if op.called > first_answer or op.version != version + (op.kind == "write"):
            continue
        if some_order_fits([*rest[:number], *rest[number + 1 :]], op.version):
            return True
    return False


def drawn(dice: random.Random) -> list[Op]:
    """A history of up to four writes and four reads; many are possible, many are not.

    A write without an answer is one whose answer was lost, but which the log tells of.
    """
    last = dice.randint(0, 4)
    history = []
    for version in range(1, last + 1):
        called = dice.randint(0, 12)
        answered = inf if dice.random() < 0.2 else called + dice.randint(1, 6)
        history.append(Op("write", called, answered, version))
    for _ in range(dice.randint(0, 4)):
        called = dice.randint(0, 14)
        history.append(
            Op("read", called, called + dice.randint(1, 6), dice.randint(0, last + (last > 3)))
        )
    dice.shuffle(history)
    return history


def test_the_check_agrees_with_trying_every_order() -> None:
    dice = random.Random(7)  # noqa: S311  a test's dice
    possible = 0
    for _ in range(HISTORIES):
        history = drawn(dice)
        fits = some_order_fits(history)
        assert (fault_in(history) is None) == fits, history
        possible += fits
    assert HISTORIES * 0.1 < possible < HISTORIES * 0.9
