-- What operators ask for beside `renew`, `deploy` and `rollback`, and what they want to see.

-- Since when its operator holds back all automation of it.
ALTER TABLE certificate ADD COLUMN paused_at INTEGER;
CREATE INDEX certificate_paused ON certificate (domain) WHERE paused_at IS NOT NULL;

-- JSON list: the free certificates that the account's last full listing showed.
ALTER TABLE sweep ADD COLUMN holdings TEXT NOT NULL DEFAULT '[]';

CREATE TABLE operator_request (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    verb       TEXT    NOT NULL CHECK (verb IN ('pause', 'resume', 'account', 'doctor')),
    subject    TEXT    NOT NULL, -- a domain, or an account
    created_at INTEGER NOT NULL,
    done_at    INTEGER,
    answer     TEXT,             -- what came of it: words, or JSON
    error      TEXT              -- why it can't be done
) STRICT;
CREATE INDEX operator_request_open ON operator_request (id) WHERE done_at IS NULL;
