-- A hold of its own for an account whose list can't be had: its certificates wait for the next try together.
CREATE TABLE hold_with_list (
    account    TEXT    NOT NULL,
    scope      TEXT    NOT NULL CHECK (scope IN ('account', 'orders', 'main-domain', 'list')),
    name       TEXT    NOT NULL, -- the main domain, else empty
    until      INTEGER NOT NULL,
    times      INTEGER NOT NULL,
    class      TEXT    NOT NULL,
    code       TEXT,
    message    TEXT    NOT NULL,
    request_id TEXT,
    PRIMARY KEY (account, scope, name)
) STRICT, WITHOUT ROWID;
INSERT INTO hold_with_list SELECT account, scope, name, until, times, class, code, message, request_id FROM hold;
DROP TABLE hold;
ALTER TABLE hold_with_list RENAME TO hold;
