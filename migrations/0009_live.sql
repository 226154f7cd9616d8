-- What is wrong with the live folder of a name, until a look finds it right.
CREATE TABLE live_trouble (
    domain TEXT PRIMARY KEY REFERENCES certificate (domain),
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
