/* Pruning of states and documents: a decision's day is dropped first, then what only it named. */
#include "db/kept.h"

#include <stdlib.h>

#include <libpq-fe.h>

#define DAY_US INT64_C(86400000000)

bool
decisions_begin(struct connection *connection, int64_t *begin_us)
{
    static const char sql[] =
        "SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD') - date '1970-01-01')::text"
        " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'audit.body'::regclass";
    PGresult *rows;

    if (run(connection, sql, NULL, 0, &rows))
        return false;
    *begin_us = PQntuples(rows) && !PQgetisnull(rows, 0, 0)
              ? strtoll(PQgetvalue(rows, 0, 0), NULL, 10) * DAY_US : INT64_MIN;
    PQclear(rows);
    return true;
}

bool
kept_prune(struct connection *connection, int64_t begin_us, int64_t *pruned)
{
    static const char sql[] =
        "DELETE FROM breakwater.kept WHERE kept_at < $1::bigint AND sha256 = ANY (ARRAY("
        "SELECT sha256 FROM breakwater.kept WHERE kept_at < $1::bigint LIMIT $2::bigint))";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = {
        arg_integer(begin_us < INT64_MIN + DAY_US ? INT64_MIN : begin_us - DAY_US, room[0]),
        arg_integer(KEPT_PRUNE_ROWS, room[1]),
    };

    return !run_command(connection, sql, args, 2, pruned);
}
