/* The rows of proposals, their events and approvals, and the records of them in the log. */
#include "db/proposals.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/chain.h"
#include "db/rows.h"
#include "record/instant.h"
#include "record/json.h"

enum { MEMBER_MAX = 32768, EVENTS_MAX = 1000 };

const char *const proposal_kinds[]  = { "change", "guardian", "revert", NULL };
const char *const proposal_states[] = { "proposed", "approved", "scheduled", "active", "rejected",
                                        "cancelled", "expired", "superseded", NULL };

/* As rows: what may be null there is a text or an instant. */
static const struct field proposal_fields[] = {
    INTEGER_FIELD(proposal, number),
    TEXT_FIELD   (proposal, id),
    CHOICE_FIELD (proposal, kind, .choices = proposal_kinds),
    TEXT_FIELD   (proposal, market),
    TEXT_FIELD   (proposal, title, .nullable = true),
    INTEGER_FIELD(proposal, base_version),
    TEXT_FIELD   (proposal, base_sha256, .nullable = true),
    TEXT_FIELD   (proposal, patch, .nullable = true),
    TEXT_FIELD   (proposal, sha256),
    TEXT_FIELD   (proposal, document, .nullable = true),
    TEXT_FIELD   (proposal, confirms, .nullable = true),
    TEXT_FIELD   (proposal, rationale),
    TEXT_FIELD   (proposal, rationale_uri, .nullable = true),
    TEXT_FIELD   (proposal, key, .nullable = true),
    TEXT_FIELD   (proposal, holder, .nullable = true),
    INTEGER_FIELD(proposal, approvals_required),
    INTEGER_FIELD(proposal, delay_s),
    INSTANT_FIELD(proposal, not_before, .nullable = true),
    INSTANT_FIELD(proposal, created_at),
    INSTANT_FIELD(proposal, expires_at, .nullable = true),
    INSTANT_FIELD(proposal, due_at, .nullable = true),
    CHOICE_FIELD (proposal, state, .choices = proposal_states),
    INTEGER_FIELD(proposal, revision),
    INTEGER_FIELD(proposal, version),
};
static const struct record proposal_row = RECORD(proposal, proposal_fields);

static const struct field proposal_event_fields[] = {
    TEXT_FIELD   (proposal_event, event),
    TEXT_FIELD   (proposal_event, holder, .nullable = true),
    TEXT_FIELD   (proposal_event, reason, .nullable = true),
    INSTANT_FIELD(proposal_event, at),
};
static const struct record event_row = RECORD(proposal_event, proposal_event_fields);

static const struct field approval_fields[] = {
    TEXT_FIELD   (approval, holder),
    TEXT_FIELD   (approval, document_sha256),
    INSTANT_FIELD(approval, approved_at),
    INSTANT_FIELD(approval, voided_at, .nullable = true),
};
static const struct record approval_row = RECORD(approval, approval_fields);

#define FEW_COLUMNS \
    "number, id, kind, market, title, base_version, encode(base_sha256, 'hex') AS base_sha256," \
    " encode(sha256, 'hex') AS sha256, confirms, rationale, rationale_uri, key, holder," \
    " approvals_required, delay_s, not_before, created_at, expires_at, due_at, state, revision," \
    " coalesce(version, 0) AS version"
#define ALL_COLUMNS FEW_COLUMNS ", patch, convert_from(document, 'UTF8') AS document"
#define NO_TEXTS    FEW_COLUMNS ", null AS patch, null AS document"

bool
proposals_now(struct connection *connection, int64_t *now_us)
{
    PGresult *rows;

    if (run(connection, "SELECT breakwater.now_us()", NULL, 0, &rows))
        return false;
    *now_us = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    PQclear(rows);
    return true;
}

