-- Service requests. id: "SR-" and a number. opener: the key in the document that opened it, by which the same one opens it once.
CREATE TABLE cases (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host TEXT NOT NULL REFERENCES hosts (id),
    severity TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    description TEXT NOT NULL,
    contact TEXT NOT NULL,
    engineer TEXT,
    opener TEXT NOT NULL,
    signed TEXT NOT NULL,
    confirmation TEXT,
    opened BIGINT NOT NULL,
    respond_by BIGINT NOT NULL,
    accepted BIGINT,
    resolved BIGINT,
    confirmed BIGINT,
    closed BIGINT,
    UNIQUE (host, opener)
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
-- The case and the request that a receipt names; NULL when it names none.
ALTER TABLE receipts ADD COLUMN subject TEXT;
ALTER TABLE receipts ADD COLUMN request TEXT;
