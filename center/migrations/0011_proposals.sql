-- Requests of level extended on their way: written by an engineer, then approved by a lead, then signed with the engineer's own key.
-- paper: the request as JSON; once approved_by is set, the very bytes that are signed. The row goes when the request is signed or refused.
CREATE TABLE proposals (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    host TEXT NOT NULL REFERENCES hosts (id),
    paper TEXT NOT NULL,
    composed_by TEXT NOT NULL,
    approved_by TEXT,
    changed BIGINT NOT NULL
);
CREATE INDEX proposals_by_tenant ON proposals (tenant, changed);