void
proposal_id_make(char id[static PROPOSAL_ID_MAX])
{
    uint8_t random[16];
    char   *at = id + 4;

    memcpy(id, "prp_", 5);
    random_fill(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        at += snprintf(at, 3, "%02x", random[i]);
}

enum find
proposal_find(struct connection *connection, const char *id, bool is_locked, struct arena *arena,
              struct proposal *out)
{
    static const char sql[] =
        "SELECT " ALL_COLUMNS " FROM breakwater.proposal WHERE id = $1";
    static const char locked[] =
        "SELECT " ALL_COLUMNS " FROM breakwater.proposal WHERE id = $1 FOR UPDATE";
    const struct arg  arg = ARG_TEXT(id);
    void             *items;
    size_t            count;
    enum find         found = find_structs(connection, is_locked ? locked : sql, &arg, 1,
                                        &proposal_row, arena, &items, &count);

    if (found == FOUND)
        *out = *(struct proposal *)items;
    return found;
}

enum find
proposal_events(struct connection *connection, const char *id, struct arena *arena,
                struct proposal_event **events, size_t *count)
{
    static const char sql[] = "SELECT event, holder, reason, at FROM breakwater.proposal_event"
                              " WHERE proposal = $1 ORDER BY number LIMIT $2::bigint";
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { ARG_TEXT(id), arg_integer(EVENTS_MAX, room) };
    void             *items = NULL;
    enum find found = find_structs(connection, sql, args, 2, &event_row, arena, &items, count);

    *events = items;
    return found;
}

enum find
proposal_approvals(struct connection *connection, const char *id, struct arena *arena,
                   struct approval **approvals, size_t *count)
{
    static const char sql[] =
        "SELECT holder, encode(sha256, 'hex') AS document_sha256, approved_at, voided_at"
        " FROM breakwater.approval WHERE proposal = $1 ORDER BY approved_at LIMIT $2::bigint";
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { ARG_TEXT(id), arg_integer(EVENTS_MAX, room) };
    void             *items = NULL;
    enum find found = find_structs(connection, sql, args, 2, &approval_row, arena, &items, count);

    *approvals = items;
    return found;
}

enum find
proposals_list(struct connection *connection, const struct proposals_wanted *wanted,
               struct arena *arena, struct proposal **out, size_t *count)
{
    static const char newest[] =
        "SELECT " NO_TEXTS " FROM breakwater.proposal WHERE ($1::text IS NULL OR market = $1)"
        " AND ($2::text IS NULL OR state = $2) AND ($3::bigint = 0 OR number < $3::bigint)"
        " ORDER BY number DESC LIMIT $4::bigint";
    static const char oldest[] =
        "SELECT " NO_TEXTS " FROM breakwater.proposal WHERE ($1::text IS NULL OR market = $1)"
        " AND ($2::text IS NULL OR state = $2) AND number > $3::bigint"
        " ORDER BY number LIMIT $4::bigint";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(wanted->market), ARG_TEXT(wanted->state),
                                arg_integer(wanted->beyond, room[0]),
                                arg_integer(wanted->limit, room[1]) };
    void            *items = NULL;
    enum find        found = find_structs(connection, wanted->is_ascending ? oldest : newest, args,
                                          4, &proposal_row, arena, &items, count);

    *out = items;
    return found;
}

/* null where there is no such time. */
static struct arg
arg_instant(int64_t instant_us, char room[static ARG_INTEGER_MAX])
{
    return instant_us == INSTANT_NONE ? ARG_TEXT(NULL) : arg_integer(instant_us, room);
}

enum outcome
proposal_insert(struct connection *connection, struct proposal *proposal)
{
    static const char sql[] =
        "INSERT INTO breakwater.proposal (id, kind, market, title, base_version, base_sha256,"
        " patch, sha256, document, confirms, rationale, rationale_uri, key, holder, approvals_required,"
        " delay_s, not_before, created_at, expires_at, due_at, state)"
        " VALUES ($1, $2, $3, $4, $5::bigint, decode($6, 'hex'), $7, decode($8, 'hex'),"
        " convert_to($9, 'UTF8'), $10, $11, $12, $13, $14, $15::bigint, $16::bigint, $17::bigint,"
        " $18::bigint, $19::bigint, $20::bigint, 'proposed')";
    char             room[7][ARG_INTEGER_MAX];
    const struct arg args[] = {
        ARG_TEXT(proposal->id), ARG_TEXT(proposal_kinds[proposal->kind]),
        ARG_TEXT(proposal->market), ARG_TEXT(proposal->title),
        arg_integer(proposal->base_version, room[0]), ARG_TEXT(proposal->base_sha256),
        ARG_TEXT(proposal->patch), ARG_TEXT(proposal->sha256), ARG_TEXT(proposal->document),
        ARG_TEXT(proposal->confirms), ARG_TEXT(proposal->rationale),
        ARG_TEXT(proposal->rationale_uri), ARG_TEXT(proposal->key), ARG_TEXT(proposal->holder),
        arg_integer(proposal->approvals_required, room[1]),
        arg_integer(proposal->delay_s, room[2]), arg_instant(proposal->not_before, room[3]),
        arg_integer(proposal->created_at, room[4]), arg_instant(proposal->expires_at, room[5]),
        arg_instant(proposal->due_at, room[6]),
    };

    proposal->state    = STATE_PROPOSED;
    proposal->revision = 0;
    proposal->version  = 0;
    return run_command(connection, sql, args, sizeof args / sizeof *args, NULL);
}

static enum outcome
update(struct connection *connection, const struct proposal *proposal)
{
    static const char sql[] =
        "UPDATE breakwater.proposal SET state = $2, revision = $3::bigint, due_at = $4::bigint,"
        " version = nullif($5::bigint, 0) WHERE id = $1";
    char             room[3][ARG_INTEGER_MAX];
    const struct arg args[] = {
        ARG_TEXT(proposal->id), ARG_TEXT(proposal_states[proposal->state]),
        arg_integer(proposal->revision, room[0]), arg_instant(proposal->due_at, room[1]),
        arg_integer(proposal->version, room[2]),
    };
    return run_command(connection, sql, args, sizeof args / sizeof *args, NULL);
}

