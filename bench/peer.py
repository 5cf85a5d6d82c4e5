"""PATCH beside an ordinary service: ``python bench/peer.py``.

The peer is FastAPI with SQLAlchemy on SQLite, see ``peers/fastapi_sqlalchemy.py``. It gets the same
bodies at the same path, in turn, at the number of connections where it is best.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from loads import Counted, Load, Rounds, best, in_turn, load, median, tell
from report import RESULTS, Line, report
from servers import Target, fastapi, milepost

CONNECTIONS = (16, 64)
OURS = "PATCH"
OUR_CONNECTIONS = 64
APART = 5000


def name_at(connections: int) -> str:
    return f"FastAPI, SQLAlchemy at {connections}"


def loads(peer: Target, *, seconds: int) -> dict[str, Load]:
    def at(many: int, start: int) -> Counted:
        # They report on the same tasks in the same round.
        return load(peer, "PATCH", many, seconds, start + many * APART)

    return {name_at(many): partial(at, many) for many in CONNECTIONS}


def judged(rounds: Rounds) -> list[Line]:
    ours = median(rounds[OURS], "per_second")
    theirs = best(rounds, [name_at(many) for many in CONNECTIONS])
    return [line(ours / theirs)]


def line(ratio: float | None) -> Line:
    return Line("durable PATCH/s ÷ FastAPI + SQLAlchemy", ratio, 15, 30, more_is_better=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure PATCH against an ordinary service.")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with milepost(options.tasks) as service, fastapi(service.ids) as peer:
        ours = partial(load, service, "PATCH", OUR_CONNECTIONS, options.seconds)
        rounds = in_turn({OURS: ours, **loads(peer, seconds=options.seconds)}, options.rounds)
    tell(rounds)
    report(options.out, "peer", judged(rounds), rounds=rounds)


if __name__ == "__main__":
    main()
