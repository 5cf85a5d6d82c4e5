"""What ``doctor`` finds: a verdict for each step, and what to do."""

from __future__ import annotations

from typing import Literal, NamedTuple

Verdict = Literal["ok", "warn", "fail", "skip"]
STYLES: dict[Verdict, str] = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


class Finding(NamedTuple):
    """What one step came to; ``advice`` says what to do, where there is something."""

    step: str
    verdict: Verdict
    found: str
    advice: str = ""
