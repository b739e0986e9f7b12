-- What the center asks hosts for and what they answer. digest: of the signed bytes, as receipts name it. state: the one that the
-- host told last; NULL while it said nothing. cancel: the signed cancellation.
CREATE TABLE requests (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host TEXT NOT NULL REFERENCES hosts (id),
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    digest TEXT NOT NULL,
    signed TEXT NOT NULL,
    cancel TEXT,
    composed_by TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    state TEXT,
    reason TEXT,
    receipt TEXT,
    seq BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX requests_by_host ON requests (host, created);
CREATE INDEX requests_by_case ON requests (tenant, subject);
-- signed: as the host signed it. at: by the host's clock, received: by ours.
CREATE TABLE request_events (
    request TEXT NOT NULL REFERENCES requests (id),
    seq BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    receipt TEXT,
    at BIGINT NOT NULL,
    received BIGINT NOT NULL,
    signed TEXT NOT NULL,
    PRIMARY KEY (request, seq)
);
-- One row for each host about which something changed since it enrolled: what waits for it, its keys, its keyset.
-- change: rises with each change of any row, so that running programs find what they must read anew.
CREATE TABLE inboxes (
    host TEXT NOT NULL PRIMARY KEY REFERENCES hosts (id),
    generation BIGINT NOT NULL,
    change BIGINT NOT NULL
);
CREATE INDEX inboxes_by_change ON inboxes (change);
-- Every head of a host's ledger that was told. told: when the host first told it, by its own clock; at: by ours. signed: the document
-- of the host's key, where one came.
CREATE TABLE ledger_heads (
    host TEXT NOT NULL REFERENCES hosts (id),
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    told BIGINT NOT NULL,
    at BIGINT NOT NULL,
    signed TEXT,
    PRIMARY KEY (host, seq, hash)
);
CREATE INDEX ledger_heads_by_time ON ledger_heads (host, at);
-- Heads that do not fit to what was told before: that is known_seq, known_hash.
CREATE TABLE ledger_conflicts (
    host TEXT NOT NULL REFERENCES hosts (id),
    tenant TEXT NOT NULL REFERENCES tenants (id),
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    known_seq BIGINT NOT NULL,
    known_hash TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (host, seq, hash)
);
CREATE INDEX ledger_conflicts_by_tenant ON ledger_conflicts (tenant, at);
-- The newest catalogue of each host: what it can be asked for, as the host sent it.
CREATE TABLE catalogues (
    host TEXT NOT NULL PRIMARY KEY REFERENCES hosts (id),
    version TEXT NOT NULL,
    offer TEXT NOT NULL,
    received BIGINT NOT NULL
);
