-- What the next keysets list beside the center's own keys; public halves and fingerprints only.
CREATE TABLE engineer_keys (
    keyid TEXT NOT NULL PRIMARY KEY,
    engineer TEXT NOT NULL,
    public TEXT NOT NULL,
    added BIGINT NOT NULL
);
CREATE TABLE revoked_keys (
    keyid TEXT NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL
);
-- What a user may do: a word of users::Role. Who was there before there were roles did everything.
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'lead';
