"""Durable updates beside the official provider stack: ``python bench/jsonrpc.py``.

The official stack speaks JSON-RPC, asks for no session, and keeps the tasks in memory; see
``peers/vapi_provider.py``. It is taken at the number of connections where it is best. Beside it are
measured, in turn, PATCH over ``/rest`` and the same updates over JSON-RPC.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from loads import Load, Rounds, best, in_turn, load, median, rpc_load, tell
from report import RESULTS, Line, report
from servers import Target, milepost, provider

CONNECTIONS = (1, 16)
PATCH, PATCH_CONNECTIONS = "PATCH", 64
OURS, OUR_CONNECTIONS = "JSON-RPC", 16
HALF = 500_000


def name_at(connections: int) -> str:
    return f"official provider at {connections}"


def loads(service: Target, peer: Target, *, seconds: int) -> dict[str, Load]:
    """JSON-RPC, to the service and to the official stack."""

    def ours(start: int) -> dict[str, float]:
        # PATCH reports on the same tasks in the same round.
        return rpc_load(service, OUR_CONNECTIONS, seconds, start + HALF)

    theirs = {name_at(many): partial(rpc_load, peer, many, seconds) for many in CONNECTIONS}
    return {**theirs, OURS: ours}


def judged(rounds: Rounds) -> list[Line]:
    theirs = best(rounds, [name_at(many) for many in CONNECTIONS])
    patch = median(rounds[PATCH], "per_second") / theirs
    ours = median(rounds[OURS], "per_second") / theirs
    return [
        Line("durable PATCH/s ÷ official provider", patch, 12, 25, more_is_better=True),
        Line("JSON-RPC: durable update/s ÷ official provider", ours, 1, more_is_better=True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure JSON-RPC against the official provider.")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    seconds = options.seconds
    with milepost(options.tasks) as service, provider(service.ids) as peer:
        patch = partial(load, service, "PATCH", PATCH_CONNECTIONS, seconds)
        put = {PATCH: patch, **loads(service, peer, seconds=seconds)}
        rounds = in_turn(put, options.rounds)
    tell(rounds)
    report(options.out, "jsonrpc", judged(rounds), rounds=rounds)


if __name__ == "__main__":
    main()
