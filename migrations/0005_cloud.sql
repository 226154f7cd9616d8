-- Cloud resources: what their targets need to know beyond other targets.

ALTER TABLE delivery ADD COLUMN bound_count INTEGER;  -- resources that had the certificate at the last look
ALTER TABLE delivery ADD COLUMN before_id TEXT;       -- certificate that they had before it, by the service's id
ALTER TABLE delivery ADD COLUMN balancer TEXT;        -- account in which a task for load balancers may be under way
ALTER TABLE delivery ADD COLUMN balancer_since INTEGER;
CREATE INDEX delivery_balancer ON delivery (balancer) WHERE balancer IS NOT NULL;

-- Every certificate that was ever installed: resources may still be bound to any of them, and a roll-back needs the id.
CREATE TABLE issued (
    domain         TEXT    NOT NULL REFERENCES certificate (domain),
    certificate_id TEXT    NOT NULL,
    account        TEXT    NOT NULL,
    fingerprint    TEXT,             -- NULL for those before this table
    installed_at   INTEGER NOT NULL,
    PRIMARY KEY (domain, certificate_id)
) STRICT, WITHOUT ROWID;

INSERT INTO issued (domain, certificate_id, account, installed_at)
SELECT domain, certificate_id, account, max(coalesce(closed_at, opened_at)) FROM order_
WHERE ending = 'installed' AND certificate_id IS NOT NULL GROUP BY domain, certificate_id;

INSERT INTO issued (domain, certificate_id, account, fingerprint, installed_at)
SELECT domain, certificate_id, coalesce(held_account, account), fingerprint, coalesce(installed_at, 0) FROM certificate
WHERE certificate_id IS NOT NULL AND fingerprint IS NOT NULL
ON CONFLICT (domain, certificate_id) DO UPDATE SET fingerprint = excluded.fingerprint;

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