static enum outcome
insert_event(struct connection *connection, const struct proposal *proposal,
             const struct move *move, int64_t now_us)
{
    static const char sql[] =
        "INSERT INTO breakwater.proposal_event (proposal, number, event, key, holder, reason, at)"
        " VALUES ($1, $2::bigint, $3, $4, $5, $6, $7::bigint)";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = {
        ARG_TEXT(proposal->id), arg_integer(proposal->revision, room[0]), ARG_TEXT(move->event),
        ARG_TEXT(move->actor.key), ARG_TEXT(move->actor.holder), ARG_TEXT(move->reason),
        arg_integer(now_us, room[1]),
    };
    return run_command(connection, sql, args, sizeof args / sizeof *args, NULL);
}

/* JSON of a member; NULL: null. The empty text where there is no memory. */
static const char *
quote(struct arena *arena, const char *string)
{
    struct text text;

    if (!string)
        return "null";
    text_open(&text, arena, strlen(string) + 3, MEMBER_MAX);
    json_write_string(&text, string);
    text_add(&text, "", 1);
    return text.is_full ? "" : text.bytes;
}

static const char *
number(char room[static ARG_INTEGER_MAX], int64_t integer)
{
    if (integer == INSTANT_NONE)
        return "null";
    snprintf(room, ARG_INTEGER_MAX, "%lld", (long long)integer);
    return room;
}

/* The event as a record: log.md 2. */
static enum outcome
log_event(struct connection *connection, const struct proposal *proposal, const struct move *move)
{
    struct arena arena;
    char         room[3][ARG_INTEGER_MAX];
    bool         is_full = false;

    arena_open(&arena, 8 * MEMBER_MAX);
    const struct draft_member members[] = {
        { "base_version", number(room[0], proposal->base_version) },
        { "document_sha256", quote(&arena, proposal->sha256) },
        { "due_at", number(room[1], proposal->due_at) },
        { "event", quote(&arena, move->event) },
        { "holder", quote(&arena, move->actor.holder) },
        { "number", number(room[2], proposal->revision) },
        { "proposal", quote(&arena, proposal->id) },
        { "proposal_kind", quote(&arena, proposal_kinds[proposal->kind]) },
        { "reason", quote(&arena, move->reason) },
        { "state", quote(&arena, proposal_states[proposal->state]) },
    };
    enum { MEMBERS = sizeof members / sizeof *members };
    for (size_t i = 0; i < MEMBERS; i++)
        is_full |= !*members[i].value;
    enum outcome outcome = is_full ? OUTCOME_REFUSED
                                   : chain_record(connection, "proposal", move->actor.key,
                                                  proposal->market, members, MEMBERS);
    arena_close(&arena);
    return outcome;
}

enum outcome
proposal_move(struct connection *connection, struct proposal *proposal, const struct move *move,
              int64_t now_us)
{
    enum outcome outcome;

    assert(connection->in_transaction);
    proposal->state = (int)move->state;
    proposal->revision++;
    proposal->version = move->version;
    if (move->due_at != INSTANT_NONE)
        proposal->due_at = move->due_at;
    if (!(outcome = update(connection, proposal)) &&
        !(outcome = insert_event(connection, proposal, move, now_us)))
        outcome = log_event(connection, proposal, move);
    return outcome;
}

enum outcome
approval_insert(struct connection *connection, const struct proposal *proposal, struct actor actor,
                int64_t now_us)
{
    static const char sql[] =
        "INSERT INTO breakwater.approval (proposal, holder, key, sha256, approved_at)"
        " VALUES ($1, $2, $3, decode($4, 'hex'), $5::bigint)"
        " ON CONFLICT (proposal, holder) WHERE voided_at IS NULL DO NOTHING";
    char             room[ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(proposal->id), ARG_TEXT(actor.holder),
                                ARG_TEXT(actor.key), ARG_TEXT(proposal->sha256),
                                arg_integer(now_us, room) };
    int64_t          changed;
    enum outcome     outcome = run_command(connection, sql, args, 5, &changed);

    return outcome || changed ? outcome : OUTCOME_CONFLICT;
}

enum outcome
approvals_void(struct connection *connection, struct proposal *proposal, int64_t now_us,
               struct arena *arena)
{
    static const char sql[] =
        "UPDATE breakwater.approval a SET voided_at = $2::bigint FROM breakwater.api_key k"
        " WHERE a.proposal = $1 AND a.voided_at IS NULL AND k.id = a.key"
        " AND k.revoked_at IS NOT NULL RETURNING a.holder";
    char             room[ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(proposal->id), arg_integer(now_us, room) };
    PGresult        *rows;
    enum outcome     outcome = run(connection, sql, args, 2, &rows);

