-- The transparency log: its head, leaves, tiles and bundles, signed checkpoints, what witnesses said of
-- them, and the columns that decisions are searched by. Written by the sequencer alone.

-- One row: identity, size, root, frontier. The commit point: a new head is written by compare-and-swap
-- on the size, in the transaction of its leaves, tiles and checkpoint.
CREATE TABLE audit.head (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    origin     text    NOT NULL CHECK (origin ~ '^[^[:space:]+]+$'),
    size       bigint  NOT NULL CHECK (size >= 0),
    root       bytea   NOT NULL CHECK (length(root) = 32),
    frontier   bytea   NOT NULL CHECK (length(frontier) % 32 = 0),  -- roots of perfect subtrees, largest first
    epoch      bigint  NOT NULL DEFAULT 0,  -- raised by each integration; for people only
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Where each record came to stand. 2^20 indexes a partition, made ahead by audit.leaf_partitions_make.
CREATE TABLE audit.leaf (
    idx       bigint NOT NULL CHECK (idx >= 0),
    inst      uuid   NOT NULL,
    iseq      bigint NOT NULL CHECK (iseq >= 0),
    day       date,                         -- of audit.body; null: the record is in audit.event
    leaf_hash bytea  NOT NULL CHECK (length(leaf_hash) = 32),
    PRIMARY KEY (idx)
) PARTITION BY RANGE (idx);
CREATE INDEX ON audit.leaf (inst, iseq);
CREATE INDEX ON audit.leaf USING hash (leaf_hash);

CREATE FUNCTION audit.leaf_partitions_make(first bigint, last bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    n    bigint;
    name text;
    made integer := 0;
BEGIN
    FOR n IN SELECT generate_series(first >> 20, last >> 20) LOOP
        name := 'leaf_' || n;
        CONTINUE WHEN to_regclass('audit.' || name) IS NOT NULL;
        EXECUTE format('CREATE TABLE audit.%I PARTITION OF audit.leaf FOR VALUES FROM (%s) TO (%s)',
                       name, n << 20, (n + 1) << 20);
        EXECUTE format('CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
SELECT audit.leaf_partitions_make(0, 1 << 20);

-- Hash tiles, one growing row each: tile/L/N.p/W is its first 32 W bytes.
CREATE TABLE audit.tile (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    n     bigint   NOT NULL CHECK (n >= 0),
    data  bytea    NOT NULL CHECK (length(data) % 32 = 0 AND length(data) BETWEEN 32 AND 8192),
    PRIMARY KEY (level, n)
);
ALTER TABLE audit.tile ALTER COLUMN data SET STORAGE EXTERNAL;      -- hashes do not compress

-- Entry bundles: 35 bytes an entry, its length (2 bytes) before it.
CREATE TABLE audit.bundle (
    n    bigint PRIMARY KEY CHECK (n >= 0),
    data bytea  NOT NULL CHECK (length(data) % 35 = 0 AND length(data) BETWEEN 35 AND 8960)
);
ALTER TABLE audit.bundle ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE audit.checkpoint (
    size         bigint PRIMARY KEY CHECK (size >= 0),
    root         bytea  NOT NULL CHECK (length(root) = 32),
    note         text   NOT NULL,           -- the text and the log's own signature lines
    signed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz                -- once the witnesses' quorum is there; without one, at once
);

CREATE TABLE audit.cosignature (
    size         bigint NOT NULL REFERENCES audit.checkpoint,
    witness      text   NOT NULL,
    key_id       bytea  NOT NULL CHECK (length(key_id) = 4),
    line         text   NOT NULL,           -- the signature line as it was received and verified
    witnessed_at timestamptz NOT NULL,
    PRIMARY KEY (size, witness, key_id)
);

-- The last size that each witness cosigned.
CREATE TABLE audit.witness_state (
    witness    text   PRIMARY KEY,
    size       bigint NOT NULL DEFAULT 0,
    last_try   timestamptz,
    last_error text
);

-- What decisions are searched by: derived from the record's bytes when it is integrated, never by the
-- decision's own transaction.
CREATE TABLE audit.search (
    idx                bigint NOT NULL PRIMARY KEY,
    kind               text   NOT NULL,     -- of the record: decision, parameters ...
    id                 text,                -- of a decision
    operation          text,                -- preview ...
    market             text,
    account            text,
    actor              text,
    ts                 bigint NOT NULL,     -- microseconds since 1970
    parameters_version bigint,
    status             text                 -- of the account: healthy ...
);
CREATE INDEX ON audit.search (market, idx) WHERE kind = 'decision';
CREATE INDEX ON audit.search (account, idx) WHERE account IS NOT NULL;
CREATE INDEX ON audit.search (status, idx) WHERE status IS NOT NULL AND status <> 'healthy';
CREATE INDEX ON audit.search USING brin (ts);
CREATE INDEX ON audit.search USING brin (parameters_version);     -- it rises with time

-- Against accidents, not against a superuser. Tiles, bundles and checkpoints are updated: they grow, and
-- are published.
CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON audit.head
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.leaf
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON audit.tile
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON audit.bundle
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON audit.checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON audit.cosignature    -- a newer one takes its place
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- For operators who part the rights: who records, who signs, who reads. Nobody logs in as they; where the
-- migrating user may not make roles, there are none. Another database of this server may have made them.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['audit_writer', 'audit_sequencer', 'audit_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                CONTINUE;
            END IF;
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA audit TO %I', role);
        EXECUTE CASE role
            WHEN 'audit_writer' THEN 'GRANT SELECT, INSERT ON audit.body, audit.event, audit.pending, audit.instance TO audit_writer'
            WHEN 'audit_sequencer' THEN 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA audit TO audit_sequencer'
            ELSE 'GRANT SELECT ON ALL TABLES IN SCHEMA audit TO audit_reader' END;
    END LOOP;
END $$;
