-- Hosts that enrol, receipts, sealed bundles. The tables that are made anew were never filled by a center outside of tests.
DROP TABLE hosts;
DROP TABLE receipts;
DROP TABLE bundles;
-- What must be known where no option tells it: "name" is the host name that keysets carry.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
-- signed: the JSON wrapper as hosts get it.
CREATE TABLE keysets (
    tenant TEXT NOT NULL REFERENCES tenants (id),
    version BIGINT NOT NULL,
    signed TEXT NOT NULL,
    PRIMARY KEY (tenant, version)
);
-- id: digest of the verifier, by which a request finds it. verifier: digest of the token's secret, kept like a password.
CREATE TABLE enrolments (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    verifier TEXT NOT NULL,
    hosts_most BIGINT NOT NULL,
    hosts_used BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
-- os: what the host says of itself, as JSON.
CREATE TABLE hosts (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host_key TEXT NOT NULL,
    transport_key TEXT NOT NULL,
    transport_keyid TEXT NOT NULL UNIQUE,
    os TEXT NOT NULL,
    enrolment TEXT NOT NULL REFERENCES enrolments (id),
    enrolled BIGINT NOT NULL,
    revoked BIGINT
);
CREATE TABLE nonces (
    host TEXT NOT NULL,
    nonce TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (host, nonce)
);
-- front: all of the sealed file before its payload, base64. bytes: of the whole file. payload: its digest.
CREATE TABLE receipts (
    id TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host TEXT NOT NULL REFERENCES hosts (id),
    bundle TEXT NOT NULL,
    consent TEXT NOT NULL,
    front TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    payload TEXT NOT NULL,
    delete_by BIGINT NOT NULL,
    received BIGINT NOT NULL,
    withdrawn BIGINT,
    PRIMARY KEY (tenant, id)
);
ALTER TABLE uploads ADD COLUMN receipt TEXT NOT NULL DEFAULT '';
-- The bundle as which a finished upload was stored.
ALTER TABLE uploads ADD COLUMN bundle TEXT;
-- object: the sealed file's name in the object store, never made from anything the sender chose; payload_at, payload_bytes:
-- where the ciphertext lies in it; payload, head: digests of all of the ciphertext and of its first 64 KiB. bytes: of the packed
-- bundle. name, manifest_at, started, alerts: known when the manifest was read. ack: as every finish of these bytes gets it.
CREATE TABLE bundles (
    id TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host TEXT NOT NULL REFERENCES hosts (id),
    receipt TEXT NOT NULL,
    object TEXT NOT NULL,
    object_bytes BIGINT NOT NULL,
    payload_at BIGINT NOT NULL,
    payload_bytes BIGINT NOT NULL,
    payload TEXT NOT NULL,
    head TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sealed BIGINT NOT NULL,
    received BIGINT NOT NULL,
    complete BIGINT NOT NULL,
    signer TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    name TEXT,
    manifest_at BIGINT,
    started BIGINT,
    alerts BIGINT,
    ack TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX bundles_by_state ON bundles (state, received);
