-- Service requests. id: "SR-" and a number. digest: of the signed bytes that opened it, so that the same document opens it once.
CREATE TABLE cases (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host TEXT NOT NULL REFERENCES hosts (id),
    severity TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    signed TEXT NOT NULL,
    opened BIGINT NOT NULL,
    accepted BIGINT,
    respond_by BIGINT,
    resolved BIGINT,
    confirmed BIGINT,
    closed BIGINT
);
CREATE INDEX cases_by_tenant ON cases (tenant, opened);
-- Leave to read a bundle of another case. until: the last moment of it.
CREATE TABLE grants (
    tenant TEXT NOT NULL,
    bundle TEXT NOT NULL,
    reader TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    created BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (tenant, bundle, reader)
);
-- The case that a receipt names; NULL when it names none.
ALTER TABLE receipts ADD COLUMN subject TEXT;
