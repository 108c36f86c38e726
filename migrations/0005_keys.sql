-- Keys that expire, that are replaced without a gap, and that have a rate of their own; and the rights of the
-- connection that records decisions.

ALTER TABLE breakwater.api_key
    ADD COLUMN expires_at bigint,
    ADD COLUMN rate       bigint CHECK (rate BETWEEN 1 AND 1000000),      -- requests a second; null: as all
    ADD COLUMN burst      bigint CHECK (burst BETWEEN 1 AND 1000000),     -- of them at once
    ADD COLUMN old_sha256 bytea  CHECK (length(old_sha256) = 32),         -- of the secret before this one
    ADD COLUMN old_until  bigint,                                         -- how long that one is good
    ADD CHECK ((rate IS NULL) = (burst IS NULL)),
    ADD CHECK ((old_sha256 IS NULL) = (old_until IS NULL));

-- A share lock needs the right to change some column of the row: this one cannot be changed.
ALTER TABLE breakwater.market ADD COLUMN fence boolean GENERATED ALWAYS AS (true) STORED;

-- What the writer needs beside the log: it never changes or deletes what was recorded. `kept_at` only says when
-- a state was last named, for retention.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_writer') THEN
        GRANT USAGE ON SCHEMA audit, breakwater TO audit_writer;
        GRANT SELECT, INSERT ON audit.body, audit.event, audit.pending, audit.instance TO audit_writer;
        GRANT SELECT, UPDATE (fence) ON breakwater.market TO audit_writer;
        GRANT SELECT, INSERT, UPDATE (kept_at) ON breakwater.kept TO audit_writer;
        GRANT SELECT, INSERT ON breakwater.idempotency TO audit_writer;
    END IF;
END $$;
