/* Documents of other versions, read and accepted as the one in force is. */
#include "db/market_editions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "record/json.h"

/* Columns of both queries; versions of the past have the first three. */
enum { COLUMN_DOCUMENT, COLUMN_SHA256, COLUMN_VERSION, COLUMN_ACTIVE_AT,
       COLUMN_BASE_SHA256 = COLUMN_VERSION, COLUMN_IS_CHANGE = 4 };

static const char *
copy(const PGresult *rows, int row, int column, struct arena *arena)
{
    return arena_copy(arena, PQgetvalue(rows, row, column),
                      (size_t)PQgetlength(rows, row, column));
}

static struct parameters *
read_document(const char *document, struct arena *arena, char why[static DATABASE_WHY_MAX])
{
    struct parameters *parameters = arena_alloc(arena, 1, sizeof *parameters);
    struct faults      faults, warnings;

    faults_open(&faults, 1);
    faults_open(&warnings, 1);
    snprintf(why, DATABASE_WHY_MAX, "out of memory");
    if (!parameters)
        return NULL;
    if (json_read(&parameters_record, document, strlen(document), arena, parameters, &faults) &&
        parameters_accept(parameters, &faults, &warnings))
        return parameters;
    snprintf(why, DATABASE_WHY_MAX, "%.80s: %.150s", faults.items[0].pointer,
             faults.items[0].detail);
    return NULL;
}

static const char *
text_of(const struct digest *sha256, struct arena *arena)
{
    char *text = arena_alloc(arena, 1, DIGEST_TEXT_MAX);
    if (text)
        digest_format(sha256, text);
    return text;
}

static bool
read_past(const PGresult *rows, int row, struct arena *arena, struct edition *out,
          char why[static DATABASE_WHY_MAX])
{
    const char *document = copy(rows, row, COLUMN_DOCUMENT, arena);

    out->version    = strtoll(PQgetvalue(rows, row, COLUMN_VERSION), NULL, 10);
    out->active_at  = strtoll(PQgetvalue(rows, row, COLUMN_ACTIVE_AT), NULL, 10);
    out->sha256     = copy(rows, row, COLUMN_SHA256, arena);
    out->parameters = document ? read_document(document, arena, why) : NULL;
    return out->sha256 && out->parameters;
}

/* Rows from the latest on; each is wanted as long as the ones after it are for new accounts only.
 * The first is the one before that in force. */
static bool
read_all_past(const PGresult *rows, struct arena *arena, struct market *market,
              char why[static DATABASE_WHY_MAX])
{
    struct edition *editions = arena_alloc(arena, EDITIONS_MAX, sizeof *editions);
    size_t          first = EDITIONS_MAX - 1;

    snprintf(why, DATABASE_WHY_MAX, "out of memory");
    if (!editions)
        return false;
    editions[first] = (struct edition){ market->version, market->active_at,
                                        text_of(&market->sha256, arena), &market->parameters };
    if (!editions[first].sha256)
        return false;
    for (int row = 0; row < PQntuples(rows) && first > 0; row++) {
        if (editions[first].parameters->applies_to != APPLIES_TO_NEW_ONLY)
            break;
        if (!read_past(rows, row, arena, &editions[first - 1], why))
            return false;
        first--;
    }
    market->editions       = editions + first;
    market->editions_count = EDITIONS_MAX - first;
    return true;
}

static bool
load_past(struct connection *connection, struct arena *arena, struct market *market,
          char why[static DATABASE_WHY_MAX])
{
    static const char sql[] =
        "SELECT convert_from(document, 'UTF8'), encode(sha256, 'hex'), version, active_at"
        " FROM breakwater.parameters WHERE market = $1 AND version < $2::bigint"
        " ORDER BY version DESC LIMIT $3::bigint";
    char             room[2][ARG_INTEGER_MAX];
    int64_t          wanted = market->parameters.applies_to == APPLIES_TO_NEW_ONLY
                              ? EDITIONS_MAX - 1 : 0;
    const struct arg args[] = { ARG_TEXT(market->market), arg_integer(market->version, room[0]),
                                arg_integer(wanted, room[1]) };
    PGresult        *rows;

    *why = '\0';
    if (run(connection, sql, args, 3, &rows))
        return false;
    bool is_good = read_all_past(rows, arena, market, why);
    PQclear(rows);
    return is_good;
}

/* As it will be: with the ramps that its activation adds. */
static bool
read_scheduled(const PGresult *rows, int row, struct arena *arena,
               const struct edition *before, struct edition *out,
               char why[static DATABASE_WHY_MAX])
{
    const char         *document = copy(rows, row, COLUMN_DOCUMENT, arena);
    struct ramps_room  *room = arena_alloc(arena, 1, sizeof *room);
    struct parameters  *next = document ? read_document(document, arena, why) : NULL;

    out->version    = before->version + 1;
    out->active_at  = strtoll(PQgetvalue(rows, row, COLUMN_ACTIVE_AT), NULL, 10);
    out->sha256     = copy(rows, row, COLUMN_SHA256, arena);
    out->parameters = next;
    if (!out->sha256 || !next || !room)
        return false;
    if (*PQgetvalue(rows, row, COLUMN_IS_CHANGE) == 't')
        edition_activate(next, before->parameters, out->active_at, room);
    return true;
}

/* One whose base will not be in force by then will be superseded: it is left out. */
static bool
read_all_scheduled(const PGresult *rows, struct arena *arena, struct market *market,
                   char why[static DATABASE_WHY_MAX])
{
    const struct edition *before = &market->editions[market->editions_count - 1];
    struct edition       *scheduled = arena_alloc(arena, UPCOMING_MAX, sizeof *scheduled);
    size_t                count = 0;

    if (!scheduled) {
        snprintf(why, DATABASE_WHY_MAX, "out of memory");
        return false;
    }
    for (int row = 0; row < PQntuples(rows) && count < UPCOMING_MAX; row++) {
        if (strcmp(PQgetvalue(rows, row, COLUMN_BASE_SHA256), before->sha256) != 0)
            continue;
        if (!read_scheduled(rows, row, arena, before, &scheduled[count], why))
            return false;
        before = &scheduled[count++];
    }
    market->scheduled       = scheduled;
    market->scheduled_count = count;
    return true;
}

static bool
load_scheduled(struct connection *connection, struct arena *arena, struct market *market,
               char why[static DATABASE_WHY_MAX])
{
    static const char sql[] =
        "SELECT convert_from(document, 'UTF8'), encode(sha256, 'hex'), encode(base_sha256, 'hex'),"
        " due_at, kind = 'change' AND confirms IS NULL FROM breakwater.proposal"
        " WHERE market = $1 AND state = 'scheduled' AND base_version > 0"
        " ORDER BY due_at, number LIMIT 100";
    const struct arg  arg = ARG_TEXT(market->market);
    PGresult         *rows;

    *why = '\0';
    if (run(connection, sql, &arg, 1, &rows))
        return false;
    bool is_good = read_all_scheduled(rows, arena, market, why);
    PQclear(rows);
    return is_good;
}

bool
market_editions_load(struct connection *connection, struct arena *arena, struct market *market,
                     char why[static DATABASE_WHY_MAX])
{
    return load_past(connection, arena, market, why) &&
           load_scheduled(connection, arena, market, why);
}
