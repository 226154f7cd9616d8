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
    dead_status         INTEGER, -- the service's Status by which it is dead before its end

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
    foreign_since       INTEGER, -- since when somebody else's order is waited for
    foreign_outwaited   INTEGER NOT NULL DEFAULT 0,
    alarmed             INTEGER, -- the gravest alarm raised, in days left
    parked_reason       TEXT,
    parked_remedy       TEXT,
    parked_inputs       TEXT,
    parked_at           INTEGER,
    paused_at           INTEGER, -- since when its operator holds back all automation of it

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
CREATE INDEX certificate_paused ON certificate (domain) WHERE paused_at IS NOT NULL;

-- Named order_ because ORDER is SQL's own word.
CREATE TABLE order_ (
    id             TEXT    PRIMARY KEY,
    domain         TEXT    NOT NULL REFERENCES certificate (domain),
    account        TEXT    NOT NULL,
    marker         TEXT    NOT NULL,
    algorithm      TEXT    NOT NULL CHECK (algorithm IN ('RSA', 'ECC')),
    method         TEXT    NOT NULL, -- how control of the domain is proved: DNS_AUTO, DNS or FILE
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

-- How many orders an account has had since it was listed.
CREATE INDEX order_of_account ON order_ (account, opened_at);

-- Conditions that keep back more than one certificate.
CREATE TABLE hold (
    account    TEXT    NOT NULL,
    scope      TEXT    NOT NULL CHECK (scope IN ('account', 'orders', 'main-domain', 'list', 'fetch')),
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
    account  TEXT    PRIMARY KEY,
    at       INTEGER NOT NULL,
    slots    INTEGER NOT NULL, -- free certificates that count against the account's limit
    holdings TEXT    NOT NULL  -- JSON list: the free certificates that it showed
) STRICT, WITHOUT ROWID;

-- The proof of an order of ours that is not DNS_AUTO. It outlives the order until what was put up is taken down.
CREATE TABLE proof (
    order_id   TEXT    PRIMARY KEY REFERENCES order_ (id),
    means      TEXT,                         -- JSON: what it is put up with, never a secret
    challenges TEXT    NOT NULL DEFAULT '[]', -- JSON: what has to be published
    handles    TEXT    NOT NULL DEFAULT '[]', -- JSON: what each was put up as
    stage      TEXT    NOT NULL CHECK (stage IN
        ('wanted', 'described', 'presenting', 'up', 'visible', 'asked', 'clearing')),
    since      INTEGER NOT NULL,
    asked_at   INTEGER,
    asked      INTEGER NOT NULL DEFAULT 0,
    failures   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    next_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX proof_due ON proof (next_at);

-- Where installed certificates go. What only one kind of target has is in its state: JSON of State in
-- lifecycle/delivery/state.rs.
CREATE TABLE delivery (
    domain              TEXT    NOT NULL REFERENCES certificate (domain),
    target              TEXT    NOT NULL, -- digest of its settings
    kind                TEXT    NOT NULL CHECK (kind IN ('install', 'cloud', 'deploy', 'verify', 'failure')),
    title               TEXT    NOT NULL,
    state               TEXT    NOT NULL,
    delivered           TEXT,             -- fingerprint that it has
    delivered_not_after INTEGER,
    attempts            INTEGER NOT NULL DEFAULT 0,
    next_at             INTEGER,          -- NULL while there is nothing to do
    last_error          TEXT,
    seen                TEXT,             -- fingerprint that is really there
    seen_at             INTEGER,
    PRIMARY KEY (domain, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (next_at) WHERE next_at IS NOT NULL;

-- Which names may show visitors an earlier certificate than the installed one.
CREATE INDEX delivery_failing ON delivery (domain) WHERE attempts > 0;

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

-- Every certificate that was ever installed: resources may still be bound to any of them, and a roll-back needs the id.
CREATE TABLE issued (
    domain         TEXT    NOT NULL REFERENCES certificate (domain),
    certificate_id TEXT    NOT NULL,
    account        TEXT    NOT NULL,
    fingerprint    TEXT,
    installed_at   INTEGER NOT NULL,
    PRIMARY KEY (domain, certificate_id)
) STRICT, WITHOUT ROWID;

-- In the same transaction as the certificate.
CREATE TRIGGER issued_is_kept AFTER UPDATE OF fingerprint, certificate_id ON certificate
WHEN NEW.fingerprint IS NOT NULL AND NEW.certificate_id IS NOT NULL
    AND (NEW.fingerprint IS NOT OLD.fingerprint OR NEW.certificate_id IS NOT OLD.certificate_id)
BEGIN
    INSERT INTO issued (domain, certificate_id, account, fingerprint, installed_at)
    VALUES (NEW.domain, NEW.certificate_id, coalesce(NEW.held_account, NEW.account), NEW.fingerprint,
            coalesce(NEW.installed_at, 0))
    ON CONFLICT (domain, certificate_id) DO UPDATE SET fingerprint = excluded.fingerprint,
        account = excluded.account, installed_at = excluded.installed_at;
END;

-- What is wrong with the live folder of a name, until a look finds it right.
CREATE TABLE live_trouble (
    domain TEXT PRIMARY KEY REFERENCES certificate (domain),
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What changing verbs ask of the daemon.
CREATE TABLE request (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    verb       TEXT    NOT NULL, -- JSON: the verb, and what it is about
    created_at INTEGER NOT NULL,
    taken_at   INTEGER,
    done_at    INTEGER,          -- orders and deliveries that follow have their own rows
    answer     TEXT,             -- what came of it: words, or JSON
    refusal    TEXT              -- why it can't be done
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
    fact           TEXT    NOT NULL, -- JSON, what happened; its sentence is made of it
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
