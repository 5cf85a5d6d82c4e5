"""Passwords: what fits, what it costs, and how many may wait."""

from __future__ import annotations

import asyncio
import threading

import pytest

from milepost.access import passwords
from milepost.access.passwords import (
    MOST_WAITING,
    PasswordChecker,
    TooManyLogins,
    hash_password,
    password_fits,
)

HASHED = hash_password("sesame")


def test_the_cost_is_that_of_the_owasp_minimum() -> None:
    assert HASHED.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hash_password("sesame") != HASHED


@pytest.mark.parametrize(
    ("hashed", "password", "fits"),
    [
        (HASHED, "sesame", True),
        (HASHED, "Sesame", False),
        (HASHED, "", False),
        (HASHED, "sesame\0", False),
        ("", "sesame", False),
        ("$argon2id$broken", "sesame", False),
        ("sesame", "sesame", False),
    ],
)
def test_what_fits(hashed: str, password: str, *, fits: bool) -> None:
    assert password_fits(hashed, password) is fits


def test_an_unknown_user_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[tuple[str, str]] = []

    def verify(hashed: str, password: str) -> bool:
        verified.append((hashed, password))
        return True

    async def check() -> list[bool]:
        checker = PasswordChecker()
        try:
            return [await checker.fits(HASHED, "sesame"), await checker.fits(None, "sesame")]
        finally:
            checker.close()

    monkeypatch.setattr(passwords, "password_fits", verify)
    assert asyncio.run(check()) == [True, False]
    known, unknown = verified
    assert known == (HASHED, "sesame")
    assert unknown[0].split("$")[:4] == HASHED.split("$")[:4]
    assert unknown[0] != HASHED


def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def slowly(_hashed: str, password: str) -> bool:
        return go.wait(30) and password == "good"

    async def check() -> list[bool]:
        checker = PasswordChecker()
        waiting = [asyncio.create_task(checker.fits("", "good")) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyLogins):
            await checker.fits("", "good")
        go.set()
        done = await asyncio.gather(*waiting)
        again = await checker.fits("", "bad")
        checker.close()
        return [*done, again]

    monkeypatch.setattr(passwords, "password_fits", slowly)
    assert asyncio.run(check()) == [True] * MOST_WAITING + [False]
