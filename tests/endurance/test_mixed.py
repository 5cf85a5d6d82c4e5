"""Minutes of mixed load: the server takes up no more in the end than in the middle.

``MIXED_SECONDS`` says how long; by default half a minute, and three with ``CI=true``.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.durability.starting import start_by
from tests.endurance.mixed import Mixed
from tests.endurance.samples import Sample, growth, sampled
from tests.endurance.wire import Place
from tests.serving import ADMINISTRATOR, serving

SECONDS = float(os.environ.get("MIXED_SECONDS") or (180 if os.environ.get("CI") == "true" else 30))
REST = 0.01
BUSY = Path(__file__).with_name("busy.py")
KEPT = {"retention_age": "5", "history_limit": "100", "commit_process": "always"}
MEMORY, COUNTED, FILES = 1.12, 1.5, 1.3
"""How much larger the last third may be than the middle one."""

linux_only = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it looks at /proc")


def too_large(found: dict[str, float]) -> dict[str, float]:
    """What has grown more than it may; how long an answer takes is not judged here."""
    limits = {"resident": MEMORY, "descriptors": COUNTED, "threads": COUNTED}
    return {
        name: ratio
        for name, ratio in found.items()
        if not name.startswith("p99 ") and ratio > limits.get(name, FILES)
    }


@linux_only
@pytest.mark.timeout(SECONDS + 300)
def test_a_server_under_mixed_load_does_not_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    start_by(monkeypatch, tmp_path, f"exec {shlex.quote(sys.executable)} {shlex.quote(str(BUSY))}")
    with serving(data, **KEPT) as server:
        place = Place(server.host, server.port, server.login(ADMINISTRATOR))
        mixed = Mixed(place, REST)

        async def run() -> tuple[list[Sample], int]:
            return await sampled(mixed, server, data, SECONDS), await mixed.check()

        samples, kept = asyncio.run(run())
        found = growth(samples)
        assert mixed.faults == []
        assert 0 < kept < len(mixed.endings), "some were removed, and not all"
        assert too_large(found) == {}, found


def test_the_check_sees_a_task_that_ended_otherwise(tmp_path: Path) -> None:
    """The control."""
    with serving(tmp_path / "data") as server:
        mixed = Mixed(Place(server.host, server.port, server.login(ADMINISTRATOR)), 0)
        asyncio.run(mixed.run(0.2))
        assert asyncio.run(mixed.check()) == len(mixed.endings) > 0
        assert mixed.faults == []
        for ending in ({"status": "RUNNING"}, {"completed": -1}, {"revision": 1}):
            mixed.faults.clear()
            task, known = next(iter(mixed.endings.items()))
            mixed.endings[task] = known._replace(**ending)
            asyncio.run(mixed.check())
            assert len(mixed.faults) == 1
            mixed.endings[task] = known


def sample(at: float, **more: int) -> Sample:
    own = {"resident": 100, "descriptors": 10, "threads": 5, **more}
    size = own.pop("size", 10**8)
    return Sample(at=at, files={"milepost.db": size}, latencies={}, **own)


def test_what_stays_as_it_is_is_not_too_large() -> None:
    assert too_large(growth([sample(at) for at in range(9)])) == {}


@pytest.mark.parametrize(
    ("name", "begin", "step"),
    [("resident", 100, 10), ("descriptors", 10, 6), ("threads", 5, 4), ("size", 10**8, 10**7 * 4)],
)
def test_what_grows_is_noticed(name: str, begin: int, step: int) -> None:
    samples = [sample(at, **{name: begin + step * at}) for at in range(9)]
    assert len(too_large(growth(samples))) == 1


def test_a_small_file_may_grow() -> None:
    samples = [sample(at, size=1000 * at) for at in range(9)]
    assert too_large(growth(samples)) == {}
