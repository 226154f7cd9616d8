-- What the service says of an installed certificate is looked at again: the `Status` by which it is dead before its end.
ALTER TABLE certificate ADD COLUMN dead_status INTEGER;

-- Since when somebody else's order is waited for; what the service says of its age may be missing.
ALTER TABLE certificate ADD COLUMN foreign_since INTEGER;
ALTER TABLE certificate ADD COLUMN foreign_outwaited INTEGER NOT NULL DEFAULT 0;

-- How many orders an account has had since it was listed.
CREATE INDEX order_of_account ON order_ (account, opened_at);

-- Which names may show visitors an earlier certificate than the installed one.
CREATE INDEX delivery_failing ON delivery (domain) WHERE attempts > 0;

-- A hold of its own for an account that may not fetch certificates.
CREATE TABLE hold_with_fetch (
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
INSERT INTO hold_with_fetch SELECT account, scope, name, until, times, class, code, message, request_id FROM hold;
DROP TABLE hold;
ALTER TABLE hold_with_fetch RENAME TO hold;
