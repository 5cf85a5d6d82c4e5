-- Tokens: for programs, instead of a password. Those that have ended stay for a while.
CREATE TABLE tokens (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    owner TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    scope TEXT NOT NULL CHECK (scope IN ('full', 'read', 'watch')),
    extension TEXT CHECK (extension <> ''),
    created_at INTEGER NOT NULL,
    expires_at INTEGER CHECK (expires_at > created_at),
    used_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE INDEX tokens_by_owner ON tokens (owner, number);
