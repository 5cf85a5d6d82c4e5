-- Tasks: one row a task, at its newest revision. Texts with structure are JSON.
-- The CHECKs are fences: the rules decide, and a row they could never make is refused here.
CREATE TABLE tasks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 22 AND 64),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    service TEXT NOT NULL,
    operation TEXT NOT NULL,
    cancelable INTEGER NOT NULL CHECK (cancelable IN (0, 1)),
    target_type TEXT NOT NULL,
    target_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    user TEXT,
    parent TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('PENDING', 'RUNNING', 'BLOCKED', 'SUCCEEDED', 'FAILED')),
    description TEXT NOT NULL,
    progress_total INTEGER NOT NULL CHECK (progress_total >= 0),
    progress_completed INTEGER NOT NULL CHECK (progress_completed >= 0),
    progress_message TEXT NOT NULL,
    error TEXT,
    result TEXT,
    -- The result as it came as a vAPI data value, where the plain form does not hold all of it.
    result_typed TEXT,
    start_time INTEGER,
    start_given INTEGER NOT NULL CHECK (start_given IN (0, 1)),
    end_time INTEGER,
    finished_at INTEGER,
    cancel_requested INTEGER,
    cancel_acknowledged INTEGER,
    -- Seconds an open task may stay silent. When it was last heard of is not stored.
    lease_seconds INTEGER CHECK (lease_seconds BETWEEN 1 AND 86400),
    weight REAL NOT NULL CHECK (weight > 0),
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    -- The position of its newest event.
    last_position INTEGER NOT NULL,
    CHECK (progress_completed <= progress_total),
    CHECK ((status = 'PENDING') = (start_time IS NULL)),
    CHECK ((status IN ('SUCCEEDED', 'FAILED')) = (end_time IS NOT NULL)),
    CHECK ((end_time IS NULL) = (finished_at IS NULL)),
    CHECK (end_time IS NULL OR end_time >= start_time),
    CHECK ((status = 'FAILED') = (error IS NOT NULL)),
    CHECK (status <> 'PENDING' OR result IS NULL),
    CHECK (result_typed IS NULL OR result IS NOT NULL),
    CHECK (cancel_acknowledged IS NULL OR cancel_requested IS NOT NULL),
    CHECK (finished_at IS NULL OR lease_seconds IS NULL)
) STRICT;

-- An index costs a change only where its column moves, so none has a column that moves with
-- progress; those below the first two cost a task only its creation.
CREATE INDEX tasks_by_service ON tasks (service, status);
CREATE INDEX tasks_by_status ON tasks (status);
CREATE INDEX tasks_by_operation ON tasks (operation);
CREATE INDEX tasks_by_target ON tasks (target_id, target_type);
CREATE INDEX tasks_by_user ON tasks (user) WHERE user IS NOT NULL;
CREATE INDEX tasks_by_end ON tasks (service, finished_at)
    WHERE finished_at IS NOT NULL AND pinned = 0;
CREATE INDEX tasks_by_lease ON tasks (id, lease_seconds) WHERE lease_seconds IS NOT NULL;
CREATE INDEX tasks_by_parent ON tasks (parent) WHERE parent IS NOT NULL;

-- The log of what has happened. Positions are given by the one process that writes, in the order of
-- the commits. "previous" is the position of the task's event before: the events of a task are found
-- backwards from the newest, without an index that every change would have to write.
CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    previous INTEGER CHECK (previous < position),
    task_id TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 1),
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    principal TEXT NOT NULL,
    source TEXT NOT NULL,
    changes TEXT NOT NULL,
    task TEXT NOT NULL
) STRICT;

-- Tasks that were removed, for a while: who asks for one is told so.
CREATE TABLE tombstones (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 22 AND 64),
    service TEXT NOT NULL,
    removed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstones_by_time ON tombstones (removed_at);

-- Where the chains of events begin that belong to no task any more; they are removed bit by bit.
CREATE TABLE discarded (
    position INTEGER PRIMARY KEY
) STRICT;

-- Up to where events are missing from the log.
CREATE TABLE compaction (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    through INTEGER NOT NULL
) STRICT;

-- What came of requests with an Idempotency-Key: the digest of what was asked, and the service's note.
CREATE TABLE kept (
    scope TEXT NOT NULL CHECK (scope <> ''),
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    note TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_by_time ON kept (at);

-- What this server signs with, by the name of the use. Made at the first use and kept.
CREATE TABLE keys (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    value TEXT NOT NULL CHECK (length(value) >= 43)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    role TEXT NOT NULL CHECK (role IN ('administrator', 'operator', 'viewer', 'extension')),
    extension TEXT,
    password TEXT NOT NULL,
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    CHECK ((role = 'extension') = (extension IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    token TEXT PRIMARY KEY CHECK (length(token) = 64),
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Extensions: each as one JSON document. A deleted one leaves its version behind, without a document,
-- so that a version never stands for two contents.
CREATE TABLE extensions (
    key TEXT NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
    version INTEGER NOT NULL CHECK (version >= 1),
    document TEXT
) STRICT;
