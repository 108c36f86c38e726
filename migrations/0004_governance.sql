-- How parameters change: proposals, what became of each, who approved them, and the answers to governance
-- requests by idempotency key. What a market asks of a proposal stands in its document (governance).

-- The clock that decides: the same for all instances, whatever theirs say.
CREATE FUNCTION breakwater.now_us() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

-- A guardian's action is a proposal that is active at once, and its end another one, of kind revert, which
-- is scheduled with it: whatever becomes active in between stands in its place.
CREATE TABLE breakwater.proposal (
    number             bigint   GENERATED ALWAYS AS IDENTITY UNIQUE,      -- the order of lists
    id                 text     PRIMARY KEY CHECK (id ~ '^prp_[0-9a-f]{32}$'),
    kind               text     NOT NULL CHECK (kind IN ('change', 'guardian', 'revert')),
    market             text     NOT NULL CHECK (market ~ '^[A-Za-z0-9._:-]{1,64}$'),    -- may be to come
    title              text,                            -- of a market that is created
    base_version       bigint   NOT NULL CHECK (base_version >= 0),       -- 0: a market is created
    base_sha256        bytea    CHECK (length(base_sha256) = 32),
    patch              text     NOT NULL,               -- RFC 7396
    sha256             bytea    NOT NULL CHECK (length(sha256) = 32),
    document           bytea    NOT NULL,               -- canonical; what is approved
    confirms           text     REFERENCES breakwater.proposal,           -- a guardian's action
    rationale          text     NOT NULL,
    rationale_uri      text,
    key                text,                            -- who proposed; null: the service itself
    holder             text,
    approvals_required bigint   NOT NULL CHECK (approvals_required >= 0),
    delay_s            bigint   NOT NULL CHECK (delay_s >= 0),
    not_before         bigint,
    created_at         bigint   NOT NULL,
    expires_at         bigint,                          -- not approved by then; null: never
    state              text     NOT NULL CHECK (state IN ('proposed', 'approved', 'scheduled', 'active',
                                'rejected', 'cancelled', 'expired', 'superseded')),
    revision           bigint   NOT NULL DEFAULT 0,     -- of its events
    due_at             bigint,                          -- scheduled: when it becomes active
    version            bigint,                          -- that it became
    CHECK ((base_version = 0) = (base_sha256 IS NULL)),
    CHECK ((state = 'scheduled') <= (due_at IS NOT NULL)),
    CHECK ((state = 'active') = (version IS NOT NULL)),
    UNIQUE (market, version)
);
ALTER TABLE breakwater.proposal ALTER COLUMN document SET COMPRESSION lz4;
CREATE INDEX ON breakwater.proposal (market, number);
CREATE INDEX ON breakwater.proposal (due_at) WHERE state = 'scheduled';
CREATE INDEX ON breakwater.proposal (expires_at) WHERE state = 'proposed';
-- A guardian's action ends once.
CREATE UNIQUE INDEX ON breakwater.proposal (market) WHERE kind = 'revert' AND state = 'scheduled';

-- Every change of state, and every approval. Each stands in the decision log too.
CREATE TABLE breakwater.proposal_event (
    proposal text   NOT NULL REFERENCES breakwater.proposal,
    number   bigint NOT NULL CHECK (number >= 1),
    event    text   NOT NULL CHECK (event IN ('proposed', 'approval', 'approval_voided', 'approved',
                    'scheduled', 'active', 'rejected', 'cancelled', 'expired', 'superseded')),
    key      text,                              -- null: the service itself
    holder   text,
    reason   text,
    at       bigint NOT NULL,
    PRIMARY KEY (proposal, number)
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON breakwater.proposal_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- Who approved, and which document. Voided: the key was revoked before the proposal became active.
CREATE TABLE breakwater.approval (
    proposal    text   NOT NULL REFERENCES breakwater.proposal,
    holder      text   NOT NULL,
    key         text   NOT NULL REFERENCES breakwater.api_key,
    sha256      bytea  NOT NULL CHECK (length(sha256) = 32),
    approved_at bigint NOT NULL,
    voided_at   bigint
);
CREATE UNIQUE INDEX ON breakwater.approval (proposal, holder) WHERE voided_at IS NULL;
CREATE INDEX ON breakwater.approval (key) WHERE voided_at IS NULL;

-- Which proposal a version comes from; null: the market came with the program.
ALTER TABLE breakwater.parameters ADD COLUMN proposal text REFERENCES breakwater.proposal;

-- Answers to governance requests, for a day; written in the transaction of what they tell of.
CREATE TABLE breakwater.governance_answer (
    caller         text   NOT NULL,
    key            text   NOT NULL,
    request_sha256 bytea  NOT NULL CHECK (length(request_sha256) = 32),   -- path and body
    location       text,                        -- null: it is being worked on, in this transaction
    tag            text,
    answer         bytea,
    created_at     bigint NOT NULL,
    PRIMARY KEY (caller, key)
);
ALTER TABLE breakwater.governance_answer ALTER COLUMN answer SET COMPRESSION lz4;
CREATE INDEX ON breakwater.governance_answer USING brin (created_at);
