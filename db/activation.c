/* Activation: a proposal's document becomes the version in force, in one transaction. */
#include "db/activation.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/markets.h"
#include "record/instant.h"
#include "record/json.h"
#include "risk/edition.h"

enum { TEND_BYTES_MAX = 256 << 20, TEND_ROWS = 100, REASON_MAX = 128 };

static const struct actor nobody = { NULL, NULL };

/* A version on its way. */
struct activation {
    struct connection           *connection;
    struct proposal             *proposal;
    const struct stored_version *in_force;    /* NULL: the market is created */
    struct arena                *arena;
    struct text                  document;    /* what will be in force */
    struct digest                sha256;
    int64_t                      version, active_at;
    struct actor                 actor;
};

static bool
read_parameters(const char *document, size_t count, struct arena *arena, struct parameters *out)
{
    struct faults faults, warnings;

    faults_open(&faults, 1);
    faults_open(&warnings, 1);
    return json_read(&parameters_record, document, count, arena, out, &faults) &&
           parameters_accept(out, &faults, &warnings);
}

/* With applies_to `ramp` the thresholds start where those in force stand now (edition.h). What a
 * guardian does holds at once, and its end brings back what was there. */
static bool
with_ramps(struct activation *activation)
{
    struct parameters  *next = arena_alloc(activation->arena, 1, sizeof *next);
    struct parameters  *before = arena_alloc(activation->arena, 1, sizeof *before);
    struct ramps_room  *room = arena_alloc(activation->arena, 1, sizeof *room);
    const struct stored_document *document = &activation->in_force->document;

    if (!next || !before || !room ||
        !read_parameters(activation->proposal->document, strlen(activation->proposal->document),
                         activation->arena, next) ||
        !read_parameters(document->bytes, document->count, activation->arena, before))
        return false;
    edition_activate(next, before, activation->active_at, room);
    json_write(&parameters_record, next, JSON_CANONICAL, &activation->document);
    return true;
}

static bool
make_document(struct activation *activation)
{
    const struct proposal *proposal = activation->proposal;

    text_open(&activation->document, activation->arena, strlen(proposal->document),
              TEND_BYTES_MAX);
    if (activation->in_force && proposal->kind == PROPOSAL_CHANGE && !proposal->confirms) {
        if (!with_ramps(activation))
            return false;
    } else {
        text_add_string(&activation->document, proposal->document);
    }
    activation->sha256 = digest_of(activation->document.bytes, activation->document.count);
    return !activation->document.is_full;
}

static enum outcome
create_market(const struct activation *activation)
{
    static const char sql[] =
        "INSERT INTO breakwater.market (market, title, version, epoch, created_at)"
        " VALUES ($1, coalesce($2, $1), 1, 1, $3::bigint) ON CONFLICT (market) DO NOTHING";
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { ARG_TEXT(activation->proposal->market),
                                 ARG_TEXT(activation->proposal->title),
                                 arg_integer(activation->active_at, room) };
    int64_t           changed;
    enum outcome      outcome = run_command(activation->connection, sql, args, 3, &changed);

    return outcome || changed ? outcome : OUTCOME_CONFLICT;
}

static enum outcome
update_market(const struct activation *activation)
{
    static const char sql[] = "UPDATE breakwater.market SET version = $2::bigint, epoch = epoch + 1"
                              " WHERE market = $1";
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { ARG_TEXT(activation->proposal->market),
                                 arg_integer(activation->version, room) };
    return run_command(activation->connection, sql, args, 2, NULL);
}

static enum outcome
insert_version(const struct activation *activation)
{
    static const char      sql[] =
        "INSERT INTO breakwater.parameters"
        " (market, version, sha256, document, who, why, created_at, active_at, proposal)"
        " VALUES ($1, $2::bigint, $3::bytea, $4::bytea, $5, $6, $7::bigint, $8::bigint, $9)";
    const struct proposal *proposal = activation->proposal;
    char                   room[3][ARG_INTEGER_MAX];
    const struct arg       args[] = {
        ARG_TEXT(proposal->market), arg_integer(activation->version, room[0]),
        ARG_DIGEST(&activation->sha256),
        ARG_BYTES(activation->document.bytes, activation->document.count),
        ARG_TEXT(proposal->key), ARG_TEXT(proposal->rationale),
        arg_integer(proposal->created_at, room[1]), arg_integer(activation->active_at, room[2]),
        ARG_TEXT(proposal->id),
    };
    return run_command(activation->connection, sql, args, sizeof args / sizeof *args, NULL);
}

