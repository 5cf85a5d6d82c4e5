# ruff: noqa: INP001  beside the script that writes the pages, in no package
"""The parts of the page about performance, made from the newest results of the benches."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from docs._charts import Plot, picture, shown

DOCS = Path(__file__).parent
RESULTS = DOCS.parent / "bench" / "results"
IMAGES = DOCS / "images"
NONE = "There is no result yet: `{}` was not run, or its result was not committed."
COMMANDS = {
    "budget": "make bench",
    "growth": "make growth",
    "hotpath": "make bench-more",
    "overload": "make bench-more",
}
# The curves of a result, each with its file and what its horizontal axis tells.
FILES = {
    "connections": ("growth-connections.svg", "connections"),
    "stored tasks": ("growth-stored.svg", "tasks stored"),
    "watchers": ("growth-watchers.svg", "watchers"),
    "bytes of a body": ("growth-bodies.svg", "bytes of a body"),
}
PLOTS = {"per_second": "PATCH/s", "p99_ms": "p99 in ms"}
# What else is told of a point, where it was counted.
COLUMNS = {**PLOTS, "cut_off": "cut off for being slow"}

Result = dict[str, Any]


def newest(kind: str, results: Path = RESULTS) -> Result | None:
    """The newest result of a bench, if there is one. Those of old have no kind."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(results.glob("*.json"))]
    return max(
        (result for result in found if result.get("kind") == kind),
        key=lambda result: str(result["at"]),
        default=None,
    )


@cache
def committed(kind: str) -> Result | None:
    return newest(kind)


def missing(kind: str) -> str:
    return NONE.format(COMMANDS[kind])


def origin(result: Result) -> str:
    """When, on what, with which commit and command."""
    machine = result["machine"]
    described = [f"{machine['cores']} cores"]
    if machine.get("processor"):
        described.append(machine["processor"])
    described += [f"{machine['memory_gib']} GiB", machine["system"]]
    described += [f"Python {machine['python']}", f"SQLite {machine['sqlite']}"]
    day = result["at"].partition("T")[0]
    return (
        f"Measured on {day} at commit `{result['commit']}` with `{result['command']}`,"
        f" on {', '.join(described)}."
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def budget(result: Result | None) -> str:
    """The lines with what they must reach, the aim, and the verdict."""
    if result is None:
        return missing("budget")
    rows = [
        [line["name"], *bounds(line), value_of(line), line["verdict"]]
        for line in result["lines"]
        if line["aim"] is not None
    ]
    beside = [
        [line["name"], bounds(line)[0], value_of(line), line["verdict"]]
        for line in result["lines"]
        if line["aim"] is None
    ]
    parts = [origin(result), table(["measure", "must", "aim", "measured", "verdict"], rows)]
    if beside:
        parts += ["Beside the budget:", table(["measure", "must", "measured", "verdict"], beside)]
    return "\n\n".join(parts)


def bounds(line: dict[str, Any]) -> list[str]:
    sign = "≥" if line["more_is_better"] else "≤"
    return [f"{sign} {line[name]:g}" for name in ("must", "aim") if line[name] is not None]


def value_of(line: dict[str, Any]) -> str:
    return "not measured" if line["value"] is None else shown(line["value"])


def counted(result: Result | None) -> str:
    """The figures behind the ratios, the medians of the rounds."""
    if result is None:
        return missing("budget")
    parts = result["parts"]
    loads = [
        [name, *(shown(median(rounds, figure)) for figure in ("per_second", "p50_ms", "p99_ms"))]
        for name, rounds in parts["speed"]["rounds"].items()
    ]
    pages = [
        [name, shown(taken["p50_ms"]), shown(taken["p99_ms"])]
        for name, taken in parts["stored"]["lists"].items()
    ]
    sync = shown(parts["speed"]["lone_fdatasync_ms"])
    return "\n\n".join(
        [
            table(["load", "a second", "p50 ms", "p99 ms"], loads),
            f"A lone `fdatasync` of 512 bytes took {sync} ms.",
            f"A page of 100 of {parts['stored']['stored']:,} tasks:",
            table(["filter", "p50 ms", "p99 ms"], pages),
        ]
    )


def median(rounds: list[dict[str, float]], figure: str) -> float:
    return statistics.median(one[figure] for one in rounds)


def growth(result: Result | None) -> str:
    """The curves, each with its points in a table."""
    if result is None:
        return missing("growth")
    parts = [origin(result)]
    for name, points in result["curves"].items():
        file, axis = FILES[name]
        figures = {key: title for key, title in COLUMNS.items() if key in points[0]}
        rows = [[f"{point['at']:,}", *(shown(point[key]) for key in figures)] for point in points]
        parts += [f"![{alt_of(axis)}](../images/{file})", table([axis, *figures.values()], rows)]
    return "\n\n".join(parts)


def alt_of(axis: str) -> str:
    return f"PATCH a second, and the 99th percentile of the time to its answer, by {axis}"


def drawings(result: Result | None) -> dict[str, str]:
    """The pictures of the curves, by the names of their files."""
    if result is None:
        return {}
    found = {}
    for name, points in result["curves"].items():
        file, axis = FILES[name]
        labels = [f"{point['at']:,}" for point in points]
        plots = [
            Plot(title, [point[figure] for point in points]) for figure, title in PLOTS.items()
        ]
        found[file] = picture(alt_of(axis), axis, labels, plots)
    return found


def pictures() -> dict[Path, str]:
    """The pictures that belong to the newest result."""
    return {IMAGES / name: text for name, text in drawings(committed("growth")).items()}


def hotpath(result: Result | None) -> str:
    """What threads worked for a PATCH, and what the event loop did in that time."""
    if result is None:
        return missing("hotpath")
    threads = [
        [name, *(shown(figure) for figure in (1e6 / one["per_second"], one["loop"], one["others"]))]
        for name, one in (("echo", result["echo"]), ("PATCH", result["PATCH"]))
    ]
    parts = [[name, shown(microseconds)] for name, microseconds in result["parts"].items()]
    head = ["", "one each, in µs", "event loop at work, µs", "commits and all else, µs"]
    return "\n\n".join(
        [
            origin(result),
            table(head, threads),
            f"What the event loop did for a PATCH, from {result['looks']:,} looks:",
            table(["part", "µs"], parts),
        ]
    )


def overload(result: Result | None) -> str:
    """What was accepted and refused at half and at twice the rate that can be done."""
    if result is None:
        return missing("overload")
    rows = [
        [
            name,
            *(shown(one[f"{what}_per_second"]) for what in ("offered", "accepted", "shed")),
            shown(one["accepted_ms"]["p50"]),
            shown(one["accepted_ms"]["p99"]),
        ]
        for name, one in result["parts"].items()
    ]
    lines = [
        [line["name"], bounds(line)[0], value_of(line), line["verdict"]] for line in result["lines"]
    ]
    head = ["load", "offered/s", "accepted/s", "refused/s", "p50 ms", "p99 ms"]
    return "\n\n".join(
        [
            origin(result),
            table(head, rows),
            table(["measure", "must", "measured", "verdict"], lines),
        ]
    )


PARTS = {
    "performance-hotpath": lambda: hotpath(committed("hotpath")),
    "performance-overload": lambda: overload(committed("overload")),
    "performance-budget": lambda: budget(committed("budget")),
    "performance-counted": lambda: counted(committed("budget")),
    "performance-growth": lambda: growth(committed("growth")),
}
