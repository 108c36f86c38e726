-- Market state that feeds push. A decision that names a snapshot keeps its bytes in breakwater.kept, as
-- it keeps the state of a request; here they stand for a day, and the latest of each market for ever.
CREATE TABLE breakwater.snapshot (
    sha256      bytea  PRIMARY KEY CHECK (length(sha256) = 32),     -- of the bytes
    market      text   NOT NULL REFERENCES breakwater.market,
    bytes       bytea  NOT NULL,        -- canonical JSON
    observed_at bigint NOT NULL,        -- when the state was taken
    accepted_at bigint NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE breakwater.snapshot ALTER COLUMN bytes SET COMPRESSION lz4;
CREATE INDEX ON breakwater.snapshot USING brin (accepted_at);

-- The latest of each market. Its row is locked while the next one is accepted: not the market's own,
-- which every batch of decisions reads FOR SHARE.
CREATE TABLE breakwater.latest_snapshot (
    market      text   PRIMARY KEY REFERENCES breakwater.market,
    sha256      bytea  REFERENCES breakwater.snapshot,      -- null: none yet
    observed_at bigint
);