static enum outcome
log_version(const struct activation *activation)
{
    const struct proposal     *proposal = activation->proposal;
    const struct logged_version logged = {
        .market = proposal->market, .version = activation->version, .sha256 = activation->sha256,
        .active_at = activation->active_at, .actor = activation->actor.key,
        .why = proposal->rationale, .proposal = proposal->id,
    };
    return parameters_log(activation->connection, &logged);
}

static enum outcome
supersede(struct activation *activation, const char *id)
{
    char            reason[REASON_MAX];
    struct move     move = { .event = "superseded", .state = STATE_SUPERSEDED,
                             .due_at = INSTANT_NONE, .reason = reason };
    struct proposal other;

    snprintf(reason, sizeof reason, "version %lld is in force", (long long)activation->version);
    if (proposal_find(activation->connection, id, true, activation->arena, &other) != FOUND)
        return OUTCOME_AWAY;
    return proposal_move(activation->connection, &other, &move, activation->active_at);
}

/* What was proposed on another document than the one that is in force now. What a guardian does
 * passes by: when it ends the base is there again. But the end of an earlier such action goes. */
static enum outcome
supersede_others(struct activation *activation)
{
    static const char      sql[] =
        "SELECT id FROM breakwater.proposal WHERE market = $1 AND id <> $2"
        " AND state IN ('proposed', 'approved', 'scheduled')"
        " AND (kind = 'revert' OR ($3 = 'change' AND base_sha256 IS DISTINCT FROM $4::bytea))"
        " ORDER BY number FOR UPDATE";
    const struct proposal *proposal = activation->proposal;
    const struct arg       args[] = { ARG_TEXT(proposal->market), ARG_TEXT(proposal->id),
                                      ARG_TEXT(proposal_kinds[proposal->kind]),
                                      ARG_DIGEST(&activation->sha256) };
    PGresult              *rows;
    enum outcome           outcome = run(activation->connection, sql, args, 4, &rows);

    if (outcome)
        return outcome;
    for (int i = 0; !outcome && i < PQntuples(rows); i++)
        outcome = supersede(activation, PQgetvalue(rows, i, 0));
    PQclear(rows);
    return outcome;
}

static enum outcome
write_activation(struct activation *activation)
{
    struct move  move = { .event = "active", .state = STATE_ACTIVE, .due_at = INSTANT_NONE,
                          .version = activation->version, .actor = activation->actor };
    enum outcome outcome;

    /* The record of a version stands in the log before any decision may name it. */
    if ((outcome = activation->in_force ? update_market(activation) : create_market(activation)) ||
        (outcome = insert_version(activation)) || (outcome = log_version(activation)) ||
        (outcome = proposal_move(activation->connection, activation->proposal, &move,
                                 activation->active_at)) ||
        (outcome = supersede_others(activation)))
        return outcome;
    return proposals_notify(activation->connection);
}

enum outcome
market_lock(struct connection *connection, const char *market)
{
    static const char sql[] = "SELECT 1 FROM breakwater.market WHERE market = $1"
                              " FOR NO KEY UPDATE";
    const struct arg  arg = ARG_TEXT(market);

    return run_command(connection, sql, &arg, 1, NULL);
}

enum outcome
proposal_activate(struct connection *connection, struct proposal *proposal,
                  const struct stored_version *in_force, struct actor actor, int64_t now_us,
                  struct arena *arena)
{
    struct activation activation = {
        .connection = connection, .proposal = proposal, .in_force = in_force, .arena = arena,
        .version = in_force ? in_force->version + 1 : 1, .active_at = now_us, .actor = actor,
    };

    /* Versions are in one order by number and by time, whatever a clock that is set back says. */
    if (in_force && in_force->active_at >= now_us)
        activation.active_at = in_force->active_at + 1;
    return make_document(&activation) ? write_activation(&activation) : OUTCOME_REFUSED;
}

