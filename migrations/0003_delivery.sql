-- Where installed certificates go. Words in the columns kind and stage are those of lifecycle/delivery.rs.

CREATE TABLE delivery (
    domain              TEXT    NOT NULL REFERENCES certificate (domain),
    target              TEXT    NOT NULL, -- digest of its settings
    kind                TEXT    NOT NULL CHECK (kind IN ('install', 'cloud', 'deploy', 'verify', 'failure')),
    title               TEXT    NOT NULL,
    delivered           TEXT,             -- fingerprint that it has
    delivered_not_after INTEGER,
    aim                 TEXT,             -- fingerprint that the stage is about
    stage               TEXT    NOT NULL DEFAULT 'idle',
    since               INTEGER,
    attempts            INTEGER NOT NULL DEFAULT 0,
    next_at             INTEGER,          -- NULL while there is nothing to do
    last_error          TEXT,
    seen                TEXT,             -- fingerprint that is really there
    seen_at             INTEGER,
    forced              INTEGER NOT NULL DEFAULT 0,
    task                TEXT,
    PRIMARY KEY (domain, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (next_at) WHERE next_at IS NOT NULL;

-- What the operator went back to. It holds while the certificate that it was gone back from is the installed one.
CREATE TABLE gone_back (
    domain      TEXT    PRIMARY KEY REFERENCES certificate (domain),
    over        TEXT    NOT NULL, -- fingerprint of the installed certificate
    fingerprint TEXT    NOT NULL, -- what is live instead
    not_after   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The certificate that was last said to be delivered, so that it is said once.
CREATE TABLE announced (
    domain      TEXT PRIMARY KEY REFERENCES certificate (domain),
    fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- In the same transaction as the certificate: a crash can't leave one without the other.
CREATE TRIGGER delivery_becomes_due AFTER UPDATE OF fingerprint ON certificate
WHEN NEW.fingerprint IS NOT NULL AND NEW.fingerprint IS NOT OLD.fingerprint
BEGIN
    DELETE FROM gone_back WHERE domain = NEW.domain;
    UPDATE delivery SET next_at = NEW.installed_at, attempts = 0 WHERE domain = NEW.domain AND kind <> 'failure';
END;

CREATE TABLE delivery_request (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    verb       TEXT    NOT NULL CHECK (verb IN ('deploy', 'rollback')),
    domain     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    done_at    INTEGER,          -- taken up; the deliveries that follow have their own rows
    error      TEXT
) STRICT;
CREATE INDEX delivery_request_open ON delivery_request (id) WHERE done_at IS NULL;
