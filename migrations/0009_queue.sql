-- The queue takes a row for each commit, not one for each record: the entries of the records from `iseq` on,
-- and what they are searched by, so that the sequencer need not read their bodies again.

ALTER TABLE audit.pending DROP CONSTRAINT pending_entry_check;
ALTER TABLE audit.pending ADD CHECK (length(entry) % 33 = 0 AND length(entry) BETWEEN 33 AND 33 * 1024
                                     AND get_byte(entry, 0) = 1);
-- A line for each entry (db/search.h); an empty one, or none at all: it is found in the record.
ALTER TABLE audit.pending ADD COLUMN terms text;
ALTER TABLE audit.pending ALTER COLUMN entry SET STORAGE EXTERNAL;      -- hashes do not compress
ALTER TABLE audit.pending ALTER COLUMN terms SET COMPRESSION lz4;
ALTER TABLE audit.pending SET (toast_tuple_target = 8160, autovacuum_vacuum_threshold = 2000);

-- The same, a row for each record.
CREATE VIEW audit.queued AS
    SELECT inst, iseq + i AS iseq, substr(entry, i * 33 + 1, 33) AS entry, queued_at,
           nullif(split_part(terms, E'\n', i + 1), '') AS terms
    FROM audit.pending, generate_series(0, length(entry) / 33 - 1) AS i;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_sequencer') THEN
        GRANT SELECT ON audit.queued TO audit_sequencer;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_reader') THEN
        GRANT SELECT ON audit.queued TO audit_reader;
    END IF;
END $$;