static bool
is_base(const struct proposal *proposal, const struct stored_version *in_force)
{
    char sha256[DIGEST_TEXT_MAX];

    if (!proposal->base_version || !in_force)
        return !proposal->base_version && !in_force;
    digest_format(&in_force->sha256, sha256);
    return !strcmp(sha256, proposal->base_sha256);
}

/* Back to where it may be approved anew. */
static enum outcome
unschedule(struct connection *connection, struct proposal *proposal, int64_t now_us)
{
    const struct move move = { .event = "proposed", .state = STATE_PROPOSED,
                               .due_at = INSTANT_NONE,
                               .reason = "its approvals no longer suffice" };

    proposal->due_at = INSTANT_NONE;
    return proposal_move(connection, proposal, &move, now_us);
}

/* Do its approvals suffice now? Where not, it is moved back. */
static enum outcome
check_approvals(struct connection *connection, struct proposal *proposal, int64_t now_us,
                struct arena *arena, bool *suffice)
{
    int64_t      count = 0;
    enum outcome outcome;

    *suffice = proposal->kind != PROPOSAL_CHANGE;
    if (*suffice)
        return OUTCOME_OK;
    if ((outcome = approvals_void(connection, proposal, now_us, arena)) ||
        (outcome = approvals_count(connection, proposal->id, &count)))
        return outcome;
    *suffice = count >= proposal->approvals_required;
    if (*suffice || proposal->state != STATE_SCHEDULED)
        return OUTCOME_OK;
    outcome = unschedule(connection, proposal, now_us);
    return outcome ? outcome : proposals_notify(connection);
}

static enum outcome
give_up(struct connection *connection, struct proposal *proposal,
        const struct stored_version *in_force, int64_t now_us)
{
    char        reason[REASON_MAX];
    struct move move = { .event = "superseded", .state = STATE_SUPERSEDED, .due_at = INSTANT_NONE,
                         .reason = reason };

    snprintf(reason, sizeof reason, "its base is version %lld, and version %lld is in force",
             (long long)proposal->base_version, in_force ? (long long)in_force->version : 0LL);
    enum outcome outcome = proposal_move(connection, proposal, &move, now_us);
    return outcome ? outcome : proposals_notify(connection);
}

/* One that is due, locked. */
static enum outcome
activate_locked(struct connection *connection, struct proposal *proposal, int64_t now_us,
                struct arena *arena)
{
    struct stored_version in_force;
    bool                  suffice;
    enum find             found = version_in_force(connection, proposal->market, arena, &in_force);

    if (found == FIND_AWAY)
        return OUTCOME_AWAY;
    const struct stored_version *there = found == FOUND ? &in_force : NULL;
    if (!is_base(proposal, there))
        return give_up(connection, proposal, there, now_us);
    enum outcome outcome = check_approvals(connection, proposal, now_us, arena, &suffice);
    if (outcome || !suffice)
        return outcome;
    outcome = proposal_activate(connection, proposal, there, nobody, now_us, arena);
    return outcome;
}

/* What an instance found to do; another one may have done it meanwhile. */
struct task { const char *what, *id, *market; };

static enum outcome
expire(struct connection *connection, struct proposal *proposal, int64_t now_us)
{
    const struct move move = { .event = "expired", .state = STATE_EXPIRED, .due_at = INSTANT_NONE };
    return proposal_move(connection, proposal, &move, now_us);
}

static enum outcome
do_locked(struct connection *connection, const struct task *task, struct proposal *proposal,
          int64_t now_us, struct arena *arena)
{
    bool is_open = proposal->state == STATE_PROPOSED || proposal->state == STATE_SCHEDULED;
    bool suffice;

    if (!strcmp(task->what, "due") && proposal->state == STATE_SCHEDULED &&
        proposal->due_at <= now_us)
        return activate_locked(connection, proposal, now_us, arena);
    if (!strcmp(task->what, "expired") && proposal->state == STATE_PROPOSED &&
        proposal->expires_at != INSTANT_NONE && proposal->expires_at <= now_us)
        return expire(connection, proposal, now_us);
    if (!strcmp(task->what, "revoked") && is_open)
        return check_approvals(connection, proposal, now_us, arena, &suffice);
    return OUTCOME_OK;
}

