"""Parents and children: counted, and found downwards along the index of parents."""

from __future__ import annotations

import sqlite3

from milepost.rules.values import Status
from milepost.store.base import Children

MOST_COUNTED = 10_000
MOST_BELOW = 100_000

HAS_CHILDREN = "SELECT 1 FROM tasks WHERE parent = ? LIMIT 1"
COUNT_CHILDREN = """
SELECT status, count(*), sum(weight), sum(weight * CASE
    WHEN status = 'SUCCEEDED' THEN 1.0
    WHEN progress_total > 0 THEN CAST(progress_completed AS REAL) / progress_total
    ELSE 0.0 END)
FROM (SELECT status, weight, progress_total, progress_completed FROM tasks
    WHERE parent = ?1 AND (?2 IS NULL OR service = ?2) LIMIT ?3)
GROUP BY status
"""
CANCELABLE_BELOW = f"""
WITH RECURSIVE below (id) AS (
    SELECT id FROM tasks WHERE parent = ?1
    UNION ALL
    SELECT tasks.id FROM below JOIN tasks ON tasks.parent = below.id
    LIMIT {MOST_BELOW})
SELECT tasks.id FROM below JOIN tasks ON tasks.id = below.id
WHERE tasks.cancelable AND tasks.cancel_requested IS NULL AND tasks.finished_at IS NULL
    AND (?2 IS NULL OR tasks.service = ?2)
LIMIT ?3
"""  # noqa: S608  own names only


def read_children(
    connection: sqlite3.Connection, task_id: str, visible_service: str | None
) -> Children | None:
    """The children of a task that one may see; at most so many are looked at."""
    values = (task_id, visible_service, MOST_COUNTED + 1)
    found = connection.execute(COUNT_CHILDREN, values).fetchall()
    if not found:
        return None
    by_status = dict.fromkeys(Status, 0) | {Status(row[0]): row[1] for row in found}
    weight, done = (sum(row[place] for row in found) for place in (2, 3))
    return Children(by_status, min(done / weight, 1.0), sum(by_status.values()) <= MOST_COUNTED)
