"""What an overview counts: along indexes, and no more than a bounded number of tasks."""

from __future__ import annotations

import json
import sqlite3

from milepost.rules.values import TERMINAL, Instant, Status
from milepost.store.base import Ended, EndedHour, OpenTasks
from milepost.store.sqlite.removal import OPEN_OR_KEPT

HOUR = 60 * 60 * 1000
MOST_SERVICES = 500
MOST_ENDED = 50_000
FEWEST_ENDED = 200
"""Of each service so many are looked at, however many services there are."""

OPEN = f"""
SELECT service, status, sum(count) FROM tallies
WHERE service IN (
    SELECT DISTINCT service FROM tallies WHERE ?1 IS NULL OR service = ?1
    LIMIT {MOST_SERVICES + 1})
GROUP BY service, status
"""  # noqa: S608  own names only
# The times an hour took come as one text, as every row that is read costs a look at Python's lock.
ENDED = f"""
SELECT (finished_at - ?2) / {HOUR}, status, json_group_array(end_time - start_time),
    min(finished_at), count(*)
FROM (SELECT finished_at, status, end_time, start_time FROM tasks
    WHERE service = ?1 AND {OPEN_OR_KEPT} AND finished_at >= ?2
    ORDER BY finished_at DESC LIMIT ?3)
GROUP BY 1, 2
"""  # noqa: S608  own names only


OPEN_STATUSES = tuple(status for status in Status if status not in TERMINAL)


def read_open(connection: sqlite3.Connection, visible_service: str | None) -> OpenTasks:
    """The open tasks of each service that one may see."""
    counts: dict[str, dict[Status, int]] = {}
    for service, status, count in connection.execute(OPEN, (visible_service,)):
        of = counts.setdefault(service, dict.fromkeys(OPEN_STATUSES, 0))
        if status in of:
            of[Status(status)] = count
    complete = len(counts) <= MOST_SERVICES
    return OpenTasks({name: of for name, of in counts.items() if any(of.values())}, complete)


def read_ended(connection: sqlite3.Connection, since: Instant, services: list[str]) -> Ended:
    """The tasks that have ended since an instant, by the hours behind it."""
    most = max(MOST_ENDED // max(len(services), 1), FEWEST_ENDED)
    hours: dict[tuple[str, int, Status], list[int]] = {}
    complete_since = since
    for service in services[:MOST_SERVICES]:
        looked_at, first = 0, since
        for hour, status, took, earliest, count in connection.execute(
            ENDED, (service, since, most)
        ):
            hours[service, hour, Status(status)] = json.loads(took)
            first = earliest if not looked_at else min(first, earliest)
            looked_at += count
        if looked_at >= most:
            complete_since = max(complete_since, first)
    ended = tuple(
        EndedHour(service=service, hour=hour, status=status, took=tuple(took))
        for (service, hour, status), took in hours.items()
    )
    return Ended(ended, complete_since, complete=len(services) <= MOST_SERVICES)
