-- What the list of bundles shows of a bundle beside its row; gone with it. NULL where nothing is known.
CREATE TABLE summaries (
    tenant TEXT NOT NULL,
    bundle TEXT NOT NULL,
    host_name TEXT,
    system TEXT,
    critical BIGINT NOT NULL,
    high BIGINT NOT NULL,
    medium BIGINT NOT NULL,
    low BIGINT NOT NULL,
    PRIMARY KEY (tenant, bundle),
    FOREIGN KEY (tenant, bundle) REFERENCES bundles (tenant, id) ON DELETE CASCADE
);
