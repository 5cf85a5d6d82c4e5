-- Tasks with more events than are kept, and the revision at which that was noted last; a part of
-- their history is to be taken out.
CREATE TABLE overlong (
    task_id TEXT PRIMARY KEY CHECK (length(task_id) BETWEEN 22 AND 64),
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tasks with events taken out of the middle of their history, and the newest position of these:
-- whoever comes back from before it and wants to hear of the task has missed something.
CREATE TABLE shortened (
    task_id TEXT PRIMARY KEY CHECK (length(task_id) BETWEEN 22 AND 64),
    through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX shortened_by_position ON shortened (through);
