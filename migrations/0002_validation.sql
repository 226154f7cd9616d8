-- How control of the domain is proved for an order: DNS_AUTO, DNS or FILE. It stays what the order was made with.
ALTER TABLE order_ ADD COLUMN method TEXT NOT NULL DEFAULT 'DNS_AUTO';

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
