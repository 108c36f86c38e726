/* New markets, and the samples. */
#include "db/markets.h"

#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/chain.h"
#include "record/assets.h"
#include "record/json.h"

enum { SAMPLE_BYTES_MAX = 8 << 20, MEMBER_MAX = 32768, SAMPLE_TITLE_MAX = 256 };

static enum outcome
insert(struct connection *connection, const struct new_market *market,
       const struct logged_version *version)
{
    static const char sql[] =
        "WITH m AS (INSERT INTO breakwater.market (market, title, version, epoch, created_at)"
        " VALUES ($1, $2, 1, 1, $3::bigint))"
        " INSERT INTO breakwater.parameters"
        " (market, version, sha256, document, who, why, created_at, active_at)"
        " VALUES ($1, 1, $4::bytea, $5::bytea, $6, $7, $3::bigint, $3::bigint)";
    char             now[ARG_INTEGER_MAX];
    const struct arg args[] = {
        ARG_TEXT(market->market), ARG_TEXT(market->title), arg_integer(version->active_at, now),
        ARG_DIGEST(&version->sha256),
        ARG_BYTES(market->document, market->document_count), ARG_TEXT(market->actor),
        ARG_TEXT(market->why),
    };
    return run_command(connection, sql, args, sizeof args / sizeof *args, NULL);
}

/* JSON of a text, NUL-ended; NULL: null. The empty text where there is no memory. */
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

enum outcome
parameters_log(struct connection *connection, const struct logged_version *version)
{
    struct arena arena;
    char         number[ARG_INTEGER_MAX], active_at[ARG_INTEGER_MAX], sha256[DIGEST_TEXT_MAX];
    bool         is_full = false;

    arena_open(&arena, 4 * MEMBER_MAX);
    digest_format(&version->sha256, sha256);
    arg_integer(version->version, number);
    arg_integer(version->active_at, active_at);
    const struct draft_member members[] = {
        { "active_at", active_at },
        { "proposal", quote(&arena, version->proposal) },
        { "sha256", quote(&arena, sha256) },
        { "version", number },
        { "why", quote(&arena, version->why) },
    };
    enum { MEMBERS = sizeof members / sizeof *members };
    for (size_t i = 0; i < MEMBERS; i++)
        is_full |= !*members[i].value;
    enum outcome outcome = is_full ? OUTCOME_REFUSED
                                   : chain_record(connection, "parameters", version->actor,
                                                  version->market, members, MEMBERS);
    arena_close(&arena);
    return outcome;
}

static enum outcome
create(struct connection *connection, const struct new_market *market)
{
    struct logged_version version = {
        .market = market->market, .version = 1, .active_at = clock_now_us(),
        .sha256 = digest_of(market->document, market->document_count),
        .actor = market->actor, .why = market->why,
    };
    enum outcome outcome = insert(connection, market, &version);

    if (!outcome)
        outcome = parameters_log(connection, &version);
    if (!outcome)
        outcome = run_command(connection, "SELECT pg_notify('breakwater_markets', '')", NULL, 0,
                              NULL);
    return outcome;
}

enum outcome
market_create(struct connection *connection, const struct new_market *market)
{
    if (connection->in_transaction)
        return create(connection, market);
    enum outcome outcome = transaction_begin(connection);
    if (outcome)
        return outcome;
    outcome = create(connection, market);
    if (!outcome)
        return transaction_commit(connection);
    transaction_rollback(connection);
    return outcome;
}

/* A sample's file: the market's name, its title, its parameters. */
struct sample { const char *market, *title; struct parameters parameters; };

static const struct field sample_fields[] = {
    NAME_FIELD(sample, market),
    TEXT_FIELD(sample, title, .form = TEXT_ANY, .min = 1, .max = SAMPLE_TITLE_MAX),
    RECORD_FIELD(sample, parameters, parameters),
};
static const struct record sample_record = RECORD(sample, sample_fields);

static bool
fail(char why[static DATABASE_WHY_MAX], const char *name, const char *reason)
{
    snprintf(why, DATABASE_WHY_MAX, "sample market %.80s: %.200s", name, reason);
    return false;
}

static bool
load_sample(struct connection *connection, const struct asset_file *file, struct arena *arena,
            char why[static DATABASE_WHY_MAX])
{
    struct sample sample;
    struct faults faults, warnings;
    struct text   document;

    faults_open(&faults, 1);
    faults_open(&warnings, 1);
    if (!json_read(&sample_record, file->bytes, file->count, arena, &sample, &faults) ||
        !parameters_accept(&sample.parameters, &faults, &warnings))
        return fail(why, file->name, faults.items[0].detail);
    text_open(&document, arena, file->count, SAMPLE_BYTES_MAX);
    json_write(&parameters_record, &sample.parameters, JSON_CANONICAL, &document);
    if (document.is_full)
        return fail(why, file->name, "out of memory");
    struct new_market market = { sample.market, sample.title, document.bytes, document.count, NULL,
                                 "sample market" };
    return !create(connection, &market) || fail(why, file->name, connection->why);
}

static bool
load_samples(struct connection *connection, char why[static DATABASE_WHY_MAX])
{
    bool is_good = true;

    for (const struct asset_file *file = assets; is_good && file->name; file++) {
        struct arena arena;
        if (strncmp(file->name, "migrations/samples/", sizeof "migrations/samples/" - 1) != 0)
            continue;
        arena_open(&arena, SAMPLE_BYTES_MAX);
        is_good = load_sample(connection, file, &arena, why);
        arena_close(&arena);
    }
    return is_good;
}

bool
samples_load(struct connection *connection, char why[static DATABASE_WHY_MAX])
{
    PGresult *rows;

    if (transaction_begin(connection) ||
        run_command(connection, "LOCK TABLE breakwater.market IN SHARE ROW EXCLUSIVE MODE",
                    NULL, 0, NULL) ||
        run(connection, "SELECT 1 FROM breakwater.market LIMIT 1", NULL, 0, &rows)) {
        if (connection->in_transaction)
            transaction_rollback(connection);
        return fail(why, "", connection->why);
    }
    bool is_empty = !PQntuples(rows);
    PQclear(rows);
    if (!is_empty || !load_samples(connection, why)) {
        transaction_rollback(connection);
        return !is_empty;
    }
    return !transaction_commit(connection) || fail(why, "", connection->why);
}
