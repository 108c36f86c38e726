/* Idempotency keys of governance requests. */
#include "db/governed.h"

#include <string.h>

#include <libpq-fe.h>

enum { PRUNE_ROWS = 1000 };

/* The row is ours, or another's that was committed; one that is still open is waited for. */
static enum outcome
take_key(struct connection *connection, const struct governed_request *request, bool *is_ours)
{
    static const char sql[] =
        "INSERT INTO breakwater.governance_answer (caller, key, request_sha256, created_at)"
        " VALUES ($1, $2, $3::bytea, breakwater.now_us()) ON CONFLICT (caller, key) DO NOTHING";
    const struct arg  args[] = { ARG_TEXT(request->caller), ARG_TEXT(request->key),
                                 ARG_DIGEST(&request->request_sha256) };
    int64_t           changed = 0;
    enum outcome      outcome = run_command(connection, sql, args, 3, &changed);

    *is_ours = changed > 0;
    return outcome;
}

static const char *
copy(const PGresult *rows, int column, struct arena *arena)
{
    return arena_copy(arena, PQgetvalue(rows, 0, column), (size_t)PQgetlength(rows, 0, column));
}

static enum governed
read_answer(const PGresult *rows, const struct governed_request *request, struct arena *arena,
            struct governed_answer *stored)
{
    if (PQntuples(rows) != 1)
        return GOVERNED_IN_FLIGHT;            /* it was pruned in between */
    if (PQgetlength(rows, 0, 0) != DIGEST_BYTES ||
        memcmp(PQgetvalue(rows, 0, 0), request->request_sha256.bytes, DIGEST_BYTES) != 0)
        return GOVERNED_OTHER;
    stored->location = copy(rows, 1, arena);
    stored->tag      = copy(rows, 2, arena);
    stored->bytes    = copy(rows, 3, arena);
    stored->count    = (size_t)PQgetlength(rows, 0, 3);
    return stored->location && stored->tag && stored->bytes ? GOVERNED_ANSWERED : GOVERNED_AWAY;
}

static enum governed
find_answer(struct connection *connection, const struct governed_request *request,
            struct arena *arena, struct governed_answer *stored)
{
    static const char sql[] = "SELECT request_sha256, location, tag, answer"
                              " FROM breakwater.governance_answer WHERE caller = $1 AND key = $2";
    const struct arg  args[] = { ARG_TEXT(request->caller), ARG_TEXT(request->key) };
    PGresult         *rows;

    if (run_binary(connection, sql, args, 2, &rows))
        return GOVERNED_AWAY;
    enum governed governed = read_answer(rows, request, arena, stored);
    PQclear(rows);
    return governed;
}

enum governed
governed_begin(struct connection *connection, const struct governed_request *request,
               struct arena *arena, struct governed_answer *stored)
{
    bool          is_ours;
    enum outcome  outcome;
    enum governed governed;

    if (transaction_begin(connection))
        return GOVERNED_AWAY;
    outcome = take_key(connection, request, &is_ours);
    if (!outcome && is_ours)
        return GOVERNED_BEGUN;
    governed = outcome == OUTCOME_RETRY ? GOVERNED_IN_FLIGHT
               : outcome                ? GOVERNED_AWAY
                                        : find_answer(connection, request, arena, stored);
    transaction_rollback(connection);
    return governed;
}

enum outcome
governed_end(struct connection *connection, const struct governed_request *request,
             const struct governed_answer *answer)
{
    static const char sql[] = "UPDATE breakwater.governance_answer"
                              " SET location = $3, tag = $4, answer = $5::bytea"
                              " WHERE caller = $1 AND key = $2";
    const struct arg  args[] = { ARG_TEXT(request->caller), ARG_TEXT(request->key),
                                 ARG_TEXT(answer->location), ARG_TEXT(answer->tag),
                                 ARG_BYTES(answer->bytes, answer->count) };
    enum outcome      outcome = run_command(connection, sql, args, 5, NULL);

    if (!outcome)
        return transaction_commit(connection);
    transaction_rollback(connection);
    return outcome;
}

bool
governed_prune(struct connection *connection, int64_t before_us)
{
    static const char sql[] =
        "DELETE FROM breakwater.governance_answer WHERE ctid = ANY (ARRAY("
        "SELECT ctid FROM breakwater.governance_answer WHERE created_at < $1::bigint"
        " LIMIT $2::bigint))";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(before_us, room[0]), arg_integer(PRUNE_ROWS, room[1]) };

    return !run_command(connection, sql, args, 2, NULL);
}
