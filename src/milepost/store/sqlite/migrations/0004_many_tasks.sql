-- What lists and counts of very many tasks stand on. None of it is touched by a report of progress:
-- the index and the first trigger cost a task its creation, the others a change of its status, of
-- whether it is pinned, and its removal.

-- Tasks by service and status, counted as they are made, moved and removed.
CREATE TABLE tallies (
    service TEXT NOT NULL,
    status TEXT NOT NULL,
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    count INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (service, status, pinned)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies
SELECT service, status, pinned, count(*) FROM tasks GROUP BY service, status, pinned;

CREATE TRIGGER tally_made AFTER INSERT ON tasks BEGIN
    INSERT INTO tallies VALUES (new.service, new.status, new.pinned, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER tally_moved AFTER UPDATE OF status, pinned ON tasks
WHEN old.status <> new.status OR old.pinned <> new.pinned BEGIN
    UPDATE tallies SET count = count - 1
    WHERE service = old.service AND status = old.status AND pinned = old.pinned;
    INSERT INTO tallies VALUES (new.service, new.status, new.pinned, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER tally_removed AFTER DELETE ON tasks BEGIN
    UPDATE tallies SET count = count - 1
    WHERE service = old.service AND status = old.status AND pinned = old.pinned;
    -- A service without tasks is none.
    DELETE FROM tallies
    WHERE service = old.service AND status = old.status AND pinned = old.pinned AND count = 0;
END;

CREATE INDEX tasks_by_creation ON tasks (created_at);

-- The order of tasks is that of their numbers, and so is that of their creation, but for a clock that
-- went back: by how many milliseconds a task was ever made before one that has a lower number. The
-- casts keep a difference beyond all bounds an integer.
CREATE TABLE clock_back (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    milliseconds INTEGER NOT NULL CHECK (milliseconds > 0)
) STRICT;

INSERT INTO clock_back
SELECT 1, back FROM (
    SELECT CAST(max(newest - created_at) AS INTEGER) AS back FROM (
        SELECT created_at, max(created_at) OVER (ORDER BY number ROWS UNBOUNDED PRECEDING) AS newest
        FROM tasks))
WHERE back > 0;

CREATE TRIGGER clock_went_back AFTER INSERT ON tasks
WHEN new.created_at < (SELECT max(created_at) FROM tasks) BEGIN
    INSERT INTO clock_back
    VALUES (1, CAST((SELECT max(created_at) FROM tasks) - new.created_at AS INTEGER))
    ON CONFLICT DO UPDATE SET milliseconds = max(milliseconds, excluded.milliseconds);
END;
