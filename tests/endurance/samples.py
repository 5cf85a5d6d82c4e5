"""What a server takes up while it works: memory, descriptors, threads and files, over time."""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.endurance.mixed import Mixed
from tests.serving import Server

SMALL = 4 * 1024 * 1024
"""Bytes below which the size of a file is of no interest."""
FEW = 100
"""Requests that a percentile is not told of."""


class Sample(NamedTuple):
    """One look: sizes in bytes, and the milliseconds of the requests since the look before.

    The process that commits beside the server's counts with it.
    """

    at: float
    resident: int
    descriptors: int
    threads: int
    files: dict[str, int]
    latencies: dict[str, list[float]]


async def sampled(mixed: Mixed, server: Server, data: Path, seconds: float) -> list[Sample]:
    """Run a load and look at the server about 200 times."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    load = asyncio.ensure_future(mixed.run(seconds))
    samples = []
    every = seconds / 200
    while not load.done():
        await asyncio.wait([load], timeout=every)
        samples.append(look(server.pids(), data, loop.time() - begun, mixed.latencies()))
    await load
    return [sample for sample in samples if sample.at <= seconds]


def look(pids: list[int], data: Path, at: float, latencies: dict[str, list[float]]) -> Sample:
    processes = [Path(f"/proc/{pid}") for pid in pids]
    told = [(process / "status").read_text() for process in processes]
    return Sample(
        at=at,
        resident=1024 * sum(number_of(status, "VmRSS") for status in told),
        descriptors=sum(len(list((process / "fd").iterdir())) for process in processes),
        threads=sum(number_of(status, "Threads") for status in told),
        files={file.name: file.stat().st_size for file in data.iterdir() if file.is_file()},
        latencies=latencies,
    )


def number_of(status: str, name: str) -> int:
    (found,) = re.findall(rf"{name}:\s+(\d+)", status)
    return int(found)


def growth(samples: Sequence[Sample]) -> dict[str, float]:
    """The last third of a run against the middle one; the first is there to warm up.

    Memory, descriptors and threads by their medians, files by their largest size, and the
    latencies of each kind by their 99th percentile.
    """
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    found = {
        name: middle_of(last, name) / middle_of(middle, name)
        for name in ("resident", "descriptors", "threads")
    }
    for name in sorted({name for sample in last for name in sample.files}):
        sizes = [max(one.files.get(name, 0) for one in part) for part in (middle, last)]
        found[f"file {name}"] = max(sizes[1], SMALL) / max(sizes[0], SMALL)
    for kind in sorted({kind for sample in middle for kind in sample.latencies}):
        before, after = latencies(middle, kind), latencies(last, kind)
        if min(len(before), len(after)) >= FEW:
            found[f"p99 {kind}"] = percentile(after, 0.99) / percentile(before, 0.99)
    return found


def middle_of(samples: Sequence[Sample], name: str) -> float:
    return float(statistics.median(getattr(sample, name) for sample in samples))


def latencies(samples: Sequence[Sample], kind: str) -> list[float]:
    return sorted(taken for sample in samples for taken in sample.latencies.get(kind, ()))


def percentile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
