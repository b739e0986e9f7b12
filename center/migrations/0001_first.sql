-- The portable subset of SQLite and PostgreSQL: TEXT, BIGINT, no engine's own functions. Times are seconds since 1970, UTC.
CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL
);
CREATE TABLE hosts (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host_key TEXT NOT NULL,
    transport_key TEXT,
    enrolled BIGINT NOT NULL,
    revoked BIGINT
);
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE TABLE users (
    name TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    password TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,
    user_name TEXT NOT NULL REFERENCES users (name),
    csrf TEXT NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT NOT NULL
);
-- sender: who may go on with it ("token ID" for now). place: bytes that are on the disk for certain.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    sender TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    place BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX uploads_by_sender ON uploads (sender, created);
CREATE TABLE receipts (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    bundle TEXT NOT NULL,
    payload TEXT NOT NULL,
    signature TEXT NOT NULL,
    delete_by BIGINT NOT NULL,
    withdrawn BIGINT
);
-- object: its name in the object store, never made from anything the sender chose.
CREATE TABLE bundles (
    id TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    object TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    manifest_at BIGINT NOT NULL,
    started BIGINT NOT NULL,
    received BIGINT NOT NULL,
    complete BIGINT NOT NULL,
    alerts BIGINT NOT NULL,
    signer TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
-- line: the exact bytes the next line's "prev" is the SHA-256 of.
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    line TEXT NOT NULL
);
