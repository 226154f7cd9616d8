-- What is told to whom. It is derived from the history: how far that was read is the fact 'told'.

-- Problems that were told and are not over. Words in the column family are those of notification/told.rs.
CREATE TABLE problem (
    subject   TEXT    NOT NULL, -- 'certificate NAME', 'account NAME', …
    family    TEXT    NOT NULL,
    signature TEXT    NOT NULL, -- told again when it changes
    since     INTEGER NOT NULL,
    seen      INTEGER NOT NULL,
    PRIMARY KEY (subject, family)
) STRICT, WITHOUT ROWID;

-- What each channel was not told yet.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    channel    TEXT    NOT NULL,
    topic      TEXT,                                -- NULL for a summary
    state      TEXT    NOT NULL CHECK (state IN ('problem', 'solved', 'news', 'digest')),
    history    INTEGER REFERENCES history (id),
    created_at INTEGER NOT NULL,
    CHECK ((history IS NULL) = (state = 'digest'))
) STRICT;
CREATE INDEX outbox_of_channel ON outbox (channel, id);

CREATE TABLE channel (
    name       TEXT    PRIMARY KEY,
    attempts   INTEGER NOT NULL DEFAULT 0, -- failures in a row
    next_at    INTEGER NOT NULL,           -- nothing is sent before
    digest_at  INTEGER NOT NULL            -- when it was last given a summary, or first known
) STRICT, WITHOUT ROWID;
