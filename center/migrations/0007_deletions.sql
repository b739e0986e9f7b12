-- Withdrawals as they were signed; one may come before its receipt, and then that never counts.
CREATE TABLE withdrawals (
    tenant TEXT NOT NULL,
    receipt TEXT NOT NULL,
    signed TEXT NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (tenant, receipt)
);
-- What is to be deleted, and the signed receipt of it once it is. cause: withdrawn, retention, customer, lead.
CREATE TABLE deletions (
    tenant TEXT NOT NULL,
    receipt TEXT NOT NULL,
    bundle TEXT NOT NULL,
    host TEXT NOT NULL,
    cause TEXT NOT NULL,
    actor TEXT NOT NULL,
    ordered BIGINT NOT NULL,
    done BIGINT,
    signed TEXT,
    PRIMARY KEY (tenant, receipt)
);
CREATE INDEX deletions_by_host ON deletions (host, done);
CREATE INDEX deletions_to_do ON deletions (done, ordered);
-- What the lines hold, once more, to find the lines of a tenant and of a bundle.
ALTER TABLE audit ADD COLUMN event TEXT;
ALTER TABLE audit ADD COLUMN tenant TEXT;
ALTER TABLE audit ADD COLUMN object TEXT;
CREATE INDEX audit_by_object ON audit (tenant, object);
