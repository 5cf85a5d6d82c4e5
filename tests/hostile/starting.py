"""Servers whose connections are given little time."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.starting import start_by
from tests.serving import Server, serving

HASTY = Path(__file__).with_name("hasty.py")


@contextlib.contextmanager
def hasty(folder: Path, limits: dict[str, float], **settings: str) -> Iterator[Server]:
    """A server with these ``ConnectionLimits``, in seconds, for the time of a block."""
    words = ("exec", sys.executable, str(HASTY), json.dumps(limits))
    with pytest.MonkeyPatch.context() as patch:
        start_by(patch, folder, f"{words[0]} {shlex.join(words[1:])}")
        with serving(folder / "data", **settings) as server:
            yield server