    if (outcome)
        return outcome;
    for (int i = 0; !outcome && i < PQntuples(rows); i++) {
        const char *holder = arena_copy(arena, PQgetvalue(rows, i, 0),
                                        (size_t)PQgetlength(rows, i, 0));
        struct move move = { .event = "approval_voided", .due_at = INSTANT_NONE,
                             .state = (enum proposal_state)proposal->state,
                             .actor = { NULL, holder }, .reason = "its key was revoked" };
        outcome = holder ? proposal_move(connection, proposal, &move, now_us) : OUTCOME_REFUSED;
    }
    PQclear(rows);
    return outcome;
}

enum outcome
approvals_count(struct connection *connection, const char *id, int64_t *count)
{
    static const char sql[] =
        "SELECT count(*) FROM breakwater.approval a JOIN breakwater.api_key k ON k.id = a.key"
        " WHERE a.proposal = $1 AND a.voided_at IS NULL AND k.revoked_at IS NULL";
    const struct arg  arg = ARG_TEXT(id);
    PGresult         *rows;
    enum outcome      outcome = run(connection, sql, &arg, 1, &rows);

    if (outcome)
        return outcome;
    *count = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    PQclear(rows);
    return OUTCOME_OK;
}

enum outcome
proposals_notify(struct connection *connection)
{
    return run_command(connection, "SELECT pg_notify('breakwater_governance', ''),"
                                   " pg_notify('breakwater_markets', '')", NULL, 0, NULL);
}

struct version_row {
    int64_t     version, created_at, active_at;
    const char *sha256, *who, *why, *document, *proposal;
};

static const struct field version_row_fields[] = {
    INTEGER_FIELD(version_row, version),
    INSTANT_FIELD(version_row, created_at),
    INSTANT_FIELD(version_row, active_at),
    TEXT_FIELD   (version_row, sha256),
    TEXT_FIELD   (version_row, who, .nullable = true),
    TEXT_FIELD   (version_row, why, .nullable = true),
    TEXT_FIELD   (version_row, document),
};
static const struct record version_row_record = RECORD(version_row, version_row_fields);

#define VERSION_COLUMNS \
    "p.version, p.created_at, p.active_at, encode(p.sha256, 'hex') AS sha256, p.who, p.why," \
    " convert_from(p.document, 'UTF8') AS document"

static enum find
find_versions(struct connection *connection, const char *sql, const struct arg *args,
              size_t args_count, struct arena *arena, struct stored_version **out, size_t *count)
{
    void     *items = NULL;
    enum find found = find_structs(connection, sql, args, args_count, &version_row_record, arena,
                                &items, count);

    if (found != FOUND)
        return found;
    *out = arena_alloc(arena, *count, sizeof **out);
    if (!*out)
        return FIND_AWAY;
    for (size_t i = 0; i < *count; i++) {
        const struct version_row *row = (const struct version_row *)items + i;
        (*out)[i] = (struct stored_version){
            .version = row->version, .created_at = row->created_at, .active_at = row->active_at,
            .who = row->who, .why = row->why,
            .document = { row->document, strlen(row->document) },
        };
        if (!digest_parse(row->sha256, &(*out)[i].sha256))
            return FIND_AWAY;
    }
    return FOUND;
}

enum find
version_in_force(struct connection *connection, const char *market, struct arena *arena,
                 struct stored_version *out)
{
    static const char sql[] =
        "SELECT " VERSION_COLUMNS " FROM breakwater.market m JOIN breakwater.parameters p"
        " USING (market, version) WHERE market = $1";
    const struct arg       arg = ARG_TEXT(market);
    struct stored_version *items;
    size_t                 count;
    enum find              found = find_versions(connection, sql, &arg, 1, arena, &items, &count);

    if (found == FOUND)
        *out = items[0];
    return found;
}

enum find
versions_since(struct connection *connection, const char *market, int64_t since_us, size_t max,
               struct arena *arena, struct stored_version **items, size_t *count)
{
    static const char sql[] =
        "SELECT * FROM (SELECT " VERSION_COLUMNS " FROM breakwater.parameters p WHERE market = $1"
        " AND version >= coalesce((SELECT max(version) FROM breakwater.parameters"
        " WHERE market = $1 AND active_at <= $2::bigint), 1)"
        " ORDER BY version DESC LIMIT $3::bigint) v ORDER BY version";
    char              room[2][ARG_INTEGER_MAX];
    const struct arg  args[] = { ARG_TEXT(market), arg_integer(since_us, room[0]),
                                 arg_integer((int64_t)max, room[1]) };

    *count = 0;
    return find_versions(connection, sql, args, 3, arena, items, count);
}
