"""Work that is done again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from milepost.service.rounds import Rounds
from milepost.store.base import Unavailable

PATIENCE = 30.0


@pytest.mark.parametrize("fault", [Unavailable("the disk is full"), LookupError("no")])
def test_a_step_that_fails_is_made_again(fault: Exception) -> None:
    steps: Iterator[Exception | None] = iter((fault, None))

    async def test() -> None:
        again = asyncio.Event()

        async def step() -> None:
            failing = next(steps, None)
            if failing is not None:
                raise failing
            again.set()

        rounds = Rounds(step, seconds=0, failure="not done")
        rounds.start()
        await asyncio.wait_for(again.wait(), PATIENCE)
        rounds.stop()

    asyncio.run(test())


def test_no_step_is_made_after_the_stop() -> None:
    async def test() -> None:
        steps: list[int] = []
        taken = asyncio.Event()

        async def step() -> None:
            steps.append(1)
            taken.set()

        rounds = Rounds(step, seconds=0, failure="not done")
        rounds.stop()
        rounds.start()
        await asyncio.wait_for(taken.wait(), PATIENCE)
        rounds.stop()
        count = len(steps)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(steps) == count

    asyncio.run(test())
