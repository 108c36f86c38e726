/* Leaves with the bodies behind them. */
#include "db/log_records.h"

#include <string.h>

#include <libpq-fe.h>

#include "db/binary.h"

/* A query's rows; with records of the usual 3 KB about 1 MB of memory. */
enum { RECORDS_AT_ONCE = 256, INDEX = 0, SALT, RECORD };

/* Small records come by the hundred, and a large one, which may have 4 MB, alone: rows are taken up
 * to the first that brings their sum past the bound. */
#define BYTES_AT_ONCE "2097152"

/* False: the salt is not one. */
static bool
read_row(const PGresult *rows, int row, struct stored_record *out)
{
    *out = (struct stored_record){ .index = binary_bigint(rows, row, INDEX) };
    if (PQgetisnull(rows, row, RECORD))
        return true;
    if (PQgetlength(rows, row, SALT) != DIGEST_BYTES)
        return false;
    memcpy(out->salt.bytes, PQgetvalue(rows, row, SALT), DIGEST_BYTES);
    out->record       = PQgetvalue(rows, row, RECORD);
    out->record_count = (size_t)PQgetlength(rows, row, RECORD);
    return true;
}

static enum find
take_rows(const PGresult *rows, bool (*take)(void *context, const struct stored_record *record),
          void *context, int64_t *next)
{
    for (int row = 0; row < PQntuples(rows); row++) {
        struct stored_record record;
        if (!read_row(rows, row, &record) || record.index != *next)
            return FIND_AWAY;
        if (!take(context, &record))
            break;
        *next = record.index + 1;
    }
    return PQntuples(rows) ? FOUND : FOUND_NOTHING;
}

enum find
log_records_find(struct connection *connection, int64_t from, int64_t to,
                 bool (*take)(void *context, const struct stored_record *record), void *context,
                 int64_t *next)
{
    static const char sql[] =
        "WITH found AS MATERIALIZED (SELECT l.idx, coalesce(b.salt, e.salt) AS salt,"
        "  coalesce(b.record, e.record) AS record"
        " FROM (SELECT * FROM audit.leaf WHERE idx >= $1::bigint AND idx < $2::bigint"
        "       ORDER BY idx LIMIT $3::bigint) l"
        " LEFT JOIN audit.body b ON b.day = l.day AND b.inst = l.inst AND b.iseq = l.iseq"
        " LEFT JOIN audit.event e ON l.day IS NULL AND e.inst = l.inst AND e.iseq = l.iseq)"
        " SELECT idx, salt, record FROM (SELECT found.*, sum(coalesce(length(record), 0))"
        "  OVER (ORDER BY idx ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before"
        "  FROM found) f WHERE coalesce(before, 0) < " BYTES_AT_ONCE " ORDER BY idx";
    char             room[3][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(from, room[0]), arg_integer(to, room[1]),
                                arg_integer(RECORDS_AT_ONCE, room[2]) };
    PGresult        *rows;

    *next = from;
    if (run_binary(connection, sql, args, 3, &rows))
        return FIND_AWAY;
    enum find found = take_rows(rows, take, context, next);
    PQclear(rows);
    return found;
}
