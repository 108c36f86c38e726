-- The decision log's bodies and queue, markets and their parameters, API keys, what is kept by its
-- hash, idempotency keys. Times are bigint microseconds since 1970-01-01T00:00:00Z.

CREATE SCHEMA audit;

-- Bodies of decisions, by UTC day for retention. No index but the primary key: this is the hot path.
-- Partitions are made by audit.partitions_make; there is none by default, so that a row never lands
-- where retention does not look.
CREATE TABLE audit.body (
    day    date   NOT NULL,             -- UTC day of the decision
    inst   uuid   NOT NULL,             -- one for each process start
    iseq   bigint NOT NULL CHECK (iseq >= 0),       -- gapless within inst
    salt   bytea  NOT NULL CHECK (length(salt) = 32),
    record bytea  NOT NULL,             -- the exact bytes that were hashed
    PRIMARY KEY (day, inst, iseq)
) PARTITION BY RANGE (day);
ALTER TABLE audit.body ALTER COLUMN record SET COMPRESSION lz4;

-- Bodies of all other records: parameters, proposal, key, prune, open, close. Kept for ever.
CREATE TABLE audit.event (
    inst   uuid   NOT NULL,
    iseq   bigint NOT NULL CHECK (iseq >= 0),
    kind   text   NOT NULL,
    salt   bytea  NOT NULL CHECK (length(salt) = 32),
    record bytea  NOT NULL,
    PRIMARY KEY (inst, iseq)
);
ALTER TABLE audit.event ALTER COLUMN record SET COMPRESSION lz4;

-- What waits for its place in the tree. It is emptied all the time: vacuum by count, not by share.
CREATE TABLE audit.pending (
    inst      uuid   NOT NULL,
    iseq      bigint NOT NULL CHECK (iseq >= 0),
    entry     bytea  NOT NULL CHECK (length(entry) = 33 AND get_byte(entry, 0) = 1),
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (inst, iseq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- How far each instance has come into the tree.
CREATE TABLE audit.instance (
    inst       uuid   PRIMARY KEY,
    next_iseq  bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at  timestamptz
);

-- Against accidents, not against a superuser.
CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.%: % is not allowed', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.event
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER keep BEFORE UPDATE OR TRUNCATE ON audit.body
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- Makes the partitions of these days that are missing. A table is made alone and attached then:
-- attaching does not lock out those who write. toast_tuple_target: rows of 2 to 8 KB stay in line,
-- eight times as fast; the parent does not take it.
CREATE FUNCTION audit.partitions_make(first date, last date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    one  date;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7241, 2);
    FOR one IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        name := 'body_' || to_char(one, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('audit.' || name) IS NOT NULL;
        EXECUTE format('CREATE TABLE audit.%I (LIKE audit.body INCLUDING ALL) WITH (toast_tuple_target = 8160)', name);
        EXECUTE format('ALTER TABLE audit.body ATTACH PARTITION audit.%I FOR VALUES FROM (%L) TO (%L)', name, one, one + 1);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

CREATE SCHEMA breakwater;

CREATE TABLE breakwater.market (
    market     text   PRIMARY KEY CHECK (market ~ '^[A-Za-z0-9._:-]{1,64}$'),
    title      text   NOT NULL,
    version    bigint NOT NULL CHECK (version >= 1),    -- of the parameters in force
    epoch      bigint NOT NULL CHECK (epoch >= 1),      -- raised whenever what is in force changes
    created_at bigint NOT NULL
);

-- A market's parameter documents: immutable.
CREATE TABLE breakwater.parameters (
    market     text   NOT NULL REFERENCES breakwater.market,
    version    bigint NOT NULL CHECK (version >= 1),
    sha256     bytea  NOT NULL CHECK (length(sha256) = 32),
    document   bytea  NOT NULL,         -- canonical JSON
    who        text,                    -- key id; null: the service itself
    why        text,
    created_at bigint NOT NULL,
    active_at  bigint NOT NULL,
    PRIMARY KEY (market, version)
);
CREATE INDEX ON breakwater.parameters USING hash (sha256);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON breakwater.parameters
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- States and parameter documents that came in requests, by the SHA-256 of their canonical bytes.
CREATE TABLE breakwater.kept (
    sha256  bytea  PRIMARY KEY CHECK (length(sha256) = 32),
    bytes   bytea  NOT NULL,
    kept_at bigint NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE breakwater.kept ALTER COLUMN bytes SET COMPRESSION lz4;
CREATE INDEX ON breakwater.kept USING brin (kept_at);

CREATE TABLE breakwater.idempotency (
    caller      text   NOT NULL,        -- key id; empty: anonymous
    key         text   NOT NULL,
    body_sha256 bytea  NOT NULL CHECK (length(body_sha256) = 32),
    decision    text   NOT NULL,        -- its id
    workings    bytea,                  -- the only part of the answer that the record lacks
    created_at  bigint NOT NULL,
    PRIMARY KEY (caller, key)
);
ALTER TABLE breakwater.idempotency ALTER COLUMN workings SET COMPRESSION lz4;
CREATE INDEX ON breakwater.idempotency USING brin (created_at);

CREATE TABLE breakwater.api_key (
    id         text   PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
    sha256     bytea  NOT NULL UNIQUE CHECK (length(sha256) = 32),      -- of the secret
    roles      text   NOT NULL,         -- preview,feed ...
    holder     text   NOT NULL CHECK (holder ~ '^[A-Za-z0-9._:-]{1,64}$'),
    created_at bigint NOT NULL,
    revoked_at bigint,
    used_at    bigint
);
