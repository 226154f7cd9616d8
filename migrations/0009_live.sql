-- What is wrong with the live folder of a name, since the look that found it.
CREATE TABLE live_trouble (
    domain TEXT    PRIMARY KEY REFERENCES certificate (domain),
    reason TEXT    NOT NULL,
    since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
