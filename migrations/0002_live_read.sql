-- How the files of a name's live folder looked (inode, size, time of change) when they were read last and were right, so
-- that a check reads only what looks different.
CREATE TABLE live_read (
    domain TEXT PRIMARY KEY REFERENCES certificate (domain),
    glance INTEGER NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
