-- Times are milliseconds since 1970 in UTC. Words in state columns are those of lifecycle/record.rs.

CREATE TABLE installation (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    id         TEXT    NOT NULL CHECK (length(id) = 6), -- stands in every marker of ours
    created_at INTEGER NOT NULL
) STRICT;

-- Small facts about the whole: the digest of the config last taken in, the last pass.
CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate (
    domain              TEXT    PRIMARY KEY,
    account             TEXT    NOT NULL,
    wanted              INTEGER NOT NULL, -- 0 once the config no longer names it
    inputs              TEXT    NOT NULL, -- digest of all that goes into an application
    renew_before        INTEGER NOT NULL, -- milliseconds

    -- what is installed
    certificate_id      TEXT,
    held_account        TEXT,
    not_before          INTEGER,
    not_after           INTEGER,
    fingerprint         TEXT,
    installed_at        INTEGER,

    -- failures in a row
    failures            INTEGER NOT NULL DEFAULT 0,
    lost_orders         INTEGER NOT NULL DEFAULT 0,
    unvalidated         INTEGER NOT NULL DEFAULT 0,
    retry_at            INTEGER,
    without_link        INTEGER NOT NULL DEFAULT 0,
    last_class          TEXT,
    last_code           TEXT,
    last_error          TEXT,
    last_request_id     TEXT,

    forced_at           INTEGER,
    foreign_order       TEXT,
    alarmed             INTEGER, -- the gravest alarm raised, in days left
    parked_reason       TEXT,
    parked_remedy       TEXT,
    parked_inputs       TEXT,
    parked_at           INTEGER,

    -- when it is looked at next: in flight by its own pace, else by the schedule
    next_at             INTEGER,
    in_flight           INTEGER NOT NULL DEFAULT 0,
    urgent_at           INTEGER,
    looked_at           INTEGER,

    CHECK ((certificate_id IS NULL) = (not_after IS NULL)),
    CHECK ((parked_at IS NULL) = (parked_reason IS NULL))
) STRICT;

-- A pass asks for what is due; these keep its work from growing with what is not.
CREATE INDEX certificate_in_flight ON certificate (next_at) WHERE in_flight = 1 AND next_at IS NOT NULL;
CREATE INDEX certificate_scheduled ON certificate (next_at) WHERE in_flight = 0 AND next_at IS NOT NULL;
CREATE INDEX certificate_urgent ON certificate (urgent_at) WHERE in_flight = 0 AND urgent_at IS NOT NULL;

-- What a verb that waits wants to see: those that were looked at since it asked.
CREATE INDEX certificate_looked ON certificate (looked_at) WHERE looked_at IS NOT NULL;

-- Named order_ because ORDER is SQL's own word.
CREATE TABLE order_ (
    id             TEXT    PRIMARY KEY,
    domain         TEXT    NOT NULL REFERENCES certificate (domain),
    account        TEXT    NOT NULL,
    marker         TEXT    NOT NULL,
    algorithm      TEXT    NOT NULL CHECK (algorithm IN ('RSA', 'ECC')),
    link           TEXT,
    renewal        INTEGER NOT NULL,
    adopted        INTEGER NOT NULL,
    stage          TEXT    NOT NULL CHECK (stage IN ('intended', 'pending', 'issued')),
    certificate_id TEXT,
    signed_at      INTEGER,          -- the timestamp that was signed; seconds are what the wire carries
    looks          INTEGER NOT NULL DEFAULT 0,
    since          INTEGER,
    deadline       INTEGER,
    status         INTEGER NOT NULL DEFAULT 0,
    stalled        INTEGER NOT NULL DEFAULT 0,
    opened_at      INTEGER NOT NULL,
    closed_at      INTEGER,
    ending         TEXT,
    CHECK ((closed_at IS NULL) = (ending IS NULL)),
    CHECK ((stage = 'intended') OR (certificate_id IS NOT NULL))
) STRICT;

-- The last wall behind "one order per renewal".
CREATE UNIQUE INDEX one_open_order ON order_ (domain) WHERE closed_at IS NULL;
CREATE INDEX order_of_domain ON order_ (domain, opened_at);
CREATE INDEX order_by_certificate_id ON order_ (certificate_id) WHERE certificate_id IS NOT NULL;

-- Conditions that keep back more than one certificate.
CREATE TABLE hold (
    account    TEXT    NOT NULL,
    scope      TEXT    NOT NULL CHECK (scope IN ('account', 'orders', 'main-domain')),
    name       TEXT    NOT NULL, -- the main domain, else empty
    until      INTEGER NOT NULL,
    times      INTEGER NOT NULL,
    class      TEXT    NOT NULL,
    code       TEXT,
    message    TEXT    NOT NULL,
    request_id TEXT,
    PRIMARY KEY (account, scope, name)
) STRICT, WITHOUT ROWID;

-- When the account was last listed in full.
CREATE TABLE sweep (
    account TEXT    PRIMARY KEY,
    at      INTEGER NOT NULL,
    slots   INTEGER NOT NULL  -- free certificates that count against the account's limit
) STRICT, WITHOUT ROWID;

-- What changing verbs ask of the daemon.
CREATE TABLE request (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    verb       TEXT    NOT NULL CHECK (verb IN ('renew')),
    domains    TEXT    NOT NULL, -- JSON list; empty for all that are due
    force      INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    taken_at   INTEGER,
    done_at    INTEGER           -- its pass is over; orders may still be pending
) STRICT;
CREATE INDEX request_open ON request (id) WHERE done_at IS NULL;

CREATE TABLE history (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    at             INTEGER NOT NULL,
    event          TEXT    NOT NULL,
    domain         TEXT,
    account        TEXT,
    certificate_id TEXT,
    request_id     TEXT,
    message        TEXT    NOT NULL,
    fields         TEXT    NOT NULL  -- JSON object, the fields of the log line
) STRICT;
CREATE INDEX history_of_domain ON history (domain, id);

-- Append only: what happened, happened.
CREATE TRIGGER history_is_kept BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;
CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;
