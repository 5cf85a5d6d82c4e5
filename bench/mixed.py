"""Minutes of mixed load: ``python bench/mixed.py --minutes 30``. All are ratios within one run.

Tasks are created, report and end, alone and in batches; others list and read them and their
histories, cancel them, and watch, come and go. Finished tasks are kept for a minute and a history
has 100 events, so after the first third the server should take up no more than before, and answer
as fast. The last third is compared with the middle one.

What a removed task leaves behind for a week, and its share in the file, grows all the time; so the
rate is one at which that is little beside what is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from report import RESULTS, Line, report

sys.path.insert(0, str(Path(__file__).parent.parent))  # run as a script, it is in no package

from tests.endurance.mixed import Mixed
from tests.endurance.samples import Sample, growth, latencies, percentile, sampled
from tests.endurance.wire import Place
from tests.serving import ADMINISTRATOR, serving

KEPT = {
    "retention_age": "60",
    "history_limit": "100",
    "log_level": "warning",
    "commit_process": "always",
}
WINDOWS = 15
MUST = {"resident": 1.1, "descriptors": 1.1, "threads": 1.1}
FILES, TAILS = 1.2, 1.5


def measure(*, minutes: float, rest: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with serving(data, **KEPT) as server:
            place = Place(server.host, server.port, server.login(ADMINISTRATOR))
            mixed = Mixed(place, rest)

            async def run() -> tuple[list[Sample], int]:
                samples = await sampled(mixed, server, data, minutes * 60)
                return samples, await mixed.check()

            samples, kept = asyncio.run(run())
    return {
        "growth": growth(samples),
        "requests": mixed.count,
        "ended": len(mixed.endings),
        "still_kept": kept,
        "faults": mixed.faults,
        "windows": windows(samples),
    }


def windows(samples: list[Sample]) -> list[dict[str, Any]]:
    """The run in equal parts: what was taken up at the end of each, and how fast it answered."""
    size = max(len(samples) // WINDOWS, 1)
    return [window(samples[first : first + size]) for first in range(0, len(samples), size)]


def window(samples: list[Sample]) -> dict[str, Any]:
    last = samples[-1]
    kinds = sorted({kind for sample in samples for kind in sample.latencies})
    taken = {kind: latencies(samples, kind) for kind in kinds}
    return {
        "seconds": round(last.at),
        "resident": last.resident,
        "descriptors": last.descriptors,
        "threads": last.threads,
        "files": last.files,
        "requests": {kind: len(ordered) for kind, ordered in taken.items()},
        "p50_ms": {kind: percentile(ordered, 0.5) for kind, ordered in taken.items()},
        "p99_ms": {kind: percentile(ordered, 0.99) for kind, ordered in taken.items()},
    }


def judged(found: dict[str, Any]) -> list[Line]:
    lines = [
        Line(f"last third ÷ middle: {name}", ratio, most_of(name), more_is_better=False)
        for name, ratio in found["growth"].items()
    ]
    return [
        *lines,
        Line("wrong answers and endings", len(found["faults"]), 0, more_is_better=False),
    ]


def most_of(name: str) -> float:
    return TAILS if name.startswith("p99 ") else MUST.get(name, FILES)


def shown(one: dict[str, Any]) -> str:
    mib = 1024 * 1024
    files = "  ".join(f"{name} {size / mib:.1f}" for name, size in one["files"].items() if size)
    rate = sum(one["requests"].values())
    tails = "  ".join(f"{kind} {value:.1f}" for kind, value in one["p99_ms"].items())
    return (
        f"{one['seconds']:5} s  {one['resident'] / mib:6.1f} MiB  {one['descriptors']} fds"
        f"  {one['threads']} threads  {files}\n         {rate} requests, p99 in ms: {tails}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Work for some minutes and look for growth.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rest", type=float, default=0.02, help="seconds between two requests")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = measure(minutes=options.minutes, rest=options.rest)
    for one in found["windows"]:
        print(shown(one))
    print(f"{found['requests']} requests, {found['ended']} tasks ended, {found['still_kept']} kept")
    for fault in found["faults"]:
        print(fault)
    report(options.out, "mixed", judged(found), **found)


if __name__ == "__main__":
    main()