/* Locks in one order everywhere: the market, then the proposal. */
static enum outcome
do_task(struct connection *connection, const struct task *task, struct arena *arena)
{
    struct proposal proposal;
    int64_t         now_us;
    enum outcome    outcome = transaction_begin(connection);

    if (outcome)
        return outcome;
    if (!strcmp(task->what, "due"))
        outcome = market_lock(connection, task->market);
    if (!outcome && (proposal_find(connection, task->id, true, arena, &proposal) != FOUND ||
                     !proposals_now(connection, &now_us)))
        outcome = OUTCOME_AWAY;
    if (!outcome)
        outcome = do_locked(connection, task, &proposal, now_us, arena);
    if (!outcome)
        return transaction_commit(connection);
    transaction_rollback(connection);
    return outcome;
}

static bool
read_tasks(struct connection *connection, struct arena *arena, struct task **tasks, size_t *count)
{
    static const char sql[] =
        "(SELECT 'due', id, market FROM breakwater.proposal"
        " WHERE state = 'scheduled' AND due_at <= breakwater.now_us() ORDER BY due_at, number"
        " LIMIT $1::bigint)"
        " UNION ALL (SELECT 'expired', id, market FROM breakwater.proposal"
        " WHERE state = 'proposed' AND expires_at <= breakwater.now_us() LIMIT $1::bigint)"
        " UNION ALL (SELECT DISTINCT 'revoked', p.id, p.market FROM breakwater.approval a"
        " JOIN breakwater.api_key k ON k.id = a.key JOIN breakwater.proposal p ON p.id = a.proposal"
        " WHERE a.voided_at IS NULL AND k.revoked_at IS NOT NULL"
        " AND p.state IN ('proposed', 'scheduled') LIMIT $1::bigint)";
    char              room[ARG_INTEGER_MAX];
    const struct arg  arg = arg_integer(TEND_ROWS, room);
    PGresult         *rows;

    if (run(connection, sql, &arg, 1, &rows))
        return false;
    *count = (size_t)PQntuples(rows);
    *tasks = arena_alloc(arena, *count + 1, sizeof **tasks);
    for (size_t i = 0; *tasks && i < *count; i++) {
        const char **texts[] = { &(*tasks)[i].what, &(*tasks)[i].id, &(*tasks)[i].market };
        for (int column = 0; column < 3; column++)
            *texts[column] = arena_copy(arena, PQgetvalue(rows, (int)i, column),
                                        (size_t)PQgetlength(rows, (int)i, column));
        if (!(*tasks)[i].what || !(*tasks)[i].id || !(*tasks)[i].market)
            *tasks = NULL;
    }
    PQclear(rows);
    return *tasks;
}

/* By the database's clock, so that it does not matter what ours says. */
static bool
read_wait(struct connection *connection, int64_t *wait_us)
{
    static const char sql[] =
        "SELECT least((SELECT min(due_at) FROM breakwater.proposal WHERE state = 'scheduled'),"
        " (SELECT min(expires_at) FROM breakwater.proposal WHERE state = 'proposed'))"
        " - breakwater.now_us()";
    PGresult         *rows;

    if (run(connection, sql, NULL, 0, &rows))
        return false;
    *wait_us = PQgetisnull(rows, 0, 0) ? INT64_MAX : strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    if (*wait_us < 0)
        *wait_us = 0;
    PQclear(rows);
    return true;
}

bool
governance_tend(struct connection *connection, int64_t *wait_us)
{
    struct arena arena;
    struct task *tasks;
    size_t       count = 0;
    bool         is_done;

    assert(!connection->in_transaction);
    arena_open(&arena, TEND_BYTES_MAX);
    is_done = read_tasks(connection, &arena, &tasks, &count);
    for (size_t i = 0; is_done && connection_is_up(connection) && i < count; i++)
        is_done = !do_task(connection, &tasks[i], &arena);
    arena_close(&arena);
    return is_done && read_wait(connection, wait_us);
}
